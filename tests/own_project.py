"""A reader with an empty directory, an empty home, and the guide to go by.

The reader has what the guide asks for: Python, a broker, and a package index. The
package comes as a wheel, built from this checkout; the guide is built to install it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from guide.places import ROOT
from guide.process import Process
from tests.docs.site import Page, build

if TYPE_CHECKING:
    from collections.abc import Iterator

# What tells the programs of this machine where the index is, and whom to trust.
OF_THE_MACHINE = (
    "PIP_",
    "UV_",
    "SSL_",
    "CURL_",
    "REQUESTS_",
    "HTTP",
    "http",
    "NO_PROXY",
)
PATIENCE = 600.0  # seconds; an index may be far away


def guide_for(folder: Path) -> Path:
    """Build the package and the guide that installs it, and give the guide."""
    wheels, site = folder / "wheels", folder / "site"
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(wheels), str(ROOT)], check=True)
    [wheel] = wheels.iterdir()
    built = build(site, GUIDE_PACKAGE=str(wheel))
    assert built.returncode == 0, built.stdout
    return site


class Reader:
    """Follows pages of the guide in directories of an empty home.

    Args:
        home: An empty directory.
        programs: A directory of programs on the reader's PATH, besides the system's.
    """

    def __init__(self, home: Path, programs: Path | None = None) -> None:
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name.startswith(OF_THE_MACHINE)
            },
            "HOME": str(home),
            "LANG": "C.UTF-8",
            # The Python that this one is a copy of, and nothing that is installed here.
            "PATH": os.pathsep.join(
                map(str, filter(None, [programs, Path(sys.base_prefix) / "bin"]))
            )
            + os.pathsep
            + os.defpath,
            "PYTHONUNBUFFERED": "1",
            # Nothing that the reader has to wait for.
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        }
        self._home = home

    def begin(self, name: str, environment: Path | None = None) -> Path:
        """Make an empty directory; with an environment that is there, if one is."""
        project = self._home / name
        project.mkdir()
        if environment:
            (project / ".venv").symlink_to(environment)
        return project

    def run(self, commands: str, project: Path) -> str:
        """Type commands in a terminal, and give what they print."""
        ran = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=project,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, f"{commands}\n{ran.stdout}"
        return ran.stdout

    def start(self, command: str, project: Path) -> Process:
        """Type a command in a terminal of its own, where the environment is active."""
        active = f"source .venv/bin/activate && exec {command}"
        return Process(active, project, self._environment)


def scripts(page: Page) -> Iterator[tuple[str, str]]:
    """The commands of a page, by the names of their files."""
    for block in page.blocks():
        if block.title.endswith(".sh"):
            yield block.title, block.text


def programs(page: Page) -> Iterator[tuple[str, str]]:
    """The programs of a page that are run alone: their files, and their commands."""
    for block in page.article.select(".highlight:has(> .filename)"):
        file = block.select_one(".filename")
        command = block.select_one(".run > code")
        if file and command:
            yield file.get_text(), command.get_text()


def save(page: Page, project: Path) -> None:
    """Follow each link that downloads a file."""
    for link in page.article.select(".run > a[download]"):
        address = urljoin(page.address, str(link["href"]))
        copy = page.site / address.lstrip("/")
        (project / copy.name).write_bytes(copy.read_bytes())
