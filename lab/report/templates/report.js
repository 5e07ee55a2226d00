"use strict";
// The page can be read without this script. It opens the cell that the address names, filters, sorts and searches the index, and
// copies tables. Where it runs, the browser keeps the inside of each closed cell as text (noscript): most of the page's elements
// are never made, so the page is there at once.
const cells = [...document.querySelectorAll(".cell")];
const groups = [...document.querySelectorAll(".group")];
const homes = new Map(cells.map(cell => [cell, cell.parentElement]));
const filters = document.getElementById("filters"), sorted = document.getElementById("sorted");

const fill = details => {
  const kept = details.querySelector(":scope > noscript");
  if (kept) kept.outerHTML = kept.textContent;
};
document.addEventListener("toggle", event => event.target.open && fill(event.target), true);

const show = () => {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  named.hidden = false;
  for (let one = named; one; one = one.parentElement)
    if (one.localName === "details") {
      one.open = true;
      fill(one);
    }
  named.scrollIntoView();
  named.querySelector("summary")?.focus({ preventScroll: true });
};
addEventListener("hashchange", show);

const orders = {
  engine: (a, b) => a.dataset.engine.localeCompare(b.dataset.engine),
  protocol: (a, b) => a.dataset.protocol.localeCompare(b.dataset.protocol),
  transport: (a, b) => a.dataset.transport.localeCompare(b.dataset.transport),
  verdict: (a, b) => b.dataset.gravity - a.dataset.gravity,
  number: (a, b) => b.dataset.number - a.dataset.number,
};
let order = "";
const arrange = () => {
  if (filters.sort.value === order) return;
  order = filters.sort.value;
  if (order) sorted.append(...[...cells].sort(orders[order]));
  else for (const cell of cells) homes.get(cell).append(cell);
  sorted.hidden = !order;
};
const filter = () => {
  const words = filters.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = [...filters.querySelectorAll("select")].filter(one => one.name !== "sort" && one.value);
  const narrowed = words.length || chosen.length;
  for (const cell of cells) {
    const text = `${cell.firstElementChild.textContent} ${homes.get(cell).firstElementChild.textContent} ${cell.id}`.toLowerCase();
    cell.hidden = chosen.some(one => cell.dataset[one.name] !== one.value) || words.some(word => !text.includes(word));
  }
  arrange();
  for (const group of groups) {
    group.hidden = order || !cells.some(cell => homes.get(cell) === group && !cell.hidden);
    if (narrowed && !group.hidden) group.open = true;
  }
  const shown = cells.filter(cell => !cell.hidden).length;
  document.getElementById("shown").textContent = `${shown} of ${cells.length} cells are shown.`;
};
if (filters) {
  filters.hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", event => event.preventDefault());
  document.getElementById("shown").textContent = `${cells.length} cells.`;
}
if (location.hash) show();

for (const one of document.querySelectorAll(".copy")) {
  const button = one.querySelector("button"), status = one.querySelector("[role=status]"), text = one.querySelector("pre");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      status.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(text);
      status.textContent = "selected: copy it with the keyboard";
    }
  });
}
