"""What the README shows is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from servers.known import ALIASES, SERVERS, TOOLS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Give the contents of its fences."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_program_runs() -> None:
    """What it shows in Python can be copied."""
    (program,) = blocks("python")
    subprocess.run([sys.executable, "-c", program], check=True)


def test_each_server_and_tool_says_how_it_is_had() -> None:
    """Whatever `scripts/brokers get` knows is in the table for contributors."""
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    (rows,) = re.findall(r"^\| server \|.*\n((?:\|.*\n)+)", contributing, re.MULTILINE)
    named = {
        name for row in rows.splitlines() for name in re.findall(r"`([\w-]+)`", row)
    }
    assert {*SERVERS, *ALIASES, *TOOLS} <= named


def test_trace_is_that_of_the_program() -> None:
    """The tree is printed by the program that it names."""
    pytest.importorskip("time_machine", reason="the guide needs Python 3.11")
    show = [sys.executable, "-m", "guide.pictures", "show", "nats", "chain"]
    shown = subprocess.run(
        show,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "scripts"},
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    assert blocks("text") == [shown]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page: str) -> None:
    """The files that it links are there."""
    targets = re.findall(r"\]\((?!http)([^)#]+)", (ROOT / page).read_text())
    assert [target for target in targets if not (ROOT / target).exists()] == []
