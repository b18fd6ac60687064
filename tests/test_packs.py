"""What runs programs in a browser: its pins, its packs, and what a page is told."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import shutil
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from guide.places import BROKERS, PROGRAMS, ROOT
from packs import fetched, made, manifest, pinned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PYTHON = {"python_full_version": "3.14.0", "python_version": "3.14"}


def constraints() -> dict[str, str]:
    """The versions of constraints.txt for the browser's Python, by their names."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if not line.startswith("#")]
    return {
        pinned.normal(each.name): str(each.specifier)
        for each in wanted
        if each.marker is None or each.marker.evaluate(PYTHON)
    }


def test_pins_are_those_of_the_project() -> None:
    """A browser runs the versions that the tests run, with a hash each."""
    known = constraints()
    pins = [line for line in fetched.PINS.read_text().splitlines() if line[0] != "#"]
    names = []
    for pin in pins:
        found = re.fullmatch(r"([a-z0-9-]+)(==\S+) --hash=sha256:[0-9a-f]{64}", pin)
        assert found, pin
        assert known[found[1]] == found[2], f"{pin}: run scripts/pin"
        names.append(found[1])
    wanted = " ".join(made.PACKAGES.values()).split()
    assert names == sorted({pinned.normal(each) for each in wanted})
    line = fetched.PYODIDE.read_text().splitlines()[-1]
    assert re.fullmatch(r"pyodide==[\d.]+ --hash=sha256:[0-9a-f]{64}", line)


def test_pins_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an index has no wheel for is named, with what pip says."""
    empty = ["--no-index", f"--find-links={tmp_path}"]
    usual = fetched.options
    monkeypatch.setattr(fetched, "options", lambda *args: [*usual(*args), *empty])
    with pytest.raises(fetched.PinError) as refused:
        pinned.packages(dict.fromkeys(constraints(), "1.0"), fetched.PIP)
    assert "==1.0 has no wheel for a browser:" in str(refused.value)
    assert "No matching distribution" in str(refused.value)


def test_a_file_that_is_not_as_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pyodide with another hash is refused before anything of it is used."""
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\nprintf changed >"pyodide-1.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(fetched.MissingError, match=r"pyodide-1\.tgz is not as pinned"):
        fetched.unpack_pyodide(tmp_path)
    assert not (tmp_path / "pyodide").exists()


def test_a_python_whose_archives_have_no_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian 12 has Python 3.11.2: its archives are unpacked by their names alone."""

    class Old(tarfile.TarFile):
        # It has no `filter`, as Python had none up to 3.11.3.
        def extractall(self, path: Any = ".") -> None:  # type: ignore[override]
            super().extractall(path)  # noqa: S202 - packed by this test, below

    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "pyodide.mjs").touch()
    packed = tmp_path / "pyodide-1.tgz"
    with tarfile.open(packed, "w:gz") as files:
        files.add(tmp_path / "package", "package")
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    pin = tmp_path / "pyodide.txt"
    pin.write_text(f"pyodide==1 --hash=sha256:{digest}\n")
    monkeypatch.setattr(fetched, "PYODIDE", pin)
    monkeypatch.setattr(fetched, "run", lambda *_: None)
    monkeypatch.setattr(shutil, "which", lambda _: "npm")
    monkeypatch.setattr(tarfile, "open", Old.open)
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    to = tmp_path / "to"
    to.mkdir()
    packed.rename(to / packed.name)
    fetched.unpack_pyodide(to)
    assert [each.name for each in (to / "pyodide").iterdir()] == ["pyodide.mjs"]


def test_a_checkout_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is the reason, in one line."""

    def refused() -> Path:
        raise PermissionError(13, "Permission denied", "packs")

    monkeypatch.setattr(made, "folder", lambda: tmp_path)
    monkeypatch.setattr(made, "packs", refused)
    with pytest.raises(SystemExit, match="Permission denied: 'packs'"):
        runpy.run_module("packs.get", run_name="__main__")


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be installed is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(fetched.MissingError, match=r"install Node\.js"):
        fetched.unpack_pyodide(tmp_path)


@pytest.fixture
def described() -> dict[str, Any]:
    """What is told of packs that nobody made."""
    return {
        name: {"size": 1, "needs": made.NEEDS.get(name, []), "wanted_by": wanted}
        for name in made.PACKAGES
        for wanted in [made.WANTED_BY.get(name, [])]
    }


@pytest.mark.parametrize(
    ("source", "packs"),
    [
        ("import httpx", {"http"}),
        ("from fastapi import FastAPI", {"http"}),
        ("def f():\n    import structlog.stdlib", {"logs"}),
        ("from faststream import redis", {"redis"}),
        ("from faststream_otel.kafka import KafkaTelemetryMiddleware", {"kafka"}),
        ("import httpxx, redis_of_mine", set()),
        ("from opentelemetry import trace", set()),
    ],
)
def test_packs_are_those_of_the_imports(
    described: Mapping[str, Any], source: str, packs: set[str]
) -> None:
    """Whole names of modules, and what is below them."""
    assert manifest.packs_of(manifest.imported(source), described) == packs


def test_what_a_program_needs(described: Mapping[str, Any]) -> None:
    """Its imports, the program that it calls, and what is done with it."""
    sizes: dict[str, int] = dict.fromkeys([*described, "own"], 10)
    needed = {
        step: manifest.program(PROGRAMS / "nats" / f"{step}.py", described, sizes, 500)
        for step in ("shortest", "http_out", "zero_code", "test_orders", "exporting")
    }
    assert needed["shortest"]["packs"] == ["python", "base", "nats", "own"]
    assert needed["shortest"]["size"] == 530
    assert needed["http_out"]["with"] == ["nats/http_in.py"]
    assert {"http", "instrumentor"} <= set(needed["http_out"]["packs"])
    assert "instrumentor" in needed["zero_code"]["packs"]
    assert "pytest" in needed["test_orders"]["packs"]
    assert needed["exporting"] == {
        "broker": "nats",
        "runs": False,
        "why": "its exporter speaks gRPC, which is written in C.",
    }


def test_own_pack(tmp_path: Path) -> None:
    """The package whole, and what plays programs; the same each time."""
    content = manifest.own()
    assert content == manifest.own()
    pack = tmp_path / "own.pack"
    pack.write_bytes(content)
    names = set(zipfile.ZipFile(pack).namelist())
    package = (ROOT / "faststream_otel").rglob("*.py")
    assert {path.relative_to(ROOT).as_posix() for path in package} <= names
    assert {"scripts/guide/programs.py", "inside/runner.py"} <= names


def test_what_is_left_out() -> None:
    """Types, tests and code in C, but for the one that is made for a browser."""
    left_out = ["a/b.pyi", "a/tests/b.py", "aiokafka/x.so", "a-1.dist-info/RECORD"]
    kept = [
        "a/b.py",
        "a/testing.py",
        "a-1.dist-info/METADATA",
        "pydantic_core/_pydantic_core.cpython-314-wasm32-emscripten.so",
        "pygments/lexers/python.py",
    ]
    assert [each for each in [*left_out, *kept] if not made.dropped(each)] == kept


def test_what_versions_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is equal is there once, and what no version names any more is removed."""
    git_utils = pytest.importorskip("mike.git_utils")
    from packs import shared

    monkeypatch.chdir(tmp_path)

    def git(*command: str) -> str:
        return subprocess.run(
            ["git", *command], check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    git("init", "--quiet")
    git("config", "user.name", "test")
    git("config", "user.email", "test@guide.example")
    assert shared.share({"base-1.pack": b"1", "own-1.pack": b"2"}) == [
        "+base-1.pack",
        "+own-1.pack",
    ]
    assert shared.share({"base-1.pack": b"1", "own-1.pack": b"2"}) == []
    listed = {"python": {}, "packs": {"own": {"file": "own-2.pack"}}}
    with git_utils.Commit("gh-pages", "A version") as commit:
        commit.add_file(
            git_utils.FileInfo("1/assets/run/programs.json", json.dumps(listed))
        )
    shared.share({"base-1.pack": b"1", "own-2.pack": b"3"})
    # No version has named the first one, and one names the second.
    assert shared.share({"base-1.pack": b"1", "own-3.pack": b"4"}) == ["+own-3.pack"]
    files = git("ls-tree", "-r", "--name-only", "gh-pages").split()
    assert files == [
        "1/assets/run/programs.json",
        "run/base-1.pack",
        "run/own-2.pack",
        "run/own-3.pack",
    ]


def test_brokers_are_those_of_the_guide() -> None:
    """Each has a pack."""
    assert set(made.BROKERS) == set(BROKERS) < set(made.PACKAGES)
