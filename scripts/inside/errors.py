"""Tells what went wrong in a program, as Python does, from the program's own lines."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final

from inside.machine import EndlessError
from inside.missing import MissingError, chain, missed

if TYPE_CHECKING:
    from types import TracebackType

    from guide.programs import Program

# What a program without one of these names is told.
LACKS: Final = {
    "app": "The program has no `app`, so nothing was started. "
    "Add `app = FastStream(broker)`.",
    "broker": "The program has no `broker`, so nothing was started. "
    "FastAPI's `app` needs one beside it.",
    "brokers": "The program's `app` has no broker, so nothing was started. "
    "Add `app = FastStream(broker)`.",
}


class LackError(Exception):
    """The program has nothing that could be started."""


def lacked(error: BaseException, program: Program) -> str | None:
    """What a program does not have that is started, if that is all."""
    if isinstance(error, LackError):
        return LACKS[str(error)]
    if not isinstance(error, AttributeError):
        return None
    if getattr(error.obj, "__name__", "") != program.path.stem:
        return None
    return LACKS.get(error.name or "")


def told(error: BaseException, program: Program) -> dict[str, Any]:
    """An error as a page shows it: all of it, in a line, and the line where it was."""
    path = str(program.path)
    own = error.__traceback__
    while own and own.tb_frame.f_code.co_filename != path:
        own = own.tb_next
    text, brief = described(error, own, path)
    text = text.replace(path, program.path.name)
    return {"traceback": text, "brief": brief, "line": line(error, own, path)}


def described(
    error: BaseException, own: TracebackType | None, path: str
) -> tuple[str, str]:
    """All of an error, and what of it fits into a line."""
    for each in chain(error):
        if isinstance(each, (EndlessError, MissingError)):
            return f"{each}\n", str(each)
    if isinstance(error, SystemExit):
        return ended(error.code)
    only = traceback.format_exception_only(error)
    # A syntax error begins with its line.
    brief = only[-1] if isinstance(error, SyntaxError) else only[0]
    brief = brief.partition("\n")[0]
    if not own and not isinstance(error, SyntaxError):
        # None of its lines has to do with it.
        return "".join(only), brief
    shown = traceback.TracebackException(type(error), error, own)
    note = missed(error)
    if not note:
        return "".join(shown.format()), brief
    # How a library came to it does not help.
    shown.__cause__ = shown.__context__ = None
    mine = [frame for frame in shown.stack if frame.filename == path]
    shown.stack = traceback.StackSummary.from_list(mine)
    return f"{''.join(shown.format())}{note}\n", note


def ended(code: Any) -> tuple[str, str]:
    """What a program comes to that exits: Python would say no more."""
    if code in (None, 0):
        said = "The program ended itself."
        return f"{said}\n", said
    number = code if isinstance(code, int) else 1
    said = f"The program ended itself, with exit code {number}."
    return (f"{said}\n" if code is number else f"{code}\n{said}\n"), said


def line(error: BaseException, own: TracebackType | None, path: str) -> int | None:
    """The line of the program where it went wrong, the innermost one."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    found = None
    while own:
        if own.tb_frame.f_code.co_filename == path:
            found = own.tb_lineno
        own = own.tb_next
    return found
