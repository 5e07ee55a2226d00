"use strict";
// The page can be read without this script. It opens the cell that the address names, filters cells, and copies tables.
const open = () => {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = named?.querySelector("details");
  if (!details) return;
  named.hidden = false;
  details.open = true;
  named.scrollIntoView();
};
addEventListener("hashchange", open);
open();

// Details can't be opened on paper.
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("article > details")) one.open = true;
});

const filters = document.getElementById("filters");
const filter = () => {
  const off = {};
  for (const box of filters.querySelectorAll("input:not(:checked)")) (off[box.name] ??= new Set()).add(box.value);
  const hides = (element, names) => names.some(name => off[name]?.has(element.dataset[name]));
  for (const one of document.querySelectorAll("article, tr[data-engine]"))
    one.hidden = hides(one, ["engine", "protocol", "transport", "verdict"]);
  for (const one of document.querySelectorAll(".matrix [data-transport]")) one.hidden = hides(one, ["transport"]);
  for (const one of document.querySelectorAll(".chip")) one.hidden = hides(one, ["verdict"]);
  const shown = document.querySelectorAll("article:not([hidden])").length;
  document.getElementById("shown").textContent = `${shown} of ${document.querySelectorAll("article").length} cells are shown.`;
};
if (filters) {
  filters.hidden = false;
  filters.addEventListener("change", filter);
  filter();
}

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
