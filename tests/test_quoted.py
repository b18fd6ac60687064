"""Texts of exceptions that quote others: none of them tells what a message holds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ValidationError

from faststream_otel._content import Told
from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import Kind, every_kind

CARD = "card 4111"


class Order(BaseModel):
    """A model that the input does not fit."""

    amount: int


class Group(Exception):  # noqa: N818 - stands for ExceptionGroup, which 3.10 lacks
    """An exception with members."""

    def __init__(self, members: tuple[Exception, ...]) -> None:
        super().__init__(f"{len(members)} failed")
        self.exceptions = members


def wrong(text: str) -> ValidationError:
    """Give what pydantic says of a text that is no number, and quotes."""
    with pytest.raises(ValidationError) as raised:
        Order.model_validate({"amount": text})
    return raised.value


def quoting(text: object, cause: Exception) -> Exception:
    """Raise an exception whose text quotes another one."""
    with pytest.raises(RuntimeError) as raised:
        raise RuntimeError(f"bad order: {text}") from cause
    return raised.value


def told(error: Exception) -> str:
    """All that is recorded of an exception."""
    texts = Told(error)
    return texts.message(error) + texts.stacktrace(error)


def test_a_group_of_many_that_quote_their_input() -> None:
    """Far more than are told."""
    causes = [wrong(f"{CARD} {number}") for number in range(100)]
    error = Group(tuple(quoting(cause, cause) for cause in causes))
    assert "RuntimeError: bad order: not recorded" in told(error)
    assert CARD not in told(error)


@pytest.mark.parametrize("length", [60, 2_000])
def test_a_long_chain_that_quotes_its_input(length: int) -> None:
    """Each attempt quotes the one before."""
    error: Exception = wrong(CARD)
    for _ in range(length):
        failed = RuntimeError(f"again: {wrong(CARD)}")
        failed.__cause__, error = error, failed
    assert "RuntimeError: " in told(error)
    assert CARD not in told(error)


def test_the_representation_of_an_error_is_quoted() -> None:
    """That of a decoding error has all bytes of the message."""
    with pytest.raises(UnicodeDecodeError) as raised:
        f"{CARD}\udcff".encode("utf-8", "surrogateescape").decode()
    error = quoting(repr(raised.value), raised.value)
    assert "bad order: not recorded" in told(error)
    assert CARD not in told(error)


class Text(str):
    """A text whose methods fail."""

    __slots__ = ()

    def isascii(self) -> bool:
        """Raise."""
        raise RuntimeError

    def replace(self, *_: Any) -> str:
        """Raise."""
        raise RuntimeError


class OddError(Exception):
    """Its text is none of the usual ones."""

    def __str__(self) -> str:
        return Text("odd")


def test_a_text_whose_methods_fail() -> None:
    """It is read nonetheless, as a note is."""
    error = OddError()
    error.__notes__ = [Text("a note")]
    assert "OddError: odd\na note\n" in told(error)


if TYPE_CHECKING:
    from decimal import Decimal


@dataclass
class Session:
    """A class that FastStream never reads, as it applies no types."""

    limit: Decimal


@every_kind
def test_a_handler_may_name_what_only_a_type_checker_knows(kind: Kind) -> None:
    """Its error is recorded like any other."""
    recorder = SpanRecorder()
    broker = kind.traced(recorder, apply_types=False)

    @kind.subscriber(broker, "orders")
    async def handle(session: Session) -> None:
        raise ValueError(session)

    async def main() -> None:
        async with in_memory(broker) as deliveries:
            await kind.publish(broker, "hello", "orders")
            await deliveries.settled()

    asyncio.run(main())
    (span,) = [each for each in recorder.trace().spans if each.kind == "CONSUMER"]
    assert span.attributes["error.type"] == "ValueError"
