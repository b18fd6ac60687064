// A span of a picture shows its attributes: pointed at, focused, or tapped.
// They are those of the tables below the picture, which need no script.
"use strict";

const LEAVING = 150; // ms in which the pointer gets from a span to its card

function interactive(figure, place) {
  const picture = figure.querySelector("svg");
  const rows = [...picture.querySelectorAll(".trace-row")];
  const tables = [...figure.querySelectorAll(".trace-span:not(.trace-common)")];
  const common = figure.querySelector(".trace-common");
  if (!rows.length || rows.length !== tables.length) return;

  const card = document.createElement("div");
  card.className = "trace-card";
  card.id = `trace-card-${place}`;
  card.hidden = true;
  card.tabIndex = -1; // pressed, it keeps the card open: its text can be selected
  figure.append(card);
  picture.setAttribute("role", "group");

  let shown = null;
  let pinned = false;
  let leaving = 0;

  function show(row) {
    clearTimeout(leaving);
    if (row === shown) return;
    hide();
    shown = row;
    row.setAttribute("aria-expanded", "true");
    card.replaceChildren(tables[rows.indexOf(row)].cloneNode(true));
    if (common) card.append(common.cloneNode(true));
    card.hidden = false;
    beside(row);
  }

  // Below the span, or above it where the window has more room there.
  function beside(row) {
    const frame = figure.getBoundingClientRect();
    const { top, bottom } = row.querySelector(".trace-hit").getBoundingClientRect();
    const header = document.querySelector(".md-header")?.offsetHeight ?? 0;
    const above = innerHeight - bottom < card.offsetHeight && top - header > innerHeight - bottom;
    const y = above ? top - frame.top - card.offsetHeight - 4 : bottom - frame.top + 4;
    card.style.top = `${y - figure.clientTop}px`;
  }

  function hide() {
    clearTimeout(leaving);
    shown?.setAttribute("aria-expanded", "false");
    shown = null;
    pinned = false;
    card.hidden = true;
  }

  function move(to) {
    const row = rows[Math.max(0, Math.min(to, rows.length - 1))];
    for (const each of rows) each.tabIndex = each === row ? 0 : -1;
    row.focus();
  }

  rows.forEach((row, number) => {
    const name = tables[number].querySelector("caption").textContent;
    row.tabIndex = number ? -1 : 0;
    row.setAttribute("role", "button");
    row.setAttribute("aria-label", `${name}: attributes`);
    row.setAttribute("aria-expanded", "false");
    row.setAttribute("aria-describedby", card.id);
    row.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse" && !pinned) show(row);
    });
    row.addEventListener("focus", () => {
      if (row.matches(":focus-visible")) show(row);
    });
    row.addEventListener("click", () => {
      if (pinned && shown === row) return hide();
      show(row);
      pinned = true;
    });
    row.addEventListener("keydown", (event) => {
      const steps = { ArrowDown: number + 1, ArrowUp: number - 1, Home: 0, End: rows.length };
      if (event.key in steps) move(steps[event.key]);
      else if (event.key === "Enter" || event.key === " ") show(row);
      else return;
      event.preventDefault();
    });
  });

  const leave = () => {
    clearTimeout(leaving);
    const focused = picture.querySelector(".trace-row:focus-visible");
    if (!pinned) leaving = setTimeout(() => (focused ? show(focused) : hide()), LEAVING);
  };
  picture.addEventListener("pointerleave", leave);
  card.addEventListener("pointerleave", leave);
  card.addEventListener("pointerenter", () => clearTimeout(leaving));
  figure.addEventListener("focusout", ({ relatedTarget }) => {
    if (!picture.contains(relatedTarget) && !card.contains(relatedTarget)) hide();
  });
  addEventListener("pointerdown", ({ target }) => {
    if (!figure.contains(target)) hide();
  });
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") hide();
  });
}

document.querySelectorAll("figure.trace").forEach(interactive);
