"""The headers of a command: whose they are while it is sent, and afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from aio_pika import Message
from faststream import BaseMiddleware, Context, Response
from opentelemetry import context as otel_context
from opentelemetry import trace

from faststream_otel.testing import SpanRecorder, in_memory
from tests.hops import context_of, ids
from tests.kinds import KINDS, Kind, every_kind
from tests.test_batches import senders

if TYPE_CHECKING:
    from collections.abc import Callable

    from faststream_otel.testing import RecordedSpan

OF = {kind.name: kind for kind in KINDS}


def send(
    kind: Kind,
    broker: Any,
    *names: str,
    publish: Callable[..., Any] | None = None,
    headers: dict[str, Any] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Publish to the first name; give the headers that arrive, in order of bodies."""
    arrived: dict[str, list[tuple[str, dict[str, Any]]]] = {name: [] for name in names}
    outside = kind.broker()

    def subscribe(name: str) -> None:
        @kind.subscriber(outside, name)
        async def handle(body: str, message: Any = Context("message")) -> None:
            arrived[name].append((body, dict(message.headers)))

    for name in names:
        subscribe(name)

    async def main() -> None:
        async with in_memory(broker, outside) as deliveries:
            if publish is None:
                await kind.publish(broker, "hello", names[0], headers=headers)
            else:
                await publish()
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    return {
        name: [headers for _, headers in sorted(each, key=lambda one: one[0])]
        for name, each in arrived.items()
    }


def published(recorder: SpanRecorder, name: str) -> list[RecordedSpan]:
    """The publish spans of a destination."""
    return [s for s in recorder.trace().spans if s.name == f"publish {name}"]


def assign(span: Any, command: Any) -> None:
    """Give the command a new dictionary."""
    command.headers = {**command.headers, "x-hook": "1"}


def mutate(span: Any, command: Any) -> None:
    """Write into the command's dictionary."""
    command.headers["x-hook"] = "1"


def merge(span: Any, command: Any) -> None:
    """Update the command's dictionary in place."""
    command.headers |= {"x-hook": "1"}


def replace(span: Any, command: Any) -> None:
    """Keep nothing of what the caller wrote."""
    command.headers = {"x-hook": "1"}


def add(span: Any, command: Any) -> None:
    """Use FastStream's own method for it."""
    command.add_headers({"x-hook": "1"})


@every_kind
@pytest.mark.parametrize("hook", [assign, mutate, merge, replace, add])
def test_headers_that_a_hook_adds_are_sent(kind: Kind, hook: Any) -> None:
    """And the caller's dictionary stays as it is, with context beside them."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, telemetry={"publish_hook": hook})
    own = {"k": "v"}
    (headers,) = send(kind, broker, "orders", headers=own)["orders"]
    assert headers["x-hook"] == "1"
    assert headers.get("k") == (None if hook is replace else "v")
    assert own == {"k": "v"}
    (span,) = published(recorder, "orders")
    assert ids(headers) == (span.trace_id, span.span_id)


@every_kind
def test_a_hook_that_writes_context_is_the_producer(kind: Kind) -> None:
    """What it wrote is kept, as what a caller wrote."""

    def hook(span: Any, command: Any) -> None:
        command.headers["TraceParent"] = f"00-{5:032x}-{6:016x}-01"

    broker = kind.traced(SpanRecorder(), telemetry={"publish_hook": hook})
    (headers,) = send(kind, broker, "orders")["orders"]
    assert ids(headers) == (5, 6)


class Mirror(BaseMiddleware[Any, Any]):
    """Sends each command once more, to another destination."""

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        result = await call_next(cmd)
        cmd.destination = "audit"
        await call_next(cmd)
        return result


class Again(BaseMiddleware[Any, Any]):
    """Sends each command three times."""

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        await call_next(cmd)
        await call_next(cmd)
        return await call_next(cmd)


class Fallback(BaseMiddleware[Any, Any]):
    """Sends a command that failed somewhere else."""

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        await call_next(cmd)
        try:
            cmd.destination = "broken"
            await call_next(cmd)
        except ConnectionError:
            cmd.destination = "audit"
            return await call_next(cmd)


class Breaks(BaseMiddleware[Any, Any]):
    """Cannot send to one destination."""

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        if cmd.destination == "broken":
            raise ConnectionError
        return await call_next(cmd)


@every_kind
@pytest.mark.parametrize("outer", [Mirror, Again, Fallback])
def test_what_is_sent_again_is_a_publish_of_its_own(kind: Kind, outer: Any) -> None:
    """A producer's span in the caller's trace, and its context in its message."""
    recorder = SpanRecorder()
    traced = kind.traced(recorder)
    broker = kind.broker(middlewares=[outer, *traced.middlewares, Breaks])
    tracer = trace.get_tracer(__name__, tracer_provider=_provider(traced))

    async def publish() -> None:
        with tracer.start_as_current_span("caller"):
            await kind.publish(broker, "hello", "orders", headers={"k": "v"})
            await kind.publish(broker, "hello", "orders")

    arrived = send(kind, broker, "orders", "audit", publish=publish)
    caller = next(s for s in recorder.trace().spans if s.name == "caller")
    sent = [s for s in recorder.trace().spans if s.name.startswith("publish")]
    assert {(span.kind, span.links) for span in sent} == {("PRODUCER", ())}
    assert {span.parent_id for span in sent} == {caller.span_id}
    for name in ("orders", "audit"):
        spans = {(s.trace_id, s.span_id) for s in published(recorder, name)}
        assert set(map(ids, arrived[name])) == spans
        written = [each for each in arrived[name] if each.get("k") == "v"]
        assert len(written) * 2 == len(arrived[name]) == len(spans)


def _provider(broker: Any) -> Any:
    (middleware,) = broker.middlewares
    return middleware.telemetry.tracer_provider


@every_kind
def test_a_command_comes_back_as_its_caller_wrote_it(kind: Kind) -> None:
    """With what middlewares inside of ours added or removed, and no more."""
    found: list[Any] = []

    class Outside(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            before = cmd.headers
            copied = dict(before or {})
            result = await call_next(cmd)
            found.append((copied, dict(cmd.headers or {}), dict(before or {})))
            return result

    class Inside(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            cmd.headers = {k: v for k, v in cmd.headers.items() if k != "removed"}
            cmd.headers["added"] = "1"
            return await call_next(cmd)

    for inner in ([], [Inside]):
        traced = kind.traced(SpanRecorder())
        broker = kind.broker(middlewares=[Outside, *traced.middlewares, *inner])
        send(kind, broker, "orders", headers={"removed": "1", "kept": "1"})
    for before, _, own in found:
        assert own == before
    (alone, touched) = [after for _, after, _ in found]
    assert alone == {"removed": "1", "kept": "1"}
    assert touched == {"kept": "1", "added": "1"}


@every_kind
def test_one_response_to_two_publishers(kind: Kind) -> None:
    """Each message carries the span that sent it, and none that of the other."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder)

    @kind.subscriber(broker, "first")
    @kind.publisher(broker, "left")
    @kind.publisher(broker, "right")
    async def first(body: str) -> Any:
        return Response(body, headers={"k": "v"})

    async def publish() -> None:
        await kind.publish(broker, "hello", "first")

    arrived = send(kind, broker, "left", "right", publish=publish)
    for name in ("left", "right"):
        (span,) = published(recorder, name)
        (headers,) = arrived[name]
        assert (ids(headers), headers["k"]) == ((span.trace_id, span.span_id), "v")


def reads(cmd: Any) -> None:
    """Copy the headers, as for a line of a log."""
    dict(cmd.headers)


def copies(cmd: Any) -> None:
    """Copy them by their method, and look at all keys and items."""
    cmd.headers.copy()
    list(cmd.headers)
    sorted(cmd.headers.items())


def replaces(cmd: Any) -> None:
    """Give the command another dictionary."""
    cmd.headers = {**cmd.headers, "x": "1"}


def updates(cmd: Any) -> None:
    """Write into the dictionary that is there."""
    cmd.headers |= {"x": "1"}
    cmd.headers.setdefault("y", "2")


def swaps(cmd: Any) -> None:
    """Merge the other way round."""
    cmd.headers = {"x": "1"} | cmd.headers


def drops(cmd: Any) -> None:
    """Keep none of the headers."""
    cmd.headers = {"x": "1"}


@senders
@pytest.mark.parametrize("does", [reads, copies, replaces, updates, swaps, drops])
def test_each_message_of_a_batch_carries_its_own(kind: Kind, does: Any) -> None:
    """Whatever middlewares inside do to the headers of the batch."""
    recorder = SpanRecorder()
    traced = kind.traced(recorder, telemetry={"create_spans": True})

    class Inside(BaseMiddleware[Any, Any]):
        async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
            does(cmd)
            return await call_next(cmd)

    broker = kind.broker(middlewares=[*traced.middlewares, Inside])
    bodies = ("a", "b", "c")

    async def publish() -> None:
        options = {kind.sent_to: "orders", "headers": {"k": "v"}}
        await broker.publish_batch(*bodies, **options)

    arrived = send(kind, broker, "orders", publish=publish)["orders"]
    spans = recorder.trace().spans
    created = [(s.trace_id, s.span_id) for s in spans if s.name == "create orders"]
    if kind.system == "redis":
        assert not created  # All messages of its batch have the same headers.
        (batch,) = published(recorder, "orders")
        created = [(batch.trace_id, batch.span_id)] * len(bodies)
    if kind.system != "redis" or does is not drops:
        assert [ids(headers) for headers in arrived] == created
    if does not in {reads, copies}:
        assert [headers["x"] for headers in arrived] == ["1"] * len(bodies)
    assert [headers.get("k") for headers in arrived] == [
        None if does is drops else "v"
    ] * len(bodies)


@every_kind
def test_nothing_is_current_that_was_not(kind: Kind) -> None:
    """After a command was sent, and after it failed."""
    broker = kind.broker(middlewares=[*kind.traced(SpanRecorder()).middlewares, Breaks])

    async def publish() -> None:
        before = otel_context.get_current()
        await kind.publish(broker, "hello", "orders")
        assert otel_context.get_current() is before
        with pytest.raises(ConnectionError):
            await kind.publish(broker, "hello", "broken")
        assert otel_context.get_current() is before

    (headers,) = send(kind, broker, "orders", publish=publish)["orders"]
    assert context_of(headers, "traceparent")


class NoHeaders(BaseMiddleware):
    """Sends a command without any headers."""

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        """Take them away, and leave it so."""
        cmd.headers = None
        return await call_next(cmd)


@every_kind
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_a_middleware_may_take_all_headers_away(kind: Kind, inside: bool) -> None:
    """Outside of ours, those that carry context are all that there are."""
    broker = kind.traced(SpanRecorder())
    (broker.add_middleware if inside else broker.insert_middleware)(NoHeaders)
    (headers,) = send(kind, broker, "orders", headers={"tenant": "acme"})["orders"]
    assert ("tenant" in headers, "traceparent" in headers) == (False, not inside)


class Twice(dict[str, Any]):
    """Has a header twice, as multidicts do: it gives the first by name."""

    def items(self) -> Any:
        """Give both."""
        return [("tenant", "acme"), ("tenant", "other")]


@every_kind
def test_headers_may_have_a_name_twice(kind: Kind) -> None:
    """What is sent is what FastStream takes of them."""
    broker = kind.traced(SpanRecorder())
    (headers,) = send(kind, broker, "orders", headers=Twice(tenant="acme"))["orders"]
    assert headers["tenant"] == "acme"
    assert "traceparent" in headers


class Watching(BaseMiddleware):
    """Keeps the bodies of what is sent."""

    seen: ClassVar[list[Any]] = []

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        """Keep one."""
        self.seen.append(cmd.body)
        return await call_next(cmd)


def test_a_message_of_the_client_carries_context() -> None:
    """FastStream sends it as it is: a copy has our headers, whoever sends it twice."""
    kind, recorder = OF["rabbit"], SpanRecorder()
    broker = kind.traced(recorder)
    broker.add_middleware(Watching)
    written: Any = {"tenant": "acme"}
    message = Message(b"hello", headers=written, correlation_id="theirs")

    async def publish() -> None:
        for _ in range(2):
            await broker.publish(message, "orders", headers={"never": "sent"})

    arrived = send(kind, broker, "orders", publish=publish)["orders"]
    spans = recorder.trace().spans
    assert [span.kind for span in spans] == ["PRODUCER", "PRODUCER"]
    assert sorted(map(ids, arrived)) == sorted(
        (span.trace_id, span.span_id) for span in spans
    )
    assert [set(each) for each in arrived] == [{"tenant", "traceparent"}] * 2
    assert (message.headers, written) == ({"tenant": "acme"}, {"tenant": "acme"})
    assert [each is message for each in Watching.seen] == [True, True]
    ids_of = {span.attributes["messaging.message.conversation_id"] for span in spans}
    assert ids_of == {"theirs"}


def test_a_message_of_the_client_passes_nothing_on() -> None:
    """Nothing of what a boundary refused, nor the message that came itself."""
    kind = OF["rabbit"]
    broker = kind.traced(SpanRecorder(), telemetry={"incoming": "ignore"})
    outside = kind.broker()
    arrived: list[dict[str, Any]] = []

    @kind.subscriber(broker, "orders")
    async def handle(body: str, message: Any = Context("message")) -> None:
        await broker.publish(Message(b"a", headers=dict(message.headers)), "next")
        raw = message.raw_message
        await broker.publish(Message(b"b", headers=raw.headers), "next")

    @kind.subscriber(outside, "next")
    async def following(body: str, message: Any = Context("message")) -> None:
        arrived.append(dict(message.headers))

    came = {"traceparent": f"00-{5:032x}-{5:016x}-01", "baggage": "tenant=acme"}

    async def main() -> None:
        async with in_memory(broker, outside) as deliveries:
            await outside.publish("x", "orders", headers={**came, "kept": "yes"})
            await deliveries.settled()
        assert not deliveries.errors

    asyncio.run(main())
    assert len(arrived) == 2
    for headers in arrived:
        assert headers["kept"] == "yes"
        assert "baggage" not in headers
        assert ids(headers)[0] != 5
