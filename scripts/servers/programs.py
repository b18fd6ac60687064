"""How a program is had: from Debian, from Maven Central, built with Go, or by hand.

What is downloaded or built is kept in `.brokers/cache/`, in a folder that is named
after what was asked for: another version is another folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from servers.kept import cached, made, run

HOME = Path(__file__).resolve().parents[2] / ".brokers"
# Debian has some servers in /usr/sbin, which not every user's PATH names.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
GO = (1, 25)
# Tests and the example want them soon rather than fast: without optimising, building
# takes half the time. All with the same flags share what they have in common.
GO_BUILD = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-buildvcs=false -trimpath -ldflags=-s "
    "'-gcflags=all=-N -l -dwarf=false'",
    "GOGC": "400",
}
COPY = (
    "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
    "-DoutputDirectory=.",
    "-DincludeScope=runtime",
)


class Program(Protocol):
    """What a server's command calls `{program}`, or a test runs."""

    def missing(self) -> str:
        """Say what to do first to have it, or nothing."""

    def get(self) -> Path:
        """Give its path, and download or build it before if it is not there."""


@dataclass(frozen=True)
class Debian:
    """A program of a Debian package."""

    package: str
    program: str

    def missing(self) -> str:
        return "" if self.find(self.program) else f"apt-get install {self.package}"

    def get(self) -> Path:
        return Path(self.find(self.program) or self.program)

    @staticmethod
    def find(program: str) -> str | None:
        return shutil.which(program, path=PATH)


@dataclass(frozen=True)
class GoItself(Debian):
    """Go, which Debian may have in a version that is too old."""

    def missing(self) -> str:
        return no_go()


@dataclass(frozen=True)
class Maven:
    """A folder of jars: artifacts of Maven Central, and what they need.

    One of several parts, `group:artifact:version:classifier`, comes alone: a jar with
    all that it needs in it.
    """

    artifacts: tuple[str, ...]

    def missing(self) -> str:
        needed = {"java": "default-jre-headless"}
        if not cached(self.folder):
            needed["mvn"] = "maven"
        packages = [needed[each] for each in needed if not Debian.find(each)]
        return " ".join(["apt-get install", *packages]) if packages else ""

    @property
    def folder(self) -> Path:
        return cache(self.artifacts[0].split(":")[1], *self.artifacts)

    def get(self) -> Path:
        def download(folder: Path) -> None:
            (folder / "pom.xml").write_text(self.pom())
            run(["mvn", "--batch-mode", "--quiet", *COPY], folder)

        return made(self.folder, download)

    def pom(self) -> str:
        """What Maven reads."""
        dependencies = []
        for artifact in self.artifacts:
            group, name, version, *classifier = artifact.split(":")
            alone = "<groupId>*</groupId><artifactId>*</artifactId>"
            dependencies.append(
                f"<dependency><groupId>{group}</groupId>"
                f"<artifactId>{name}</artifactId><version>{version}</version>"
                + "".join(
                    f"<classifier>{each}</classifier>"
                    f"<exclusions><exclusion>{alone}</exclusion></exclusions>"
                    for each in classifier
                )
                + "</dependency>"
            )
        return (
            "<project><modelVersion>4.0.0</modelVersion><groupId>guide</groupId>"
            "<artifactId>server</artifactId><version>0</version>"
            f"<dependencies>{''.join(dependencies)}</dependencies></project>"
        )


@dataclass(frozen=True)
class Released:
    """A program that can only be taken from the page of its releases."""

    program: str
    page: str

    def missing(self) -> str:
        found = Debian.find(self.program)
        return "" if found else f"put {self.program} on PATH, from {self.page}"

    def get(self) -> Path:
        return Path(Debian.find(self.program) or self.program)


@dataclass(frozen=True)
class Go:
    """A program that Go builds: a package's folder in a module, `path@version`.

    It is built as the module's own: `go install` refuses one that replaces others.
    """

    module: str
    package: str
    called: str = ""  # else as its folder

    def missing(self) -> str:
        return "" if cached(self.folder) else no_go()

    @property
    def name(self) -> str:
        return self.called or self.package.rpartition("/")[2]

    @property
    def folder(self) -> Path:
        return cache(self.name, self.module, self.package)

    def get(self) -> Path:
        def build(folder: Path) -> None:
            run(["go", "mod", "download", "-json", self.module], folder)
            source = Path(json.loads((folder / "log").read_text())["Dir"])
            output, package = str(folder / self.name), f"./{self.package}"
            options = self.whole(source, folder)
            command = ["go", "build", "-C", str(source), *options, "-o", output]
            run([*command, package], folder, **GO_BUILD)

        return made(self.folder, build) / self.name

    @staticmethod
    def whole(source: Path, folder: Path) -> list[str]:
        """Take from where all modules are those that only its repository replaces.

        It has them in folders that are modules of their own, and not part of this one.
        """
        wanted = folder / "go.mod"
        for name in ("go.mod", "go.sum"):
            (folder / name).write_text((source / name).read_text())
        run(["go", "mod", "edit", "-json", str(wanted)], folder)
        described = json.loads((folder / "log").read_text())
        absent = [
            f"-dropreplace={each['Old']['Path']}"
            for each in described["Replace"] or ()
            if "Version" not in each["New"]
            and not (source / each["New"]["Path"]).exists()
        ]
        if not absent:
            return []
        run(["go", "mod", "edit", *absent, str(wanted)], folder)
        return [f"-modfile={wanted}", "-mod=mod"]


@dataclass(frozen=True)
class Collector:
    """An OpenTelemetry Collector of the parts that a file names, by its own builder."""

    builder: str
    parts: Path

    def missing(self) -> str:
        return "" if cached(self.folder) else no_go()

    @property
    def folder(self) -> Path:
        return cache("collector", self.builder, self.parts.read_text())

    def get(self) -> Path:
        def build(folder: Path) -> None:
            parts = str(self.parts)
            command = ["go", "run", self.builder, "--config", parts]
            run(command, folder, **GO_BUILD)
            shutil.move(folder / "build" / "collector", folder)
            shutil.rmtree(folder / "build")

        return made(self.folder, build) / "collector"


def had(name: str, program: Program) -> Path:
    """Give a program, and download or build it before if it is not there."""
    missing = program.missing()
    if missing:
        raise SystemExit(f"{name} is missing: {missing}")
    return program.get()


def absent(name: str, program: Program) -> str:
    """Say how to have a program, or nothing if it is here and takes no time to get."""
    folder = getattr(program, "folder", None)
    here = folder is None or cached(folder)
    return program.missing() or ("" if here else f"scripts/brokers get {name}")


def no_go() -> str:
    """Say what to do to have a Go that is new enough, or nothing."""
    wanted = ".".join(map(str, GO))
    go = Debian.find("go")
    if not go:
        return f"install golang {wanted} or newer, https://go.dev/dl/"
    done = subprocess.run([go, "version"], capture_output=True, text=True, check=False)
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    # From 1.21 on it fetches a newer one by itself, where it may.
    if found and tuple(map(int, found.groups())) >= GO:
        return ""
    return f"install golang {wanted} or newer, not {done.stdout.strip()}"


def cache(name: str, *wanted: str) -> Path:
    """Give the folder for what is wanted."""
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12]
    return HOME / "cache" / f"{name}-{digest}"
