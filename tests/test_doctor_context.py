"""What the doctor says of context: propagators, options, and a message on its way."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from faststream import BaseMiddleware, FastStream
from opentelemetry import propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from faststream_otel._options import CAPTURE_HEADERS, EXCLUDE
from faststream_otel.doctor import _context, _options, diagnose
from faststream_otel.doctor._finding import Rule
from tests.kinds import KINDS, Kind, every_kind
from tests.services import NATS, examined, process, provider, recording, well

if TYPE_CHECKING:
    from collections.abc import Callable

    from faststream_otel.doctor import Report

W3C = TraceContextTextMapPropagator()
MQTT = next(kind for kind in KINDS if kind.name == "mqtt")


class Custom(TextMapPropagator):
    """A format of the application's own: the ids, with a bar between."""

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        found = getter.get(carrier, "x-trace")
        if not found:
            return context
        trace_id, span_id = (int(part, 16) for part in found[0].split("|"))
        parent = trace.SpanContext(trace_id, span_id, is_remote=True)
        return trace.set_span_in_context(trace.NonRecordingSpan(parent), context)

    def inject(self, carrier: Any, context: Any = None, setter: Any = None) -> None:
        own = trace.get_current_span(context).get_span_context()
        carrier["x-trace"] = f"{own.trace_id:032x}|{own.span_id:016x}"

    @property
    def fields(self) -> set[str]:
        return {"x-trace"}


class Deaf(Custom):
    """Writes, and reads nothing."""

    def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
        return context


class Strips(BaseMiddleware[Any, Any]):
    """Sends a message without its headers."""

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        cmd.headers = {}
        return await call_next(cmd)


class Keeps(BaseMiddleware[Any, Any]):
    """Adds a header."""

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        cmd.headers = {**cmd.headers, "audited": "yes"}
        return await call_next(cmd)


class Stops(BaseMiddleware[Any, Any]):
    """Needs what is there only when the application has started."""

    async def consume_scope(self, call_next: Any, msg: Any) -> Any:
        raise LookupError("the password is hunter2")


def told(**options: Any) -> Callable[[Kind], Any]:
    """A service whose middleware has these options."""

    def make(kind: Kind) -> Any:
        recording()
        return well(kind, **options)

    return make


def globally(propagator: TextMapPropagator) -> Callable[[Kind], Any]:
    """A service with this global propagator."""

    def make(kind: Kind) -> Any:
        propagate.set_global_textmap(propagator)
        return told()(kind)

    return make


def with_middleware(middleware: Any) -> Callable[[Kind], Any]:
    """A service with a middleware of its own, which is inside of this package's."""

    def make(kind: Kind) -> Any:
        recording()
        broker = well(kind)
        broker.add_middleware(middleware)
        return broker

    return make


def old_mqtt(_: Kind) -> Any:
    """MQTT before its version 5."""
    recording()
    return MQTT.broker(version="3.1.1", middlewares=[MQTT.middleware()], logger=None)


def new_mqtt(_: Kind) -> Any:
    """MQTT of version 5."""
    recording()
    return MQTT.broker(version="5.0", middlewares=[MQTT.middleware()], logger=None)


def two(*propagators: TextMapPropagator) -> Callable[[Kind], Any]:
    """A service of several brokers, each with its propagator."""

    def make(kind: Kind) -> Any:
        recording()
        return [well(kind, propagator=each) for each in propagators]

    return make


BOTH = CompositePropagator([Custom(), W3C])
BROKEN: dict[str, list[Callable[[Kind], Any]]] = {
    "FSO201": [globally(CompositePropagator([]))],
    "FSO207": [with_middleware(Strips)],
    "FSO202": [told(propagator=CompositePropagator([Deaf(), W3CBaggagePropagator()]))],
    "FSO203": [old_mqtt],
    "FSO204": [two(W3C, BOTH, Custom())],
    "FSO205": [told(propagator=Custom())],
    "FSO206": [told(propagator=W3C, baggage_keys=["tenant"])],
    "FSO211": [told(exclude=["*"]), told(exclude=["health", "*"])],
    "FSO212": [told(create_spans=True)],
}
# What comes with it: a format of one's own is no `traceparent`.
TOO = {"FSO202": ["FSO205"], "FSO204": ["FSO205"]}
MENDED = {
    "FSO201": globally(W3C),
    "FSO207": with_middleware(Keeps),
    "FSO202": told(propagator=BOTH),
    "FSO203": new_mqtt,
    "FSO204": two(W3C, BOTH),
    "FSO205": told(propagator=BOTH),
    "FSO206": told(baggage_keys=["tenant"]),
    "FSO211": told(exclude=["health*"]),
    "FSO212": told(record_body_size=True),
}
ELSEWHERE = {"FSO213"}


def test_each_finding_is_tested() -> None:
    """All that the modules have."""
    rules = {
        each.code
        for module in (_context, _options)
        for each in vars(module).values()
        if isinstance(each, Rule)
    }
    assert rules == set(BROKEN) | ELSEWHERE
    assert set(BROKEN) == set(MENDED)


@pytest.mark.parametrize(
    ("code", "make"), [(code, each) for code in BROKEN for each in BROKEN[code]]
)
def test_broken(code: str, make: Callable[[Kind], Any]) -> None:
    """A service with one fault gives the finding, and no other."""
    report = examined(make)
    assert report.codes == [code, *TOO.get(code, [])]


@pytest.mark.parametrize("code", MENDED)
def test_mended(code: str) -> None:
    """It has none."""
    assert examined(MENDED[code]).codes == []


def fact(report: Report, name: str) -> str:
    """Give what was seen."""
    return next(each.text for each in report.facts if each.name == name)


@every_kind
def test_one_trace(kind: Kind) -> None:
    """A message goes through the application's middlewares, and stays in its trace."""
    report = examined(told(), kind)
    assert report.codes == []
    name = type(well(kind)).__name__
    assert fact(report, f"A message of {name}") == "one trace, by traceparent, baggage"


@pytest.mark.parametrize(
    ("incoming", "words"),
    [
        ("link", 'a new trace that links the sender, by incoming="link"'),
        ("ignore", 'a new trace, by incoming="ignore"'),
    ],
)
def test_new_trace_on_purpose(incoming: str, words: str) -> None:
    """What an option says is no finding."""
    report = examined(told(incoming=incoming))
    assert report.codes == []
    assert fact(report, "A message of NatsBroker") == words


def test_no_handler_runs() -> None:
    """Not even one that takes everything."""
    seen: list[Any] = []
    with process():
        recording()
        broker = well(NATS)

        @broker.subscriber(">")
        async def everything(body: Any) -> None:
            seen.append(body)

        assert diagnose(FastStream(broker), offline=True).codes == []
        assert not seen
        assert len(broker.subscribers) == 1


def test_nothing_is_recorded() -> None:
    """The application's provider gets no span of the doctor's message."""
    with process():
        own = provider(sampler=ALWAYS_ON)
        application = well(NATS, tracer_provider=own)
        telemetry = application.middlewares[0].telemetry
        diagnose(application, offline=True)
        (processor,) = own._active_span_processor._span_processors
        assert isinstance(processor, SimpleSpanProcessor)
        assert isinstance(processor.span_exporter, InMemorySpanExporter)
        assert not processor.span_exporter.get_finished_spans()
        assert application.middlewares[0].telemetry is telemetry


def test_in_an_event_loop() -> None:
    """A test that is a coroutine can ask, too."""

    async def ask() -> Report:
        return diagnose(told()(NATS), offline=True)

    with process():
        assert asyncio.run(ask()).codes == []


def test_middleware_that_fails() -> None:
    """It is said which error, and not what it says."""
    report = examined(with_middleware(Stops))
    assert report.codes == []
    assert fact(report, "A message of NatsBroker") == (
        "not tried: LookupError was raised on the way"
    )
    assert "hunter2" not in str(report)


def test_middleware_that_never_ends() -> None:
    """The doctor does not wait for it for ever."""

    class Waits(BaseMiddleware[Any, Any]):
        async def consume_scope(self, call_next: Any, msg: Any) -> Any:
            await asyncio.Event().wait()

    with process():
        broker = with_middleware(Waits)(NATS)
        report = diagnose(broker, offline=True, timeout=0.2)
    assert report.codes == []
    assert fact(report, "A message of NatsBroker") == (
        "not tried: TimeoutError was raised on the way"
    )


def test_middleware_that_is_a_partial() -> None:
    """It is named after what it is made of."""

    class Named(BaseMiddleware[Any, Any]):
        def __init__(self, msg: Any, /, *, context: Any, name: str) -> None:
            super().__init__(msg, context=context)

    report = examined(with_middleware(partial(partial(Named, name="a"))))
    assert "Named" in fact(report, "Broker")


def test_middleware_that_keeps_a_message() -> None:
    """Nothing can be said of its trace."""

    class Drops(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> None: ...

    report = examined(with_middleware(Drops))
    assert report.codes == []
    assert fact(report, "A message of NatsBroker") == (
        "not tried: a middleware kept it"
    )


def test_who_strips_headers() -> None:
    """The middlewares that may do it are named."""
    (finding,) = examined(with_middleware(Strips)).findings
    assert "Strips" in finding.remedy
    assert finding.where == "NatsBroker"


def test_excluded_by_a_variable() -> None:
    """The remedy names it."""
    (finding,) = examined(told(), environment={EXCLUDE: "*"}).findings
    assert finding.code == "FSO211"
    assert EXCLUDE in finding.remedy


def test_where_options_come_from() -> None:
    """From arguments and variables."""
    variables = {CAPTURE_HEADERS: "tenant, region"}
    report = examined(told(exclude=["health"], incoming="link"), environment=variables)
    assert fact(report, "Options of NatsTelemetryMiddleware").splitlines() == [
        "incoming='link' (argument)",
        f"capture_headers=['region', 'tenant'] ({CAPTURE_HEADERS})",
        "exclude=['health'] (argument)",
    ]


def test_variable_that_an_argument_overrides() -> None:
    """It is without effect."""
    report = examined(told(exclude=["health"]), environment={EXCLUDE: "internal.*"})
    (finding,) = report.findings
    assert finding.code == "FSO213"
    assert EXCLUDE in finding.remedy
    same = examined(told(exclude=["health"]), environment={EXCLUDE: "health"})
    assert same.codes == []


def test_propagators_are_named() -> None:
    """With where they come from."""
    assert fact(examined(told()), "Propagators") == "tracecontext, baggage"
    report = examined(told(propagator=W3C))
    assert fact(report, "Propagators") == "tracecontext (argument)"
