"""The services of `docs_src/monitoring` in one process, on a broker in memory."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx

from faststream_otel.testing import Trace, in_memory, record
from guide.fresh import a_new_process
from guide.places import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faststream_otel.testing import RecordedSpan

EXAMPLE = PROGRAMS / "monitoring"
SERVICES = ("order", "trade", "notification")
# Clients give one message at a time.
WITHOUT_BATCHES = {"rabbit", "mqtt"}
KAFKA = {"kafka", "confluent"}


@dataclass(frozen=True)
class Shop:
    """The modules of the services, and the broker that they share here."""

    order: Any
    trade: Any
    notification: Any
    broker: Any


@contextmanager
def shop(broker: str) -> Iterator[Shop]:
    """Import the services anew, for a broker."""
    environment = {"SHOP_BROKER": broker}
    with (
        a_new_process(),
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "path", [str(EXAMPLE), *sys.path]),
    ):
        try:
            services = {name: import_module(f"shop.{name}") for name in SERVICES}
            yield Shop(broker=import_module("shop.broker").broker, **services)
        finally:
            for name in list(sys.modules):
                if name.partition(".")[0] == "shop":
                    del sys.modules[name]


@dataclass(frozen=True)
class Placed:
    """What came of an order."""

    trace: Trace
    answer: Any
    errors: list[BaseException]


def place(
    broker: str, symbol: str = "TEA", quantity: int = 3, tier: str = "gold"
) -> Placed:
    """Place an order over HTTP, and wait until all that follows from it is done."""
    with shop(broker) as services:

        async def main() -> tuple[Any, list[BaseException]]:
            transport = httpx.ASGITransport(services.order.app)
            async with (
                in_memory(services.broker) as deliveries,
                httpx.AsyncClient(transport=transport, base_url="http://shop") as http,
            ):
                answer = await http.post(
                    "/orders",
                    json={"symbol": symbol, "quantity": quantity},
                    headers={"customer-tier": tier},
                )
                answer.raise_for_status()
                await deliveries.settled()
            return answer.json(), deliveries.errors

        with record(services.broker, reproducible=True) as recording:
            answer, errors = asyncio.run(main())
    return Placed(by_service(recording.trace()), answer, errors)


def by_service(trace: Trace) -> Trace:
    """Say of each span whose it is: that of its handler, else that of its parent."""
    services: dict[int | None, str] = {}
    spans: list[RecordedSpan] = []
    for span in trace.spans:
        if "code.function.name" in span.attributes:
            # Answers are taken in the file of the broker, where they are asked for.
            module = str(span.attributes["code.function.name"]).split(".")[1]
            service = module if module in SERVICES else "order"
        else:
            service = services.get(span.parent_id, "order")
        services[span.span_id] = service
        spans.append(replace(span, service=service))
    return Trace(tuple(spans))
