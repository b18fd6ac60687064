// The address says which broker's tabs are open, so that a link to a section, too, opens
// them for whoever follows it: /chain/?broker=nats#in-one-process. It says nothing until
// a broker is chosen. The choice is kept in localStorage, by Material.
"use strict";

(() => {
  const labelOf = (input) =>
    document.querySelector(`label[for="${input.id}"]`).textContent.trim();

  function say(label, hash) {
    const [slug] = [...brokers].find(([, each]) => each === label) ?? [];
    if (!slug) return;
    const address = new URL(location.href);
    address.searchParams.set("broker", slug);
    address.hash = hash;
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }

  const chosen = (__md_get("__tabs") || []).find((label) =>
    [...brokers.values()].includes(label),
  );
  if (chosen && document.querySelector(".tabbed-set")) say(chosen, location.hash);

  addEventListener("change", ({ target }) => {
    // Material has put the tab's own id into the address: its broker is enough.
    if (target.matches(".tabbed-set > input")) say(labelOf(target), "");
  });
})();
