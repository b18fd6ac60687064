// What a program prints, as it prints it. It may print more, and faster, than a page can
// show: lines are added once a frame, and there is an end to it.

const MOST = 250_000; // characters: a worker that works ends earlier, and goes on

export class Output {
  constructor(tooMuch) {
    this.element = document.createElement("pre");
    this.element.className = "run-output";
    this.element.translate = false;
    this.element.hidden = true;
    this.tooMuch = tooMuch;
    this.clear();
  }

  clear() {
    this.element.replaceChildren();
    this.element.hidden = true;
    this.waiting = [];
    this.length = 0;
  }

  add(text, stream) {
    if (this.length >= MOST) return;
    const room = MOST - this.length;
    this.length += text.length;
    if (!this.waiting.length) requestAnimationFrame(() => this.flush());
    const last = this.waiting.at(-1);
    if (last?.stream === stream) last.text += text.slice(0, room);
    else this.waiting.push({ text: text.slice(0, room), stream });
    if (this.length >= MOST) this.tooMuch();
  }

  flush() {
    const { element } = this;
    const isAtEnd = element.scrollTop + element.clientHeight > element.scrollHeight - 8;
    for (const { text, stream } of this.waiting) {
      let last = element.lastElementChild;
      if (last?.dataset.stream !== stream) {
        last = document.createElement("span");
        last.dataset.stream = stream;
        element.append(last);
      }
      last.append(text);
    }
    this.waiting = [];
    element.hidden = !element.firstChild;
    if (isAtEnd) element.scrollTop = element.scrollHeight;
    // What scrolls must scroll by keyboard too.
    const scrolls =
      element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth;
    if (scrolls) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
}
