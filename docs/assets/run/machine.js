/* Python in this worker: its memory is as it was before each run. */

import { close } from "./closed.js";

const GUIDE = "/guide";
const PLACE = { own: GUIDE };
// A reader reads no more.
const MOST_OUTPUT = 200_000;

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
      env: { HOME: "/home/reader", AIOKAFKA_NO_EXTENSIONS: "1", PYTHONHASHSEED: "0", COLUMNS: "80" },
    });
    self.fetch = asked;
    machine.python.setStdout(output("stdout"));
    machine.python.setStderr(output("stderr"));
    machine.python.setStdin({ error: true });
    machine.python.runPython(`
import sys
sys.path[:0] = ["${GUIDE}/scripts", "${GUIDE}"]
sys.stdout.reconfigure(line_buffering=True)
sys.stderr.reconfigure(line_buffering=True)
`);
    close();
    return machine;
  }

  unpack(archive) {
    this.python.unpackArchive(archive, "zip", { extractDir: GUIDE });
  }

  /** Imports what programs of a broker do, and keeps that memory for each run. */
  keep(broker) {
    this.start?.destroy();
    this.start = this.python.runPython(`
import importlib
importlib.invalidate_caches()
from inside import runner
for name in ("faststream.${broker}", "faststream_otel.${broker}"):
    importlib.import_module(name)
import gc
gc.collect()
runner.run
`);
  }

  reset() {}

  write(name, content) {
    const path = `${GUIDE}/docs_src/${name}`;
    this.python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    this.python.FS.writeFile(path, content);
  }

  run(program, write) {
    this.output = { stdout: new TextDecoder(), stderr: new TextDecoder(), write, left: MOST_OUTPUT };
    return JSON.parse(this.start(program));
  }

  print(stream, bytes) {
    const { output } = this;
    if (!output) return bytes.length;
    const text = output[stream].decode(bytes, { stream: true });
    if (output.left > 0 && text) {
      output.write(stream)(text);
      output.left -= text.length;
      if (output.left <= 0) output.write("stderr")("\nThe rest of the output is left out.\n");
    }
    return bytes.length;
  }
}
