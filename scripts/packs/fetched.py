"""Fetches what runs in a browser: Pyodide from npm, wheels from a package index.

All of it is pinned by its hash, and none of it is committed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from _venv import reasons
from servers.kept import made

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parents[1] / ".playground"
PINS: Final = HERE / "pins.txt"
PYODIDE: Final = HERE / "pyodide.txt"
# Its wheels hold code in C besides what does without it, which is all that is taken.
NATIVE: Final = "aiokafka"
# What Pyodide's Python calls itself: of wheels in C it takes these alone.
BROWSER: Final = ("pyemscripten_2026_0_wasm32",)
ELSEWHERE: Final = ("manylinux_2_17_x86_64", "manylinux_2_28_x86_64")
PYTHON: Final = "3.14"
PIP: Final = [sys.executable, "-m", "pip"]


class MissingError(Exception):
    """Something cannot be had."""


class PinError(Exception):
    """What is wanted cannot be pinned."""


def folder() -> Path:
    """Where all of it is for these pins, once it is fetched."""
    digest = hashlib.sha256(PINS.read_bytes() + PYODIDE.read_bytes()).hexdigest()
    return CACHE / f"fetched-{digest[:12]}"


def fetched() -> Path:
    """Fetch it, unless it is there; gives the folder with `pyodide/` and `wheels/`."""
    return made(folder(), fetch)


def fetch(folder: Path) -> None:
    """Fetch it all anew."""
    lines = PINS.read_text().splitlines(keepends=True)
    native = [line for line in lines if line.startswith(f"{NATIVE}==")]
    others = [line for line in lines if line not in native]
    download(others, folder, BROWSER)
    download(native, folder, ELSEWHERE)
    unpack_pyodide(folder)


def download(pins: list[str], folder: Path, platforms: tuple[str, ...]) -> None:
    """Let pip download wheels, and check their hashes."""
    wanted = folder / "wanted.txt"
    wanted.write_text("".join(pins))
    what = ["--require-hashes", "--requirement", str(wanted)]
    run(folder, *PIP, *options(folder / "wheels", platforms), *what)


def wheel(
    folder: Path, pin: str, platforms: tuple[str, ...], pip: list[str] = PIP
) -> Path:
    """Download one wheel.

    Raises:
        PinError: A browser cannot have this version.
    """
    before = set(folder.iterdir())
    try:
        run(folder, *pip, *options(folder, platforms), pin)
    except MissingError as reason:
        raise PinError(f"{pin} has no wheel for a browser: {reason}") from None
    (new,) = set(folder.iterdir()) - before
    return new


def options(to: Path, platforms: tuple[str, ...]) -> list[str]:
    """How pip is told to download for a browser's Python."""
    return [
        *("download", "--quiet", "--no-input", "--no-deps", "--only-binary=:all:"),
        *(f"--platform={platform}" for platform in platforms),
        *("--implementation=cp", f"--python-version={PYTHON}", f"--dest={to}"),
    ]


def unpack_pyodide(folder: Path) -> None:
    """Let npm fetch Pyodide, check its hash, and keep what a browser needs of it."""
    pin = PYODIDE.read_text().splitlines()[-1]
    wanted, _, digest = pin.partition(" --hash=sha256:")
    npm = shutil.which("npm")
    if not npm:
        raise MissingError("npm is missing: install Node.js, which brings it")
    run(folder, npm, "pack", "--silent", wanted.replace("==", "@"))
    archive = next(folder.glob("pyodide-*.tgz"))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != digest:
        raise MissingError(f"{archive.name} is not as pinned: its sha256 is {found}")
    with tarfile.open(archive) as files:
        # Before Python 3.11.4 there are no filters.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(folder)  # noqa: S202 - it is as pinned
    (folder / "package").rename(folder / "pyodide")
    archive.unlink()


def run(folder: Path, *command: str) -> None:
    """Run a client of a registry; what it says is the reason if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        if "npm" in command[0]:
            said = ["npm failed:", *done.stdout.strip().splitlines()[-3:]]
        else:
            said = ["pip failed:", *reasons(done.stdout)]
        raise MissingError("\n".join(said))
