"""What tests need that a machine may not have: servers and a browser.

A test says so by a marker: `@pytest.mark.broker("nats")`, `@pytest.mark.browser`, or
`@pytest.mark.program("collector")` if it starts that server itself, or
`@pytest.mark.index` if it installs packages. It is skipped where that is missing, or
fails where `FASTSTREAM_OTEL_REQUIRE` names it,
as in `FASTSTREAM_OTEL_REQUIRE=nats,redis,browser`.

Tests that take minutes are run if they are asked for: by their marker, as in `-m long`,
by their file, or by that variable. They are those with a browser, and those marked
`@pytest.mark.long`, which keep both cores busy with processes of their own.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from faststream_otel import _faults
from servers.known import ALIASES, SERVERS, TOOLS, program
from servers.programs import absent
from tests.shared import shared, timers

if TYPE_CHECKING:
    from collections.abc import Iterator

# Pydantic asks each process for plugins, and so would import all of Logfire: half of
# what it takes to import FastStream. This process has yet to, and its children follow.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
REQUIRED = frozenset(filter(None, os.getenv("FASTSTREAM_OTEL_REQUIRE", "").split(",")))
PROGRAM = "the program of "
OTHERS = ("browser", "index")
TAKE_MINUTES = ("long", "browser")
# The property of a skipped test's report that tells for want of what. Workers of
# pytest-xdist send it to the process that writes the summary.
LACKING = "lacking"


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


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The guide as it is published, while it has no public address.

    One build does for all workers. `FASTSTREAM_OTEL_SITE` names one that is there.
    """
    if built := os.getenv("FASTSTREAM_OTEL_SITE"):
        return Path(built).resolve(strict=True)
    base = tmp_path_factory.getbasetemp()
    return build_once(base if worker_id == "master" else base.parent)


def build_once(into: Path) -> Path:
    """Build the guide, unless another worker has done it in this run."""
    from tests.docs.site import build

    with (into / "guide.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        guide, whole = into / "guide", into / "guide.whole"
        if not whole.exists():
            built = build(guide)
            assert built.returncode == 0, built.stdout
            whole.touch()
    return guide


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which telemetry failed quietly, unless the test is about that."""
    _faults._told.clear()
    yield
    if not request.node.get_closest_marker("faults"):
        assert not _faults._told, f"failed, and was only logged: {_faults._told}"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail a test that leaves what the next one would find: tests run in any order."""
    before = shared()
    yield
    for timer in timers() - before["timers"]:
        # One whose time has come is about to end.
        timer.join(1)
    left = [name for name, value in shared().items() if value != before[name]]
    assert not left, f"changed, and not put back: {', '.join(left)}"


@pytest.fixture(scope="module")
def unfrozen_at_the_end() -> Iterator[None]:
    """Once for all tests of a module that hide garbage: collect it after them.

    To unfreeze is to collect everything in this large process, soon.
    """
    yield
    freeze()


def needs(item: pytest.Item) -> list[str]:
    """Name what a test needs."""
    brokers = [mark.args[0] for mark in item.iter_markers("broker")]
    programs = [f"{PROGRAM}{mark.args[0]}" for mark in item.iter_markers("program")]
    others = [what for what in OTHERS if item.get_closest_marker(what)]
    return brokers + programs + others


def pytest_configure() -> None:
    """Refuse to require what nothing here can start."""
    for what in REQUIRED - {*OTHERS, "long", *SERVERS, *ALIASES, *TOOLS}:
        raise pytest.UsageError(f"FASTSTREAM_OTEL_REQUIRE names no server: {what}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Order the tests, and keep in one worker what is better not done twice.

    Those that look at all objects of their process come first, while there are few.

    pytest-xdist reads a test's group from the end of its id, where it can no longer
    write it itself: https://github.com/pytest-dev/pytest-xdist/issues/1386
    """
    items.sort(key=lambda item: not item.get_closest_marker("all_objects"))
    if config.getoption("loadgroup", default=False):
        for item in items:
            if (group := group_of(item)) and not item.nodeid.endswith(f"@{group}"):
                item._id = item._id.parse(f"{item.nodeid}@{group}")


def pytest_collection_finish() -> None:
    """Spare garbage collections the thousands of tests: they stay to the end."""
    freeze()


def freeze() -> None:
    """Collect all garbage, and let later collections pass over what is left."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def group_of(item: pytest.Item) -> str:
    """Name what a test shares.

    Tests with real servers follow each other, as do those on the servers' ports, and
    those with a browser; and one worker reads the pages of the guide for all.
    """
    if marker := item.get_closest_marker("xdist_group"):
        return str(marker.args[0])
    wanted = set(needs(item)) - {"index"}
    if wanted:
        return "browser" if wanted == {"browser"} else "servers"
    names = set(getattr(item, "fixturenames", ()))
    if hasattr(item, "callspec"):
        # A parameter may have the name of a fixture.
        names -= item.callspec.params.keys()
    return "pages" if {"every_page", "published"} & names else ""


def asked_for(what: str, config: pytest.Config) -> bool:
    """Whether somebody wants tests that take minutes."""
    named = any(Path(each.partition("::")[0]).suffix == ".py" for each in config.args)
    return named or what in REQUIRED or what in config.option.markexpr


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose server or browser is missing, or fail it."""
    for what in needs(item):
        remedy = missing(what)
        if remedy and what.removeprefix(PROGRAM) in REQUIRED:
            pytest.fail(f"{what} is required and missing: {remedy}", pytrace=False)
        if remedy:
            item.user_properties.append((LACKING, [what, remedy]))
            pytest.skip(f"{what} is missing: {remedy}")
    for what in TAKE_MINUTES:
        if item.get_closest_marker(what) and not asked_for(what, item.config):
            item.user_properties.append((LACKING, [what, ""]))
            pytest.skip(f"takes minutes: scripts/test -m {what}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped for want of something, and how to run it, or else why."""
    counted: Counter[tuple[str, str]] = Counter()
    reasons: list[str] = []
    for report in terminalreporter.getreports("skipped"):
        lacking = dict(report.user_properties).get(LACKING)
        if lacking:
            counted[tuple(lacking)] += 1
        else:
            # pytest-xdist writes a test's group after its name.
            test = report.nodeid.rpartition("::")[2].partition("@")[0]
            reason = report.longrepr[2].removeprefix("Skipped: ")
            reasons.append(f"Skipped {test}: {reason}")
    for (what, remedy), count in counted.items():
        tests = "test" if count == 1 else "tests"
        if not remedy:
            terminalreporter.write_line(
                f"Skipped {count} {tests} marked {what}, for they take minutes: "
                f"scripts/test -m {what}",
                yellow=True,
            )
            continue
        marker = "program" if what.startswith(PROGRAM) else "broker"
        marker = what if what in OTHERS else marker
        terminalreporter.write_line(
            f"Skipped {count} {tests} that need {what}: {remedy}; "
            f"then scripts/test -m {marker}",
            yellow=True,
        )
    for reason in reasons:
        terminalreporter.write_line(reason, yellow=True)
