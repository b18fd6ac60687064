/* Runs one program of the guide after another, and draws what it recorded.
 *
 * A page starts it as a module worker, and only when a reader asks for a run:
 *
 *     new Worker(new URL("assets/run/worker.js", root), { type: "module" })
 *
 * What a page says:
 *
 *     {type: "run", id, program: "nats/first_trace.py", broker: "nats", source: null}
 *
 * `id` is the page's own, and comes back with everything that is said about this run.
 * `source` is the reader's text; null is the file of the guide. A program of the
 * reader's own is `nats/playground.py`. One run at a time. A page stops a run by
 * `terminate()`, and begins anew with another worker.
 *
 * What the worker says, always with `id`:
 *
 *     {type: "progress", what, loaded, total}   bytes over the wire, as far as they came:
 *                                               what is a word to show, "Python" or
 *                                               "packages"
 *     {type: "started"}                         the program begins
 *     {type: "output", stream, text}            "stdout" or "stderr"; text with its newlines
 *     {type: "failed", traceback, line}         no trace: the program does not even start,
 *                                               or goes on for ever. line is the line of
 *                                               the source, from 1, or null
 *     {type: "finished", svg, table, tree, otlp, errors}
 *                                               svg, table: the picture as in docs/traces,
 *                                               and its tables; "" if nothing was recorded.
 *                                               tree, otlp: text. errors: what handlers
 *                                               raised, each {traceback, line}
 *     {type: "broken", reason}                  the worker itself does not work: a file
 *                                               cannot be had. The next run needs another
 *
 * After "failed" and "finished" the same worker takes the next run, which begins in the
 * memory that the worker had before the first one.
 *
 * A worker whose program blocks says nothing. `started` was said before: the page tells
 * the reader after some seconds, and Stop ends it.
 *
 * What svg, table, tree and otlp contain is the work of an interpreter in which the
 * reader's code has run, which may have come with an address: to a page it is text from a
 * stranger. It is put into a page only by what lets nothing through but the elements
 * and attributes of such pictures and tables.
 *
 * Beside this file, made with the guide, is `programs.json`:
 *
 *     {
 *       "files": "files/",              where the packs are, from this folder
 *       "packs": {"base": {"file": "base-0123abcd.pack", "size": 2600000,
 *                          "modules": ["faststream", …]}, …},
 *       "programs": {
 *         "nats/first_trace.py": {"broker": "nats", "runs": true, "why": "",
 *                                 "packs": ["python", "base", "nats"], "size": 8700000},
 *         "nats/exporting.py": {"broker": "nats", "runs": false,
 *                               "why": "The exporter for gRPC is written in C++, …"}
 *       }
 *     }
 *
 * `why` is a sentence to show. Without the packs (scripts/docs --no-run, or no network)
 * neither this file nor a button is there.
 */
