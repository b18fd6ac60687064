"""A picture tells services and decisions apart, and never by colour alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from faststream_otel._traces import picture_style as style
from guide.places import DOCS
from tests.pictures import SVG, alternative, marked, parse, the_text
from tests.traces import CHAIN, span

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

# Sheets of colours, each with the paper below them: light, then dark.
OWN = style.STYLE.split("@media (prefers-color-scheme:dark)")
GUIDE = (DOCS / "assets" / "css" / "guide.css").read_text()
SHEETS = {
    "a light file": (OWN[0], "#ffffff"),
    "a dark file": (OWN[1], "#1e2129"),
    "the light guide": (GUIDE.split('"slate"] {')[0], "#fdfcf9"),
    "the dark guide": (GUIDE.split('"slate"] {')[1], "#15181c"),
}
# Text, and shapes that are to be told from what they stand on: WCAG, level AA.
TEXT, SHAPE = 4.5, 3


def stripes(picture: ET.Element) -> list[ET.Element]:
    """Those beside the rows, without the legend's."""
    return [
        child
        for child in picture.findall(f"{SVG}line")
        if "stripe" in child.attrib["class"]
    ]


def look(stripe: ET.Element) -> tuple[str, str | None]:
    """A stripe's colour and its dashes."""
    return stripe.attrib["class"].split()[-1], stripe.get("stroke-dasharray")


def test_each_service_has_its_stripe() -> None:
    """Rows of one service share it; where the service comes again, so does its look."""
    picture = parse(
        span(1, "a", "SERVER", "order", 0, 9),
        span(2, "b", "PRODUCER", "order", 1, 2, parent=1),
        span(3, "c", "CONSUMER", "trade", 2, 3, parent=2),
        span(4, "d", "CONSUMER", "order", 4, 5, parent=1),
    )
    order, trade, again = stripes(picture)
    assert look(order) == look(again) != look(trade)
    assert order.get("stroke-dasharray") != trade.get("stroke-dasharray")
    tops = [int(hit.attrib["y"]) for hit in marked(picture, "hit")]
    within = [
        [
            top
            for top in tops
            if int(each.attrib["y1"]) - 4 < top < int(each.attrib["y2"])
        ]
        for each in (order, trade, again)
    ]
    assert within == [tops[:2], tops[2:3], tops[3:]]


def test_the_legend_names_the_services() -> None:
    """Each name once, beside a stripe that looks like the rows'."""
    picture = parse(*CHAIN.spans)
    beside = {look(each) for each in stripes(picture)}
    named = {
        "".join(key.itertext()): look(found[0])
        for key in picture.findall(f"{SVG}g")
        if (found := marked(key, "stripe"))
    }
    assert list(named) == ["publisher", "first", "second", "third"]
    assert set(named.values()) == beside
    assert len(beside) == len(named)


def test_twelve_services_differ() -> None:
    """By their colour and dashes; those of one colour by their dashes."""
    names = [f"service {number}" for number in range(12)]
    picture = parse(
        *(
            span(number, "a", "CLIENT", name, 0, 1)
            for number, name in enumerate(names, 1)
        )
    )
    assert len({look(each) for each in stripes(picture)}) == len(names)


def test_one_service_needs_no_stripe() -> None:
    """Nor does a span without a service count as one."""
    picture = parse(
        span(1, "a", "CLIENT", "order", 0, 1), span(2, "b", "CLIENT", "", 0, 1)
    )
    assert not marked(picture, "stripe")
    assert not marked(picture, "services")


@pytest.mark.parametrize(
    ("decision", "word", "mark"),
    [
        ("reject", "rejected", style.DECLINED),
        ("nack", "nacked", style.DECLINED),
        ("ack", "acked", style.ACCEPTED),
        ("stop_consume", "stopped", style.DECLINED),
        ("postpone", "postpone", style.DECLINED),
    ],
)
def test_a_decision_is_a_word_and_a_mark(decision: str, word: str, mark: str) -> None:
    """On its row, in the legend, and for those who hear the picture."""
    picture = parse(
        span(1, "process a", "CONSUMER", "a", 0, 8),
        span(
            *(2, "process a", "CONSUMER", "a", 1, 5),
            attributes={"faststream.message.decision": decision},
        ),
    )
    good, row = marked(picture, "row")
    assert not marked(good, "decided")
    assert not marked(good, "decision")
    assert the_text(row, "decision") == word
    assert marked(row, "decided")[0].get("d") == mark
    assert not marked(row, "error"), "what a handler meant is no error"
    legend = ["".join(each.itertext()) for each in picture.findall(f"{SVG}g")]
    assert legend[-1] == word
    assert alternative(picture).endswith(f"1 to 5 ms), {word}.")


def luminance(colour: str) -> float:
    """How light a colour is, from 0 to 1, as WCAG has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("place", SHEETS)
def test_colours_can_be_seen(place: str) -> None:
    """Decisions as text, and stripes as shapes, on the paper of each place."""
    sheet, paper = SHEETS[place]
    colours = dict(
        re.findall(r"--trace-(decision|service-\d)[:,]\s*(#[0-9a-f]{6})", sheet)
    )
    assert len(colours) == 1 + style.COLOURS
    for name, colour in colours.items():
        light, dark = sorted((luminance(colour), luminance(paper)), reverse=True)
        least = TEXT if name == "decision" else SHAPE
        assert (light + 0.05) / (dark + 0.05) >= least, name
