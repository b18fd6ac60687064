"""Baggage: key-value pairs that travel with a message and with all that follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context

from faststream_otel._delivery import current_delivery, runs_in_thread, with_baggage
from faststream_otel._headers import HeaderGetter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from faststream import StreamMessage
    from typing_extensions import Self

_W3C = W3CBaggagePropagator()


class Baggage:
    """A set of baggage entries.

    Args:
        payload: The entries.
        batch_payload: The entries of each message, if they come from a batch.
    """

    __slots__ = ("_batch", "_entries")

    def __init__(
        self,
        payload: Mapping[str, Any],
        batch_payload: Iterable[Mapping[str, Any]] | None = None,
    ) -> None:
        self._entries: Mapping[str, Any] = dict(payload)
        self._batch = [dict(entries) for entries in batch_payload or ()]

    def get_all(self) -> dict[str, Any]:
        """Return a copy of all entries."""
        return dict(self._read())

    def get_all_batch(self) -> list[dict[str, Any]]:
        """Return a copy of the entries of each message of a batch, in order."""
        return [dict(entries) for entries in self._batch]

    def get(self, key: str) -> Any | None:
        """Return the value of `key`, or None if there is no such entry."""
        return self._read().get(key)

    def set(self, key: str, value: Any) -> None:
        """Add an entry, or replace the entry that has the same key.

        Args:
            key: The name of the entry, without spaces, as W3C Baggage requires.
            value: The value, which is sent as text.
        """
        self._write({**self._read(), key: value})

    def remove(self, key: str) -> None:
        """Remove the entry of `key`, if there is one."""
        self._write({k: v for k, v in self._read().items() if k != key})

    def clear(self) -> None:
        """Remove all entries, so that nothing is sent on."""
        self._write({})

    def to_headers(self, headers: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return headers with these entries, in the format of W3C Baggage.

        Args:
            headers: Headers to add the entries to; they are copied.
        """
        carrier = dict(headers or {})
        _W3C.inject(carrier, with_baggage(self._read(), Context()))
        return carrier

    @classmethod
    def from_headers(cls, headers: Mapping[str, Any]) -> Self:
        """Read the entries from headers, in the format of W3C Baggage."""
        return cls(_from_headers(headers))

    @classmethod
    def from_msg(cls, msg: StreamMessage[Any]) -> Self:
        """Read the entries from a message; those of a batch are merged."""
        if not msg.batch_headers:
            return cls.from_headers(msg.headers)
        batch = [_from_headers(headers) for headers in msg.batch_headers]
        return cls(merge(batch), batch)

    def _read(self) -> Mapping[str, Any]:
        return self._entries

    def _write(self, entries: Mapping[str, Any]) -> None:
        self._entries = entries

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.get_all()!r})"


class ContextBaggage(Baggage):
    """The baggage of the current OpenTelemetry context, as `CurrentBaggage` gives it.

    It has no entries of its own: it shows whatever was set through OpenTelemetry's
    API, and the API shows what is set here. As with the API, a change applies to the
    task that makes it and to the tasks that this one starts. A handler or dependency
    that is not a coroutine runs in a thread, in a copy of the context; its changes are
    kept for the rest of the delivery.
    """

    __slots__ = ()

    def __init__(self) -> None:
        delivery = current_delivery.get()
        super().__init__({}, delivery.batch_baggage if delivery else None)

    def _read(self) -> Mapping[str, Any]:
        delivery = current_delivery.get()
        if delivery is not None and delivery.pending_baggage is not None:
            if runs_in_thread():
                return delivery.pending_baggage
            delivery.adopt_baggage()
        return baggage.get_all()

    def _write(self, entries: Mapping[str, Any]) -> None:
        otel_context.attach(with_baggage(entries, otel_context.get_current()))
        delivery = current_delivery.get()
        if delivery is not None:
            delivery.pending_baggage = entries if runs_in_thread() else None


def merge(batch: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the entries of all messages; of one key, the last message's counts."""
    merged: dict[str, Any] = {}
    for entries in batch:
        merged.update(entries)
    return merged


def _from_headers(headers: Mapping[str, Any]) -> dict[str, Any]:
    return dict(baggage.get_all(_W3C.extract(headers, Context(), HeaderGetter())))
