// The worker that runs programs: one per page, and one program at a time. What it has
// loaded serves the next program too, until it is stopped.

const WORKER = new URL("../../run/worker.js", import.meta.url).href;

// A program may have come with an address. From its first run on, the page asks its own
// site alone, and runs no script that is in its markup, whatever else is wrong here. It
// is set by script, as few hosts let a guide set headers, and as pages need it only then.
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
].join("; ");

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
  const asked = { type: "run", id: ++count, program, broker, source };
  running = { id: asked.id, tell, asked };
  worker ??= start();
  worker.postMessage(asked);
}

// Ends the program at once, whatever it does, and with it all that the worker has loaded.
export function stop(why = "Stopped.") {
  end();
  finish({ type: "stopped", why });
}

function end() {
  worker?.terminate();
  worker = null;
}

// Python, where it is not allowed, would start for ever.
function isAllowed() {
  try {
    return Boolean(new WebAssembly.Module(MODULE));
  } catch {
    return false;
  }
}

function restrict() {
  if (document.head.querySelector("meta[http-equiv=Content-Security-Policy]")) return;
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = POLICY;
  document.head.append(meta);
}

// The page's policy is that of a worker whose script is the page's own text. One with a
// script of an address has the policy of that answer's headers, if it has any.
function start() {
  restrict();
  const text = [`import ${JSON.stringify(WORKER)};`];
  const own = URL.createObjectURL(new Blob(text, { type: "text/javascript" }));
  return listen(new Worker(own, { type: "module" }), () => {
    // A host that forbids such workers sends a policy of its own with all that it has.
    worker = listen(new Worker(WORKER, { type: "module" }), stop);
    worker.postMessage(running.asked);
  });
}

function listen(started, fail) {
  let isSilent = true;
  started.addEventListener("message", ({ data }) => {
    isSilent = false;
    if (started !== worker || !running || data?.id !== running.id) return;
    if (data.type === "broken") stop(cannot(data.reason));
    else if (data.type === "finished" || data.type === "failed") {
      if (data.spent) end();
      finish(data);
    } else running.tell(data);
  });
  for (const broken of ["error", "messageerror"]) {
    started.addEventListener(broken, ({ message }) => {
      if (started !== worker) return;
      if (isSilent && running) fail(cannot(message));
      else stop(cannot(message));
    });
  }
  return started;
}

const cannot = (reason) => `Python cannot be started: ${reason || "a file cannot be loaded"}`;

// What came may be nonsense: a stranger's program, or half of an older site in a cache.
function finish(data) {
  const ended = running;
  running = null;
  try {
    ended?.tell(data);
  } catch (error) {
    console.error(error);
    ended.tell({ type: "stopped", why: "Its result cannot be shown. Reload the page." });
  }
}
