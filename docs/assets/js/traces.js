// A span of a picture shows its attributes: pointed at or focused, while it is; clicked,
// tapped, or with Enter, until it is closed. They are those of the tables below the
// picture, which need no script.
"use strict";

const LEAVING = 150; // ms in which the pointer gets from a span to its card
const GAP = 5; // px between a span and its card
const EDGE = 8; // px between a card and the window's edge

function interactive(figure, place) {
  const picture = figure.querySelector("svg");
  const rows = [...picture.querySelectorAll(".trace-row")];
  const tables = [...figure.querySelectorAll(".trace-span:not(.trace-common)")];
  const common = figure.querySelector(".trace-common");
  if (!rows.length || rows.length !== tables.length) return;

  const nameOf = (row) => tables[rows.indexOf(row)].querySelector("caption").textContent;
  const close = document.createElement("button");
  close.className = "trace-close";
  close.textContent = "×";
  close.setAttribute("aria-label", "Close");
  const card = document.createElement("div");
  card.className = "trace-card";
  card.id = `trace-card-${place}`;
  card.hidden = true;
  card.setAttribute("role", "group");
  // After the picture: Tab gets from a span to its card.
  picture.after(card);
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
    card.setAttribute("aria-label", `${nameOf(row)}: attributes`);
    card.replaceChildren(tables[rows.indexOf(row)].cloneNode(true));
    if (common) card.append(common.cloneNode(true));
    card.hidden = false;
    card.scrollTop = 0;
    beside();
  }

  // Stays until it is closed, and says how.
  function pin(row) {
    show(row);
    pinned = true;
    card.prepend(close);
    beside();
  }

  // Below the span, or above it where there is more room, and all of it in the window:
  // what is longer than the room scrolls.
  function beside() {
    const { top, bottom } = shown.querySelector(".trace-hit").getBoundingClientRect();
    const header = document.querySelector(".md-header")?.getBoundingClientRect().bottom ?? 0;
    const first = Math.max(header, 0) + EDGE;
    const last = innerHeight - EDGE;
    if (!pinned && (bottom < first || top > last)) return hide();
    card.style.maxHeight = "none";
    const whole = card.offsetHeight;
    const above = top - GAP - first;
    const below = last - bottom - GAP;
    const under = whole <= below || below >= above;
    const height = Math.min(whole, under ? below : above, last - first);
    const start = under ? Math.max(bottom + GAP, first) : Math.min(top - GAP, last) - height;
    const scrolls = height < whole;
    card.style.maxHeight = `${height}px`;
    card.style.top = `${start}px`;
    const right = figure.getBoundingClientRect().right - EDGE - card.offsetWidth;
    card.style.left = `${Math.max(right, EDGE)}px`;
    // Pressed, it keeps itself open: its text can be selected.
    card.tabIndex = pinned && scrolls ? 0 : -1;
  }

  function hide() {
    clearTimeout(leaving);
    const inside = card.contains(document.activeElement);
    if (inside) shown.focus({ preventScroll: true });
    shown?.setAttribute("aria-expanded", "false");
    shown = null;
    pinned = false;
    card.hidden = true;
  }

  function move(to) {
    const row = rows[Math.max(0, Math.min(to, rows.length - 1))];
    for (const each of rows) each.tabIndex = each === row ? 0 : -1;
    // In the middle there is room for its card.
    const { top, bottom } = row.getBoundingClientRect();
    if (top < innerHeight / 4 || bottom > (innerHeight * 3) / 4) {
      row.scrollIntoView({ block: "center" });
    }
    row.focus({ preventScroll: true });
  }

  rows.forEach((row, number) => {
    row.tabIndex = number ? -1 : 0;
    row.setAttribute("role", "button");
    row.setAttribute("aria-label", `${nameOf(row)}: attributes`);
    row.setAttribute("aria-expanded", "false");
    row.setAttribute("aria-describedby", card.id);
    row.addEventListener("pointerenter", ({ pointerType }) => {
      if (pointerType === "mouse" && !pinned) show(row);
    });
    row.addEventListener("focus", () => {
      if (row.matches(":focus-visible") && !pinned) show(row);
    });
    const toggle = () => (pinned && shown === row ? hide() : pin(row));
    row.addEventListener("click", toggle);
    row.addEventListener("keydown", (event) => {
      const steps = { ArrowDown: number + 1, ArrowUp: number - 1, Home: 0, End: rows.length };
      if (event.key in steps) {
        hide();
        move(steps[event.key]);
      } else if (event.key === "Enter" || event.key === " ") toggle();
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
  close.addEventListener("click", hide);
  figure.addEventListener("focusout", ({ relatedTarget }) => {
    if (!pinned && !picture.contains(relatedTarget) && !card.contains(relatedTarget)) hide();
  });
  addEventListener("pointerdown", ({ target }) => {
    if (shown && !card.contains(target) && !target.closest(".trace-row")) hide();
  });
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && shown) hide();
  });
  const follow = () => shown && beside();
  addEventListener("scroll", follow, { passive: true });
  addEventListener("resize", follow);
}

// Run draws more of them.
document.querySelectorAll("figure.trace").forEach(interactive);
