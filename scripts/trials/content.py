"""Secrets in each part of a message: which of them telemetry has."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import (
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from pydantic import BaseModel

from faststream_otel.testing import in_memory
from trials.apart import apart
from trials.brokers.connecting import OF
from trials.recorded import Kept
from trials.said import Said
from trials.trial import Scenario

if TYPE_CHECKING:
    from guide.kinds import Kind
    from trials.trial import Trial

# A word that stands nowhere else, for each part.
_PARTS: Final = {
    part: f"canary-{part}"
    for part in (
        *("body", "wrong", "answer", "header", "baggage", "key", "correlation"),
        *("error", "password"),
    )
}
# What the guide says is recorded; a key where a broker has one.
_SAID: Final = {"correlation", "error"}
_PROMISED: Final = "its correlation id, the text of an error, and Kafka's key"
_WITH_KEY: Final = {"kafka", "confluent"}
_URLS: Final = {
    "rabbit": "amqp://user:{}@localhost:5672/",
    "nats": "nats://user:{}@localhost:4222",
    "redis": "redis://user:{}@localhost:6379",
    "mqtt": "mqtt://user:{}@localhost:1883",
}


class _Card(BaseModel):
    number: int


def recorded(name: str) -> dict[str, Any]:
    """Put a secret into each part of messages; give those that telemetry has."""
    return asyncio.run(_recorded(OF[name]))


async def _recorded(kind: Kind) -> dict[str, Any]:
    kept, reader, logs = Kept(), InMemoryMetricReader(), _logs()
    said = Said(logging.DEBUG)
    logger_provider = LoggerProvider(shutdown_on_exit=False)
    logger_provider.add_log_record_processor(SimpleLogRecordProcessor(logs))
    middleware = kind.middleware(
        tracer_provider=kept.provider,
        meter_provider=MeterProvider([reader], shutdown_on_exit=False),
        logger_provider=logger_provider,
        create_spans=True,
        settle_spans=True,
        record_body_size=True,
        record_queue_time=True,
    )
    url = _URLS.get(kind.name.partition("-")[0], "").format(_PARTS["password"])
    broker = kind.broker(*filter(None, [url]), middlewares=[middleware], logger=None)

    async def fails(body: str) -> None:
        raise ValueError(_PARTS["error"])

    async def expects(card: _Card) -> None: ...

    async def answers(body: str) -> str:
        return _PARTS["answer"]

    for destination, handler in (("one", fails), ("two", expects), ("three", answers)):
        kind.subscriber(broker, destination)(handler)
    options: dict[str, Any] = {
        "headers": {"tenant": _PARTS["header"], "baggage": f"a={_PARTS['baggage']}"},
        "correlation_id": _PARTS["correlation"],
    }
    keyed = {"key": _PARTS["key"].encode()} if kind.name in _WITH_KEY else {}
    async with in_memory(broker):
        await kind.publish(broker, _PARTS["body"], "one", **options, **keyed)
        await kind.publish(broker, {"number": _PARTS["wrong"]}, "two", **options)
        await kind.request(broker, _PARTS["body"], "three", **options)
    told = [span.to_json() for span in kept.spans]
    told += [each.to_json() for each in logs.get_finished_logs()]
    data = reader.get_metrics_data()
    told += [data.to_json()] if data else []
    told += said.texts
    everything = "\n".join(told)
    handled = sum(span.name.startswith("process") for span in kept.spans)
    return {
        "found": [part for part, word in _PARTS.items() if word in everything],
        "handled": handled,
    }


def _logs() -> InMemoryLogRecordExporter:
    return InMemoryLogRecordExporter()  # type: ignore[no-untyped-call] # the SDK annotates it in part


def _canaries(name: str, trial: Trial) -> None:
    seen = apart(recorded, name=name)
    wanted = _SAID | ({"key"} if name in _WITH_KEY else set())
    trial.check(
        "what telemetry has of a message",
        _PROMISED,
        f"{', '.join(sorted(seen['found']))}, of {len(_PARTS)} parts",
        holds=set(seen["found"]) == wanted and seen["handled"] >= len(_SAID) + 1,
    )


SCENARIOS: Final = tuple(
    Scenario(
        f"content/{name}",
        "a secret in body, headers, baggage, key, ids, error texts, answer and URL",
        partial(_canaries, name),
    )
    for name in OF
)
