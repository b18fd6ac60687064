"""Each page of the published guide has a card, as which a link to it is shown."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from guide.places import ROOT
from packs.made import folder as folder_of_packs
from servers.kept import cached
from tests.docs.site import Page, build, only, pages

HOME = "https://guide.example/faststream-otel/"
# What a card may weigh, in bytes.
HEAVY = 60 * 1024


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `scripts/publish` puts on the branch gh-pages, of this checkout's files."""
    folder = tmp_path_factory.mktemp("published")
    checkout = folder / "checkout"
    others = shutil.ignore_patterns(".git", ".*_cache", ".venv", ".brokers", "site")
    shutil.copytree(ROOT, checkout, ignore=others)
    # As if it had a .venv of its own.
    made_from = [checkout / "pyproject.toml", checkout / "constraints.txt"]
    stamp = "".join([f"{checkout}\n", *(file.read_text() for file in made_from)])
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "stamp").write_text(stamp)
    (checkout / ".venv" / "bin").symlink_to(Path(sys.executable).parent)

    environment = {**os.environ, "GUIDE_SITE_URL": HOME}
    environment.pop("GUIDE_CARDS", None)
    # It comes with the checkout, or is left out: nothing is fetched for a test.
    environment["GUIDE_RUN"] = "yes" if cached(folder_of_packs()) else ""
    for command in (
        "git init --quiet",
        "git config user.name test",
        "git config user.email test@guide.example",
        "git add .",
        "git commit --quiet --message All",
        "scripts/publish v1.2.3",
        "git worktree add --quiet ../branch gh-pages",
    ):
        subprocess.run(command.split(), cwd=checkout, check=True, env=environment)
    return folder / "branch"


def guide(published: Path, version: str) -> list[Page]:
    """The pages of a version."""
    found = [page for page in pages(published / version) if page.path.stem != "404"]
    assert len(found) > 1
    return found


def meta(page: Page, name: str) -> str:
    """What a page says of itself to those who link to it."""
    return str(only(page.soup, f'meta[property="{name}"]')["content"])


def card(published: Path, page: Page) -> Path:
    """The file that a page's address of its card leads to."""
    address = meta(page, "og:image")
    assert address.startswith(HOME), address
    return published / address.removeprefix(HOME)


@pytest.mark.browser
def test_each_page_has_its_own(published: Path) -> None:
    """Where the page says, as large and as light as asked for, and like no other."""
    cards = [card(published, page) for page in guide(published, "1.2")]
    for path in cards:
        with Image.open(path, formats=["PNG"]) as image:
            assert image.size == (1200, 630), path
        assert path.stat().st_size <= HEAVY, path
    assert len({path.read_bytes() for path in cards}) == len(cards)
    assert set(cards) == set((published / "1.2/assets/cards").rglob("*.png"))


@pytest.mark.browser
def test_the_latest_has_them_too(published: Path) -> None:
    """It is a copy of its version, and its pages' addresses lead to that."""
    for page in guide(published, "latest"):
        assert card(published, page).is_file(), str(page)
        assert meta(page, "og:url").startswith(f"{HOME}latest/")


@pytest.mark.browser
def test_what_is_on_it(published: Path) -> None:
    """The first of a page's traces, in its colours; else words alone, in black."""
    with_trace = 0
    for page in guide(published, "1.2"):
        with Image.open(card(published, page)) as image:
            below = image.convert("HSV").crop((0, 320, 1200, 630))
        saturation = below.getchannel("S").histogram()
        coloured = sum(saturation[160:])
        words = meta(page, "og:image:alt")
        about = meta(page, "og:description")
        heading = only(page.article, "h1").find(string=True)
        trace = page.article.select_one("figure.trace title")
        expected = f"{heading}. {about}"
        if trace:
            expected += f" {trace.get_text()}."
            with_trace += 1
            assert coloured > 2000, f"{page}: no trace"
        else:
            assert coloured == 0, f"{page}: more than words"
        assert words == expected
    assert with_trace > 1


def test_there_is_no_chromium(tmp_path: Path) -> None:
    """That is said before anything is built, and how to get it."""
    built = build(tmp_path, GUIDE_CARDS="yes", PATH="")
    assert built.returncode != 0
    assert "apt-get install chromium" in built.stdout
    assert not any(tmp_path.iterdir())


@pytest.mark.browser
@pytest.mark.usefixtures("playable")
def test_versions_share_what_runs_programs(published: Path) -> None:
    """No version has it itself, and the list of each leads to all of it."""
    for version in ("1.2", "latest"):
        place = published / version / "assets" / "run"
        listed = json.loads((place / "programs.json").read_text())
        files = (place / listed["files"]).resolve(strict=True)
        assert files == published / "run"
        parts = [*listed["python"].values(), *listed["packs"].values()]
        assert len(parts) > 10
        for part in parts:
            assert (files / part["file"]).stat().st_size == part["size"]
        assert not (place / "files").exists()
