"""A program's block says how to run it, and leads to its file and its test."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from guide.places import PROGRAMS, ROOT
from hooks.blocks import SAVED
from tests.docs.site import REPOSITORY, only, pages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.site import Page


def test_each_program_says_how_it_is_run(guide: list[Page]) -> None:
    """The command below a program is the last of its script, which the tests check."""
    said = 0
    for page in guide:
        for block in page.article.select(".highlight:has(> .filename)"):
            file = PROGRAMS / only(block, ".filename").get_text()
            command = block.select_one(".run > code")
            script = file.with_suffix(".sh")
            if file.suffix != ".py" or not (script.exists() or is_run_alone(file)):
                assert command is None, f"{page}: {file.name}"
                continue
            assert command is not None, f"{page}: {file.name}"
            last = command.get_text().split()
            assert file.stem in last[-1], f"{page}: {file.name}"
            if script.exists():
                words = script.read_text().replace("\\\n", " ").split()
                assert words[-len(last) :] == last, f"{page}: {file.name}"
            else:
                assert last[-3:] == ["faststream", "run", f"{file.stem}:app"]
            assert not command.select("wbr"), f"{page}: {file.name} is on two lines"
            said += 1
    assert said


def is_run_alone(file: Path) -> bool:
    """Whether a file is a service, and no part of one."""
    return "app = FastStream(" in file.read_text()


def test_each_program_can_be_saved(guide: list[Page], site: Path) -> None:
    """The link below a program, or a configuration, downloads its file."""
    saved = set()
    for page in guide:
        for block in page.article.select(".highlight:has(> .filename)"):
            name = only(block, ".filename").get_text()
            links = block.select(".run > a[download]")
            if not name.endswith(tuple(SAVED)):
                assert not links, f"{page}: {name}"
                continue
            [link] = links
            target = urljoin(page.address, str(link["href"]))
            copy = site / target.lstrip("/")
            assert copy.read_bytes() == (PROGRAMS / name).read_bytes(), name
            assert link["aria-label"] == f"Download {copy.name}"
            saved.add(name)
    assert len(saved) > 100


def test_a_command_is_no_part_of_the_code(guide: list[Page]) -> None:
    """What is copied from a block, and what a search shows of it, is the file alone."""
    for page in guide:
        for command in page.article.select(".run"):
            assert not command.find_parent("pre")
            assert command.parent is not None
            assert command.parent.name == "div"


def test_without_a_repository_nothing_leads_there(guide: list[Page]) -> None:
    """Links to files are left out while there is no address."""
    for page in guide:
        assert not page.article.select(".filename a, .run a:not([download])")


@pytest.mark.long
def test_each_program_leads_to_its_file_and_its_test(published: Path) -> None:
    """The links name files that there are, at the commit that was published."""
    linked = 0
    for page in pages(published):
        if page.is_reference:
            continue
        for link in page.article.select(".filename > a, .run > a:not([download])"):
            root, _, path = str(link["href"]).partition("/blob/v1/")
            assert root == REPOSITORY
            assert (ROOT / path).is_file(), f"{page}: {path}"
            linked += 1
            if link.parent is not None and "filename" in link.parent["class"]:
                assert path == f"docs_src/{link.get_text()}"
            else:
                assert path.startswith("tests/docs/test_"), path
    assert linked


def test_search_finds_no_labels(site: Path) -> None:
    """The six names of the tabs, and what recorded spans have, are in no preview."""
    index = (site / "search" / "search_index.json").read_text()
    assert "KafkaConfluent" not in index
    assert "Spans and their attributes" not in index
    assert "opentelemetry-instrument --service_name chain --traces" not in index
