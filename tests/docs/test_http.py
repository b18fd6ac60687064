"""What the page about HTTP says of its programs, besides their trace."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from faststream import TestApp
from opentelemetry import propagate
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.trace import format_span_id, format_trace_id

from faststream_otel.testing import in_memory, record
from guide.fresh import a_new_process
from guide.places import BROKERS
from guide.programs import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

every_broker = pytest.mark.parametrize("broker", BROKERS)


@every_broker
def test_a_request_does_not_wait_for_the_handler(broker: str) -> None:
    """It is the root, and over when the message is sent."""
    recorded = Program(broker, "http_in").record()
    request, publish, process = recorded.spans
    assert request.parent_id is None
    assert publish.end < request.end <= process.start
    assert {span.service for span in recorded.spans} == {"shop"}


@every_broker
def test_each_service_has_three_spans(broker: str) -> None:
    """Of the two that run."""
    spans = Program(broker, "http_out").record().spans
    assert [span.service for span in spans] == ["kiosk"] * 3 + ["shop"] * 3


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[tuple[str, int]]:
    """Serve an app of ASGI on a free port of this machine."""
    # It listens from the start: whoever comes before the server is up, waits.
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield listening.getsockname()
    finally:
        server.should_exit = True
        await task


@every_broker
def test_the_context_arrives_at_the_other_service(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TCP, as the header `traceparent` with the client span's ids."""
    received: list[dict[bytes, bytes]] = []

    async def shop(scope: Any, receive: Any, send: Any) -> None:
        received.append(dict(scope["headers"]))
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    send = httpx.AsyncHTTPTransport.handle_async_request
    port = 0

    async def redirect(self: Any, request: httpx.Request) -> httpx.Response:
        # The program's port may be taken.
        request.url = request.url.copy_with(host="127.0.0.1", port=port)
        return await send(self, request)

    async def main(module: Any) -> None:
        nonlocal port
        async with (
            serving(shop) as (_, port),
            in_memory(module.broker) as deliveries,
            TestApp(module.app),
        ):
            await deliveries.settled()
        assert not deliveries.errors

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", redirect)
    with a_new_process():
        try:
            module: Any = Program(broker, "http_out").load()
            with record(module.broker) as recording:
                asyncio.run(main(module))
        finally:
            HTTPXClientInstrumentor().uninstrument()
    client = recording.trace().find("POST")
    assert client.parent_id == recording.trace().find("process baskets").span_id
    (headers,) = received
    version, trace_id, span_id, _ = headers[b"traceparent"].decode().split("-")
    assert version == "00"
    assert trace_id == format_trace_id(client.trace_id)
    assert span_id == format_span_id(client.span_id)


def test_without_extract_a_trace_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two calls are what connects the spans."""
    monkeypatch.setattr(propagate, "extract", lambda carrier: None)
    recorded = Program("nats", "by_hand").record()
    # The server's task was made by nobody with a context.
    assert recorded.find("weigh").parent_id is None
    assert recorded.find("weigh").trace_id != recorded.find("ask scale").trace_id


def test_the_router_says_that_it_moves() -> None:
    """FastStream's own words, where it says that it works with FastAPI."""
    ran = subprocess.run(
        [sys.executable, "-c", "import faststream.nats.fastapi"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "moved to the faststream_fastapi package" in ran.stderr
