"""Makes packs: the files of several packages, trimmed, in one archive for a browser.

A page loads the packs that its program needs. Names hold a digest of the contents, so
that published versions of the guide share what is equal.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packs.fetched import CACHE, HERE, PINS, PYODIDE, fetched
from servers.kept import made

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Packages by pack. A pack may need others, and says by what imports it is wanted.
PACKAGES: Final[dict[str, str]] = {
    "base": "faststream fast-depends pydantic pydantic-core typing-extensions "
    "typing-inspection annotated-types annotated-doc anyio idna opentelemetry-api "
    "opentelemetry-sdk opentelemetry-semantic-conventions",
    "kafka": "aiokafka packaging async-timeout",
    "confluent": "",
    "rabbit": "aio-pika aiormq pamqp yarl multidict propcache",
    "nats": "nats-py",
    "redis": "redis",
    "mqtt": "zmqtt",
    "instrumentor": "opentelemetry-instrumentation wrapt packaging",
    "http": "fastapi starlette httpx httpcore h11 certifi asgiref "
    "opentelemetry-instrumentation-fastapi opentelemetry-instrumentation-httpx "
    "opentelemetry-instrumentation-asgi opentelemetry-util-http",
    "logs": "structlog python-json-logger opentelemetry-instrumentation-logging",
    "pytest": "pytest pluggy iniconfig pygments packaging",
    "loguru": "loguru",
    "dishka": "dishka dishka-faststream",
    "prometheus": "prometheus-client",
}
BROKERS: Final = ("kafka", "confluent", "rabbit", "nats", "redis", "mqtt")
NEEDS: Final = {"http": ["instrumentor"], "logs": ["instrumentor"]}
WANTED_BY: Final[dict[str, list[str]]] = {
    **{
        broker: [f"faststream.{broker}", f"faststream_otel.{broker}"]
        for broker in BROKERS
    },
    "instrumentor": ["opentelemetry.instrumentation", "faststream_otel.instrumentor"],
    "http": [
        "fastapi",
        "starlette",
        "httpx",
        "opentelemetry.instrumentation.fastapi",
        "opentelemetry.instrumentation.httpx",
        "opentelemetry.instrumentation.asgi",
    ],
    "logs": [
        "structlog",
        "pythonjsonlogger",
        "opentelemetry.instrumentation.logging",
    ],
    "pytest": ["pytest"],
    "loguru": ["loguru"],
    "dishka": ["dishka", "dishka_faststream"],
    "prometheus": ["prometheus_client"],
}
STAND_INS: Final = {"confluent": ["confluent_kafka"], "base": ["time_machine"]}
# What no program in a browser can import, or anybody read there.
DROPPED: Final = re.compile(
    r"\.(?:pyi|so|c|h|pyx|pxd|typed)$|(?:^|/)(?:tests?|__pycache__|sboms)/|^bin/"
    r"|\.dist-info/(?!METADATA$|entry_points\.txt$)"
    r"|^pydantic/(?:v1/|mypy\.py)|^faststream/__main__\.py$"
    # pytest colours Python and differences, for a terminal.
    r"|^pygments/(?:lexers|styles|formatters)/"
    r"(?!(?:__init__|_mapping|python|diff|special|default|terminal)\.py$)"
)
LICENCE: Final = re.compile(
    r"\.dist-info/(?:.*/)?(?:LICEN[CS]E|COPYING|NOTICE)", re.IGNORECASE
)
KEPT: Final = ("Metadata-Version", "Name", "Version", "Requires-Dist")


def packs() -> Path:
    """Make the packs, unless they are there; gives the folder with `packs.json`."""
    return made(folder(), lambda to: make(fetched(), to))


def folder() -> Path:
    """Where the packs are for these pins, once they are made."""
    parts = [PINS, PYODIDE, Path(__file__), *sorted((HERE / "stand_ins").rglob("*.py"))]
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in parts)).hexdigest()
    return CACHE / f"packs-{digest[:12]}"


def make(source: Path, to: Path) -> None:
    """Make all packs from what was fetched."""
    found: dict[str, dict[str, bytes]] = {pack: {} for pack in PACKAGES}
    licences: dict[str, bytes] = {}
    for pack, packages in PACKAGES.items():
        for package in packages.split():
            files = unpacked(source / "wheels", package)
            licences[package] = said_of_licence(files)
            for name, content in files.items():
                if LICENCE.search(name):
                    licences[name] = content
                elif not dropped(name):
                    found[owner(pack, name)][name] = lean(name, content)
        for stand_in in STAND_INS.get(pack, ()):
            found[pack].update(tree(HERE / "stand_ins" / stand_in))
    described: dict[str, Any] = {
        pack: {
            **save(to, pack, archive(files)),
            "needs": NEEDS.get(pack, []),
            "wanted_by": WANTED_BY.get(pack, []),
        }
        for pack, files in found.items()
    }
    python = save_python(source / "pyodide", to)
    about = json.loads((source / "pyodide" / "package.json").read_text())
    licences["pyodide"] = f"{about['license']}: {about['homepage']}".encode()
    licences["python"] = b"Python-2.0: https://docs.python.org/3/license.html"
    save(to, "licences", one_after_another(licences), ".txt")
    lock = json.loads((source / "pyodide" / "pyodide-lock.json").read_text())
    told = {"python": python, "abi": lock["info"], "packs": described}
    (to / "packs.json").write_text(json.dumps(told))


def unpacked(wheels: Path, package: str) -> dict[str, bytes]:
    """The files of a package."""
    name = package.replace("-", "_")
    (wheel,) = wheels.glob(f"{name}-*.whl")
    with zipfile.ZipFile(wheel) as files:
        return {
            each.filename: files.read(each)
            for each in files.infolist()
            if not each.is_dir()
        }


def owner(pack: str, name: str) -> str:
    """The pack for a file: what FastStream has for one broker goes with that."""
    first, _, rest = name.partition("/")
    part = rest.partition("/")[0]
    return part if first == "faststream" and part in BROKERS else pack


def dropped(name: str) -> bool:
    """Whether a file is left out; pydantic's core alone is made for a browser."""
    return bool(DROPPED.search(name)) and "wasm32" not in name


def lean(name: str, content: bytes) -> bytes:
    """A file as it is, or of a package's description what programs ask for."""
    if not name.endswith("/METADATA"):
        return content
    head = content.decode().partition("\n\n")[0].splitlines()
    kept = [line for line in head if line.partition(":")[0] in KEPT]
    return "\n".join([*kept, ""]).encode()


def said_of_licence(files: Mapping[str, bytes]) -> bytes:
    """What a package says of itself: its name, its version, its licence's name."""
    (metadata,) = (files[name] for name in files if name.endswith("/METADATA"))
    head = metadata.decode().partition("\n\n")[0].splitlines()
    told = ("Name:", "Version:", "License", "Classifier: License", "Home-page:")
    return "\n".join(line for line in head if line.startswith(told)).encode()


def tree(folder: Path) -> dict[str, bytes]:
    """The Python files of a folder, by their place beside it."""
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
    }


def archive(files: Mapping[str, bytes]) -> bytes:
    """Files in one archive, the same for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(files):
            packed.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def save(to: Path, name: str, content: bytes, suffix: str = ".pack") -> dict[str, Any]:
    """Write a file under a name that tells its contents."""
    file = digested(name, content, suffix)
    (to / file).write_bytes(content)
    return {"file": file, "size": len(content)}


def digested(name: str, content: bytes, suffix: str = ".pack") -> str:
    """A file's name, which tells its contents."""
    return f"{name}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"


def save_python(pyodide: Path, to: Path) -> dict[str, Any]:
    """Write Pyodide's parts: scripts as they are, and the rest compressed by us.

    Not every host compresses what it does not know.
    """
    code = gzip.compress((pyodide / "pyodide.asm.wasm").read_bytes(), 9, mtime=0)
    script, loader = (
        re.sub(rb"\n//# sourceMappingURL=\S+\s*$", b"", (pyodide / name).read_bytes())
        for name in ("pyodide.asm.mjs", "pyodide.mjs")
    )
    library = (pyodide / "python_stdlib.zip").read_bytes()
    return {
        "loader": save(to, "pyodide", loader, ".js"),
        "script": save(to, "pyodide.asm", script, ".js"),
        "code": save(to, "pyodide.asm", code),
        "library": save(to, "python", library),
    }


def one_after_another(licences: Mapping[str, bytes]) -> bytes:
    """All licences, one after another."""

    def parts() -> Iterable[str]:
        for name, text in sorted(licences.items()):
            yield f"{'=' * 72}\n{name}\n{'=' * 72}\n\n{text.decode().strip()}\n"

    return "\n".join(parts()).encode()
