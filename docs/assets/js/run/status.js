// The line that says how a run goes. What is said is read out, politely; how much is
// loaded changes too often for that, and only stands beside it.

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

export class Status {
  constructor() {
    this.element = document.createElement("p");
    this.element.className = "run-status";
    this.words = document.createElement("span");
    this.words.setAttribute("role", "status");
    this.amount = document.createElement("span");
    this.bar = document.createElement("progress");
    this.bar.ariaLabel = "Loaded";
    this.element.append(this.words, " ", this.amount, this.bar);
    this.say("");
  }

  say(words, state = "") {
    // What is said already is not read out again.
    if (this.words.textContent !== words) this.words.textContent = words;
    this.element.dataset.state = state;
    this.amount.textContent = "";
    this.bar.hidden = true;
  }

  load(what, loaded, total) {
    // Once all is there, Python takes seconds to start.
    if (loaded >= total) return this.say("Starting Python", "loading");
    this.say(`Loading ${what}`, "loading");
    this.amount.textContent = `${megabytes(loaded)} of ${megabytes(total)} MB`;
    this.bar.hidden = false;
    this.bar.max = total;
    this.bar.value = loaded;
  }
}
