"""The pages of the built guide, once for all tests of them."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from pytest_examples import EvalExample

    from tests.docs.site import Page


@pytest.fixture(scope="session")
def every_page(site: Path) -> list[Page]:
    """All pages of the site, each read once."""
    from tests.docs.site import pages

    return pages(site)


@pytest.fixture(scope="session")
def guide(every_page: list[Page]) -> list[Page]:
    """The pages of the guide. Besides those in the menu there is one for errors."""
    assert len(every_page) > 1
    return [page for page in every_page if str(page) != "404.html"]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide as it is where it and its repository have an address."""
    from tests.docs.site import HOME, REPOSITORY, build

    to = tmp_path_factory.mktemp("published")
    built = build(
        to, GUIDE_SITE_URL=HOME, GUIDE_REPO_URL=REPOSITORY, GUIDE_REPO_REF="v1"
    )
    assert built.returncode == 0, built.stdout
    return to


@pytest.fixture
def eval_example(
    eval_example: EvalExample, monkeypatch: pytest.MonkeyPatch
) -> EvalExample:
    """Runs and checks a program of the guide.

    At each `print` pytest-examples asks for all callers, and `inspect` then asks all
    modules which file is theirs: that takes seconds in a process that has thousands.
    """
    monkeypatch.setattr(inspect, "stack", callers)
    return eval_example


def callers() -> list[inspect.FrameInfo]:
    """Give all callers, with what their frames themselves know."""
    frame: FrameType | None = sys._getframe(1)
    found = []
    while frame is not None:
        code = frame.f_code
        found.append(
            inspect.FrameInfo(
                frame, code.co_filename, frame.f_lineno, code.co_name, None, None
            )
        )
        frame = frame.f_back
    return found
