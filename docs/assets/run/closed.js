/* The reader's code may have come with an address: it finds no way out of this worker.
 *
 * What is not named here is taken away, so that what browsers add later is too. */

const LANGUAGE = [
  "Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String",
  "Symbol Date Promise RegExp Error AggregateError EvalError RangeError ReferenceError",
  "SyntaxError TypeError URIError SuppressedError globalThis JSON Math Intl ArrayBuffer",
  "Atomics SharedArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array",
  "Int32Array Uint8ClampedArray Float16Array Float32Array Float64Array BigUint64Array",
  "BigInt64Array DataView Map Set WeakMap WeakSet WeakRef BigInt Proxy Reflect Iterator",
  "FinalizationRegistry decodeURI decodeURIComponent encodeURI encodeURIComponent escape",
  "unescape isFinite isNaN WebAssembly constructor",
];
// Of the browser: what Python's own parts ask for.
const BROWSER = [
  "self console performance crypto setTimeout clearTimeout setInterval clearInterval",
  "queueMicrotask structuredClone TextDecoder TextEncoder AbortController AbortSignal",
  "DOMException URL isSecureContext",
];
const KEPT = new Set([...LANGUAGE, ...BROWSER].flatMap((line) => line.split(" ")));

/** Takes away what leads outside, for good. */
export function close() {
  noCode();
  for (let owner = self; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      // Some numbers stay: they are not to be had away, and lead nowhere.
      if (!KEPT.has(name)) Reflect.deleteProperty(owner, name);
    }
  }
  // Timers take functions alone, no text to run.
  for (const name of ["setTimeout", "setInterval"]) {
    const timer = self[name];
    self[name] = (call, ...rest) => timer(() => call(...rest.slice(1)), rest[0]);
  }
}

/** No text becomes code any more: code alone could import from elsewhere. */
function noCode() {
  const refuse = () => {
    throw new TypeError("Text is not run as code here.");
  };
  const kinds = [() => {}, async () => {}, function* () {}, async function* () {}];
  for (const kind of kinds) {
    const { prototype } = kind.constructor;
    Object.defineProperty(prototype, "constructor", { value: refuse });
  }
  const stand_in = function () {
    refuse();
  };
  stand_in.prototype = Function.prototype;
  self.Function = stand_in;
}
