"""Headers that nobody means well with, and those that W3C's test suites ask about."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from faststream import Context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from faststream_otel.testing import in_memory
from trials.apart import apart
from trials.brokers.connecting import OF
from trials.hostile.vectors import BAGGAGE, GOOD, ID, STATES, TRACES
from trials.recorded import Kept
from trials.said import Said
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from guide.kinds import Kind
    from trials.trial import Trial

_OURS_ALONE: Final = {"traceparent", "tracestate", "baggage", "correlation_id"}
_LINES: Final = 5

_names = st.one_of(
    st.sampled_from(
        [
            *("traceparent", "Traceparent", "TRACEPARENT", "tracestate", "baggage"),
            *("Baggage", "b3", "uber-trace-id", "tenant", "Reply_To", "reply_to"),
        ]
    ),
    st.text(min_size=1, max_size=20),
)
_values = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="0123456789abcdef-", max_size=60),
    st.text(alphabet="ab=,;% \t\x1b\u00e9", max_size=200),
    st.builds(
        lambda at, what: GOOD[:at] + what + GOOD[at + 1 :],
        st.integers(0, len(GOOD)),
        st.text(max_size=3),
    ),
    st.integers(1, 20_000).map(lambda size: "a=1," * size),
)
_headers = st.dictionaries(_names, _values, max_size=6)


def fuzz(name: str, count: int) -> dict[str, Any]:
    """Publish and handle messages with odd headers, without telemetry and with it."""
    said = Said()
    inputs, kept, kind = _inputs(count), Kept(), OF[name]
    bare = asyncio.run(_seen(kind, kind.broker(logger=None), inputs))
    ours = asyncio.run(_seen(kind, traced(kind, kept), inputs))
    different = [
        f"{odd!r:.200}: {one!r:.150} {other!r:.150}"
        for odd, one, other in zip(inputs, bare, ours, strict=True)
        if one != other
    ]
    return {
        "inputs": len(inputs),
        "handled": sum(isinstance(each, list) for told in ours for each in told),
        "different": different,
        "open": kept.open,
        "lines": len(said.texts),
    }


def _inputs(count: int) -> list[tuple[dict[str, str], str]]:
    inputs: list[tuple[dict[str, str], str]] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_headers, st.text(max_size=20))
    def collect(headers: dict[str, str], body: str) -> None:
        inputs.append((headers, body))

    collect()
    return inputs


async def _seen(
    kind: Kind, broker: Any, inputs: list[tuple[dict[str, str], str]]
) -> list[list[Any]]:
    """Give what the handler saw of each message, or how publishing it failed."""
    told: list[list[Any]] = [[] for _ in inputs]

    async def handle(body: Any, message: Any = Context("message")) -> None:
        others = {
            key: repr(value)
            for key, value in message.headers.items()
            if key.lower() not in _OURS_ALONE
        }
        number = int(message.correlation_id)
        told[number].append([repr(body), *sorted(others.items())])

    kind.subscriber(broker, "orders")(handle)
    async with in_memory(broker):
        for number, (headers, body) in enumerate(inputs):
            error = await _publish(
                kind,
                broker,
                body,
                headers=dict(headers),
                correlation_id=str(number),
            )
            told[number] += error
    return told


async def _publish(kind: Kind, broker: Any, body: str, **options: Any) -> list[str]:
    """Publish a message; give the name of the error, if that fails."""
    try:
        await kind.publish(broker, body, "orders", **options)
    except Exception as error:
        return [type(error).__name__]
    return []


def traced(kind: Kind, kept: Kept) -> Any:
    """Make a broker that records headers, and how messages were settled."""
    middleware = kind.middleware(
        tracer_provider=kept.provider, capture_headers=["tenant"], settle_spans=True
    )
    return kind.broker(middlewares=[middleware], logger=None)


def _fuzzing(name: str, trial: Trial) -> None:
    count = 200 if trial.quick else 10_000
    ours = apart(fuzz, name=name, count=count, within=900)
    different = ours["different"]
    trial.check(
        "messages with headers at random that a handler or publisher sees differently",
        "none",
        f"{len(different)} of {ours['inputs']:,}"
        f"{''.join(f'; {each}' for each in different[:3])}",
        holds=not different and ours["handled"] > count / 4,
        rank=ours["inputs"],
    )
    trial.check(
        "spans that were never ended", "none", ours["open"], holds=ours["open"] == 0
    )
    trial.check(
        "log lines", f"at most {_LINES}", ours["lines"], holds=ours["lines"] <= _LINES
    )


def traces() -> dict[str, Any]:
    """Ask what W3C's suite for trace context asks: us, and the SDK."""
    cases = [*TRACES, *(({"traceparent": GOOD, **state}, "") for state, _ in STATES)]

    def judged(answers: list[tuple[str, Mapping[str, str]]]) -> list[str]:
        wrong = []
        for (headers, goes_on), (trace_id, _) in zip(TRACES, answers, strict=False):
            if (trace_id == ID) is not goes_on:
                wrong.append(str(headers))
        for (headers, wanted), (_, state) in zip(
            STATES, answers[len(TRACES) :], strict=True
        ):
            if dict(state) != wanted:
                wrong.append(str(headers)[:80])
        return wrong

    ours = asyncio.run(_received([headers for headers, _ in cases], _context))
    sdk = [_extracted(headers) for headers, _ in cases]
    return {"cases": len(cases), "ours": judged(ours), "sdk": judged(sdk)}


def entries() -> dict[str, Any]:
    """Ask what W3C's suite for baggage asks: us, and the SDK."""
    cases: list[dict[str, str]] = [{"baggage": header} for header, _ in BAGGAGE]
    ours = asyncio.run(_received(cases, lambda: dict(baggage.get_all())))
    sdk = [
        dict(baggage.get_all(W3CBaggagePropagator().extract(carrier)))
        for carrier in cases
    ]
    return {
        "cases": len(cases),
        **{
            name: [
                header[:80]
                for (header, wanted), answer in zip(BAGGAGE, answers, strict=True)
                if answer != wanted
            ]
            for name, answers in (("ours", ours), ("sdk", sdk))
        },
    }


def _extracted(headers: dict[str, str]) -> tuple[str, Mapping[str, str]]:
    context = TraceContextTextMapPropagator().extract(headers)
    span = trace.get_current_span(context).get_span_context()
    return f"{span.trace_id:032x}", span.trace_state


def _context() -> tuple[str, Mapping[str, str]]:
    span = trace.get_current_span().get_span_context()
    return f"{span.trace_id:032x}", span.trace_state


async def _received(
    cases: list[dict[str, str]], seen_by_handler: Callable[[], Any]
) -> list[Any]:
    """Have each message handled that a stranger sends with these headers."""
    kind, answers = OF["nats"], []
    broker = traced(kind, Kept())

    async def handle(body: str) -> None:
        answers.append(seen_by_handler())

    kind.subscriber(broker, "orders")(handle)
    stranger = kind.broker(logger=None)
    async with in_memory(broker, stranger):
        for headers in cases:
            await kind.publish(stranger, "x", "orders", headers=dict(headers))
    return answers


def _vectors(what: str, function: Callable[[], dict[str, Any]], trial: Trial) -> None:
    seen = apart(function)
    further = [case for case in seen["ours"] if case not in seen["sdk"]]
    trial.check(
        f"W3C's test cases for {what} that fail",
        "none that the SDK's own propagator passes",
        f"{len(seen['ours'])} of {seen['cases']}, where the SDK fails "
        f"{len(seen['sdk'])}{''.join(f'; {each}' for each in further)}",
        holds=not further,
    )


SCENARIOS: Final = (
    *(
        Scenario(
            f"hostile/{name}",
            "headers at random, and near to good",
            partial(_fuzzing, name),
        )
        for name in OF
    ),
    Scenario(
        "hostile/trace-context",
        "the cases of W3C's tests for trace context",
        partial(_vectors, "trace context", traces),
    ),
    Scenario(
        "hostile/baggage",
        "the cases of W3C's tests for baggage",
        partial(_vectors, "baggage", entries),
    ),
)
