"""Highlighted code looks as Pygments says, with the elements that this takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from guide.places import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# What a token of a class looks like beside one without a class.
LOOKS = """(classes) => {
    const code = document.querySelector(".highlight pre > code");
    const look = (name) => {
        const token = document.createElement("span");
        token.className = name;
        code.append(token);
        const style = getComputedStyle(token);
        return ["color", "backgroundColor", "fontWeight", "fontStyle", "padding",
            "textDecoration"].map((property) => style[property]).join();
    };
    return Object.fromEntries(classes.map((name) => [name, look(name)]));
}"""


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("address", ["/exporting/", "/reference/api/"])
def test_what_has_no_element_needs_none(
    browser: Browser, home: str, address: str, colours: Any
) -> None:
    """The tokens whose elements are left out would have looked like the block."""
    hook = (ROOT / "hooks" / "highlights.py").read_text()
    (found,) = re.findall(r'class="\(\?:([\w|]+)\)">', hook)
    plain = found.split("|")
    context = browser.new_context(base_url=home, color_scheme=colours)
    page = context.new_page()
    page.goto(address)
    looks = page.evaluate(LOOKS, ["", "k", "s2", *plain])
    context.close()
    assert looks["k"] != looks[""] != looks["s2"]
    assert {looks[name] for name in plain} == {looks[""]}
    assert "n" in plain
