// What belongs to one program: its buttons, its text while it is edited, and the region
// that says how its run goes and shows what came of it.

import { drawing } from "./drawing.js";
import { Editor } from "./editor.js";
import { play, stop } from "./engine.js";
import { addressOf } from "./link.js";
import { Output } from "./output.js";
import { Status } from "./status.js";
import { takeaway } from "./takeaway.js";

const LONG = 5; // s after which a program may never end
const panels = new WeakMap();

await Promise.all(["run", "trace"].map(styled));

// Nothing is shown before it has its style.
function styled(name) {
  const { href } = new URL(`../../css/${name}.css`, import.meta.url);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return null;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = href;
  document.head.append(sheet);
  return new Promise((done) => {
    sheet.addEventListener("load", done);
    sheet.addEventListener("error", done);
  });
}

export function panelOf(place) {
  if (!panels.has(place)) panels.set(place, new Panel(place));
  return panels.get(place);
}

class Panel {
  constructor(place) {
    this.place = place;
    this.program = place.dataset.run;
    this.staysOpen = "open" in place.dataset;
    this.block = place.closest(".highlight");
    this.recorded = recordedOf(this.block, this.program);
    this.figure = null;
    this.isRunning = false;

    place.setAttribute("role", "group");
    place.setAttribute("aria-label", this.program);
    this.main = place.querySelector("button");
    this.editing = this.button("Edit", () => this.edit().focus());
    this.resetting = this.button("Reset", () => this.reset());
    this.copying = this.button("Copy link", () => this.copyLink());
    this.copying.hidden = true;

    this.editor = new Editor(this.block, this.program, () => this.isRunning || this.press());
    this.status = new Status();
    this.output = new Output(() => stop("Stopped: it printed more than fits on a page."));
    this.region = document.createElement("section");
    this.region.className = "run-panel";
    this.region.setAttribute("aria-label", `Result of ${this.program}`);
    this.region.append(this.status.element, this.output.element);
    this.block.after(this.region);
  }

  button(label, act) {
    const made = document.createElement("button");
    made.className = "run-button";
    made.textContent = label;
    made.addEventListener("click", act);
    this.place.append(made);
    return made;
  }

  // The main button: Run, and Stop as long as it runs.
  press() {
    if (this.isRunning) return stop();
    // The picture before stays until there is another: the page does not jump.
    this.output.clear();
    this.editor.mark(null);
    this.setRunning(true);
    this.status.say("Starting", "loading");
    const { program, editor } = this;
    play(program, this.place.dataset.broker, editor.source, (data) => this.told(data));
  }

  setRunning(isRunning) {
    clearTimeout(this.timer);
    this.isRunning = isRunning;
    this.main.textContent = isRunning ? "Stop" : "Run";
    this.main.classList.toggle("run-stop", isRunning);
    this.main.setAttribute("aria-label", isRunning ? "Stop" : `Run ${this.program}`);
  }

  told(data) {
    if (data.type === "progress") this.status.load(data.what, data.loaded, data.total);
    else if (data.type === "started") this.started();
    else if (data.type === "output") this.output.add(data.text, data.stream);
    else if (data.type === "stopped") {
      this.draw(null);
      this.end(data.why, "stopped");
    }
    else if (data.type === "finished") this.finished(data);
    else if (data.type === "failed") {
      this.output.add(data.traceback, "stderr");
      this.draw(null, { isRecorded: false });
      this.end(`It failed. ${raised(data)}`, "failed", data.line);
    }
  }

  started() {
    this.status.say("Running", "running");
    this.timer = setTimeout(() => {
      this.status.say(
        `It has been running for ${LONG} seconds. If it waits, loops or publishes for ever, ` +
          "it does not end by itself. Press Stop to end it.",
        "running",
      );
    }, LONG * 1000);
  }

  finished({ svg, table, tree, otlp, errors = [], note }) {
    const figure = svg ? drawing(svg, table) : null;
    // Some programs are there for what they print.
    let came = svg === null ? "" : (note ?? "It recorded no span.");
    this.draw(figure, { isRecorded: false });
    if (figure) {
      const name = this.program.replace(/^.*\/|\.py$/g, "");
      figure.append(takeaway(figure, name, tree, otlp));
      figure.lastChild.open = this.staysOpen;
      const count = figure.querySelectorAll(".trace-row").length;
      came = `It recorded ${count === 1 ? "one span" : `${count} spans`}.`;
    }
    if (this.place.dataset.broker === "confluent") {
      came += " Confluent's client, which is written in C, had a stand-in.";
    }
    for (const { traceback } of errors) this.output.add(traceback, "stderr");
    const [error] = errors;
    if (error) this.end(`A handler failed. ${raised(error)} ${came}`, "failed", error.line);
    else this.end(`Finished. ${came}`.trimEnd(), "finished");
  }

  end(words, state, line = null) {
    this.setRunning(false);
    this.output.flush();
    this.status.say(words, state);
    this.editor.mark(line);
  }

  // What is drawn is in place of the picture that the page has recorded.
  draw(figure, { isRecorded = true } = {}) {
    this.figure?.remove();
    this.figure = figure;
    this.recorded?.classList.toggle("run-replaced", !isRecorded);
    if (!figure) return;
    this.region.append(figure);
    interactive(figure, `run-${this.program.replace(/\W/g, "-")}`);
  }

  clear() {
    this.output.clear();
    this.status.say("");
    this.editor.mark(null);
    this.draw(null);
  }

  edit() {
    this.editor.open();
    this.block.classList.add("run-edited");
    this.editing.hidden = true;
    this.copying.hidden = false;
    return this.editor;
  }

  // The file comes back, and the picture that is recorded.
  reset() {
    if (this.isRunning) stop();
    this.clear();
    this.editor.text = this.editor.file;
    if (this.staysOpen) return this.editor.focus();
    this.editor.close();
    this.block.classList.remove("run-edited");
    this.editing.hidden = false;
    this.copying.hidden = true;
    this.editing.focus();
  }

  // A program that came with the address.
  bring(text) {
    if (this.isRunning) stop();
    this.clear();
    this.draw(null, { isRecorded: false });
    this.edit().text = text;
    this.block.scrollIntoView({ block: "start" });
    const words = "This program came from the link. Read it before you run it.";
    this.status.say(words, "brought");
  }

  async copyLink() {
    try {
      await navigator.clipboard.writeText(await addressOf(this.place, this.editor.text));
      this.copying.textContent = "Copied";
      setTimeout(() => (this.copying.textContent = "Copy link"), 2000);
    } catch (error) {
      this.status.say(`The link could not be made: ${error.message}.`);
    }
  }
}

// What Python says of an error, and where.
function raised({ brief, line }) {
  const words = brief.slice(0, 300).replace(/\.$/, "");
  return line ? `Line ${line}: ${words}.` : `${words}.`;
}

// The recorded picture of a program, in the same tab.
function recordedOf(block, program) {
  return [...block.parentNode.querySelectorAll("figure.trace")].find(
    (each) => each.querySelector("title")?.textContent === `Trace of ${program}`,
  );
}
