"""Identifiers of a message that several brokers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faststream_otel import _conventions as conventions
from faststream_otel._text import identifier

if TYPE_CHECKING:
    from faststream_otel._destination import Attributes


def add_conversation(attributes: Attributes, correlation_id: object) -> None:
    """Add a correlation id, of whatever type the sender or the caller gave it."""
    text = identifier(correlation_id)
    if text is not None:
        attributes[conventions.MESSAGE_CONVERSATION_ID] = text
