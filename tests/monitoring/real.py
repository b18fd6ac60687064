"""The full example as `scripts/monitoring` runs it, and what it told the Collector."""

from __future__ import annotations

import time
from base64 import b64decode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from servers import monitoring, received, shop
from servers.known import ALIASES, SERVERS
from servers.server import HOST
from tests.brokers.clean import clean

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Sequence

    from faststream_otel.testing import RecordedSpan
    from servers.received import Line

DATA = shop.collector().data
PATIENCE = 60.0  # seconds; Kafka gives a new group its topics when it pleases
DESTINATIONS = ("orders", "quotes", "quotes.answers", "trades", "receipts")


@contextmanager
def running(broker: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run it all, on a broker that keeps nothing of others under these names."""
    tidy(broker)
    with monitoring.running(broker) as services:
        yield services


def tidy(broker: str) -> None:
    """Take away what programs of the guide, and earlier tests, have left there."""
    if SERVERS[ALIASES.get(broker, broker)].answers():
        clean(broker, DESTINATIONS)


def place(trace_id: str, symbol: str = "TEA", tier: str = "gold") -> Any:
    """Place an order as a browser that is traced itself."""
    answer = httpx.post(
        f"http://{HOST}:{monitoring.SERVICES['order']}/orders",
        json={"symbol": symbol, "quantity": 3},
        headers={
            "customer-tier": tier,
            "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
        },
        timeout=PATIENCE,
        trust_env=False,
    )
    answer.raise_for_status()
    return answer.json()


def until(look: Callable[[], Any], found: Callable[[Any], bool]) -> Any:
    """Look until it is found: files and Prometheus tell nobody when they change."""
    end = time.monotonic() + PATIENCE
    while not found(seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"not found in {seen}")
        time.sleep(0.2)
    return seen


def spans(trace_id: str) -> Sequence[RecordedSpan]:
    """All spans of a trace that have come."""
    trace = received.traces(DATA).get(int(trace_id, 16))
    return trace.spans if trace else ()


def linking(span: RecordedSpan) -> list[tuple[str, str]]:
    """Name and service of the spans of any trace that link this one."""
    return [
        (each.name, each.service)
        for trace in received.traces(DATA).values()
        for each in trace.spans
        for link in each.links
        if link.span_id == span.span_id
    ]


def lines(trace_id: str) -> list[Line]:
    """All log records of a trace that have come."""
    return [line for line in received.lines(DATA) if line.trace_id == int(trace_id, 16)]


def prometheus(path: str, **parameters: Any) -> Any:
    """Ask Prometheus; what it refuses is an error."""
    return asked(shop.PROMETHEUS, f"api/v1/{path}", parameters)["data"]


def loki(query: str) -> list[dict[str, str]]:
    """The labels and metadata of each log line that Loki finds, and its `text`."""
    found = asked(shop.LOKI, "loki/api/v1/query_range", {"query": query})
    return [
        {**each["stream"], "text": text}
        for each in found["data"]["result"]
        for _, text in each["values"]
    ]


def tempo(query: str) -> list[Any]:
    """The traces that Tempo finds, in short."""
    found: list[Any] = asked(shop.TEMPO, "api/search", {"q": query})["traces"]
    return found


def in_tempo(trace_id: str) -> set[tuple[str, int]]:
    """Name and id of each span that Tempo has of a trace."""
    answer = asked(shop.TEMPO, f"api/v2/traces/{trace_id}", {})
    return {
        (span["name"], int.from_bytes(b64decode(span["spanId"]), "big"))
        for sent in answer.get("trace", {}).get("resourceSpans", ())
        for scope in sent["scopeSpans"]
        for span in scope["spans"]
    }


def asked(port: int, path: str, parameters: dict[str, Any]) -> Any:
    """What a server of the example answers; what it refuses is an error."""
    url = f"http://{HOST}:{port}/{path}"
    answer = httpx.get(url, params=parameters, trust_env=False)
    assert answer.is_success, f"{path} {parameters}: {answer.text}"
    return answer.json()
