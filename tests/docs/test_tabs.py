"""The tab sets that pages include are those of the files that there are."""

from __future__ import annotations

import re

from guide.places import PROGRAMS, TABS
from guide.tabs import INCLUDES, MARKED, names, tab_set


def test_tab_sets() -> None:
    """Each is as `scripts/update` writes it, and there is no other."""
    written = {path.name: path.read_text() for path in INCLUDES.iterdir()}
    assert written == {f"{name}.md": tab_set(name) for name in names()}


def test_marks_mark() -> None:
    """Each text to mark is in that file of every broker that has it."""
    for name, texts in MARKED.items():
        files = [PROGRAMS / broker / name for broker in TABS.values()]
        sources = [file.read_text() for file in files if file.exists()]
        assert sources, f"there is no {name}"
        for source in sources:
            assert all(text in source for text in texts), name


def test_scripts_differ_in_the_brokers_name_alone() -> None:
    """So what is tested of one of them holds for the others."""
    scripts = [name for name in names() if name.endswith(".sh")]
    # `faststream publish` has an option for each kind of destination.
    publish = {"chain_publish.sh", "chain_publish_otlp.sh"}
    # Each broker has an image of its own.
    different = publish | {"broker.sh"}
    assert different < set(scripts)
    for name in set(scripts) - different:
        files = {broker: PROGRAMS / broker / name for broker in TABS.values()}
        texts = {
            re.sub(rf"\b{broker}\b", "*", file.read_text())
            for broker, file in files.items()
            if file.exists()
        }
        assert len(texts) == 1, name
        assert "*" in texts.pop(), name
