"""What a message holds stands in no telemetry, also where it is wrong."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from faststream import Context, ContextRepo
from faststream.exceptions import ContextError
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from faststream_otel.testing import in_memory
from tests.kinds import KINDS, Kind, every_kind
from tests.test_exceptions import OPT_IN, Logs

if TYPE_CHECKING:
    from collections.abc import Callable

OF = {kind.name: kind for kind in KINDS}
SECRET = "4111SECRET"  # noqa: S105
NOT_RECORDED = "not recorded"


class Card(BaseModel):
    """What a handler expects."""

    model_config = ConfigDict(extra="forbid")

    number: int
    owner: dict[str, int] = Field(default_factory=dict)
    limits: list[int] = Field(default_factory=list, alias="card-limits")

    @field_validator("number", mode="after")
    @classmethod
    def known(cls, number: int) -> int:
        """Quote the value, as validators do."""
        if number > 9:
            raise ValueError(f"{number}SECRET is unknown")
        return number


async def expects_card(card: Card) -> None:
    """Have a model."""


async def expects_number(number: int, verbose: bool) -> None:
    """Have two parameters."""


async def expects_context(body: Any, nothing: Any = Context("nothing")) -> None:
    """Ask for what FastStream's context does not have."""


async def looks_into_context(body: Any, context: ContextRepo) -> None:
    """Fail as FastStream does, which prints all that its context has."""
    raise ContextError({"message": body, **context.context}, "nothing")


async def expects_list(items: list[Card]) -> None:
    """Have a list of models."""


async def validates(body: Any) -> None:
    """Validate by hand, and raise an error of its own from it."""
    try:
        Card.model_validate(body)
    except ValidationError as error:
        raise RuntimeError(f"cannot read: {error}") from error


async def while_handling(body: Any) -> None:
    """Raise an error of its own while another one is handled."""
    try:
        json.loads(f"{{{SECRET}")
    except ValueError:
        raise LookupError("no such card")  # noqa: B904


async def notes(body: Any) -> None:
    """Add a note to what a library said."""
    try:
        Card.model_validate(body)
    except ValidationError as error:
        if sys.version_info >= (3, 11):
            error.add_note(f"it was {body}")
        raise


def library_error(module: str, name: str, base: type[Exception]) -> type[Exception]:
    """Make the class of an error that a library raises about its input."""
    return type(name, (base,), {"__module__": module})


PARSERS = (
    ("msgspec", "ValidationError", Exception),
    ("msgspec", "DecodeError", Exception),
    ("orjson", "JSONDecodeError", json.JSONDecodeError),
    ("fastavro.exceptions", "SchemaError", ValueError),
    ("google.protobuf.message", "DecodeError", Exception),
    ("marshmallow.exceptions", "ValidationError", ValueError),
)

CASES: dict[str, tuple[Callable[..., Any], Any, str]] = {
    "value": (expects_card, {"number": SECRET}, "number: int_parsing"),
    "validator": (expects_card, {"number": 4111}, "number: value_error"),
    "missing": (
        expects_card,
        {SECRET: 1},
        "card.number: missing; card.*: extra_forbidden",
    ),
    "key": (
        expects_card,
        {"number": 1, "owner": {SECRET: "x"}},
        "owner.*: int_parsing",
    ),
    "alias": (
        expects_card,
        {"number": 1, "card-limits": [1, SECRET]},
        "card-limits.1: int_parsing",
    ),
    "list": (
        expects_list,
        [{"number": 1}, {"number": SECRET}],
        "1.number: int_parsing",
    ),
    "unpack": (expects_number, [SECRET, SECRET, SECRET], "number: int_parsing"),
    "parameter": (expects_number, {"number": SECRET, "verbose": 1}, "number: "),
    "context": (expects_context, SECRET, "nothing: missing"),
    "whole context": (looks_into_context, SECRET, NOT_RECORDED),
    "own error": (validates, {"number": SECRET}, "cannot read: not recorded"),
    "while handling": (while_handling, SECRET, "no such card"),
    "note": (notes, {"number": SECRET}, "*: int_parsing"),
}


def told(
    kind: Kind,
    monkeypatch: pytest.MonkeyPatch,
    handler: Callable[..., Any],
    body: Any,
    *,
    content_type: str = "application/json",
    **subscriber: Any,
) -> tuple[str, str, str]:
    """Let a message be handled; give status, error type, and all that is recorded."""
    monkeypatch.setenv(OPT_IN, "logs/dup")
    spans, logs = InMemorySpanExporter(), Logs()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    middleware = kind.middleware(
        tracer_provider=provider, logger_provider=logs.provider
    )
    broker, outside = kind.broker(middlewares=[middleware], logger=None), kind.broker()
    kind.subscriber(broker, "orders")(handler, **subscriber)
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def main() -> None:
        async with in_memory(broker, outside) as deliveries:
            headers = {"content-type": content_type, "x-secret": SECRET}
            await kind.publish(outside, encoded, "orders", headers=headers)
            await deliveries.settled()
        assert len(deliveries.errors) == 1

    asyncio.run(main())
    (span,) = spans.get_finished_spans()
    assert len(span.events) == len(logs.records()) == 1
    assert span.attributes is not None
    recorded = (span.attributes, span.status.description, span.events[0].attributes)
    everything = (*recorded, span.name, logs.records()[0].attributes, span.links)
    return (
        str(span.status.description),
        str(span.attributes["error.type"]),
        repr([dict(one) if isinstance(one, Mapping) else one for one in everything]),
    )


@every_kind
@pytest.mark.parametrize("case", CASES)
def test_the_place_of_a_mistake_and_no_value(
    kind: Kind, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In status, event and log event, by names that the application itself chose."""
    handler, body, place = CASES[case]
    status, error_type, recorded = told(kind, monkeypatch, handler, body)
    assert SECRET not in recorded
    assert place in status
    assert error_type


@every_kind
def test_a_body_that_cannot_be_decoded(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastStream's own reading of JSON and text."""
    for body, content_type in (
        (f'{{"{SECRET}": '.encode(), "application/json"),
        (SECRET.encode() + b"\xff", "text/plain"),
    ):
        _, error_type, recorded = told(
            kind, monkeypatch, expects_card, body, content_type=content_type
        )
        assert SECRET not in recorded
        assert error_type


@every_kind
def test_a_body_that_cannot_be_unpacked(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastStream quotes it in a `ValueError` of its own."""
    for body in (41115500, None, 4111.55):
        status, error_type, recorded = told(kind, monkeypatch, expects_number, body)
        assert error_type == "ValueError"
        assert NOT_RECORDED in status
        assert f"`{body}`" not in recorded


@every_kind
def test_a_message_that_no_filter_wants(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastStream prints body and headers in its `SubscriberNotFound`."""
    status, error_type, recorded = told(
        kind, monkeypatch, validates, {"number": SECRET}, filter=lambda _: False
    )
    assert error_type == "faststream.exceptions.SubscriberNotFound"
    assert SECRET not in recorded
    assert NOT_RECORDED in status


@pytest.mark.parametrize(("module", "name", "base"), PARSERS)
def test_errors_of_libraries_that_read(
    module: str, name: str, base: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whatever library, as itself, as a cause, and in a group."""
    kind = OF["nats"]
    error_class = library_error(module, name, base)
    arguments = (
        (SECRET, SECRET, 0)
        if issubclass(base, json.JSONDecodeError)
        else (f"expected int, got {SECRET}",)
    )

    async def itself(body: Any) -> None:
        raise error_class(*arguments)

    async def cause(body: Any) -> None:
        error = error_class(*arguments)
        raise RuntimeError(f"wrong: {error}") from error

    async def group(body: Any) -> None:
        error = error_class(*arguments)
        raise BaseExceptionGroup(f"one is {error}", [OSError("x"), error])  # noqa: F821

    handlers = [itself, cause]
    if sys.version_info >= (3, 11):
        handlers.append(group)
    for handler in handlers:
        _, error_type, recorded = told(kind, monkeypatch, handler, "x")
        assert SECRET not in recorded
        assert error_type
        if handler is not itself:
            assert name in recorded


@every_kind
def test_what_the_application_says_is_recorded(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of its own, with its cause, has its own words."""

    async def handle(body: Any) -> None:
        raise ValueError("no such order: 7") from OSError("disk full")

    status, error_type, recorded = told(kind, monkeypatch, handle, "x")
    assert (status, error_type) == ("no such order: 7", "ValueError")
    assert "disk full" in recorded
    assert "direct cause" in recorded
