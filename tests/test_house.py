"""What may know what: wings of the package, and the scripts."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRACES = sorted((ROOT / "faststream_otel" / "_traces").glob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it, for types too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # What is imported may be a module itself.
            module = str(node.module)
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_recorded_traces_are_data(path: Path) -> None:
    """They know the SDK's spans, and neither FastStream nor a middleware."""
    allowed = {*sys.stdlib_module_names, "opentelemetry"}
    for name in imported(path):
        assert name.partition(".")[0] in allowed or name.startswith(
            "faststream_otel._traces"
        ), name


def test_recorded_traces_have_no_circle() -> None:
    """No two modules import each other, not even for types."""
    of = {
        f"faststream_otel._traces.{path.stem}": imported(path)
        for path in TRACES
        if path.stem != "__init__"
    }
    waiting = {name: names & set(of) for name, names in of.items()}
    while waiting:
        ready = {name for name, names in waiting.items() if not names & set(waiting)}
        assert ready, f"a circle: {waiting}"
        waiting = {name: names for name, names in waiting.items() if name not in ready}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_know_no_test(path: Path) -> None:
    """What a command runs is in `scripts`."""
    assert not [name for name in imported(path) if name.partition(".")[0] == "tests"]
