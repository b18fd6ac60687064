"""What a shape can say of a trace, and what is said when it is another."""

from __future__ import annotations

from textwrap import dedent

import pytest

from faststream_otel.testing import Trace, assert_trace
from tests.traces import CHAIN, span

ORDERS = Trace(
    (
        span(1, "publish orders", "PRODUCER", "shop", 0, 9),
        span(
            2,
            "process orders",
            "CONSUMER",
            "shop",
            1,
            8,
            parent=1,
            attributes={
                "messaging.system": "kafka",
                "messaging.kafka.offset": 3,
                "app.note": 'a "b", {c}',
                "app.empty": "",
                "app.digits": "3",
                "app.tags": ["x", "y"],
                "app.done": True,
            },
        ),
        span(3, "select", "CLIENT", "shop", 2, 3, parent=2),
        span(4, "select", "CLIENT", "shop", 3, 4, parent=2),
        span(
            5,
            "publish invoices.{id}",
            "PRODUCER",
            "shop",
            4,
            5,
            parent=2,
            status="ERROR",
            attributes={"error.type": "shop.Full", "messaging.system": "kafka"},
        ),
        span(6, "process audit", "CONSUMER", "shop", 5, 6, parent=1),
    )
)

# A line ends where there is a bar.
HEAD = "publish orders|  process orders"
FULL = "|    publish invoices.{id} ✗ Full"
TAIL = "|    ...|  ..."
HOLD = [
    "...",
    "publish orders|  ...",
    HEAD + TAIL,
    "publish orders|  ...|  process audit",
    HEAD + "|    ..." + FULL + "|  ...",
    HEAD + "|    select|    ...|  process audit",
    HEAD + "|    select|    select|    ..." + FULL + "|  process audit|  ...",
    "...|publish orders|  ...|...",
    "publish orders [PRODUCER]|  process orders [CONSUMER] {messaging.system=kafka}"
    + TAIL,
    HEAD + " {messaging.kafka.offset=3, app.done=true}" + TAIL,
    HEAD + " {messaging.kafka.offset=...}" + TAIL,
    HEAD + " {app.tags=[x, y], app.digits=3}" + TAIL,
    HEAD + ' {app.digits="3"}' + TAIL,
    HEAD + ' {app.note="a \\"b\\", {c}"}' + TAIL,
    HEAD + ' {app.empty=""}' + TAIL,
    HEAD + "|    ..." + FULL + " {error.type=shop.Full}|  ...",
]

DIFFER = [
    ("publish orders", "+  process orders"),
    ("publish orders|  ...|  process audit|    ...|    select", "-    select"),
    ("publish orders|  process audit|  ...", "+  process orders"),
    ("publish orders|  ...|  process orders", "+  process audit"),
    (
        HEAD + " {messaging.system=nats}" + TAIL,
        "+  process orders {messaging.system=kafka}",
    ),
    (
        HEAD + " {app.missing=...}" + TAIL,
        "+  process orders",
    ),
    (
        HEAD + ' {messaging.kafka.offset="3"}' + TAIL,
        "+  process orders {messaging.kafka.offset=3}",
    ),
    (
        HEAD + " {app.digits=4}" + TAIL,
        '+  process orders {app.digits="3"}',
    ),
    (
        HEAD + "|    select|    ...|    select|  ...",
        "+    publish invoices.{id} ✗ Full",
    ),
    ("publish orders [PRODUCER]|  ...|  process audit", "+  process audit [CONSUMER]"),
    ("...|process orders|...", "-process orders"),
]


@pytest.mark.parametrize("expected", HOLD)
def test_it_has_the_shape(expected: str) -> None:
    """`...` is any spans, or none, and only the attributes that are written count."""
    assert_trace(ORDERS, expected.replace("|", "\n"))


@pytest.mark.parametrize(("expected", "difference"), DIFFER)
def test_it_has_another(expected: str, difference: str) -> None:
    """The difference shows the attributes that are asked for, and folds the rest."""
    with pytest.raises(AssertionError) as raised:
        assert_trace(ORDERS, expected.replace("|", "\n"))
    said = str(raised.value).splitlines()
    assert difference in said, raised.value
    assert len([line for line in said if line[:1] in "+-"]) >= 3, "no line differs"


def test_what_is_covered_is_folded() -> None:
    """The reader sees the shape that he wrote, and what is at fault in it."""
    expected = """
        publish orders
          process orders {messaging.system=nats}
            ...
            publish invoices.{id} ✗ Full
          ...
    """
    with pytest.raises(AssertionError) as raised:
        assert_trace(ORDERS, expected)
    assert str(raised.value).splitlines()[1:] == [
        "--- expected",
        "+++ recorded",
        " publish orders",
        "-  process orders {messaging.system=nats}",
        "+  process orders {messaging.system=kafka}",
        "     ...",
        "     publish invoices.{id} ✗ Full",
        "   ...",
    ]


def test_nothing_is_anything() -> None:
    """`...` takes none, too; nothing else does."""
    assert_trace(Trace(()), "...")
    with pytest.raises(AssertionError):
        assert_trace(Trace(()), "...\nprocess orders")


def test_shape_with_attributes_is_read_again() -> None:
    """What `shape` gives is a snapshot: text, the same each time, that compares."""
    names = sorted({name for each in ORDERS.spans for name in each.attributes})
    for asked in ([], ["messaging.system"], names):
        for kinds in (False, True):
            assert_trace(ORDERS, ORDERS.shape(kinds=kinds, attributes=asked))
    shown = ORDERS.shape(kinds=False, attributes=["messaging.system", "app.digits"])
    assert shown.splitlines()[1] == (
        '  process orders {messaging.system=kafka, app.digits="3"}'
    )


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("a\n    b", "'b' is at level 2, but the line above it is at level 0"),
        ("a\n b", "'b' is indented by an odd number of spaces, 1;"),
        ("...\n  b", r"'b' is below '\.\.\.'"),
        ("(3) a", "'a' is at level 3"),
    ],
)
def test_a_shape_that_cannot_be_read(shape: str, said: str) -> None:
    """The line at fault is told: no trace has such a shape."""
    with pytest.raises(ValueError, match=said):
        assert_trace(CHAIN, shape)


def test_names_that_look_like_something_else() -> None:
    """A destination may be called anything."""
    names = ["publish {a=b}", "publish ...", "publish [CLIENT] x", "publish ✗ x"]
    trace = Trace(
        tuple(
            span(n, name, "PRODUCER", "s", n, n + 1) for n, name in enumerate(names, 1)
        )
    )
    assert_trace(trace, trace.shape())
    assert_trace(trace, dedent(trace.shape(kinds=False)))
