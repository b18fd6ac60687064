"""What the page for contributors shows."""

from __future__ import annotations

import os
from textwrap import dedent

from guide.expected import EXPECTED
from guide.places import DOCS, PROGRAMS, ROOT


def test_commands() -> None:
    """Each is a script of the checkout."""
    for line in (PROGRAMS / "shell" / "new_step.sh").read_text().splitlines():
        assert os.access(ROOT / line.split()[0], os.X_OK)


def test_tree() -> None:
    """It is that of the program which the page says to copy."""
    shown = (PROGRAMS / "output" / "new_step.txt").read_text()
    assert dedent(EXPECTED["shortest"]).strip() == shown.strip()


def test_include() -> None:
    """A page has this line."""
    line = (PROGRAMS / "output" / "new_page.txt").read_text()
    assert line in (DOCS / "index.md").read_text()
