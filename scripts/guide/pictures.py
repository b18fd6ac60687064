"""Draws and prints the traces of the guide's programs.

python -m guide.pictures show nats chain
python -m guide.pictures update
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from faststream_otel.testing import assert_trace, record, render
from guide.expected import EXPECTED
from guide.figures import STYLE, STYLE_SHEET
from guide.fresh import a_new_process, silence
from guide.places import BROKERS, PROGRAMS, ROOT
from guide.programs import ALL, OTHERWISE, PRINTING, STAND_INS, TESTS, Program

FAILURE = PROGRAMS / "output" / "assert_trace.diff"


def failure() -> str:
    """What `assert_trace` says of an order that was expected to go through."""
    with a_new_process():
        module: Any = TESTS[0].load()
        del sys.modules[module.__name__]
        with record(module.broker) as recording:
            module.order("unicorn")
    expected = """
        publish orders
          process orders
            publish invoices
              process invoices
    """
    try:
        assert_trace(recording.trace(), expected)
    except AssertionError as error:
        return f"{error}\n"
    raise RuntimeError("it went through")


def main() -> None:
    """Show a program's trace in the terminal, or draw all pictures anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="print a program's trace as a tree")
    show.add_argument("broker", choices=BROKERS)
    show.add_argument("step", choices=tuple(EXPECTED))
    commands.add_parser("update", help="draw and print the trace of each program")
    arguments = parser.parse_args()

    if arguments.command == "show":
        with silence():
            recorded = Program(arguments.broker, arguments.step).record()
        print(render(recorded))
        return
    for program in (*ALL, *OTHERWISE, *STAND_INS):
        with silence():
            drawn = program.draw()
        program.picture.parent.mkdir(parents=True, exist_ok=True)
        for path, text in drawn.items():
            path.write_text(text)
        print(f"drew {program.picture.relative_to(ROOT)}")
    STYLE_SHEET.write_text(STYLE)
    for program in PRINTING:
        with silence():
            printed = program.print()
        program.output.write_text(printed)
        print(f"wrote {program.output.relative_to(ROOT)}")
    FAILURE.parent.mkdir(exist_ok=True)
    FAILURE.write_text(failure())
    print(f"wrote {FAILURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
