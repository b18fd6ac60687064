"""Loads an application as `faststream run` does, and says why it cannot."""

from __future__ import annotations

import importlib
import sys
import traceback
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType, TracebackType


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
    if not module_name or not attribute:
        hint = _path_as_module(module_name)
        raise NotLoaded(f"{name!r} is not in the form module:application, {hint}.")
    sys.path.insert(0, app_dir)
    application: Any = _module(module_name, app_dir)
    for part in attribute.split("."):
        if not hasattr(application, part):
            raise NotLoaded(_no_attribute(application, module_name, part))
        application = getattr(application, part)
    if not factory:
        return application
    if not callable(application):
        raise NotLoaded(f"{name} is not a factory: it cannot be called.")
    try:
        return application()
    except (Exception, SystemExit) as error:
        raise NotLoaded(f"{name} raised {type(error).__name__}.", error) from error


def _module(name: str, app_dir: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")
        if not error.name or missing != name.split(".")[: len(missing)]:
            message = f"{name} imports {error.name}, which is not installed here."
            raise NotLoaded(message, error) from error
        return _file(name, app_dir)
    except (Exception, SystemExit) as error:
        message = f"{name} raised {type(error).__name__} when it was imported."
        raise NotLoaded(message, error) from error


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
        hint = _meant(name, there)
        raise NotLoaded(f"There is no module {name} in {where}{hint}.")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        message = f"{name} raised {type(error).__name__} when it was imported."
        raise NotLoaded(message, error) from error
    return module


def _no_attribute(owner: object, module: str, name: str) -> str:
    names = [each for each in vars(owner) if not each.startswith("_")]
    return f"{module} has no {name}{_meant(name, names)}."


def _meant(name: str, there: list[str]) -> str:
    close = get_close_matches(name, there, n=1)
    return f": did you mean {close[0]}?".rstrip("?") if close else ""


def _path_as_module(name: str) -> str:
    if name.endswith(".py"):
        name = name.removesuffix(".py").strip("./").replace("/", ".")
    return f"as in {name or 'app'}:app"


def _own(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the frames of this file and of the import."""
    while trace is not None and (
        trace.tb_frame.f_code.co_filename == __file__
        or "importlib" in trace.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    return trace
