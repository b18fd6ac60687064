"""The words of a picture: its alternative, its titles, its ids and its markup."""

from __future__ import annotations

import re

from faststream_otel._traces import picture_style as style
from faststream_otel._traces.model import RecordedLink, Trace
from faststream_otel._traces.picture import draw
from tests.pictures import SVG, alternative, marked, parse, the_text
from tests.traces import CHAIN, span


def test_the_alternative_tells_the_tree() -> None:
    """Who cannot see the picture hears its title, then each span and its parent."""
    picture = parse(*CHAIN.spans[:3], title="The chain on Kafka")
    assert picture.get("role") == "img"
    assert alternative(picture) == (
        "The chain on Kafka\n"
        "Trace of 3 spans, 5 ms."
        " Span 1: publish first (PRODUCER, service publisher, 0 to 1 ms)."
        " Span 2, child of span 1: process first"
        " (CONSUMER, service first, 2 to 5 ms), links span 1."
        " Span 3, child of span 2: publish second (PRODUCER, service first, 3 to 4 ms)."
    )


def test_the_alternative_tells_of_traces_errors_and_links() -> None:
    """Several traces are counted; a link that leads elsewhere is told as well."""
    links = [RecordedLink(1, 1), RecordedLink(9, 9)]
    picture = parse(
        span(1, "publish a", "PRODUCER", "", 0, 1),
        span(2, "process a", "CONSUMER", "b", 1, 2, trace=2, links=links),
        span(3, "publish b", "PRODUCER", "b", 1, 2, trace=2, parent=2, status="ERROR"),
    )
    assert alternative(picture).endswith(
        "2 traces with 3 spans, 2 ms."
        " Trace 1. Span 1: publish a (PRODUCER, 0 to 1 ms)."
        " Trace 2. Span 2: process a (CONSUMER, service b, 1 to 2 ms),"
        " links span 1, 1 span elsewhere."
        " Span 3, child of span 2: publish b (PRODUCER, service b, 1 to 2 ms),"
        " error error."
    )


def test_nothing_recorded_can_break_the_markup() -> None:
    """Markup, quotes and control characters are text, in every place they get to."""
    nasty = "</svg><script>\"&amp;'\x00\x1b\n\u202e注文"
    plain = "</svg><script>\"&amp;'\ufffd\ufffd \ufffd注文"
    picture = parse(
        span(
            *(1, nasty, nasty, nasty, 0, 1),
            status="ERROR",
            status_description=nasty,
            attributes={nasty: nasty},
        ),
        title=nasty,
    )
    assert not list(picture.iter(f"{SVG}script"))
    assert alternative(picture).startswith(plain)
    (row,) = marked(picture, "row")
    assert the_text(row, "name") == plain
    title = row.findtext(f"{SVG}title")
    assert title is not None
    assert title.splitlines()[0] == plain
    assert title.splitlines()[-1] == f"{plain} = {plain}"


def test_a_long_name_is_shortened_and_whole_in_its_title() -> None:
    """A phone gets what it has room for, a desktop more, and the title all of it."""
    name = "process " + "warehouse." * 20
    picture = parse(span(1, name, "CONSUMER", "s" * 50, 0, 1))
    (row,) = marked(picture, "row")
    narrow, wide = marked(row, "narrow"), marked(row, "wide")
    assert narrow[0].text == name[:35] + "…"
    assert wide[0].text == name[:63] + "…"
    title = row.findtext(f"{SVG}title")
    assert title is not None
    assert title.startswith(f"{name}\nCONSUMER, {'s' * 50}\n1 ms: 0 to 1 ms")


def test_a_phone_shows_only_what_fits() -> None:
    """A service or an error without room beside its name is for wider pictures."""
    error = {"error.type": "shop.UnknownItemInWarehouse"}
    picture = parse(
        span(1, "process orders", "CONSUMER", "shop", 0, 1),
        span(
            *(2, "process orders.created.eu", "CONSUMER", "shop", 0, 1),
            status="ERROR",
            attributes=error,
        ),
    )
    short, long = marked(picture, "row")
    assert not marked(short, "wide")
    assert [part.text for part in marked(long, "wide")] == ["UnknownItemInWareho…"]
    assert the_text(long, "note") == "shop"


def test_ids_are_of_one_picture_only() -> None:
    """Titles that read alike still have ids of their own; two runs have the same."""
    titles = ["The chain", "the chain", "The-chain", "鎖", "链", ""]
    seen: set[str] = set()
    assert 'id="trace-the-chain-63bb3679-title"' in draw(CHAIN, title="The chain")
    for title in titles:
        ids = [
            element.attrib["id"]
            for element in parse(*CHAIN.spans, title=title).iter()
            if "id" in element.attrib
        ]
        assert len(ids) == 2
        assert all(re.fullmatch(r"trace[a-z0-9-]+", name) for name in ids)
        assert seen.isdisjoint(ids)
        seen.update(ids)


def test_a_picture_can_stand_in_markdown_and_in_a_repository() -> None:
    """No blank line, no space at an end of a line, the same bytes each time."""
    drawn = draw(CHAIN, title="Orders")
    assert drawn == draw(Trace(CHAIN.spans), title="Orders")
    assert drawn.endswith("</svg>\n")
    lines = drawn.removesuffix("\n").split("\n")
    assert all(line and line == line.strip() for line in lines)
    # A title has several lines, but in references.
    assert "<title>publish first&#10;PRODUCER, publisher&#10;" in drawn
    assert not re.search(r"\d\.\d{4}|\de-", drawn), "no noise of floats"


def test_a_theme_cannot_cut_the_picture() -> None:
    """Its height is a style as well: Material has a rule `svg {height: auto}`."""
    picture = parse(*CHAIN.spans)
    assert picture.get("style") == f"height:{picture.get('height')}px"
    lowest = max(float(bar.attrib["y"]) for bar in marked(picture, "bar"))
    assert lowest + style.BAR_HEIGHT < int(picture.attrib["height"])


def test_pictures_share_one_style() -> None:
    """The style is the same in each, and each of its rules names our classes."""
    styles = {
        parse(*spans, title=title).findtext(f"{SVG}style")
        for spans, title in [(CHAIN.spans, "One"), (CHAIN.spans[:1], "Two"), ((), "")]
    }
    assert styles == {f"\n{style.STYLE}"}
    flat = re.sub(r"@media \([^)]*\)", "", style.STYLE)
    for selectors in re.findall(r"([^{}]+)\{[^{}]+\}", flat):
        for selector in selectors.split(","):
            assert selector.strip().startswith(".trace-")
