"""Pins what runs programs in a browser; `scripts/pin` calls it.

A package whose new version has no wheel for a browser is refused: the guide would lose
its Run buttons.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packs.fetched import BROWSER, ELSEWHERE, NATIVE, PYTHON, PinError, wheel
from packs.made import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER: Final = """\
# What the guide's programs need in a browser, for the Python of Pyodide.
# Written by scripts/pin: versions are those of constraints.txt.
"""
PYODIDE_HEADER: Final = "# Python for browsers, from npm. Written by scripts/pin.\n"


def packages(versions: Mapping[str, str], pip: list[str]) -> str:
    """The pins of all packages, in these versions."""
    by_name = {normal(name): version for name, version in versions.items()}
    names = sorted(
        {normal(each) for all_ in PACKAGES.values() for each in all_.split()}
    )
    lines = [HEADER]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            pin = f"{name}=={by_name[name]}"
            platforms = ELSEWHERE if name == NATIVE else BROWSER
            file = wheel(Path(folder), pin, platforms, pip)
            lines.append(f"{pin} --hash=sha256:{digest(file)}\n")
    return "".join(lines)


def pyodide() -> str:
    """The pin of the newest Pyodide, which must be for the Python of the wheels."""
    npm = shutil.which("npm")
    if not npm:
        raise PinError("npm is missing: install Node.js, which brings it")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", "pyodide"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("pyodide-*.tgz")
        version = archive.stem.removeprefix("pyodide-")
        lock = ["tar", "-xzOf", str(archive), "package/pyodide-lock.json"]
        listed = subprocess.run(lock, check=True, stdout=subprocess.PIPE).stdout
        info = json.loads(listed)["info"]
        abi = f"pyemscripten_{info['abi_version']}_{info['arch']}"
        if abi not in BROWSER or not info["python"].startswith(f"{PYTHON}."):
            raise PinError(
                f"Pyodide {version} has Python {info['python']} and takes wheels for "
                f"{abi}: write that into scripts/packs/fetched.py"
            )
        pin = f"pyodide=={version} --hash=sha256:{digest(archive)}\n"
    return PYODIDE_HEADER + pin


def normal(name: str) -> str:
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def digest(file: Path) -> str:
    """The hash that a pin has."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
