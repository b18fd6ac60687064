"""A trace as text: exactly what a terminal shows."""

from __future__ import annotations

from faststream_otel._traces.model import RecordedLink, RecordedSpan, Trace
from faststream_otel._traces.tree import render
from tests.traces import CHAIN, span


def shown(*spans: RecordedSpan, attributes: bool = False) -> str:
    """The tree between two newlines, as it stands in the tests."""
    return f"\n{render(Trace(spans), attributes=attributes)}\n"


def test_a_chain_is_a_staircase_in_columns() -> None:
    """Each span is below its parent; kind, service and duration stand in columns."""
    assert f"\n{render(CHAIN)}\n" == (
        """
publish first                      PRODUCER  publisher  1 ms
└── process first                  CONSUMER  first      3 ms  ↗ publish first
    └── publish second             PRODUCER  first      1 ms
        └── process second         CONSUMER  second     3 ms  ↗ publish second
            └── publish third      PRODUCER  second     1 ms
                └── process third  CONSUMER  third      1 ms  ↗ publish third
"""
    )


def test_siblings_errors_and_attributes() -> None:
    """Branches go on beside attributes; an error is told in its class's name."""
    assert shown(
        span(1, "POST /orders", "SERVER", "api", 0, 14.2),
        span(
            2,
            "process orders",
            "CONSUMER",
            "shop",
            1,
            26,
            parent=1,
            status="ERROR",
            attributes={"error.type": "shop.errors.UnknownItem", "batch": [1, 2]},
        ),
        span(3, "SELECT items", "CLIENT", "shop", 2, 15, parent=2),
        span(
            4,
            "check stock",
            "INTERNAL",
            "shop",
            15,
            15.35,
            parent=1,
            status="ERROR",
            status_description="sold out",
            attributes={"item": "7\n8", "rush": True},
        ),
        attributes=True,
    ) == (
        """
POST /orders          SERVER    api   14.2 ms
├── process orders    CONSUMER  shop    25 ms  ✗ UnknownItem
│   │   batch: [1, 2]
│   │   error.type: shop.errors.UnknownItem
│   └── SELECT items  CLIENT    shop    13 ms
└── check stock       INTERNAL  shop  0.35 ms  ✗ sold out
        item: 7 8
        rush: true
"""
    )


def test_several_roots_and_links() -> None:
    """Links name their spans, once a name; those elsewhere have only their id."""
    links = [*(RecordedLink(1, number) for number in (1, 2)), RecordedLink(7, 0xAB)]
    assert shown(
        span(1, "publish orders", "PRODUCER", "shop", 0, 1, trace=1),
        span(2, "publish orders", "PRODUCER", "shop", 1, 2, trace=2),
        span(3, "process orders", "CONSUMER", "bill", 3, 5, trace=3, links=links),
    ) == (
        """
publish orders  PRODUCER  shop  1 ms
publish orders  PRODUCER  shop  1 ms
process orders  CONSUMER  bill  2 ms  ↗ 2 \N{MULTIPLICATION SIGN} publish orders, \
span 00000000000000ab
"""
    )


def test_wide_characters_keep_the_columns() -> None:
    """A column is as wide as a terminal shows it, whatever the alphabet."""
    assert shown(
        span(1, "publish 注文", "PRODUCER", "倉庫", 0, 1),
        span(2, "process e\u0301te\u0301", "CONSUMER", "", 1, 2, parent=1),
    ) == (
        """
publish 注文     PRODUCER  倉庫  1 ms
└── process e\u0301te\u0301  CONSUMER        1 ms
"""
    )


def test_no_spans() -> None:
    """Nothing recorded is said, not shown as an empty text."""
    assert render(Trace(())) == "no spans"
