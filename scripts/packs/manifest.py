"""What a page knows of programs that run in a browser: `assets/run/programs.json`."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any, Final

from guide.places import BROKERS, PROGRAMS, ROOT
from guide.steps import PLAYS_ITSELF, STEPS
from packs.made import NEEDS, archive, digested, tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Why a step does not run there, to be read after "Not in the browser: ".
NOT: Final = {
    "exporting": "its exporter speaks gRPC, which is written in C.",
    "exporting_http": "it sends to a backend, and has no network there.",
    "exporting_zipkin": "it sends to a backend, and has no network there.",
    "exporting_prometheus": "it serves its metrics, and has no network there.",
    "sends": "it sends to a backend, and has no network there.",
    "with_sentry": "Sentry's client needs a network, and has none there.",
    "with_logfire": "Logfire and its own packages are more than a page should load.",
    "last_spans": "it runs under uvicorn, until a signal ends its process.",
    "last_spans_shutdown": "it runs under uvicorn, until a signal ends its process.",
    "forked": "it forks, and there are no processes there.",
    "forked_shutdown": "it forks, and there are no processes there.",
}
# And why none of a folder does.
NONE_OF: Final = {
    "languages": "it talks to a service in another language.",
    "monitoring": "it is a part of several services, which share a server.",
}
# Where published versions share the files, at the root of their site.
SHARED: Final = "run"
FROM_A_VERSION: Final = f"../../../{SHARED}/"
KINDS: Final = (".pack", ".js", ".txt")
# Every program needs these.
ALWAYS: Final = ("base", "own")
# What plays the guide's programs, of `scripts/guide`.
PLAYERS: Final = (
    *("__init__", "circumstances", "expected", "figures", "fresh", "places"),
    *("programs", "signals", "steps", "web"),
)
# What the package says of itself where it is installed.
METADATA: Final = "Metadata-Version: 2.1\nName: faststream-otel\nVersion: 0\n"
ENTRIES: Final = """\
[opentelemetry_instrumentor]
faststream = faststream_otel.instrumentor:FastStreamInstrumentor
[opentelemetry_traces_exporter]
tree = faststream_otel.console:TreeSpanExporter
[pytest11]
faststream_otel = pytest_faststream_otel
"""


def own() -> bytes:
    """The pack of what this repository has: the package, and what plays programs."""
    files = {
        **tree(ROOT / "faststream_otel"),
        **tree(ROOT / "scripts" / "inside"),
        "pytest_faststream_otel.py": (ROOT / "pytest_faststream_otel.py").read_bytes(),
        "faststream_otel-0.dist-info/METADATA": METADATA.encode(),
        "faststream_otel-0.dist-info/entry_points.txt": ENTRIES.encode(),
    }
    guide = ROOT / "scripts" / "guide"
    for name in PLAYERS:
        files[f"scripts/guide/{name}.py"] = (guide / f"{name}.py").read_bytes()
    return archive(files)


def packed(made: Path, own_pack: bytes) -> dict[str, bytes]:
    """All files that the worker may ask for, by name, with their licences."""
    others = [path for path in sorted(made.iterdir()) if path.suffix in KINDS]
    return {
        digested("own", own_pack): own_pack,
        **{path.name: path.read_bytes() for path in others},
    }


def manifest(made: Path, own_pack: bytes) -> dict[str, Any]:
    """All of it.

    Args:
        made: The folder with the packs of others.
        own_pack: The pack of this repository.
    """
    described = json.loads((made / "packs.json").read_text())
    packs = described["packs"]
    packs["own"] = {
        "file": digested("own", own_pack),
        "size": len(own_pack),
        "needs": [],
        "wanted_by": [],
    }
    python = sum(each["size"] for each in described["python"].values())
    sizes = {name: pack["size"] for name, pack in packs.items()}
    return {
        "files": "files/",
        **described,
        "programs": {
            path.relative_to(PROGRAMS).as_posix(): program(path, packs, sizes, python)
            for path in sorted(PROGRAMS.rglob("*.py"))
        },
    }


def program(
    path: Path, packs: Mapping[str, Any], sizes: Mapping[str, int], python: int
) -> dict[str, Any]:
    """One program: whether it runs, and what it needs."""
    folder = path.relative_to(PROGRAMS).parts[0]
    broker = broker_of(path)
    why = NONE_OF.get(folder) or NOT.get(path.stem)
    if why:
        return {"broker": broker, "runs": False, "why": why}
    step = path.stem
    played = STEPS.get(step, PLAYS_ITSELF) if folder in BROKERS else PLAYS_ITSELF
    paths = [path]
    wanted = {*ALWAYS, broker}
    if played.calls:
        paths.append(path.with_name(f"{played.calls}.py"))
    if played.posted or played.calls:
        wanted.add("http")
    if step.startswith("test_"):
        wanted.add("pytest")
    if played.instrumented:
        wanted.add("instrumentor")
    for each in paths:
        wanted |= packs_of(imported(each.read_text()), packs)
    wanted |= {more for pack in wanted for more in NEEDS.get(pack, ())}
    return {
        "broker": broker,
        "runs": True,
        "why": "",
        "packs": ["python", *sorted(wanted)],
        "with": [f"{broker}/{each.name}" for each in paths[1:]],
        "size": python + sum(sizes[name] for name in wanted),
    }


def broker_of(path: Path) -> str:
    """The broker of a program: its folder's, or in the folders for all its own."""
    if path.parent.name in BROKERS:
        return path.parent.name
    own = imported(path.read_text()) & {f"faststream.{each}" for each in BROKERS}
    return min(own, default="").removeprefix("faststream.")


def imported(source: str) -> set[str]:
    """The modules that a program imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return found


def packs_of(modules: set[str], packs: Mapping[str, Any]) -> set[str]:
    """The packs that have these modules."""
    return {
        name
        for name, pack in packs.items()
        for wanted in pack["wanted_by"]
        if any(each == wanted or each.startswith(f"{wanted}.") for each in modules)
    }
