"""The doctor loads what `faststream run` loads, and says why it cannot."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from faststream import FastStream
from faststream.asgi import AsgiFastStream

from faststream_otel.doctor import _loading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SERVICE = """
from faststream import FastStream
from faststream.nats import NatsBroker

broker = NatsBroker()
app = FastStream(broker)


class Holder:
    inner = app


def make():
    return app


def fails():
    raise LookupError("no settings")


def ends():
    import os
    os._exit(0)
"""


@pytest.fixture
def write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], None]]:
    """Write modules into an empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        importlib.invalidate_caches()

    yield write
    for name in [each for each in sys.modules if each.startswith("doc_")]:
        del sys.modules[name]


Write = Any


def refused(name: str, **options: Any) -> _loading.NotLoaded:
    """Give why something is not loaded."""
    with pytest.raises(_loading.NotLoaded) as refusal:
        _loading.load(name, **options)
    return refusal.value


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("doc_app:app", {}),
        ("doc_app:Holder.inner", {}),
        ("doc_app:make", {"factory": True}),
    ],
)
def test_module(write: Write, name: str, options: dict[str, Any]) -> None:
    """In the current directory."""
    write("doc_app.py", SERVICE)
    assert isinstance(_loading.load(name, **options), FastStream)


def test_directory_and_package(write: Write) -> None:
    """In another directory, in a package."""
    write("src/doc_shop/__init__.py", "")
    write("src/doc_shop/orders.py", SERVICE)
    loaded = _loading.load("doc_shop.orders:app", app_dir="src")
    assert isinstance(loaded, FastStream)


def test_package_that_has_it(write: Write) -> None:
    """The package's own `__init__.py`."""
    write("doc_pack/__init__.py", SERVICE)
    assert isinstance(_loading.load("doc_pack:app"), FastStream)


def test_file_below_a_directory_that_is_no_package(write: Write) -> None:
    """As FastStream tries last: a directory that a module of the same name hides."""
    write("json/doc_orders.py", SERVICE)
    assert isinstance(_loading.load("json.doc_orders:app"), FastStream)


def test_asgi(write: Write) -> None:
    """What `as_asgi()` gives."""
    write("doc_asgi.py", SERVICE + "\nasgi = app.as_asgi()\n")
    assert isinstance(_loading.load("doc_asgi:asgi"), AsgiFastStream)


def test_typing_error(write: Write) -> None:
    """A name that is nearly right."""
    write("doc_app.py", SERVICE)
    assert "did you mean doc_app?" in str(refused("doc_ap:app"))
    assert "did you mean broker?" in str(refused("doc_app:brokr"))
    assert "in the form module:application, as in doc_app:app" in str(
        refused("./doc_app.py")
    )
    assert "as in doc_app:app" in str(refused("doc_app"))
    assert "as in app:app" in str(refused(":app"))


def test_no_name_is_near(write: Write) -> None:
    """What could be meant is listed."""
    write("doc_app.py", SERVICE)
    said = str(refused("doc_app:zzz"))
    assert "it has broker, app" in said


def test_file_with_a_colon(write: Write) -> None:
    """A path where a module belongs."""
    write("doc_app.py", SERVICE)
    assert "doc_app:app" in str(refused("doc_app.py:app"))


def test_no_factory(write: Write) -> None:
    """What was named cannot be called, or raises."""
    write("doc_app.py", SERVICE)
    assert "is not a factory" in str(refused("doc_app:app", factory=True))
    error = refused("doc_app:fails", factory=True)
    assert "raised LookupError" in str(error)
    assert "no settings" in error.traceback()


def test_ends_the_process(write: Write) -> None:
    """That is reported, rather than taken for a service that is well."""
    write("doc_app.py", SERVICE)
    write("doc_ends.py", "import os; os._exit(0)")
    assert "raised SystemExit" in str(refused("doc_app:ends", factory=True))
    assert "os._exit(0)" in refused("doc_ends:app").traceback()


def test_factory_without_the_option(write: Write) -> None:
    """A function is no application, and the option is named."""
    write("doc_app.py", SERVICE)
    assert "--factory" in str(refused("doc_app:make"))


def test_raises_at_import(write: Write) -> None:
    """Its own traceback, and no line of ours in it."""
    write("doc_bad.py", "import doc_inner\n")
    write("doc_inner.py", "settings = {}\nhost = settings['HOST']\n")
    error = refused("doc_bad:app")
    assert "doc_bad raised KeyError when it was imported" in str(error)
    lines = error.traceback()
    assert "host = settings['HOST']" in lines
    assert "import doc_inner" in lines
    assert "_loading.py" not in lines
    assert "importlib" not in lines


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "def f(:"])
def test_ends_or_is_no_python(write: Write, text: str) -> None:
    """The doctor goes on to say so."""
    write("doc_bad.py", text)
    error = refused("doc_bad:app")
    assert "raised S" in str(error)
    assert error.traceback()


def test_imports_what_is_missing(write: Write) -> None:
    """It is not the module itself that is missing."""
    write("doc_bad.py", "import doc_absent.inner\n")
    error = refused("doc_bad:app")
    assert "imports doc_absent, which is not installed" in str(error)
    assert "import doc_absent.inner" in error.traceback()
