// A program in the address, so that a question can be asked with it:
// /first-trace/?broker=nats#run=nats/first_trace.py,<what the reader made of it>.
// It comes from anybody. So it is text, of a bounded length, that is shown: it is started
// by the reader, and by nothing else.

import { panelOf } from "./panel.js";

const LONGEST = 50_000; // bytes of a program
const LONGEST_LINK = 30_000; // characters of one that is compressed
// Control characters, and marks that show text in another order than Python reads it.
const UNSEEN = /[\0-\b\v\f\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

const isTooLong = () => Error(`it is longer than ${LONGEST / 1000} kB`);

export async function addressOf(place, text) {
  const bytes = await through(new CompressionStream("deflate-raw"), encode(text), Infinity);
  const packed = btoa(String.fromCharCode(...bytes));
  if (encode(text).length > LONGEST || packed.length > LONGEST_LINK) throw isTooLong();
  const address = new URL(location.href);
  const { run, broker } = place.dataset;
  // The name of its tab, if it is in one.
  if (place.closest(".tabbed-block")) address.searchParams.set("broker", broker);
  const data = packed.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  address.hash = `run=${run},${data}`;
  return address.href;
}

// Shows the program that the address brings.
export async function open(places) {
  const { hash } = location;
  const [, program, data] = /^#run=([^,]*),?(.*)$/.exec(hash);
  const place = places.find((each) => each.dataset.run === program);
  unsay();
  try {
    if (!place) throw Error("this page does not have it");
    const text = await textOf(data);
    if (location.hash !== hash) return;
    show(place);
    panelOf(place).bring(text);
  } catch (error) {
    if (location.hash !== hash) return;
    unsay();
    const note = document.createElement("p");
    note.className = "run-note";
    note.setAttribute("role", "alert");
    note.textContent = `The link contains a program that cannot be shown: ${error.message}.`;
    document.querySelector(".md-content h1").after(note);
    note.scrollIntoView({ block: "center" });
  }
}

function unsay() {
  document.querySelector(".run-note")?.remove();
}

async function textOf(data) {
  if (data.length > LONGEST_LINK) throw isTooLong();
  const damaged = Error("the link is cut off or damaged");
  let text;
  try {
    const packed = atob(data.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(packed, (each) => each.charCodeAt(0));
    const plain = await through(new DecompressionStream("deflate-raw"), bytes, LONGEST);
    text = plain && new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch {
    throw damaged;
  }
  if (text === null) throw isTooLong();
  if (!text.trim()) throw damaged;
  if (UNSEEN.test(text)) throw Error("it has characters that cannot be seen");
  return text;
}

const encode = (text) => new TextEncoder().encode(text);

// What comes out of a stream; nothing if that is too much.
async function through(stream, bytes, most) {
  const done = new Blob([bytes]).stream().pipeThrough(stream);
  const chunks = [];
  let length = 0;
  for (const reader = done.getReader(); ; ) {
    const { done: isEnd, value } = await reader.read();
    if (isEnd) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

// Opens the tab that a program is in.
function show(place) {
  const block = place.closest(".tabbed-block");
  if (!block) return;
  const number = [...block.parentNode.children].indexOf(block);
  block.closest(".tabbed-set").querySelectorAll(":scope > input")[number].checked = true;
}
