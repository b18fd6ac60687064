"""Words and numbers of a trace, as tree and picture show them."""

from __future__ import annotations

import pytest

from faststream_otel._traces.format import (
    cells,
    clean,
    duration,
    interval,
    shorten,
    value,
)
from tests.traces import MS


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (-1, "0 ms"),
        (0, "0 ms"),
        (999, "999 ns"),
        (1_000, "1 µs"),
        (12_345, "12.3 µs"),
        (99_949, "99.9 µs"),
        (99_950, "0.1 ms"),
        (350_000, "0.35 ms"),
        (MS, "1 ms"),
        (1_005_000, "1.01 ms"),
        (9_996_000, "10 ms"),
        (100_000_000, "100 ms"),
        (999_499_999, "999 ms"),
        (999_500_000, "1 s"),
        (1_200_000_000, "1.2 s"),
        (5_400_000_000_000, "5400 s"),
    ],
)
def test_duration(nanoseconds: int, text: str) -> None:
    """Three digits in a unit that suits, without zeros at the end."""
    assert duration(nanoseconds) == text


def test_interval_has_one_unit() -> None:
    """A beginning is told in the unit of its end."""
    assert interval(0, MS) == "0 to 1 ms"
    assert interval(350_000, 1_500_000_000) == "0 to 1.5 s"
    assert interval(20_000, 2 * MS) == "0.02 to 2 ms"


def test_no_name_gives_a_terminal_orders() -> None:
    """Control characters and what turns text around are replaced."""
    assert clean("a\x1b[31mb\r\n\tc\u202ed\ud800\ufffe") == (
        "a\ufffd[31mb   c\ufffdd\ufffd\ufffd"
    )


def test_shorten() -> None:
    """What is too long ends with an ellipsis, and is as long as allowed at the most."""
    assert shorten("orders", 6) == "orders"
    assert shorten("orders.eu", 6) == "order…"
    assert shorten("a 注文注文", 6) == "a 注…"
    assert cells(shorten("注" * 50, 20)) <= 20


def test_value() -> None:
    """Values read as a person writes them, in one line."""
    assert value("1\n2") == "1 2"
    assert value(1.5) == "1.5"
    assert value(("a", "b")) == "[a, b]"
    assert value([True, False]) == "[true, false]"
