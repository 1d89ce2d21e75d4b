"use strict";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const figures = [...document.querySelectorAll("script[type='application/json']")].map((script) => ({
  place: script.previousElementSibling,
  ...JSON.parse(script.textContent),
}));

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function themed(layout) {
  const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line") };
  const both = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
  both.font = { ...layout.font, color: colour("--ink"), family: getComputedStyle(document.body).fontFamily };
  both.modebar = { bgcolor: "rgba(0,0,0,0)", color: colour("--faint"), activecolor: colour("--accent") };
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    both[name] = { ...layout[name], ...axis };
  }
  return both;
}

function draw() {
  for (const { place, data, layout } of figures) {
    Plotly.react(place, data, themed(layout), { displayModeBar: "hover", displaylogo: false, responsive: true });
  }
}

function sort(table, column, header) {
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const key = (row) => row.cells[column].dataset.value;
  const number = (text) => (text === "" ? -Infinity : Number(text));
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const order = Number.isNaN(number(x)) || Number.isNaN(number(y)) ? x.localeCompare(y) : number(x) - number(y);
    return ascending ? order : -order;
  });
  table.tBodies[0].append(...rows);
}

for (const table of document.querySelectorAll("table")) {
  table.querySelectorAll("th").forEach((header, column) => {
    header.querySelector("button").addEventListener("click", () => sort(table, column, header));
  });
}
draw();
dark.addEventListener("change", draw);
