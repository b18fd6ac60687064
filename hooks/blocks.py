"""A program's block says how to run it, and leads to its file and its test.

The command is the last of the program's script: `docs_src/nats/chain.sh` is for
`docs_src/nats/chain.py`. Links need the repository's address.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Any

ROOT: Final = Path(__file__).parents[1]
PROGRAMS: Final = ROOT / "docs_src"
TESTS: Final = ROOT / "tests" / "docs"

BLOCK: Final = re.compile(
    r'<span class="filename">(?P<file>[^<]+)</span>(?P<code><pre>.*?</pre>)', re.DOTALL
)
# What a search is not to find: the names of the tabs, and what recorded spans have.
UNSEARCHED: Final = re.compile(r'(<div class="tabbed-labels"|<figure class="trace")')


def on_page_content(html: str, *, config: Any, **_: Any) -> str:
    """Add to each program's block what there is to say of it."""
    blob = ""
    if config.repo_url:
        blob = f"{config.repo_url.rstrip('/')}/blob/{config.extra['repo_ref']}/"
    html = BLOCK.sub(lambda found: block(found["file"], found["code"], blob), html)
    return UNSEARCHED.sub(r'\1 data-search-exclude="yes"', html)


def block(file: str, code: str, blob: str) -> str:
    """A block with its file's name above, and how to run it below."""
    name = escape(file)
    if blob:
        name = f'<a href="{blob}docs_src/{name}">{name}</a>'
    foot = []
    if command := run(PROGRAMS / file):
        foot.append(f"<code>{escape(command)}</code>")
    if blob and file.endswith(".py"):
        foot.append(f'<a href="{blob}tests/docs/{test(file).name}">Test</a>')
    below = f'<div class="run" data-search-exclude="yes">{"".join(foot)}</div>'
    return f'<span class="filename">{name}</span>{code}{below if foot else ""}'


def run(program: Path) -> str:
    """The command that runs a program, in one line; empty if it has no script."""
    script = program.with_suffix(".sh")
    if program.suffix != ".py" or not script.exists():
        return ""
    commands = re.sub(r"\\\n\s*", "", script.read_text()).strip().splitlines()
    return commands[-1]


def test(file: str) -> Path:
    """The test that runs a program: one that names its step, or that of all."""
    step = Path(file).stem
    for path in sorted(TESTS.glob("test_*.py")):
        if f'"{step}"' in path.read_text():
            return path
    return TESTS / "test_programs.py"
