"""The address on each span is that to which the client connects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from faststream_otel.testing import SpanRecorder, in_memory
from tests.kinds import KINDS, Kind, every_kind

OF = {kind.name: kind for kind in KINDS}
DOCS = "docs.example.com:1111"


def address(kind: Kind, *arguments: Any, **options: Any) -> tuple[Any, Any]:
    """Give the address that is on a span of a broker that was made so."""
    recorder = SpanRecorder()
    (middleware,) = kind.traced(recorder).middlewares
    broker = kind.broker(*arguments, middlewares=[middleware], **options)

    async def main() -> None:
        async with in_memory(broker):
            await kind.publish(broker, "x", "orders")

    asyncio.run(main())
    (span,) = recorder.trace().spans
    assert "secret" not in str(span.attributes)
    found = span.attributes
    return found.get("server.address"), found.get("server.port")


SCHEMES = {
    "rabbit": "amqp://",
    "nats": "nats://",
    "redis": "redis://",
    "mqtt": "mqtt://",
}


def scheme(kind: Kind) -> str:
    """What an address of a broker begins with."""
    return SCHEMES.get(kind.name.split("-")[0], "")


@every_kind
def test_not_that_of_the_documents(kind: Kind) -> None:
    """`specification_url` is for readers of AsyncAPI documents."""
    url = f"{scheme(kind)}real.example:1234"
    documents = f"{scheme(kind)}{DOCS}"
    assert address(kind, url, specification_url=documents) == ("real.example", 1234)


@every_kind
def test_default_port_and_addresses_of_the_sixth_version(kind: Kind) -> None:
    """A port that is left out is the broker's own; an IPv6 address has no brackets."""
    assert address(kind, f"{scheme(kind)}real.example") == ("real.example", kind.port)
    assert address(kind, f"{scheme(kind)}[::1]:1234") == ("::1", 1234)


@pytest.mark.parametrize("name", ["rabbit", "redis-list", "mqtt"])
def test_host_and_port_beside_an_address(name: str) -> None:
    """They win, as with the client."""
    kind = OF[name]
    url = f"{scheme(kind)}real.example:1234"
    assert address(kind, url, host="other", port=99) == ("other", 99)
    assert address(kind, host="other", port=99) == ("other", 99)


@pytest.mark.parametrize("name", ["kafka", "confluent", "nats"])
@pytest.mark.parametrize("together", [False, True], ids=["list", "one text"])
def test_the_first_of_several(name: str, together: bool) -> None:
    """In a list, or in one text with commas."""
    kind = OF[name]
    addresses: Any = [f"{scheme(kind)}one.example:1", f"{scheme(kind)}two.example:2"]
    assert address(kind, ",".join(addresses) if together else addresses) == (
        "one.example",
        1,
    )


def test_a_socket_of_redis() -> None:
    """Its path is the address, and there is no port."""
    kind = OF["redis-list"]
    assert address(kind, "unix:///run/redis.sock") == ("/run/redis.sock", None)
    assert address(kind, path="/run/other.sock") == ("/run/other.sock", None)
    url = "unix://user:secret@/run/redis.sock?db=1"
    assert address(kind, url) == ("/run/redis.sock", None)


@pytest.mark.parametrize("name", ["rabbit", "redis-list", "nats"])
def test_no_secret(name: str) -> None:
    """Names and passwords are no part of an address."""
    kind = OF[name]
    url = f"{scheme(kind)}user:secret@real.example:1234"
    assert address(kind, url) == ("real.example", 1234)
