// A trace to take away: as a tree, as OTLP in JSON, and as a picture.

const STYLE = new URL("../../css/trace.css", import.meta.url);

export function takeaway(figure, name, tree, otlp) {
  const details = document.createElement("details");
  details.className = "trace-spans run-takeaway";
  const summary = document.createElement("summary");
  summary.textContent = "Text tree and downloads";
  const text = document.createElement("pre");
  text.textContent = tree;
  // It may scroll sideways.
  text.tabIndex = 0;
  const buttons = document.createElement("p");
  const add = (label, act) => {
    const button = document.createElement("button");
    button.className = "run-button";
    button.textContent = label;
    button.addEventListener("click", () => act(button, label));
    buttons.append(button);
  };
  const copy = (value) => async (button, label) => {
    const copied = await navigator.clipboard.writeText(value).then(
      () => "Copied",
      () => "Cannot be copied here",
    );
    button.textContent = copied;
    setTimeout(() => (button.textContent = label), 2000);
  };
  add("Copy tree", copy(tree));
  add("Copy OTLP JSON", copy(otlp));
  add("Download OTLP JSON", () => save(`${name}.json`, "application/json", otlp));
  add("Download picture", async () => {
    const style = await (await fetch(STYLE)).text();
    save(`${name}.svg`, "image/svg+xml", alone(figure, style));
  });
  details.append(summary, text, buttons);
  return details;
}

// A picture that needs no page.
function alone(figure, style) {
  const picture = figure.querySelector("svg").cloneNode(true);
  for (const row of picture.querySelectorAll(".trace-row")) {
    for (const { name } of [...row.attributes]) if (name !== "class") row.removeAttribute(name);
  }
  picture.setAttribute("role", "img");
  const sheet = document.createElementNS(picture.namespaceURI, "style");
  sheet.textContent = style;
  picture.prepend(sheet);
  return new XMLSerializer().serializeToString(picture);
}

export function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
