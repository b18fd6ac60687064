"""What the page about installing says: commands, extras and what they bring."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.metadata import metadata, requires

import pytest
import yaml
from packaging.requirements import Requirement

import faststream_otel
from guide.places import BROKERS, DOCS, PROGRAMS, ROOT
from guide.versions import CLIENTS, OWN
from hooks.package import BESIDE
from servers import containers
from servers.known import ALIASES

PAGE = (DOCS / "install.md").read_text()
ROWS = dict(re.findall(r"^\| `(\w+)` \| `([\w-]+)` \|", PAGE, re.MULTILINE))
# For opentelemetry-instrument, not for people.
NOT_FOR_PEOPLE = {"instruments"}


def brought(package: str, extra: str) -> set[str]:
    """Name what an extra requires."""
    found = map(Requirement, requires(package) or ())
    return {
        each.name
        for each in found
        if each.marker
        and each.marker.evaluate({"extra": extra})
        and not each.marker.evaluate({"extra": ""})
    }


def test_every_extra_is_in_the_table() -> None:
    """And no other."""
    extras = set(metadata("faststream-otel").get_all("Provides-Extra") or ())
    assert set(ROWS) == extras - NOT_FOR_PEOPLE


@pytest.mark.parametrize("extra", ROWS)
def test_what_an_extra_brings(extra: str) -> None:
    """A broker's is FastStream's of the same name, with its client."""
    named = brought("faststream-otel", extra)
    if extra in BROKERS:
        assert named == {"faststream"}
        named = brought("faststream", extra)
        assert CLIENTS[extra] == ROWS[extra]
    assert named == {ROWS[extra]}


@pytest.mark.parametrize("broker", BROKERS)
def test_commands(broker: str) -> None:
    """What is installed has that name, and the second command prints the version."""
    install, check = (PROGRAMS / broker / "install.sh").read_text().splitlines()
    command, what, ours, faststream = shlex.split(install)
    assert (command, what) == ("pip", "install")
    assert ours == f"{BESIDE}{broker},sdk]"
    assert {broker, "sdk"} <= set(ROWS)
    assert Requirement(faststream).extras == {"cli"}
    python, *arguments = shlex.split(check)
    assert python == "python"
    ran = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"{faststream_otel.__version__}\n"
    assert f"`{faststream_otel.__version__}`" in PAGE


def test_nothing_is_installed_by_its_name_before_it_is_published() -> None:
    """A script names a path, in the one form for which the name is put in later."""
    ours = re.compile(r"\S*faststream[-_]otel\S*")
    installing = 0
    for script in PROGRAMS.rglob("*.sh"):
        for line in script.read_text().splitlines():
            if line.startswith("pip install"):
                for word in ours.findall(line):
                    assert word.startswith(f'"{BESIDE}'), script
                    installing += 1
    assert installing > len(BROKERS)
    for page in [*DOCS.glob("*.md"), ROOT / "README.md"]:
        named = re.findall(r"pip install [^`\n]*faststream[-_]otel", page.read_text())
        assert all(BESIDE.removesuffix("[") in each for each in named), page


@pytest.mark.parametrize("broker", BROKERS)
def test_brokers_are_those_that_are_tested(broker: str) -> None:
    """The command starts the image that `scripts/brokers` starts, at the same port."""
    script = (PROGRAMS / broker / "broker.sh").read_text()
    command = shlex.split(script.replace("\\\n", ""))
    services = yaml.safe_load(containers.FILE.read_text())["services"]
    service = services[ALIASES.get(broker, broker)]
    assert command[:4] == ["docker", "run", "--rm", "--publish"]
    assert [command[4]] == service["ports"]
    assert command[5] == service["image"]


def test_nothing_else_comes_along() -> None:
    """Without extras."""
    always = {
        Requirement(each).name
        for each in requires("faststream-otel") or ()
        if "extra" not in each
    }
    assert always == {"faststream", "opentelemetry-api"} <= set(OWN)
