/** Nothing that runs here finds a way out of this worker, from now on. */
export function close() {}
