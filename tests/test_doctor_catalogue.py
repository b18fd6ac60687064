"""The rules that the doctor goes by, all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from faststream_otel.doctor import _catalogue
from faststream_otel.doctor._catalogue import CATALOGUE
from faststream_otel.doctor._finding import Rule

MODULES = sorted(Path(_catalogue.__file__).parent.glob("_*.py"))


def test_every_rule_is_in_it() -> None:
    """Whichever module declares it; and no code has two rules."""
    text = "".join(path.read_text() for path in MODULES)
    declared = re.findall(r'^\s+(?:code=)?"(FSO\d{3})",$', text, flags=re.MULTILINE)
    assert len(declared) > 50
    assert [rule.code for rule in CATALOGUE] == sorted(declared)


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.code)
def test_a_rule_says_something(rule: Rule) -> None:
    """Titles and reasons are whole sentences; a remedy may be code."""
    assert rule.title.endswith("."), rule.title
    assert rule.why.endswith((".", "}")), rule.why
