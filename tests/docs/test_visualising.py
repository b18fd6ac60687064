"""What the page on visualising says of its commands and pictures."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from servers.known import SERVERS
from servers.programs import Maven
from tests.docs.expected import EXPECTED
from tests.docs.programs import PROGRAMS, ROOT
from tests.docs.screens import SCREENS, size, zipkin

if TYPE_CHECKING:
    from pathlib import Path

CHAIN = EXPECTED["chain"]
SERVICES = ["publisher", "first", "first", "second", "second", "third"]
PAGE = ROOT / "docs" / "visualising.md"
SHELL = PROGRAMS / "shell"


def test_screens_are_light() -> None:
    """Each is of the size that the page says, loads late, and says what it shows."""
    images = re.findall(
        r'!\[([^]]+)\]\(assets/screens/([^)]+)\){ width="(\d+)" height="(\d+)" '
        r'loading="lazy" }',
        PAGE.read_text(),
    )
    assert len(images) == PAGE.read_text().count("![")
    assert {name for _, name, _, _ in images} == {
        path.name for path in SCREENS.iterdir()
    }
    for words, name, *shown in images:
        picture = SCREENS / name
        assert [str(side) for side in size(picture)] == shown
        assert picture.stat().st_size <= 40 * 1024
        assert len(words) > 40


@pytest.mark.browser
@pytest.mark.broker("nats")
@pytest.mark.broker("zipkin")
def test_zipkin_shows_what_the_screen_has(tmp_path: Path) -> None:
    """A new picture has the same spans, in the same order."""
    picture = tmp_path / "zipkin.webp"
    words = zipkin(picture)
    assert size(picture) == size(SCREENS / "zipkin.webp")
    assert re.search(r"Services\s*4\s*Total Spans\s*6", words)
    names = [line.split()[0] for line in CHAIN.splitlines() if line.strip()]
    spans = re.findall(r"^(\w+): (\w+ \w+)$", words, re.MULTILINE)[1:]
    assert [service for service, _ in spans] == SERVICES
    assert [name.split()[0] for _, name in spans] == names


@pytest.mark.parametrize("name", ["jaeger", "zipkin", "tempo"])
def test_containers_listen_on_this_machine_alone(name: str) -> None:
    """On the ports that the page names, and in an image of a fixed version."""
    command = shlex.split((SHELL / f"{name}.sh").read_text().replace("\\\n", ""))
    assert command[:3] == ["docker", "run", "--rm"]
    published = [word.split(":") for word in command if word.startswith("127.0.0.1:")]
    assert command.count("--publish") == len(published) > 0
    for _, outside, inside in published:
        assert outside == inside
        assert outside in PAGE.read_text()
    assert re.search(r":\d[\d.]*$", command[-1])


def test_the_jar_is_the_one_that_is_tested() -> None:
    """Of the version that `scripts/brokers` starts."""
    program = SERVERS["zipkin"].program
    assert isinstance(program, Maven)
    group, name, version, _ = program.artifacts[0].split(":")
    jar = f"{name}-{version}-exec.jar"
    get, start = (SHELL / "zipkin_jar.sh").read_text().splitlines()
    assert f"-Dartifact={group}:{name}:{version}:jar:exec " in get
    assert start == f"java -jar {jar}"
