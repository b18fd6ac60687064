// The worker that runs programs: one per page, and one program at a time. What it has
// loaded serves the next program too, until it is stopped.

const WORKER = new URL("../../run/worker.js", import.meta.url);

// The smallest module. What forbids it may be the browser, or a host's policy.
const MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const FORBIDDEN = "this site or this browser does not allow WebAssembly";

let worker = null;
let running = null;
let count = 0;

// Runs a program, and tells what becomes of it; the one that is running ends.
export function play(program, broker, source, tell) {
  if (running) stop("Stopped: another program was started.");
  if (!isAllowed()) return tell({ type: "stopped", why: cannot(FORBIDDEN) });
  worker ??= start();
  running = { id: ++count, tell };
  worker.postMessage({ type: "run", id: running.id, program, broker, source });
}

// Ends the program at once, whatever it does, and with it all that the worker has loaded.
export function stop(why = "Stopped.") {
  worker?.terminate();
  worker = null;
  finish({ type: "stopped", why });
}

// Python, where it is not allowed, would start for ever.
function isAllowed() {
  try {
    return Boolean(new WebAssembly.Module(MODULE));
  } catch {
    return false;
  }
}

function start() {
  const started = new Worker(WORKER, { type: "module" });
  started.addEventListener("message", ({ data }) => {
    if (started !== worker || !running || data?.id !== running.id) return;
    if (data.type === "broken") stop(cannot(data.reason));
    else if (data.type === "finished" || data.type === "failed") finish(data);
    else running.tell(data);
  });
  for (const broken of ["error", "messageerror"]) {
    started.addEventListener(broken, ({ message }) => {
      if (started !== worker) return;
      stop(cannot(message));
    });
  }
  return started;
}

const cannot = (reason) => `Python cannot be started: ${reason || "a file cannot be loaded"}`;

function finish(data) {
  const ended = running;
  running = null;
  ended?.tell(data);
}
