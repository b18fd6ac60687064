"""What becomes of the last spans when a service stops."""

from __future__ import annotations

import inspect
import shlex
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

import faststream_otel

if TYPE_CHECKING:
    from collections.abc import Iterator

# As the guide's tests see it, for `SIGTERM` and without `shutdown`.
LOSES: Final = {
    "faststream": False,
    "uvicorn": True,
    "gunicorn": True,
    "hypercorn": False,
}
# gunicorn's own worker for ASGI lets Python exit; uvicorn's does not.
_WORKERS: Final = frozenset({"asgi", "gasgi"})
_ENDING: Final = frozenset({"shutdown", "force_flush"})


def server_of(words: str) -> str:
    """Name the server in what may be a whole command; empty if it is not known."""
    name = Path(shlex.split(words)[0]).name
    return name if name in LOSES else ""


def loses_the_last(words: str, application: Any) -> bool:
    """Whether a server ends the process before the SDK has sent what it has."""
    server = server_of(words)
    if server == "faststream":
        # It runs an ASGI application by uvicorn.
        return callable(application)
    if server == "gunicorn" and _WORKERS & set(shlex.split(words.replace("=", " "))):
        return False
    return LOSES.get(server, False)


def somebody_ends_telemetry() -> bool:
    """Whether the application's modules call something that sends the rest.

    This sees that they do, and not when.
    """
    return any(_ends(module) for module in _own_modules())


def _ends(module: ModuleType) -> bool:
    for value in list(vars(module).values()):
        if value is faststream_otel.shutdown:
            return True
        is_own = isinstance(value, FunctionType) and value.__module__ == module.__name__
        if not is_own:
            continue
        # A lifespan has `asynccontextmanager` around it.
        code = getattr(inspect.unwrap(value), "__code__", value.__code__)
        if _ENDING & set(_names(code)):
            return True
    return False


def _names(code: CodeType) -> Iterator[str]:
    """Give the names that a function uses, and those in it."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


def _own_modules() -> Iterator[ModuleType]:
    """Give the modules that are neither Python's nor installed."""
    paths = sysconfig.get_paths()
    others = tuple(paths[name] for name in ("stdlib", "platstdlib", "purelib"))
    ours = str(Path(faststream_otel.__file__).parent)
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not file.startswith((*others, ours)):
            yield module
