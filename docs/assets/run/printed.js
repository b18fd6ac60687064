/* What a program prints, on its way to the page: no more than a reader reads. */

const MOST = 200_000; // characters
const MOST_LINES = 5_000; // more of them take a page too long to lay out
// A page shows each at once, until they are many: then they come together.
const MOST_PARTS = 2_000;
const PART = 4_096;
// What a terminal would not show: colours, and where the cursor is to go.
const UNSEEN = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g;
// So Python begins, when it cannot go on, to name all its frames: not for a reader.
const DUMP = /^Stack \(most recent call first\):/;

export class Printed {
  constructor(write) {
    this.write = write;
    this.decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    this.left = MOST;
    this.lines = MOST_LINES;
    this.parts = 0;
    this.waiting = "";
    this.stream = null;
    this.frames = "";
  }

  add(stream, bytes) {
    const text = this.decoders[stream].decode(bytes, { stream: true }).replace(UNSEEN, "");
    if (this.frames || DUMP.test(text)) this.frames += text;
    else if (this.left && text) {
      this.send(stream, this.cut(text));
      if (!this.left) this.send("stderr", "\nThe rest of the output is left out.\n");
    }
  }

  /** As much of a text as there is room for. */
  cut(text) {
    let end = 0;
    while (this.lines && end < text.length) {
      end = text.indexOf("\n", end) + 1 || text.length;
      if (text[end - 1] === "\n") this.lines -= 1;
    }
    const fits = text.slice(0, Math.min(end, this.left));
    this.left = this.lines && this.left - fits.length;
    return fits;
  }

  send(stream, text) {
    if (stream !== this.stream) this.flush();
    this.stream = stream;
    this.waiting += text;
    if (this.parts < MOST_PARTS || this.waiting.length >= PART) this.flush();
  }

  flush() {
    if (!this.waiting) return;
    this.write(this.stream)(this.waiting);
    this.waiting = "";
    this.parts += 1;
  }
}
