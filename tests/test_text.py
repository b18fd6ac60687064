"""Text that a sender chose: bounded, and such that every exporter takes it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from faststream_otel._text import LONGEST_TEXT, bounded
from faststream_otel.testing import in_memory
from tests.hops import raw_message
from tests.kinds import KINDS, Kind, every_kind
from tests.test_exceptions import OPT_IN, Logs

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

OF = {kind.name: kind for kind in KINDS}
MEGABYTE = 1_000_000
LONE = "\ud83d"
# What one message may cost in a request of 4 MB: two stack traces, and short texts.
MOST = 150_000


class Exported:
    """All that a middleware records, as it goes to a collector."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind, **options: Any
    ) -> None:
        monkeypatch.setenv(OPT_IN, "logs/dup")
        self._spans = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self._logs = Logs()
        self._reader = InMemoryMetricReader()
        middleware = kind.middleware(
            tracer_provider=provider,
            meter_provider=MeterProvider([self._reader], shutdown_on_exit=False),
            logger_provider=self._logs.provider,
            **options,
        )
        self.broker = kind.broker(middlewares=[middleware], logger=None)

    def spans(self) -> list[ReadableSpan]:
        """The spans, once all that was recorded could be encoded, and is short."""
        spans = list(self._spans.get_finished_spans())
        metrics: Any = self._reader.get_metrics_data()
        assert metrics is not None
        sizes = [
            encode_spans(spans).ByteSize(),
            encode_logs(self._logs.exported()).ByteSize(),
            encode_metrics(metrics).ByteSize(),
        ]
        assert max(sizes) < MOST, sizes
        return spans


async def settle(kind: Kind, broker: Any, *messages: Any) -> None:
    """Let the one subscriber handle what its client delivered."""
    async with in_memory(broker):
        (subscriber,) = broker.subscribers
        for message in messages:
            with suppress(ValueError):
                await subscriber.process_message(message)


class UnknownKindError(ValueError):
    """What a handler says about a message in its own words."""


@every_kind
@pytest.mark.parametrize(
    "text",
    [LONE, "\udc80" * 9, "\x00\x1b]0;title\x07", "é" * MEGABYTE, "x" * MEGABYTE],
    ids=["lone surrogate", "surrogates", "control", "wide megabyte", "megabyte"],
)
def test_an_errors_text_spoils_no_export(
    kind: Kind, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither status nor event nor log event, nor those of the messages around it."""
    exported = Exported(monkeypatch, kind)

    @kind.subscriber(exported.broker, "orders")
    async def handle(body: str) -> None:
        error = UnknownKindError(f"unknown kind {text}")
        if hasattr(error, "add_note"):
            error.add_note(f"noted {text}")
        raise error from KeyError(text)

    async def main() -> None:
        await settle(kind, exported.broker, await raw_message(kind, {}))

    asyncio.run(main())
    (process,) = exported.spans()
    description = process.status.description
    assert description is not None
    assert description.startswith("unknown kind ")
    assert len(description.encode()) <= LONGEST_TEXT
    if text == LONE:
        assert description == "unknown kind \ufffd"


@every_kind
def test_a_long_stack_trace_keeps_both_its_ends(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a chain of errors with long texts: the first, and that which was raised."""
    exported = Exported(monkeypatch, kind)

    @kind.subscriber(exported.broker, "orders")
    async def handle(body: str) -> None:
        error: ValueError = UnknownKindError("first of all")
        for n in range(40):
            previous, error = error, UnknownKindError(f"{n}" + "x" * 4_000)
            error.__cause__ = previous
        raise UnknownKindError("last of all") from error

    async def main() -> None:
        await settle(kind, exported.broker, await raw_message(kind, {}))

    asyncio.run(main())
    (process,) = exported.spans()
    attributes = process.events[0].attributes
    assert attributes is not None
    stacktrace = str(attributes["exception.stacktrace"])
    assert len(stacktrace) <= 32_768
    assert stacktrace.splitlines()[0].endswith("first of all")
    assert stacktrace.splitlines()[-1].endswith("last of all")


@every_kind
@pytest.mark.parametrize("value", ["x" * MEGABYTE, "é\x1b" * MEGABYTE], ids=["x", "é"])
def test_identifiers_and_headers_are_bounded(
    kind: Kind, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Correlation ids and captured headers of a megabyte, sent and received."""
    if kind.system == "redis":
        # As long, and as plain, as FastStream's envelope can have it.
        value = value[:30_000].replace("é", "e")
    options = {"capture_headers": ["tenant"]}
    exported = Exported(monkeypatch, kind, **options)

    @kind.subscriber(exported.broker, "orders")
    async def handle(body: str) -> None: ...

    async def main() -> None:
        async with in_memory(exported.broker) as deliveries:
            headers = {"tenant": value}
            await kind.publish(
                exported.broker, "x", "orders", headers=headers, correlation_id=value
            )
            await deliveries.settled()

    asyncio.run(main())
    spans = exported.spans()
    assert len(spans) == 2
    for span in spans:
        assert span.attributes is not None
        headers: Any = span.attributes["messaging.header.tenant"]
        (captured,) = headers
        found = str(span.attributes["messaging.message.conversation_id"])
        for text in (captured, found):
            assert text.startswith(value[:9])
            assert len(text.encode()) <= LONGEST_TEXT


@pytest.mark.parametrize("name", ["rabbit", "nats", "mqtt"])
def test_what_a_client_delivers_as_text_is_encodable(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers, ids and names with lone surrogates, where nothing encodes them."""
    kind = OF[name]
    exported = Exported(monkeypatch, kind, capture_headers=["tenant"])
    broker = exported.broker

    async def main() -> None:
        async with in_memory(broker):
            # FastStream may not encode it; the span says so.
            with suppress(UnicodeEncodeError):
                await kind.publish(
                    broker,
                    "x",
                    f"or{LONE}ders",
                    headers={"tenant": LONE},
                    correlation_id=LONE,
                )

    asyncio.run(main())
    (span,) = exported.spans()
    assert span.name == "publish or\ufffdders"
    assert span.attributes is not None
    assert span.attributes["messaging.destination.name"] == "or\ufffdders"
    assert span.attributes["messaging.header.tenant"] == ("\ufffd",)
    assert span.attributes["messaging.message.conversation_id"] == "\ufffd"


@pytest.mark.parametrize("name", ["kafka", "confluent"])
@pytest.mark.parametrize(
    ("key", "recorded"),
    [
        (b"k" * MEGABYTE, LONGEST_TEXT),
        ("é".encode() * MEGABYTE, LONGEST_TEXT - 1),
        (b"\xed\xa0\xbd", None),
    ],
    ids=["long", "wide", "no text"],
)
def test_keys_are_bounded(
    name: str, key: bytes, recorded: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those that are no text are left out."""
    kind = OF[name]
    exported = Exported(monkeypatch, kind)

    async def main() -> None:
        async with in_memory(exported.broker):
            await exported.broker.publish("x", "orders", key=key)

    asyncio.run(main())
    (span,) = exported.spans()
    assert span.attributes is not None
    found = span.attributes.get("messaging.kafka.message.key")
    assert (found and len(str(found).encode())) == recorded


@every_kind
def test_long_names_are_bounded(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of destinations, in spans and metrics, and those of errors."""
    exported = Exported(monkeypatch, kind)
    name = "d" * MEGABYTE
    error = type("E" * MEGABYTE, (ValueError,), {})

    @kind.subscriber(exported.broker, "orders")
    async def handle(body: str) -> None:
        raise error("wrong")

    async def main() -> None:
        await settle(kind, exported.broker, await raw_message(kind, {}))
        async with in_memory(exported.broker):
            await kind.publish(exported.broker, "x", name)

    asyncio.run(main())
    process, publish = exported.spans()
    assert publish.name.startswith("publish ddd")
    assert process.attributes is not None
    assert len(str(process.attributes["error.type"])) <= LONGEST_TEXT


def test_a_cut_is_shown_and_splits_no_character() -> None:
    """Also where the last character takes several bytes."""
    for longest in range(10, 20):
        for text in ("é" * 30, "é" * 10, "a" * 30, "\U0001f600" * 30, f"a{LONE}" * 30):
            cut = bounded(text, longest)
            assert len(cut.encode()) <= longest
            assert cut.endswith("...")
    assert bounded("é" * 10, 20) == "é" * 10


@every_kind
@pytest.mark.parametrize(
    ("value", "text"), [(7, "7"), (b"id", "b'id'"), ("id", "id")], ids=repr
)
def test_identifiers_of_any_type(
    kind: Kind, value: Any, text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an application gives as correlation id need be no text."""
    exported = Exported(monkeypatch, kind)

    async def main() -> None:
        async with in_memory(exported.broker):
            # FastStream cannot encode all of them; the span says so.
            with suppress(AttributeError, TypeError):
                await kind.publish(exported.broker, "x", "orders", correlation_id=value)

    asyncio.run(main())
    (span,) = exported.spans()
    assert span.attributes is not None
    assert span.attributes.get("messaging.message.conversation_id") == text
