"""What a release says of itself: its version, its tag, its entry in the changelog."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = "faststream_otel/__init__.py"
CHANGELOG = "CHANGELOG.md"
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)((a|b|rc)\d+)?")
UNRELEASED = "Unreleased"
# What holds only until the first release; PyPI shows the readme.
NOT_YET = {
    "README.md": "The package is not on PyPI yet",
    "mkdocs.yml": 'package: !ENV [GUIDE_PACKAGE, ""]',
}


class Entry(NamedTuple):
    """A version in the changelog: `## 1.2.3 - 2026-01-31`, and what is below."""

    version: str
    date: str
    text: str


def git(root: Path, *arguments: str) -> str:
    """Give what git says."""
    command = ["git", *arguments]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


def version(root: Path) -> str:
    """Give the version of the package."""
    text = (root / SOURCE).read_text()
    found = re.search(r'^__version__ = "(.*)"$', text, re.MULTILINE)
    return found[1] if found else ""


def entries(changelog: str) -> list[Entry]:
    """Give the entries of a changelog, the newest first."""
    parts = re.split(r"^## (.*)\n", changelog, flags=re.MULTILINE)[1:]
    heads = [head.partition(" - ") for head in parts[::2]]
    return [
        Entry(name.strip(), day.strip(), text.strip())
        for (name, _, day), text in zip(heads, parts[1::2], strict=True)
    ]


def mistakes(root: Path, tag: str, today: date) -> Iterator[str]:
    """Say what keeps the commit that is checked out from being released."""
    number = version(root)
    if changed := git(root, "status", "--porcelain"):
        yield f"Not as committed:\n{changed}"
    if not VERSION.fullmatch(number):
        yield f"{SOURCE}: __version__ is {number!r}, which is not of the form 1.2.3"
    if tag != f"v{number}":
        yield f"The tag is {tag}, but {SOURCE} says {number}, which is v{number}"
    here, there = git(root, "rev-parse", "HEAD"), tagged(root, tag)
    if there not in {"", here}:
        yield f"{tag} is tagged already, and is {there[:12]}, not {here[:12]}"
    yield from mistakes_of_changelog(root, number, today)
    for name, words in NOT_YET.items():
        if (root / name).exists() and words in (root / name).read_text():
            yield f"{name} has `{words}`, which is for a package that is not on PyPI"


def tagged(root: Path, tag: str) -> str:
    """Give the commit that has a tag, if there is one."""
    return git(root, "for-each-ref", f"refs/tags/{tag}", "--format=%(objectname)") and (
        git(root, "rev-parse", f"refs/tags/{tag}^{{commit}}")
    )


def mistakes_of_changelog(root: Path, number: str, today: date) -> Iterator[str]:
    """Say what is wrong with the newest entry."""
    found = entries((root / CHANGELOG).read_text())
    if not found or found[0].version != number:
        newest = found[0].version if found else "nothing"
        yield f"{CHANGELOG} begins with {newest}, but {SOURCE} says {number}"
        return
    entry, wanted = found[0], f"## {number} - {today}"
    try:
        if date.fromisoformat(entry.date) > today:
            yield f"{CHANGELOG}: {entry.date} is not yet; write `{wanted}`"
    except ValueError:
        yield f"{CHANGELOG}: {number} has no date but {entry.date!r}; write `{wanted}`"
    if not entry.text:
        yield f"{CHANGELOG} says nothing of {number}"


def notes(text: str, files: str) -> str:
    """Write an entry as the notes of a release: links lead to the files of its tag.

    `files` is the address below which these are; without it, links stay as they are.
    """
    if files:
        text = re.sub(r"\]\((?![a-z]+:|#)", f"]({files.rstrip('/')}/", text)
    return f"{text}\n"
