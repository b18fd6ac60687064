"""No page or docstring of the guide has wordings that read as translated."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import pytest

from guide.places import DOCS, PROGRAMS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Each with a sentence that has it, and what a native writer says.
WORDINGS: Final = {
    r"\b(?:a|an|one) \w+ an? (?:broker|concept|file|message|process|service|test)\b": (
        "Give it one middleware a broker.",
        "per broker",
    ),
    r"\banew\b": ("It is built anew.", "again"),
    r"\b(?:which|what) there (?:is|are)\b": ("It says which there are.", "which exist"),
    r"\bstands? (?:above|below|beside)\b": ("The span stands below it.", "is below"),
    r"\bas ever\b": ("It works as ever.", "as usual"),
    r"\b(?:by|takes?) OTLP\b": ("Send metrics by OTLP.", "over OTLP, accepts OTLP"),
    r"\bknows? no(?:thing)?\b": ("The broker knows no pattern.", "has no"),
    r"\bbesides[.,;:]": ("It records a span besides.", "also"),
    r"(?:^|[.:] )Else,? (?:it|they|the)\b": ("Else it waits.", "Otherwise"),
    r"\bsome (?:two|three|five|ten)\b": ("It takes some ten minutes.", "about ten"),
    r"\bare others\b": ("Your times are others.", "are different"),
    r"\ban?other (?:shape|kind|name)\b": ("It has another shape.", "a different"),
}
REPOSITORY: Final = ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG")
# What the reference shows of modules that are private.
SHOWN: Final = ("annotations", "baggage", "middleware", "shutdown")
CODE: Final = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def texts() -> Iterator[tuple[Path, str]]:
    """Pages without their code, and docstrings of programs and of the public API."""
    pages = [
        *(ROOT / f"{name}.md" for name in REPOSITORY),
        *DOCS.glob("*.md"),
        *DOCS.glob("parts/*.md"),
        *DOCS.glob("reference/*.md"),
        *PROGRAMS.glob("*/*.md"),
    ]
    for page in pages:
        yield page, CODE.sub(" code ", page.read_text())
    package = ROOT / "faststream_otel"
    programs = [
        *PROGRAMS.rglob("*.py"),
        *package.glob("[!_]*.py"),
        *package.glob("testing/*.py"),
        *package.glob("_traces/*.py"),
        *(package / f"_{name}.py" for name in SHOWN),
    ]
    for path in programs:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(
                node,
                (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef),
            ) and (said := ast.get_docstring(node)):
                yield path, said


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_wording_is_found(wording: str) -> None:
    """Each pattern finds its own sentence, and no other pattern's."""
    found = [said for said, _ in WORDINGS.values() if re.search(wording, said)]
    assert found == [WORDINGS[wording][0]]


def test_plain_english() -> None:
    """None of the wordings is in any text that readers see."""
    seen = list(texts())
    assert len(seen) > 200
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}; better: {better}"
        for path, text in seen
        for wording, (_, better) in WORDINGS.items()
        for match in re.finditer(wording, " ".join(text.split()))
    ]
    assert not found, "\n".join(found)
