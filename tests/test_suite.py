"""The tests' own machinery: in one process and in several it does the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins import without_plugins

ROOT = Path(__file__).parents[1]
# A suite that has the machinery of this one, on a machine that has nothing but what a
# variable names.
CONFTEST = """
import os
from pathlib import Path
from types import SimpleNamespace

from tests import conftest
from tests.docs import site

there = os.getenv("THERE", "").split(",")
conftest.missing = lambda what: "" if what in there else f"get {what}"


def build(to):
    with Path("builds").open("a") as builds:
        builds.write("built\\n")
    to.mkdir()
    return SimpleNamespace(returncode=0)


site.build = build
"""
SUITE = """
import os
import time
from pathlib import Path

import pytest

from faststream_otel import _faults


def note(name):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "none")
    with Path(name).open("a") as notes:
        notes.write(worker + "\\n")


@pytest.mark.broker("nats")
def test_broker(): ...


@pytest.mark.program("loki")
def test_program(): ...


@pytest.mark.long
def test_long(): ...


@pytest.mark.browser
@pytest.mark.parametrize("number", range(2))
def test_browser(number): ...


def test_else():
    pytest.skip("not today")


def test_a_fault(monkeypatch):
    _faults._told.add("an exporter")


@pytest.mark.faults
def test_an_expected_fault():
    _faults._told.add("an exporter")


@pytest.mark.parametrize("number", range(4))
def test_page(number, every_page):
    note("pages")


@pytest.fixture(scope="session")
def all_workers():
    note("workers")
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    until = time.monotonic() + 60
    while len(Path("workers").read_text().split()) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("number", range(8))
def test_site(number, all_workers, site):
    assert site.is_dir()


@pytest.fixture(scope="session")
def every_page():
    return []
"""


def suite(folder: Path, *options: str, **environment: str) -> str:
    """Run the suite, and give what it printed."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_suite.py").write_text(SUITE)
    # Nothing of the run that this test is part of.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "FASTSTREAM_OTEL_"))
    }
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "scripts")))
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    command += ["--rootdir", str(folder), "-p", "tests.conftest"]
    command += without_plugins("xdist")
    command += ["-p", "no:cacheprovider", "--basetemp", str(folder / "temporary")]
    return subprocess.run(
        [*command, *options, str(folder)],
        cwd=folder,
        env={**kept, "PYTHONPATH": paths, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("processes", [0, 2])
def test_what_is_skipped_and_what_fails(tmp_path: Path, processes: int) -> None:
    """It is told at the end, and a fault of telemetry fails its test alone."""
    printed = suite(tmp_path, "-n", str(processes), "--dist", "loadgroup")
    lines = printed.splitlines()
    loki = "the program of loki"
    for line in (
        "Skipped 1 test that need nats: get nats; then scripts/test -m broker",
        f"Skipped 1 test that need {loki}: get {loki}; then scripts/test -m program",
        "Skipped 2 tests that need browser: get browser; then scripts/test -m browser",
        "Skipped test_else: not today",
        "Skipped 1 test marked long, for they take minutes: scripts/test -m long",
    ):
        assert lines.count(line) == 1, printed
    assert "failed, and was only logged: {'an exporter'}" in printed
    failed = [line for line in lines if line.startswith("ERROR test_suite.py")]
    assert len(failed) == 1, printed
    assert failed[0].startswith("ERROR test_suite.py::test_a_fault")
    assert "14 passed, 6 skipped, 1 error" in printed

    # However many ask for it, in whichever process.
    assert (tmp_path / "builds").read_text() == "built\n"
    if processes:
        assert set((tmp_path / "workers").read_text().split()) == {"gw0", "gw1"}
        assert len(set((tmp_path / "pages").read_text().split())) == 1


def test_what_is_required_is_not_skipped(tmp_path: Path) -> None:
    """The remedy is in the failure."""
    printed = suite(
        tmp_path, "-n0", "-k", "broker", FASTSTREAM_OTEL_REQUIRE="nats,browser"
    )
    assert "nats is required and missing: get nats" in printed
    assert "1 error" in printed
    assert "skipped" not in printed


@pytest.mark.parametrize(
    ("marker", "asked"),
    [
        ("long", "marker"),
        ("browser", "marker"),
        ("long", "file"),
        ("browser", "variable"),
        ("browser", ""),
    ],
)
def test_what_takes_minutes_is_run_if_asked_for(
    tmp_path: Path, marker: str, asked: str
) -> None:
    """By its marker, its file, or a variable; not because a browser is there."""
    count = {"long": 1, "browser": 2}[marker]
    options = {"marker": ["-m", marker], "file": ["test_suite.py"]}.get(asked, [])
    environment = {"FASTSTREAM_OTEL_REQUIRE": marker} if asked == "variable" else {}
    printed = suite(
        tmp_path,
        "-n0",
        "-k",
        f"test_{marker}",
        *options,
        THERE="browser",
        **environment,
    )
    assert f"{count} {'passed' if asked else 'skipped'}" in printed, printed
    assert f"for they take minutes: scripts/test -m {marker}" in printed or asked


def test_a_guide_that_is_there_is_not_built(tmp_path: Path) -> None:
    """As in CI, where it has been built before the tests."""
    (tmp_path / "there").mkdir()
    built = str(tmp_path / "there")
    printed = suite(tmp_path, "-n0", "-k", "test_site", FASTSTREAM_OTEL_SITE=built)
    assert "8 passed" in printed
    assert not (tmp_path / "builds").exists()


@pytest.mark.parametrize(
    ("given", "runs", "workers"),
    [
        ([], "python -m pytest", "auto"),
        (["-k", "a or b"], "python -m pytest", "auto"),
        (["tests/test_x.py", "-q"], "python -m pytest", "0"),
        (["--coverage"], "coverage run -m pytest", "auto"),
        (["-q", "tests/test_x.py", "--coverage"], "coverage run -m pytest", "0"),
        (["-k", "a or b", "--coverage", "-x"], "coverage run -m pytest", "auto"),
    ],
)
def test_the_command(given: list[str], runs: str, workers: str, tmp_path: Path) -> None:
    """Its own option may stand anywhere; pytest gets all the others, as they are."""
    script = tmp_path / "test"
    shutil.copy(ROOT / "scripts" / "test", script)
    (tmp_path / "_venv").write_text(f'set -euo pipefail\nPATH="{tmp_path}:$PATH"\n')
    for name in ("python", "coverage"):
        (tmp_path / name).write_text(
            '#!/bin/sh\n(echo ${0##*/}; printf "%s\\n" "$@") | tr "\\n" "|"; echo\n'
        )
        (tmp_path / name).chmod(0o755)
    done = subprocess.run([script, *given], capture_output=True, text=True, check=True)
    (said,) = [line for line in done.stdout.splitlines() if "pytest" in line]
    words = said.strip("|").split("|")
    others = [each for each in given if each != "--coverage"]
    assert words[: len(runs.split())] == runs.split()
    assert words[words.index("-n") + 1] == workers
    assert words[len(words) - len(others) :] == others
