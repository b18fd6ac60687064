// A program as a text area, in the place of its block. Tab leaves it, Enter keeps the
// indentation, and Ctrl+Enter runs it.

export class Editor {
  constructor(block, program, run) {
    this.run = run;
    this.pre = block.querySelector("pre");
    this.file = this.pre.querySelector("code").textContent;
    this.frame = document.createElement("div");
    this.frame.className = "run-editor";
    this.area = document.createElement("textarea");
    this.area.setAttribute("aria-label", `Program ${program}`);
    this.area.spellcheck = false;
    this.area.autocapitalize = "off";
    this.area.autocomplete = "off";
    this.area.setAttribute("autocorrect", "off");
    this.area.translate = false;
    this.area.wrap = "off";
    this.marked = document.createElement("div");
    this.marked.className = "run-mark";
    this.frame.append(this.area);
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.text = this.file;
  }

  get isOpen() {
    return this.frame.isConnected;
  }

  // What is to be run: nothing if that is the file.
  get source() {
    return this.text === this.file ? null : this.text;
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.changed();
  }

  changed() {
    this.area.rows = this.text.split("\n").length;
    this.mark(null);
  }

  open() {
    if (this.isOpen) return;
    this.pre.classList.add("run-replaced");
    this.pre.after(this.frame);
    this.mark(null);
  }

  close() {
    this.frame.remove();
    this.pre.classList.remove("run-replaced");
    this.mark(null);
  }

  focus() {
    this.area.focus();
  }

  // Marks a line, in the text area or in the file.
  mark(line) {
    const lines = this.text.split("\n").length;
    const isThere = Number.isInteger(line) && line >= 1 && line <= lines;
    this.area.ariaInvalid = isThere ? "true" : null;
    if (!isThere) return this.marked.remove();
    this.marked.style.setProperty("--line", line - 1);
    (this.isOpen ? this.frame : this.pre).prepend(this.marked);
  }

  key(event) {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      this.run();
      return;
    }
    const before = this.text.slice(0, this.area.selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    const [indent] = /^[ \t]*/.exec(line);
    const more = /:\s*(#.*)?$/.test(line) ? "    " : "";
    // Unlike setRangeText, it can be undone.
    document.execCommand("insertText", false, `\n${indent}${more}`);
  }
}
