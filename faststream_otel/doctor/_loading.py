"""Loads an application as `faststream run` does, and says why it cannot."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NoReturn
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType, TracebackType

_PACKAGE: Final = str(Path(__file__).parents[1])
_PYTHON: Final = str(Path(os.__file__).parent)
_FRAMEWORKS: Final = ("fastapi", "faststream", "litestar", "starlette")


class NotLoaded(Exception):  # noqa: N818 - it says what happened
    """The application could not be loaded.

    Args:
        message: Why, and what to do.
        error: What the application raised, if it did.
    """

    def __init__(self, message: str, error: BaseException | None = None) -> None:
        super().__init__(message)
        self.error = error

    def traceback(self) -> str:
        """Give the traceback of what the application raised, without our own lines."""
        if self.error is None:
            return ""
        error = self.error
        return "".join(
            traceback.format_exception(type(error), error, _own(error.__traceback__))
        )


def load(name: str, *, app_dir: str = ".", factory: bool = False) -> Any:
    """Load an application.

    Args:
        name: `module:application`, as `faststream run` and uvicorn take it.
        app_dir: Where its module is.
        factory: It is a function that makes the application.

    Raises:
        NotLoaded: It could not be loaded.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute or module_name.endswith(".py"):
        hint = f"{_path_as_module(module_name)}:{attribute or 'app'}"
        raise NotLoaded(
            f"{name!r} is not in the form module:application, as in {hint}."
        )
    sys.path.insert(0, str(Path(app_dir).resolve()))
    application: Any = _module(module_name, app_dir)
    for part in attribute.split("."):
        if not hasattr(application, part):
            raise NotLoaded(_no_attribute(application, module_name, part))
        application = getattr(application, part)
    if not factory:
        if isinstance(application, FunctionType):
            message = f"{name} is a function. If it makes the application: --factory."
            raise NotLoaded(message)
        return application
    if not callable(application):
        raise NotLoaded(f"{name} is not a factory: it cannot be called.")
    try:
        with _staying():
            return application()
    except (Exception, SystemExit) as error:
        raise NotLoaded(f"{name} raised {type(error).__name__}.", error) from error


def _module(name: str, app_dir: str) -> ModuleType:
    try:
        with _staying():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")
        if not error.name or missing != name.split(".")[: len(missing)]:
            raise _raised(name, error) from error
        return _file(name, app_dir)
    except (Exception, SystemExit) as error:
        raise _raised(name, error) from error


def _file(name: str, app_dir: str) -> ModuleType:
    """Load a file that is no module of a package, as FastStream tries last."""
    path = Path.cwd().joinpath(*name.split(".")).with_suffix(".py")
    spec = spec_from_file_location(
        "mode", path, submodule_search_locations=[str(path.parent)]
    )
    if not path.exists() or spec is None or spec.loader is None:
        where = Path(app_dir).resolve()
        there = [each.stem for each in where.glob("*.py")]
        there += [each.parent.name for each in where.glob("*/__init__.py")]
        raise NotLoaded(_no_module(name, there, where))
    module = module_from_spec(spec)
    try:
        with _staying():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _raised(name, error) from error
    return module


@contextmanager
def _staying() -> Iterator[None]:
    """Let what ends the process at once do as `sys.exit`, which can be reported."""
    process, end = os.getpid(), os._exit

    def stay(status: int) -> NoReturn:
        if os.getpid() != process:
            end(status)
        raise SystemExit(status)

    with mock.patch.object(os, "_exit", stay):
        yield


def _raised(name: str, error: BaseException) -> NotLoaded:
    if isinstance(error, ModuleNotFoundError) and error.name:
        message = f"{name} imports {error.name}, which is not installed here."
    else:
        message = f"{name} raised {type(error).__name__} when it was imported."
    return NotLoaded(message, error)


def _no_attribute(owner: object, module: str, name: str) -> str:
    there = [each for each in vars(owner) if not each.startswith("_")]
    close = get_close_matches(name, there, n=1)
    if close:
        return f"{module} has no {name}: did you mean {close[0]}?"
    objects = [
        each
        for each in there
        if type(getattr(owner, each)).__module__.partition(".")[0] in _FRAMEWORKS
    ]
    listed = f": it has {', '.join(objects)}" if objects else ""
    return f"{module} has no {name}{listed}."


def _no_module(name: str, there: list[str], where: Path) -> str:
    close = get_close_matches(name, there, n=1)
    meant = f": did you mean {close[0]}?" if close else ". Elsewhere: --app-dir."
    return f"There is no module {name} in {where}{meant}"


def _path_as_module(name: str) -> str:
    return name.removesuffix(".py").strip("./").replace("/", ".") or "app"


def _own(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the frames that led to the application's own."""
    first = trace
    while trace is not None and _is_installed(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace or first


def _is_installed(file: str) -> bool:
    return (
        file.startswith((_PACKAGE, _PYTHON, "<frozen"))
        or f"{os.sep}site-packages{os.sep}" in file
    )
