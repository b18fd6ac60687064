// What Material's own scripts leave out for those who use a keyboard or a screen reader.
"use strict";

document.querySelector(".md-search")?.setAttribute("aria-label", "Search");

// Material adds a landmark without a name, and a button, to each code block.
function nameCodeButtons(block) {
  const file = block.querySelector(".filename")?.textContent;
  block.querySelector(".md-code__nav")?.setAttribute("role", "none");
  block
    .querySelector("[data-md-type=copy]")
    ?.setAttribute("aria-label", file ? `Copy ${file}` : "Copy this code");
}

// What scrolls sideways must scroll by keyboard too.
const scrollable = new ResizeObserver((entries) => {
  // All are measured before the first is changed: else each would be laid out anew.
  const wide = entries.map(({ target }) => target.scrollWidth > target.clientWidth);
  for (const [index, { target }] of entries.entries()) {
    if (wide[index]) {
      target.tabIndex = 0;
    } else {
      target.removeAttribute("tabindex");
    }
  }
});

for (const block of document.querySelectorAll(".highlight")) {
  nameCodeButtons(block);
  new MutationObserver(() => nameCodeButtons(block)).observe(block, {
    childList: true,
    subtree: true,
  });
}
for (const element of document.querySelectorAll(
  ".highlight pre > code, .highlight > .run > code, .md-typeset__table, .md-typeset__scrollwrap, .tabbed-labels",
)) {
  scrollable.observe(element);
}
