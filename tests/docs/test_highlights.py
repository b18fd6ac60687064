"""Highlighted code has the elements that its colours take, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.docs.site import Page


def test_what_has_no_colour_has_no_element(guide: list[Page]) -> None:
    """Names and spaces are text; keywords, strings and marked lines are not."""
    kinds = {
        str(kind)
        for page in guide
        for token in page.article.select(".highlight > pre > code span[class]")
        for kind in token.get_attribute_list("class")
    }
    assert {"k", "s2", "hll"} <= kinds
    assert not {"n", "w"} & kinds
