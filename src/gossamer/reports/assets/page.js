"use strict";
// Figures: drawn in the reader's colours when they come near the window, and again when the colours change.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const drawn = new Set();
const shades = {
  light: [[0, "#ffffff"], [0.3, "#c5d0fb"], [0.65, "#5c7cfa"], [1, "#1b2a6b"]],
  dark: [[0, "#181c26"], [0.3, "#2f3d80"], [0.65, "#5c7cfa"], [1, "#dbe3ff"]],
};

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Room for a legend under the plot: it grows with its entries, so that it never covers the axes.
function legendHeight(place, data, layout) {
  if (layout.showlegend === false) return 0;
  const names = data.filter((trace) => trace.name && trace.showlegend !== false).map((trace) => trace.name.length);
  if (names.length < 2) return 0;
  const columns = Math.max(1, Math.floor((place.clientWidth - 80) / (Math.max(...names) * 7.2 + 46)));
  return Math.ceil(names.length / columns) * 20 + 8;
}

function themed(place, data, layout) {
  const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"),
    automargin: true };
  const [legend, narrow, margin] = [legendHeight(place, data, layout), place.clientWidth < 520, layout.margin];
  const square = Object.values(layout).some((part) => part?.scaleanchor); // it would leave a narrow window half empty
  const wide = narrow && Object.keys(layout).some((name) => /^coloraxis/.test(name) && layout[name].showscale !== false);
  const base = (wide ? 60 : 0) + Math.min(layout.height || 440, square && narrow ? place.clientWidth + margin.b + 40 : Infinity);
  const both = { ...layout, paper_bgcolor: colour("--card"), plot_bgcolor: colour("--card"), autosize: true };
  both.height = base + legend;
  both.margin = { ...margin, b: margin.b + legend };
  const under = margin.b / (base - margin.t - margin.b);
  both.legend = { ...layout.legend, orientation: "h", x: 0, xanchor: "left", y: -under, yanchor: "top" };
  both.showlegend = legend > 0;
  both.font = { ...layout.font, color: colour("--ink"), family: getComputedStyle(document.body).fontFamily };
  both.hoverlabel = { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") },
    namelength: -1 };
  const control = { bgcolor: colour("--wash"), bordercolor: colour("--line") };
  both.sliders = layout.sliders?.map((slider) => ({ ...slider, ...control, activebgcolor: colour("--accent") }));
  both.updatemenus = layout.updatemenus?.map((menu) => ({ ...menu, ...control }));
  for (const name of Object.keys(layout)) {
    if (/^[xy]axis/.test(name)) both[name] = { ...layout[name], ...axis, tickfont: { size: narrow ? 10 : 12 } };
    if (/^coloraxis/.test(name)) both[name] = { ...layout[name], colorscale: shades[dark.matches ? "dark" : "light"] };
    if (/^coloraxis/.test(name) && narrow) { // the bar of shades lies under the plot
      const bar = { orientation: "h", x: 0.5, y: -0.14, yanchor: "top", thickness: 10, len: 1 };
      both[name].colorbar = { ...layout[name].colorbar, ...bar, title: { ...layout[name].colorbar?.title, side: "bottom" } };
    }
  }
  if (wide) both.margin.b += 60;
  if (narrow && layout.title) both.title = { ...layout.title, x: 0.02, xanchor: "left" };
  place.style.height = `${both.height}px`;
  return both;
}

// Numbers in the cells of a heat map, on a phone: smaller, and none where they would touch.
function readable(trace) {
  const count = trace.z[0].length;
  trace.textfont = { size: count > 8 ? 7 : 9 };
  if (count > 12) trace.texttemplate = "";
}

async function draw(place) {
  const { data, layout, frames } = JSON.parse(place.nextElementSibling.textContent);
  const first = !drawn.has(place);
  drawn.add(place);
  if (place.clientWidth < 520) data.filter((trace) => trace.texttemplate).forEach(readable);
  await Plotly.react(place, data, themed(place, data, layout), { displayModeBar: false, responsive: true });
  if (first && frames?.length) await Plotly.addFrames(place, frames);
  place.dataset.drawn = "yes";
}

function png(place) {
  const size = { width: place.clientWidth, height: place.clientHeight, scale: 2 };
  return Plotly.downloadImage(place, { format: "png", filename: place.dataset.name, ...size });
}

const near = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: "400px 0px" });

for (const place of document.querySelectorAll(".plot")) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button png", textContent: "PNG", title: "Save as a picture" });
  button.addEventListener("click", () => png(place));
  place.before(button);
  near.observe(place);
}
// The rest is drawn when there is nothing else to do, one figure at a time, so that scrolling meets no empty places.
function drawNext() {
  const next = [...document.querySelectorAll(".plot")].find((place) => !drawn.has(place) && place.offsetParent);
  if (!next) return;
  near.unobserve(next);
  draw(next).then(() => requestIdleCallback(drawNext));
}

window.addEventListener("load", () => requestIdleCallback(drawNext));
dark.addEventListener("change", () => drawn.forEach(draw));
window.addEventListener("beforeprint", () => document.querySelectorAll(".plot").forEach((place) => draw(place)));

// Any number against any other: a figure made here out of the numbers that the page holds.
function placed(value, { kind, threshold }) {
  if (value === null || (kind === "log" && value <= 0)) return null;
  return kind === "symlog" ? Math.sign(value) * Math.log10(1 + Math.abs(value) / threshold) : value;
}

function axisOf({ title, kind, threshold, ticks }) {
  const axis = { title: { text: title }, type: kind === "log" ? "log" : "linear" };
  if (kind !== "symlog") return axis;
  return { ...axis, tickvals: ticks.map((tick) => placed(tick, { kind, threshold })), ticktext: ticks.map(String) };
}

function explored(stored, chosen) {
  const [x, y] = [stored.columns[chosen.across], stored.columns[chosen.up]];
  const traces = new Map();
  for (const group of stored.groups.filter((each) => each.panel === Number(chosen.panel ?? 0))) {
    if (!traces.has(group.name)) {
      traces.set(group.name, { type: "scatter", mode: "markers", name: group.name, x: [], y: [], customdata: [],
        marker: { color: group.colour, symbol: group.symbol, size: 8, opacity: 0.8 },
        hovertemplate: "%{customdata[0]}: %{customdata[1]:.4g}, %{customdata[2]:.4g}<extra></extra>" });
    }
    const [trace, xs, ys] = [traces.get(group.name), group.values[chosen.across], group.values[chosen.up]];
    xs.forEach((value, run) => {
      const point = [placed(value, x), placed(ys[run], y)];
      if (point.includes(null)) return;
      trace.x.push(point[0]);
      trace.y.push(point[1]);
      trace.customdata.push([escaped(group.title), value, ys[run]]);
    });
  }
  const data = [...traces.values()].filter((trace) => trace.x.length);
  data.forEach((trace) => { trace.name = escaped(trace.name); });
  return { data, axes: { xaxis: axisOf(x), yaxis: axisOf(y) } };
}

// Plotly takes tags in texts for markup.
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

for (const part of document.querySelectorAll(".explore")) {
  const stored = JSON.parse(part.lastElementChild.textContent);
  const [place, selects] = [part.querySelector(".plot"), [...part.querySelectorAll("select")]];
  const choose = () => {
    const { data, axes } = explored(stored, Object.fromEntries(selects.map((each) => [each.dataset.axis, each.value])));
    const held = place.nextElementSibling;
    held.textContent = JSON.stringify({ data, layout: { ...JSON.parse(held.textContent).layout, ...axes } });
  };
  choose();
  part.querySelector(".filters").addEventListener("input", () => { choose(); draw(place); });
}

// Choices: one of several parts is shown.
for (const choice of document.querySelectorAll(".choice")) {
  choice.firstElementChild.addEventListener("change", (event) => {
    const parts = [...choice.children].slice(1);
    parts.forEach((part, number) => { part.hidden = number !== Number(event.target.value); });
  });
}
