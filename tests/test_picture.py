"""A trace as a picture: what is drawn is what was recorded."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from faststream_otel._traces import picture_style as style
from faststream_otel._traces.model import RecordedLink, RecordedSpan
from tests.pictures import SVG, marked, parse, percent, the_text
from tests.traces import CHAIN, span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree import ElementTree as ET

KINDS = ["PRODUCER", "CONSUMER", "CLIENT", "SERVER", "INTERNAL"]


def bars(picture: ET.Element) -> Iterator[ET.Element]:
    """The bar of each row, from the top."""
    for row in marked(picture, "row"):
        (bar,) = marked(row, "bar")
        yield bar


def test_bars_are_where_their_time_is() -> None:
    """The axis is all of the width: eleven milliseconds, one is 1/11 of it."""
    picture = parse(*CHAIN.spans)
    for bar, recorded in zip(bars(picture), CHAIN.spans, strict=True):
        assert percent(bar, "x") == pytest.approx(recorded.start / 110_000, abs=6e-4)
        length = recorded.end - recorded.start
        assert percent(bar, "width") == pytest.approx(length / 110_000, abs=6e-4)


def test_time_begins_with_the_first_span() -> None:
    """What counts is when a span began after the first one, not what a clock says."""
    today = 1_790_000_000_000
    picture = parse(
        span(1, "publish a", "PRODUCER", "a", today, today + 4),
        span(2, "process a", "CONSUMER", "b", today + 1, today + 3, parent=1),
    )
    places = [(percent(bar, "x"), percent(bar, "width")) for bar in bars(picture)]
    assert places == [(0, 100), (25, 50)]
    ticks = ["".join(tick.itertext()) for tick in marked(picture, "tick")]
    assert ticks == ["0", "1 ms", "2 ms", "3 ms", "4 ms"]
    assert [percent(tick, "x") for tick in marked(picture, "tick")] == [
        *(0, 25, 50, 75, 100)
    ]


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        (1, ["0", "0.2 ms", "0.4 ms", "0.6 ms", "0.8 ms", "1 ms"]),
        (11, ["0", "2 ms", "4 ms", "6 ms", "8 ms", "10 ms"]),
        (24, ["0", "5 ms", "10 ms", "15 ms", "20 ms"]),
        (0.0505, ["0", "10 µs", "20 µs", "30 µs", "40 µs", "50 µs"]),
        (1500, ["0", "0.5 s", "1 s", "1.5 s"]),
    ],
)
def test_ticks_are_round_and_few(length: float, labels: list[str]) -> None:
    """The axis has as many ticks as a phone has room for, the last one inside."""
    ticks = marked(parse(span(1, "a", "CLIENT", "a", 0, length)), "tick")
    assert [tick.text for tick in ticks] == labels
    anchors = [tick.get("text-anchor") for tick in ticks]
    assert anchors[:-1] == ["start"] + ["middle"] * (len(ticks) - 2)
    assert anchors[-1] == ("end" if percent(ticks[-1], "x") > 93 else "middle")


def test_rows_are_depth_first_below_each_other() -> None:
    """A span's children are under it, before its next sibling, and further right."""
    picture = parse(
        span(1, "root", "SERVER", "api", 0, 9),
        span(2, "one", "INTERNAL", "api", 1, 4, parent=1),
        span(3, "two", "INTERNAL", "api", 2, 8, parent=1),
        span(4, "below one", "INTERNAL", "api", 3, 4, parent=2),
        span(5, "below two", "INTERNAL", "api", 5, 6, parent=3),
    )
    names = [the_text(row, "name") for row in marked(picture, "row")]
    assert names == ["root", "one", "below one", "two", "below two"]
    tops = [int(bar.attrib["y"]) for bar in bars(picture)]
    assert tops == sorted(set(tops))
    texts = [row.find(f"{SVG}text") for row in marked(picture, "row")]
    left = [int(text.attrib["x"]) for text in texts if text is not None]
    assert left[1] == left[3] == left[0] + style.INDENT_MOST
    assert left[2] == left[4] == left[1] + style.INDENT_MOST


def test_each_of_several_traces_has_its_number() -> None:
    """Above its first row, with room; a single trace has none."""
    spans = (
        span(1, "publish a", "PRODUCER", "", 0, 1),
        span(2, "process a", "CONSUMER", "", 1, 2, trace=2),
        span(3, "publish b", "PRODUCER", "", 1, 2, trace=2, parent=2),
    )
    picture = parse(*spans)
    heads = {
        text: int(element.attrib["y"])
        for element in marked(picture, "note")
        if (text := "".join(element.itertext())).startswith("trace ")
    }
    assert list(heads) == ["trace 1", "trace 2"]
    first, second, third = (int(hit.attrib["y"]) for hit in marked(picture, "hit"))
    assert heads["trace 1"] < first + style.LABEL
    assert first + style.ROW <= heads["trace 2"] < second + style.LABEL
    assert third == second + style.ROW

    single = parse(*spans[1:])
    words = ["".join(each.itertext()) for each in marked(single, "note")]
    assert not any(each.startswith("trace ") for each in words)


def test_each_child_hangs_on_its_parent() -> None:
    """A guide leaves the parent's shape, or the sibling's guide, and ends at the child.

    Guides of siblings do not lie on each other: they are translucent.
    """
    picture = parse(
        span(1, "root", "SERVER", "api", 0, 9),
        span(2, "one", "INTERNAL", "api", 1, 4, parent=1),
        span(3, "two", "INTERNAL", "api", 2, 8, parent=1),
    )
    one, two = (
        tuple(float(number) for number in re.findall(r"[\d.]+", path.attrib["d"]))
        for path in marked(picture, "guide")
    )
    assert one[0] == two[0] == 6.5, "under the middle of the parent's shape"
    assert one[2] == pytest.approx(two[1], abs=1)
    assert two[2] - one[2] == style.ROW


def test_every_row_says_what_its_span_is() -> None:
    """Name, service and duration are to be read; a kind has its shape and its word."""
    spans = [
        span(number, f"span {number}", kind, f"service {number}", 0, number)
        for number, kind in enumerate(KINDS, 1)
    ]
    picture = parse(*spans)
    shapes = set()
    for row, recorded in zip(marked(picture, "row"), spans, strict=True):
        assert the_text(row, "name") == recorded.name
        assert the_text(row, "note") == recorded.service
        assert the_text(row, "duration") == f"{recorded.span_id} ms"
        assert f"trace-{recorded.kind.lower()}" in row.attrib["class"]
        shapes.add(marked(row, "shape")[0].attrib["d"])
    assert len(shapes) == len(KINDS)
    legend = ["".join(element.itertext()) for element in picture.findall(f"{SVG}g")]
    kinds = [kind.lower() for kind in KINDS]
    assert legend[-10:] == [*kinds, *(each.service for each in spans)]


def test_the_legend_fits_a_phone() -> None:
    """What does not fit on its line goes to the next, and nothing touches."""
    spans = [
        span(number, "a", kind, "a", 0, number, status="ERROR")
        for number, kind in enumerate(KINDS, 1)
    ]
    picture = parse(*spans)
    places: dict[int, list[tuple[int, int]]] = {}
    for element in picture.findall(f"{SVG}g")[-len(KINDS) - 1 :]:
        x, y = map(int, re.findall(r"\d+", element.attrib["transform"]))
        words = "".join(element.itertext())
        places.setdefault(y, []).append((x, x + 13 + round(len(words) * 6.4)))
    assert [len(line) for line in places.values()] == [4, 2]
    for line in places.values():
        assert line[0][0] == 6
        assert line[-1][1] <= style.NARROW - 22, "a figure has a margin"
        for (_, end), (start, _) in pairwise(line):
            assert end + 10 < start - 6


def test_an_error_is_marked_by_more_than_colour() -> None:
    """The row in error has the mark and its error's class; no other row has."""
    error = {"error.type": "shop.errors.UnknownItem"}
    picture = parse(
        span(1, "a", "CLIENT", "a", 0, 8),
        span(2, "b", "CLIENT", "a", 1, 5, parent=1, status="ERROR", attributes=error),
    )
    good, bad = marked(picture, "row")
    assert not marked(good, "error")
    assert not marked(good, "fault")
    assert the_text(bad, "fault") == "UnknownItem"
    mark, line = marked(bad, "error")
    assert mark.tag == f"{SVG}path"
    assert (percent(line, "x"), percent(line, "width")) == (12.5, 50)


def test_links_are_where_the_linked_spans_ended() -> None:
    """A batch has a dot for each message it links, on a line to its own beginning."""
    picture = parse(
        span(1, "publish a", "PRODUCER", "a", 0, 2, trace=1),
        span(2, "publish a", "PRODUCER", "a", 3, 4, trace=2),
        span(3, "publish a", "PRODUCER", "a", 5, 9, trace=3),
        span(
            *(4, "process a", "CONSUMER", "b", 6, 10),
            trace=4,
            links=[RecordedLink(number, number) for number in (1, 2, 3)],
        ),
    )
    batch = marked(picture, "row")[-1]
    # The third was not over yet when the batch began: its dot is at its beginning.
    assert [percent(dot, "cx") for dot in marked(batch, "dot")] == [20, 40, 50]
    (line,) = marked(batch, "lead")
    assert (percent(line, "x1"), percent(line, "x2")) == (20, 60)
    assert not marked(batch, "out")
    assert not marked(marked(picture, "row")[0], "dot")


def test_a_dot_at_the_beginning_is_whole() -> None:
    """A link to a span that goes on has its dot at the left edge, not cut by it."""
    picture = parse(
        span(1, "publish a", "PRODUCER", "a", 0, 9),
        span(2, "process a", "CONSUMER", "b", 3, 6, links=[RecordedLink(1, 1)]),
    )
    (dot,) = marked(marked(picture, "row")[-1], "dot")
    assert (dot.get("cx"), dot.get("transform")) == ("0%", "translate(3)")


def test_a_link_that_leads_out_of_the_picture_has_a_mark() -> None:
    """A link to a span that was not recorded is drawn as an arrow before the name."""
    picture = parse(
        span(1, "process a", "CONSUMER", "b", 0, 1, links=[RecordedLink(9, 9)])
    )
    (row,) = marked(picture, "row")
    assert len(marked(row, "out")) == 1
    assert not marked(row, "dot")
    assert [text.text for text in picture.iter(f"{SVG}text")][-1] == "link out"


@pytest.mark.parametrize("depth", [1, 10, 60])
def test_deep_traces_leave_room_for_names(depth: int) -> None:
    """However deep a trace is, its names stay within the width of a phone."""
    picture = parse(
        *(
            span(number, "process orders", "CONSUMER", "x", 0, 1, parent=number - 1)
            for number in range(1, depth + 1)
        )
    )
    for row in marked(picture, "row"):
        text = row.find(f"{SVG}text")
        assert text is not None
        assert int(text.attrib["x"]) <= style.INDENT_SUM + 18
        assert the_text(row, "name") == "process orders"


def test_the_shortest_span_can_be_seen() -> None:
    """A bar below a per cent has a mark of three pixels, inside the picture."""
    picture = parse(
        span(1, "a", "CLIENT", "a", 0, 1000),
        span(2, "b", "CLIENT", "a", 500, 501, parent=1),
        span(3, "c", "CLIENT", "a", 1000, 1000, parent=1),
    )
    rows = marked(picture, "row")
    assert not marked(rows[0], "least")
    (middle,), (last,) = (marked(row, "least") for row in rows[1:])
    assert (middle.get("x"), middle.get("transform")) == ("50%", None)
    assert (last.get("x"), last.get("transform")) == ("100%", "translate(-3)")


@pytest.mark.parametrize(
    "spans",
    [(), (span(1, "a", "NEW", "", 5, 5),), (span(1, "a", "CLIENT", "", 5, 4),)],
    ids=["none", "instant of an unknown kind", "ends before it starts"],
)
def test_odd_recordings_are_drawn(spans: tuple[RecordedSpan, ...]) -> None:
    """What cannot be is still a picture."""
    picture = parse(*spans)
    assert len(marked(picture, "row")) == len(spans)
    for bar in bars(picture):
        assert (percent(bar, "x"), percent(bar, "width")) == (0, 0)
    assert ("no spans" in "".join(picture.itertext())) is not bool(spans)
