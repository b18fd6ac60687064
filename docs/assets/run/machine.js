/* Python in this worker: its memory is as it was before each run. */

import { close } from "./closed.js";
import { ended } from "./ended.js";
import { Files } from "./files.js";
import { Printed } from "./printed.js";

const GUIDE = "/guide";
const HOME = "/home/reader";
// Memory that has grown does not shrink: beyond this a tab should not keep it.
const MOST_MEMORY = 512 * 1024 * 1024;

export class Machine {
  /** Starts Python; all that it asks for is given here. */
  static async boot({ loader, script, code, library, abi }) {
    const [{ loadPyodide }, { default: createPyodideModule }] = [await loader, await script];
    const asked = self.fetch;
    self.fetch = async (address) => {
      if (!String(address).endsWith(".wasm")) return new Response(await library);
      const unpacked = new Blob([await code]).stream().pipeThrough(new DecompressionStream("gzip"));
      return new Response(unpacked, { headers: { "Content-Type": "application/wasm" } });
    };
    const machine = new Machine();
    const output = (stream) => ({ write: (bytes) => machine.print(stream, bytes) });
    machine.python = await loadPyodide({
      createPyodideModule,
      indexURL: "https://python.invalid/",
      stdLibURL: "https://python.invalid/python_stdlib.zip",
      // What Pyodide could fetch by itself: nothing.
      lockFileContents: { info: abi, packages: {} },
      fullStdLib: false,
      env: { HOME, AIOKAFKA_NO_EXTENSIONS: "1", PYTHONHASHSEED: "0", COLUMNS: "80" },
    });
    self.fetch = asked;
    machine.module = machine.python._module;
    machine.files = new Files(machine.python.FS, [HOME, "/tmp", `${GUIDE}/docs_src`]);
    machine.python.setStdout(output("stdout"));
    machine.python.setStderr(output("stderr"));
    machine.python.setStdin({ stdin: () => null });
    // Python has nothing of JavaScript.
    for (const name of ["js", "pyodide_js"]) machine.python.unregisterJsModule(name);
    machine.python.runPython(`
import sys
for name in [each for each in sys.modules if each.partition(".")[0] in ("js", "pyodide_js", "pyodide")]:
    del sys.modules[name]
sys.path[:0] = ["${GUIDE}/scripts", "${GUIDE}"]
sys.stdout.reconfigure(line_buffering=True)
sys.stderr.reconfigure(line_buffering=True)
`);
    close();
    return machine;
  }

  unpack(archive) {
    this.files.change(() => this.python.unpackArchive(archive, "zip", { extractDir: GUIDE }));
  }

  /** Imports what programs will, and keeps that memory for each run. */
  keep(modules) {
    this.start = this.python.runPython(`
from inside import runner
runner.prepare(${JSON.stringify(modules)})
runner.run
`);
    // From now on all runs are at the same moment, to Python's dates too.
    const moment = Date.parse(this.python.runPython("runner.MOMENT"));
    Date.now = () => moment;
    this.files.keep(GUIDE);
    this.kept = { memory: this.memory(), references: this.references() };
  }

  /** Puts back all that Python had when it was kept: what a run did is gone. */
  reset() {
    if (!this.kept) return;
    this.files.reset();
    const { memory, references } = this.kept;
    const { HEAPU8 } = this.module;
    HEAPU8.set(memory);
    HEAPU8.fill(0, memory.length);
    references.forEach((value, at) => this.module.__hiwire_set(at, value));
  }

  /** All of Python's memory that is in use: what it has beyond that is still zero. */
  memory() {
    const words = new BigUint64Array(this.module.HEAPU8.buffer);
    let used = words.length;
    while (used && !words[used - 1]) used -= 1;
    return this.module.HEAPU8.slice(0, used * words.BYTES_PER_ELEMENT);
  }

  /** The objects of JavaScript that Python holds, by their place in its table. */
  references() {
    const found = [];
    try {
      for (;;) found.push(this.module.__hiwire_get(found.length));
    } catch {
      return found; // at its end
    }
  }

  write(name, content) {
    this.files.write(`${GUIDE}/docs_src/${name}`, content);
  }

  /** Runs a program; `spent` is a machine that cannot run another one. */
  run(program, write) {
    this.printed = new Printed(write);
    try {
      const said = JSON.parse(this.start(program));
      return { ...said, spent: this.module.HEAPU8.length > MOST_MEMORY };
    } catch (error) {
      // Python itself is at its end.
      return { ...ended(error, this.printed.frames, program), spent: true };
    } finally {
      this.printed.flush();
    }
  }

  print(stream, bytes) {
    this.printed?.add(stream, bytes);
    return bytes.length;
  }
}
