"""What tests need that a machine may not have: servers and a browser.

A test says so by a marker: `@pytest.mark.broker("nats")`, `@pytest.mark.browser`, or
`@pytest.mark.program("collector")` if it starts that server itself, or
`@pytest.mark.index` if it installs packages. It is skipped where that is missing, or
fails where `FASTSTREAM_OTEL_REQUIRE` names it,
as in `FASTSTREAM_OTEL_REQUIRE=nats,redis,browser`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from faststream_otel import _faults
from servers.known import ALIASES, SERVERS, TOOLS, program
from servers.programs import absent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUIRED = frozenset(filter(None, os.getenv("FASTSTREAM_OTEL_REQUIRE", "").split(",")))
PROGRAM = "the program of "
OTHERS = ("browser", "index")
SKIPPED = pytest.StashKey["Counter[str]"]()


@cache
def missing(what: str) -> str:
    """Say what to do to have it, or nothing if it is there."""
    if what == "browser":
        there, remedy = bool(shutil.which("chromium")), "apt-get install chromium"
    elif what == "index":
        there, remedy = has_index(), "connect this machine to a package index"
    elif what.startswith(PROGRAM):
        name = what.removeprefix(PROGRAM)
        remedy = absent(name, program(name))
        there = not remedy
    else:
        there = bool(SERVERS[ALIASES.get(what, what)].answers())
        remedy = f"scripts/brokers up {what}"
    return "" if there else remedy


def has_index() -> bool:
    """Whether pip finds packages."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps"]
    command += ["--ignore-installed", "--quiet", "--retries=0", "typing-extensions"]
    return not subprocess.run(command, capture_output=True, check=False).returncode


def lacking(what: str) -> str:
    """Give the reason of a skip for want of it."""
    return f"{what} is missing: {missing(what)}"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide as it is published, while it has no public address."""
    from tests.docs.site import build

    to = tmp_path_factory.mktemp("guide")
    built = build(to)
    assert built.returncode == 0, built.stdout
    return to


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which telemetry failed quietly, unless the test is about that."""
    _faults._told.clear()
    yield
    if not request.node.get_closest_marker("faults"):
        assert not _faults._told, f"failed, and was only logged: {_faults._told}"


def needs(item: pytest.Item) -> list[str]:
    """Name what a test needs."""
    brokers = [mark.args[0] for mark in item.iter_markers("broker")]
    programs = [f"{PROGRAM}{mark.args[0]}" for mark in item.iter_markers("program")]
    others = [what for what in OTHERS if item.get_closest_marker(what)]
    return brokers + programs + others


def pytest_configure(config: pytest.Config) -> None:
    """Start counting what is skipped."""
    config.stash[SKIPPED] = Counter()
    for what in REQUIRED - {*OTHERS, *SERVERS, *ALIASES, *TOOLS}:
        raise pytest.UsageError(f"FASTSTREAM_OTEL_REQUIRE names no server: {what}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose server or browser is missing, or fail it."""
    for what in needs(item):
        remedy = missing(what)
        if remedy and what.removeprefix(PROGRAM) in REQUIRED:
            pytest.fail(f"{what} is required and missing: {remedy}", pytrace=False)
        if remedy:
            item.config.stash[SKIPPED][what] += 1
            pytest.skip(lacking(what))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was skipped for want of something, and how to run it, or else why."""
    counted = config.stash[SKIPPED]
    for what, count in counted.items():
        tests = "test" if count == 1 else "tests"
        marker = "program" if what.startswith(PROGRAM) else "broker"
        marker = what if what in OTHERS else marker
        terminalreporter.write_line(
            f"Skipped {count} {tests} that need {what}: {missing(what)}; "
            f"then scripts/test -m {marker}",
            yellow=True,
        )
    told = set(map(lacking, counted))
    for report in terminalreporter.getreports("skipped"):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason not in told:
            test = report.nodeid.rpartition("::")[2]
            terminalreporter.write_line(f"Skipped {test}: {reason}", yellow=True)
