// The picture of a trace and the tables of its spans, made of what the worker sent. The
// reader's program may have changed that: nothing but what a picture needs gets in.

const ELEMENTS = {
  "http://www.w3.org/2000/svg": new Set(
    "svg title desc g line path rect circle text tspan".split(" "),
  ),
  "http://www.w3.org/1999/xhtml": new Set(
    "details summary table caption tbody tr th td wbr".split(" "),
  ),
};
const ATTRIBUTES = new Set(
  (
    "role scope x y x1 x2 y1 y2 cx cy r rx dx d width height transform text-anchor " +
    "stroke-dasharray"
  ).split(" "),
);
// A theme's style beats the height that is an attribute. A style in markup is what a host
// may forbid, even where it is only read.
const STYLE = /^(<svg\b[^>]*?) style="[^"]*"/;

// Ids of its own: the recorded picture of the same program has the others.
const own = (ids) => ids.replace(/[\w-]+/g, "run-$&");

function copied(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (!ELEMENTS[node.namespaceURI]?.has(node.localName)) return "";
  const copy = document.createElementNS(node.namespaceURI, node.localName);
  for (const { name, value } of node.attributes) {
    if (ATTRIBUTES.has(name)) copy.setAttribute(name, value);
    else if (name === "id" || name === "aria-labelledby") copy.setAttribute(name, own(value));
    else if (name === "class") {
      copy.classList.add(...value.split(/\s+/).filter((each) => each.startsWith("trace-")));
    }
  }
  copy.append(...[...node.childNodes].map(copied));
  return copy;
}

export function drawing(svg, table) {
  const parser = new DOMParser();
  const plain = svg.replace(STYLE, "$1");
  const picture = copied(parser.parseFromString(plain, "image/svg+xml").documentElement);
  if (picture.localName !== "svg") return null;
  picture.style.height = `${parseFloat(picture.getAttribute("height"))}px`;
  const figure = document.createElement("figure");
  figure.className = "trace";
  figure.append(picture);
  const { body } = parser.parseFromString(table, "text/html");
  figure.append(...[...body.children].map(copied));
  return figure;
}
