"""Long names break after a mark, and nowhere else; an option keeps its dashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hooks.dashes import on_page_content as joined
from hooks.names import on_page_content

if TYPE_CHECKING:
    from tests.docs.site import Page


@pytest.mark.parametrize(
    ("html", "broken"),
    [
        # In text, what is longer than a phone's line is wide.
        (
            "<code>OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN</code>",
            "OTEL_|SEMCONV_|EXCEPTION_|SIGNAL_|OPT_|IN",
        ),
        ("<code>messaging.operation.name</code>", "messaging.|operation.|name"),
        ("<code>error.type</code>", "error.type"),
        # An option begins with two dashes.
        ("<code>--exporter_otlp_endpoint</code>", "--exporter_|otlp_|endpoint"),
        # A sentence breaks at its spaces, and its long words as others do.
        (
            "<code>give opentelemetry.propagators.TextMap, or b3.x</code>",
            "give opentelemetry.|propagators.|TextMap, or b3.x",
        ),
        # In a table there is less room.
        ("<td><code>publish_batch</code></td>", "publish_|batch"),
        ('<td><code>incoming="link"</code></td>', 'incoming=|"link"'),
        ("<td>traceparent_of_it</td>", "traceparent_of_it"),
        # A heading has a name without quotes.
        (
            '<h2 id="b">messaging.client.operation.duration<a class="headerlink"></a>',
            "messaging.|client.|operation.|duration",
        ),
        # Code is as it is in its file.
        (
            "<pre><code>\nmessaging.operation.name.long\n</code></pre>",
            "\nmessaging.operation.name.long\n",
        ),
    ],
)
def test_marks(html: str, broken: str) -> None:
    """Where a name may break, by its length and its place."""
    text = on_page_content(html).replace("<wbr>", "|")
    assert broken in text
    assert text.count("|") == broken.count("|")


def test_every_page_has_the_same_text(guide: list[Page]) -> None:
    """Nothing but the places to break has come."""
    assert any(page.article.select("code > wbr") for page in guide)
    for page in guide:
        for place in page.article.select("wbr"):
            assert not place.contents
            assert not place.find_parent("pre")


def test_an_option_keeps_its_dashes() -> None:
    """They are held together with its name, in commands and in text alone."""
    held = '<span class="option">{}</span>'
    level, short = held.format("--log-level"), held.format("-v")
    assert joined("<code>uvicorn a:b --log-level info -v</code>") == (
        f"<code>uvicorn a:b {level} info {short}</code>"
    )
    assert joined("<code>--exporter_<wbr>otlp_<wbr>endpoint</code>") == (
        f"<code>{held.format('--exporter')}_<wbr>otlp_<wbr>endpoint</code>"
    )
    for same in (
        "<code>opentelemetry-instrument</code>",
        "well-known",
        "<code>a\n--b</code>",
    ):
        assert joined(same) == same
