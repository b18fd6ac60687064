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
const wide = new WeakSet();
const scrollable = new ResizeObserver((entries) => {
  // All are measured before the first is changed: else each would be laid out anew.
  const scrolls = entries.map(({ target }) => target.scrollWidth > target.clientWidth);
  for (const [index, { target }] of entries.entries()) {
    if (scrolls[index]) {
      wide.add(target);
      target.tabIndex = 0;
    } else {
      wide.delete(target);
      target.removeAttribute("tabindex");
    }
  }
});
// Where nothing can hover, Material takes it away again.
const taken = new MutationObserver((changes) => {
  for (const { target } of changes) {
    if (wide.has(target) && !target.hasAttribute("tabindex")) target.tabIndex = 0;
  }
});

for (const block of document.querySelectorAll(".highlight")) {
  nameCodeButtons(block);
  new MutationObserver(() => nameCodeButtons(block)).observe(block, {
    childList: true,
    subtree: true,
  });
}
function watch(tree) {
  for (const element of tree.querySelectorAll(
    ".highlight pre > code, .highlight > .run > code, .md-typeset__table, .md-typeset__scrollwrap, .tabbed-labels",
  )) {
    scrollable.observe(element);
    taken.observe(element, { attributeFilter: ["tabindex"] });
  }
}
watch(document);
// On a long page Material puts tables into what scrolls only after this.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) {
      if (node.matches?.(".md-typeset__scrollwrap")) watch(node.parentNode);
    }
  }
}).observe(document.querySelector(".md-content") ?? document.body, {
  childList: true,
  subtree: true,
});

// With scripts the link copies the page's text; where that is not allowed, it leads there.
const link = document.querySelector(".copy > a");
if (link && navigator.clipboard) {
  link.textContent = "Copy page as Markdown";
  link.setAttribute("role", "button");
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) throw Error(answer.statusText);
      await navigator.clipboard.writeText(await answer.text());
      link.textContent = "Copied";
    } catch {
      location.href = link.href;
    }
  });
  link.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      event.preventDefault();
      link.click();
    }
  });
  link.parentNode.setAttribute("aria-live", "polite");
}
