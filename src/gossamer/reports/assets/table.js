"use strict";
// Tables: sorted by a click on a column's name; filtered and saved as CSV where there are filters.
function sort(table, column, header) {
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const number = (text) => (text === "" ? -Infinity : Number(text));
  const keyed = [...table.tBodies[0].rows].map((row) => [row.cells[column].dataset.value, row]);
  const numeric = keyed.every(([key]) => !Number.isNaN(number(key)));
  const order = numeric ? (a, b) => number(a) - number(b) : new Intl.Collator(undefined, { numeric: true }).compare;
  keyed.sort(([a], [b]) => (ascending ? order(a, b) : order(b, a)));
  table.tBodies[0].append(...keyed.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table")) {
  table.querySelectorAll("th").forEach((header, column) => {
    header.querySelector("button")?.addEventListener("click", () => sort(table, column, header));
  });
}

// A cell that a spreadsheet would take for a formula gets an apostrophe before it; numbers are left alone.
function csvCell(text) {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv(table) {
  const heads = [...table.tHead.rows[0].cells];
  const kept = heads.flatMap((head, column) => (head.dataset.skip === undefined ? [column] : []));
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const lines = [kept.map((column) => heads[column].textContent),
    ...rows.map((row) => kept.map((column) => row.cells[column].dataset.value))];
  return lines.map((cells) => cells.map((cell) => csvCell(cell.trim())).join(",")).join("\r\n") + "\r\n";
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const runs of document.querySelectorAll(".runs")) {
  const table = runs.querySelector("table");
  const selects = [...runs.querySelectorAll("select")];
  const search = runs.querySelector("input[type='search']");
  let rows; // with their texts, read when they are first asked for
  const filter = () => {
    rows ??= [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
    const wanted = selects.filter((select) => select.value !== "").map((s) => [s.dataset.column, s.value.slice(1)]);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      const fits = wanted.every(([column, value]) => row.cells[column].dataset.value === value)
        && words.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    runs.querySelector("output").value = `${shown} of ${rows.length} runs`;
  };
  runs.querySelector(".filters").addEventListener("input", filter);
  runs.querySelector(".csv").addEventListener("click", () => save("runs.csv", csv(table)));
  const [dialog, store] = [runs.querySelector("dialog"), runs.querySelector("script")];
  table.addEventListener("click", ({ target }) => {
    if (target.dataset.config === undefined) return;
    const config = JSON.parse(store.textContent)[target.dataset.config];
    dialog.querySelector("h3").textContent = target.dataset.config;
    dialog.querySelector("pre").textContent = JSON.stringify(config, null, 2); // as text: nothing in it is executed
    dialog.showModal();
  });
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || target.tagName === "BUTTON") dialog.close();
  });
}
