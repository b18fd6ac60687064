/* Runs one program of the guide after another, and draws what it recorded.
 *
 * A page starts it as a module worker, and only when a reader asks for a run. The page's
 * script js/run/engine.js says how, so that the page's policy holds for it.
 *
 * What a page says:
 *
 *     {type: "run", id, program: "nats/first_trace.py", broker: "nats", source: null}
 *
 * `id` is the page's own, and comes back with everything that is said about this run.
 * `source` is the reader's text; null is the file of the guide. A program of the
 * reader's own is `nats/playground.py`. One run at a time. A page stops a run by
 * `terminate()`, and begins anew with another worker.
 *
 * What the worker says, always with `id`:
 *
 *     {type: "progress", what, loaded, total}   bytes over the wire, as far as they came:
 *                                               what is a word to show, "Python" or
 *                                               "packages"
 *     {type: "started"}                         the program begins
 *     {type: "output", stream, text}            "stdout" or "stderr"; text with its newlines
 *     {type: "failed", traceback, brief, line}  no trace: the program does not even start,
 *                                               or goes on for ever. brief is what fits
 *                                               into a line; line is the line of the
 *                                               source, from 1, or null
 *     {type: "finished", svg, table, tree, otlp, errors, note}
 *                                               svg, table: the picture as in docs/traces,
 *                                               and its tables; "" if nothing was recorded,
 *                                               null if the program only prints.
 *                                               tree, otlp: text. errors: what handlers
 *                                               raised, each {traceback, brief, line}.
 *                                               note: why nothing was started, if so
 *     {type: "broken", reason}                  the worker itself does not work: a file
 *                                               cannot be had. The next run needs another
 *
 * After "failed" and "finished" the same worker takes the next run, which begins in the
 * memory that the worker had before the first one; but not if they say `spent: true`.
 *
 * A worker whose program blocks says nothing. `started` was said before: the page tells
 * the reader after some seconds, and Stop ends it.
 *
 * What svg, table, tree and otlp contain is the work of an interpreter in which the
 * reader's code has run, which may have come with an address: to a page it is text from a
 * stranger. It is put into a page only by what lets nothing through but the elements
 * and attributes of such pictures and tables.
 *
 * Beside this file, made with the guide, is `programs.json`:
 *
 *     {
 *       "files": "files/",              where the packs are, from this folder
 *       "python": {"code": {"file": "pyodide.asm-0123456789ab.pack", "size": 3500000}, …},
 *       "packs": {"base": {"file": …, "size": 2600000, "needs": [], "wanted_by": []},
 *                 "http": {…, "needs": ["instrumentor"], "wanted_by": ["httpx", …]}, …},
 *       "programs": {
 *         "nats/first_trace.py": {"broker": "nats", "runs": true, "why": "", "with": [],
 *                                 "packs": ["python", "base", …], "size": 8700000},
 *         "nats/exporting.py": {"broker": "nats", "runs": false,
 *                               "why": "its exporter speaks gRPC, which is written in C."}
 *       }
 *     }
 *
 * `why` is what follows "Not in the browser: ". Without the packs (GUIDE_RUN=, or nothing
 * fetched) neither this file nor a button is there.
 */

import { packsOf } from "./packs.js";
import { Machine } from "./machine.js";

const here = new URL("./", import.meta.url);
// The worker's own, kept before they are taken from all that runs in it.
const get = self.fetch.bind(self);
const say = self.postMessage.bind(self);
const { Blob } = self;

/** Counts the bytes of all that a run waits for. */
class Loading {
  constructor(id) {
    this.id = id;
    this.loaded = 0;
    this.total = 0;
    this.waits = new Map();
  }

  expect(what, size) {
    this.total += size;
    this.waits.set(what, (this.waits.get(what) ?? 0) + size);
  }

  came(what, size) {
    this.loaded += size;
    this.waits.set(what, this.waits.get(what) - size);
    const waits = [...this.waits].find(([, left]) => left > 0) ?? [what];
    const { id, loaded, total } = this;
    say({ type: "progress", id, what: waits[0], loaded, total });
  }
}

async function answered(address) {
  const answer = await get(address);
  if (!answer.ok) throw new Error(`${new URL(address).pathname}: ${answer.status}`);
  return answer;
}

/** A file of the site, as its bytes come. */
async function file(files, { file: name, size }, what, loading) {
  loading.expect(what, size);
  const answer = await answered(new URL(name, files));
  const parts = [];
  let came = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    // A host that compresses it anew sends another number.
    const counted = Math.min(value.length, size - came);
    came += counted;
    loading.came(what, counted);
  }
  loading.came(what, size - came);
  return new Blob(parts).arrayBuffer();
}

async function text(name) {
  return (await answered(new URL(`../../docs_src/${name}`, here))).text();
}

let listed;
let machine;
const packed = new Set();

async function run({ id, program, broker, source }) {
  const loading = new Loading(id);
  listed ??= await (await answered(new URL("programs.json", here))).json();
  const files = new URL(listed.files, here);
  const entry = listed.programs[program] ?? { with: [] };
  const texts = Promise.all(
    [program, ...entry.with].map(async (name, at) => [name, at || source === null ? await text(name) : source]),
  );
  texts.catch(() => {});
  const parts = listed.python;
  const url = (part) => new URL(parts[part].file, files).href;
  const its = (part) => file(files, parts[part], "Python", loading);
  const python = machine ?? {
    loader: import(url("loader")),
    script: import(url("script")),
    code: its("code"),
    library: its("library"),
    abi: listed.abi,
  };
  // They come at the same time.
  const wanted = packsOf(listed.packs, entry.packs ?? [], broker, source ?? "");
  const missing = wanted.filter((name) => !packed.has(name));
  const bytes = Promise.all(
    missing.map((name) => file(files, listed.packs[name], "packages", loading)),
  );
  bytes.catch(() => {});
  machine ??= await Machine.boot(python);
  machine.reset();
  for (const [index, archive] of (await bytes).entries()) {
    machine.unpack(archive);
    packed.add(missing[index]);
  }
  if (missing.length) machine.keep(missing.flatMap((name) => listed.packs[name].wanted_by));
  for (const [name, content] of await texts) machine.write(name, content);
  say({ type: "started", id });
  const write = (stream) => (text) => say({ type: "output", id, stream, text });
  say({ ...machine.run(program, write), id });
}

self.addEventListener("message", async ({ data }) => {
  if (data.type !== "run") return;
  try {
    await run(data);
  } catch (error) {
    console.error(error);
    say({ type: "broken", id: data.id, reason: String(error) });
  }
});
