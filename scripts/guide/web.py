"""The programs that are HTTP services, or call one: all in this process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """Start an app and stop it, as its server does."""
    async with app.router.lifespan_context(app):
        yield app


async def post(app: FastAPI, path: str, content: Any) -> None:
    """Send an app a request."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        response = await client.post(path, json=content)
    response.raise_for_status()


@contextmanager
def answering(app: FastAPI) -> Iterator[None]:
    """Let `app` answer all that httpx sends, from before it is instrumented."""
    transport = httpx.ASGITransport(app)

    async def handle(_: object, request: httpx.Request) -> httpx.Response:
        # A service of its own knows nothing of the caller's context.
        answer = transport.handle_async_request(request)
        return await Context().run(asyncio.ensure_future, answer)

    with mock.patch.object(httpx.AsyncHTTPTransport, "handle_async_request", handle):
        try:
            yield
        finally:
            HTTPXClientInstrumentor().uninstrument()
