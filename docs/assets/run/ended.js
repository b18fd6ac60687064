/* Python itself has come to an end, in the middle of a program. */

const TOO_DEEP = /call stack|too much recursion/i;

/** What the page is told, as of an error of the program's. */
export function ended(error, frames, program) {
  const brief = why(String(error));
  const [name] = program.split("/").slice(-1);
  // The innermost line of the program's own.
  const line = frames.split("\n").find((each) => each.includes(`/${name}", line `));
  const [, number] = /", line (\d+)/.exec(line ?? "") ?? [];
  return { type: "failed", traceback: `${brief}\n`, brief, line: Number(number) || null };
}

function why(text) {
  const [, code] = /exit\((-?\d+)\)/.exec(text) ?? [];
  if (code) return `The program ended Python itself, with exit code ${code}.`;
  if (TOO_DEEP.test(text)) return "It is nested more deeply than Python in a browser can go.";
  return `The program made Python break down: ${text}.`;
}
