"""A program's block says how to run it, and leads to its file and its test.

The command is the last of the program's script: `docs_src/nats/chain.sh` is for
`docs_src/nats/chain.py`. A program without a script is run by the usual command. Links
into the repository need its address.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mkdocs.utils import get_relative_url

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
# What a reader saves; a command is copied.
SAVED: Final = {".go", ".java", ".mod", ".py", ".xml", ".yaml"}

# How a program is run that sets no provider: what it records is printed as a tree.
INSTRUMENTED: Final = (
    "opentelemetry-instrument --service_name {step} --traces_exporter tree "
    "--metrics_exporter none --logs_exporter none faststream run {step}:app"
)
RUN: Final = "faststream run {step}:app"

# The tests of the programs that are the same for all brokers.
OF_DIRECTORIES: Final = {
    "beside": "test_troubleshooting.py",
    "boundaries": "test_troubleshooting.py",
    "languages": "test_languages.py",
    "troubleshooting": "test_troubleshooting.py",
}
HAS_APP: Final = re.compile(r"^app = FastStream\(", re.MULTILINE)
SETS_A_PROVIDER: Final = re.compile(r"\b(Tracer|Meter)Provider\(")


def on_page_content(html: str, *, page: Any, config: Any, **_: Any) -> str:
    """Add to each program's block what there is to say of it."""
    blob = ""
    if config.repo_url:
        blob = f"{config.repo_url.rstrip('/')}/blob/{config.extra['repo_ref']}/"
    here = page.url
    html = BLOCK.sub(
        lambda found: block(found["file"], found["code"], blob, here), html
    )
    return UNSEARCHED.sub(r'\1 data-search-exclude="yes"', html)


def block(file: str, code: str, blob: str, here: str) -> str:
    """A block with its file's name above, and how to get and run it below.

    Args:
        file: Where the file is in `docs_src`.
        code: What is shown of it.
        blob: The address of the repository's files; empty if it has none.
        here: The address of the page on its site.
    """
    name = escape(file)
    if blob:
        name = f'<a href="{blob}docs_src/{name}">{name}</a>'
    foot = []
    path = PROGRAMS / file
    if command := run(path):
        foot.append(f"<code>{escape(command)}</code>")
    if path.suffix in SAVED and path.is_file():
        address = get_relative_url(f"docs_src/{file}", here)
        label = escape(f"Download {path.name}")
        foot.append(
            f'<a href="{escape(address)}" download aria-label="{label}">Download</a>'
        )
    if blob and file.endswith(".py"):
        foot.append(f'<a href="{blob}tests/docs/{test(file).name}">Test</a>')
    below = f'<div class="run" data-search-exclude="yes">{"".join(foot)}</div>'
    return f'<span class="filename">{name}</span>{code}{below if foot else ""}'


def run(program: Path) -> str:
    """The command that runs a program, in one line; empty if it is not run alone."""
    if program.suffix != ".py" or not program.is_file():
        return ""
    script = program.with_suffix(".sh")
    if script.exists():
        commands = re.sub(r"\\\n\s*", "", script.read_text()).strip().splitlines()
        return commands[-1]
    text = program.read_text()
    if not HAS_APP.search(text):
        return ""
    usual = RUN if SETS_A_PROVIDER.search(text) else INSTRUMENTED
    return usual.format(step=program.stem)


def test(file: str) -> Path:
    """The test that runs a program: one that names its step, or that of all."""
    if name := OF_DIRECTORIES.get(Path(file).parts[0]):
        return TESTS / name
    step = Path(file).stem
    for path in sorted(TESTS.glob("test_*.py")):
        if f'"{step}"' in path.read_text():
            return path
    return TESTS / "test_programs.py"
