"""Which programs of a page have a place for buttons; the rest say why not."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from hooks import playground
from hooks.blocks import block
from hooks.run import MANIFEST, on_page_content
from packs.manifest import FROM_A_VERSION

PROGRAMS = {
    "nats/chain.py": {"broker": "nats", "runs": True, "why": ""},
    "nats/exporting.py": {"broker": "nats", "runs": False, "why": "it <sends>."},
}
NAMES = ["nats/chain.py", "nats/exporting.py", "nats/chain.sh", "nats/errors.py"]


def built(*, run: bool = True, repository: str = "", **meta: Any) -> list[str]:
    """The blocks of a page, each with what is added to it."""
    manifest = SimpleNamespace(content_string=json.dumps({"programs": PROGRAMS}))
    found = {MANIFEST: manifest} if run else {}
    files = SimpleNamespace(get_file_from_path=found.get)
    code = "<pre><code>x</code></pre>"
    html = "\n".join(block(name, code, repository, "page/") for name in NAMES)
    page = SimpleNamespace(meta=meta)
    return on_page_content(html, page=page, files=files).split("\n")


def test_a_place_or_a_reason() -> None:
    """What runs has a place; what does not says why; what nobody knows has neither."""
    chain, exporting, script, errors = built(repository="https://example.org/")
    assert '<span class="run-buttons" data-run="nats/chain.py"' in chain
    assert 'data-broker="nats"></span>' in chain
    why = '<span class="run-not">Not in the browser: it &lt;sends&gt;.</span></div>'
    assert exporting.endswith(why)
    assert "run-buttons" not in exporting
    assert "run-" not in script
    assert "run-" not in errors


def test_the_playground_is_open() -> None:
    """Its program is edited from the start."""
    assert "data-open" in built(playground=True)[0]
    assert "data-open" not in built()[0]


def test_without_python_for_the_browser() -> None:
    """A guide that was built without it has no place, and no reason."""
    assert [each for each in built(run=False) if "run-" in each] == []


@pytest.mark.parametrize(
    ("environment", "is_fetched", "added", "said"),
    [
        ({}, True, ["files/own.pack", "programs.json"], ""),
        ({"MIKE_DOCS_VERSION": "1"}, True, ["programs.json"], ""),
        ({"GUIDE_RUN": ""}, True, [], "as GUIDE_RUN asks"),
        ({}, False, [], "scripts/playground fetches"),
    ],
)
def test_what_a_site_gets(
    environment: dict[str, str],
    is_fetched: bool,
    added: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What runs programs, without what versions share, or nothing, which is said."""
    for name in ("GUIDE_RUN", "MIKE_DOCS_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, result in {
        "cached": is_fetched,
        "own": b"",
        "manifest": {"files": "files/"},
        "packed": {"own.pack": b""},
    }.items():
        monkeypatch.setattr(playground, name, lambda *_, result=result: result)
    plugins = SimpleNamespace(_current_plugin=None)
    config = SimpleNamespace(site_dir="", use_directory_urls=True, plugins=plugins)
    files: list[Any] = []
    with caplog.at_level(logging.INFO):
        assert playground.on_files(files, config=config) is files
    assert [each.src_uri for each in files] == [f"assets/run/{it}" for it in added]
    listed = [json.loads(each.content_string) for each in files[-1:]]
    shared = FROM_A_VERSION if len(added) == 1 else "files/"
    assert listed == ([{"files": shared}] if added else [])
    assert said in caplog.text
    assert bool(said) == bool(caplog.records)
