// A button under each program that runs in the browser. What that takes is loaded once
// it is pressed, or once the address brings a program, which is shown and not started.
"use strict";

// A file has no server that a worker could be fetched from.
if (location.protocol !== "file:") {
  const load = async (place, use) => {
    try {
      use(await import("./run/panel.js"));
    } catch (error) {
      const failed = document.createElement("span");
      failed.setAttribute("role", "alert");
      failed.textContent = "This could not be loaded. Reload the page.";
      place.replaceChildren(failed);
      throw error;
    }
  };

  // A second click does not stop what the first has not started yet.
  const press = async (place) => {
    if (place.ariaBusy) return;
    place.ariaBusy = "true";
    await load(place, (it) => it.panelOf(place).press());
    place.ariaBusy = null;
  };

  let places = [];
  const bring = () => {
    if (places.length && location.hash.startsWith("#run=")) {
      import("./run/link.js").then((it) => it.open(places));
    }
  };
  addEventListener("hashchange", bring);

  // Once, or with each page where Material puts it into the one before.
  document$.subscribe(() => {
    places = [...document.querySelectorAll(".run-buttons")];
    for (const place of places.filter((each) => !each.firstChild)) {
      const button = document.createElement("button");
      button.className = "run-button";
      button.textContent = "Run";
      button.setAttribute("aria-label", `Run ${place.dataset.run}`);
      button.addEventListener("click", () => press(place));
      place.append(button);
      if ("open" in place.dataset) load(place, (it) => it.panelOf(place).edit());
    }
    bring();
  });
}
