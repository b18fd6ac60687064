"""Traces of any depth, width and size are shown and compared, in linear time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from faststream_otel.testing import Trace, assert_trace, draw, render
from tests.traces import span

if TYPE_CHECKING:
    from collections.abc import Callable


NAMES = [f"hop {number}" for number in range(7)]
KIND = "CONSUMER"


def chain(count: int) -> Trace:
    """Each span is the child of the one before: a handler that publishes to itself."""
    return Trace(
        tuple(
            span(n, f"hop {n % 7}", "CONSUMER", "s", n, 2 * count, parent=n - 1 or None)
            for n in range(1, count + 1)
        )
    )


def fan(count: int) -> Trace:
    """All spans are children of the first."""
    return Trace(
        tuple(
            span(
                n,
                f"hop {n % 7}",
                "CONSUMER",
                "s",
                n,
                n + 1,
                parent=1 if n > 1 else None,
            )
            for n in range(1, count + 1)
        )
    )


def many(count: int) -> Trace:
    """Each span is a trace."""
    return Trace(
        tuple(
            span(n, f"hop {n % 7}", "CONSUMER", "s", n, n + 1, trace=n)
            for n in range(1, count + 1)
        )
    )


def compare(trace: Trace) -> str:
    """Compare a trace with its own shape."""
    assert_trace(trace, trace.shape())
    return ""


def compare_with_anything(trace: Trace) -> str:
    """Compare it with a shape that takes all but the last."""
    assert_trace(trace, "...\nhop 1\n  ...\n...")
    return ""


def differ(trace: Trace) -> str:
    """Compare it with a shape that differs in the middle, and at the end."""
    lines = trace.shape().splitlines()
    for at in (len(lines) // 2, -1):
        lines[at] = lines[at].replace("hop", "hip")
    with pytest.raises(AssertionError) as raised:
        assert_trace(trace, "\n".join(lines))
    return str(raised.value)


SHOWN: dict[str, Callable[[Trace], str]] = {
    "render": lambda trace: render(trace, width=80, attributes=True),
    "draw": lambda trace: draw(trace, title="large"),
    "shape": lambda trace: trace.shape(),
    "compare": compare,
    "anything": compare_with_anything,
    "differ": differ,
}


def cpu(work: Callable[[], Any]) -> float:
    """Processor seconds of the quicker of two runs."""
    spent = []
    for _ in range(2):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


@pytest.mark.parametrize("make", [chain, fan, many], ids=lambda make: make.__name__)
@pytest.mark.parametrize("how", SHOWN)
def test_time_grows_as_the_trace_does(how: str, make: Callable[[int], Trace]) -> None:
    """Ten times the spans take about ten times as long, and never a hundred times."""
    small, large = make(500), make(5_000)
    least = 0.002  # of what takes next to nothing, only this is known
    before = max(cpu(lambda: SHOWN[how](small)), least)
    assert cpu(lambda: SHOWN[how](large)) < before * 35


@pytest.mark.long
@pytest.mark.parametrize(
    ("make", "count"), [(chain, 20_000), (fan, 20_000), (many, 50_000)]
)
def test_every_span_is_shown(make: Callable[[int], Trace], count: int) -> None:
    """None is missing, and no line grows with the depth."""
    trace = make(count)
    tree = render(trace, width=80).splitlines()
    shape = trace.shape().splitlines()
    assert len(tree) == len(shape) == count
    assert max(map(len, [*tree, *shape])) < 300
    assert draw(trace, title="large").count('class="trace-bar"') == count


def test_deep_lines_say_how_deep_they_are() -> None:
    """In the tree and in the shape, which is read again."""
    trace = chain(250)
    assert render(trace).splitlines()[200].lstrip().startswith("└── (200) hop 5")
    last = trace.shape().splitlines()[-1]
    assert last == f"{'  ' * 100}(249) hop 5 [CONSUMER]"
    assert_trace(trace, trace.shape())
    with pytest.raises(AssertionError, match=r"\+ +\(249\) hop 5 \[CONSUMER\]"):
        assert_trace(trace, "\n".join(trace.shape().splitlines()[:-1]))


def test_a_long_difference_is_cut() -> None:
    """It begins where the difference does, and says how much is left out."""
    trace = fan(20_000)
    said = differ(trace).splitlines()
    assert len(said) < 250
    assert any(" lines that are the same" in line for line in said)
    assert "-  hip 5 [CONSUMER]" in said
    assert "+  hop 5 [CONSUMER]" in said
    assert said[-1].endswith("more lines")


def test_what_is_its_own_ancestor_is_shown() -> None:
    """It has no root, and is not missing."""
    trace = Trace(
        (
            span(1, "a", "CLIENT", "s", 0, 1, parent=2),
            span(2, "b", "CLIENT", "s", 0, 1, parent=1),
            span(3, "c", "CLIENT", "s", 0, 1, parent=3),
        )
    )
    assert [each.name for _, each in trace.walk()] == ["a", "b", "c"]
    assert len(render(trace).splitlines()) == 3
