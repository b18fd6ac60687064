"""A web server for the built guide: few threads, and nothing compressed per request."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import mimetypes
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The machine's own table may lack them, or have older names.
TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
COMPRESSED: Final = TYPES.keys() - {".woff2"}
# Files are read in threads, and directories are watched in two: together with the main
# thread and those of the operating system's notices, fewer than ten.
THREADS: Final = 6
# A client that is slow keeps a connection, but no thread.
CONNECTIONS: Final = 200

for suffix, name in TYPES.items():
    mimetypes.add_type(name, suffix)


def compress(site: Path, to: Path) -> None:
    """Put a compressed copy of each text file of a site into another directory."""
    for file in site.rglob("*"):
        if file.suffix in COMPRESSED and file.is_file():
            packed = to / file.relative_to(site)
            packed.parent.mkdir(parents=True, exist_ok=True)
            packed.write_bytes(gzip.compress(file.read_bytes(), mtime=0))


class Site(StaticFiles):
    """The files of one build, each as it is or compressed, as the client asks.

    Args:
        site: The directory that the guide was built into.
        compressed: The directory of its compressed files.
    """

    def __init__(self, site: Path, compressed: Path) -> None:
        super().__init__(directory=site.resolve(), html=True)
        self.compressed = compressed

    def show(self, site: Path, compressed: Path) -> None:
        """Serve another build from now on."""
        self.all_directories = [site.resolve()]
        self.compressed = compressed

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer; a browser is to ask again, as the next build may differ."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with the compressed file, if there is one and the client takes it."""
        packed = self.compressed / Path(full_path).relative_to(self.all_directories[0])
        if not packed.is_file():
            return super().file_response(full_path, stat_result, scope, status_code)
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            found = packed.stat()
            response = super().file_response(packed, found, scope, status_code)
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Vary"] = "Accept-Encoding"
        return response


class Server(uvicorn.Server):
    """Serves in a process that sees to signals itself.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                Starlette(routes=[Mount("/", app)]),
                access_log=False,
                lifespan="off",
                limit_concurrency=CONNECTIONS,
                log_config=None,
                timeout_graceful_shutdown=1,
                ws="none",
            )
        )

    def capture_signals(self) -> contextlib.nullcontext[None]:  # type: ignore[override]
        """Leave them to the program."""
        return contextlib.nullcontext()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit` is set."""
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().serve(sockets)


def slowly(app: ASGIApp) -> ASGIApp:
    """An app whose answers to addresses with `slow` come piece by piece.

    As in a train, in which a browser shows what it has.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if b"slow" not in scope.get("query_string", b""):
            await app(scope, receive, send)
            return
        body = b""

        async def collect(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            piece = len(body) // 6 + 1
            for begin in range(0, len(body), piece):
                part = body[begin : begin + piece]
                await send({**message, "body": part, "more_body": True})
                await asyncio.sleep(0.15)
            await send({**message, "body": b"", "more_body": False})

        plain = [each for each in scope["headers"] if each[0] != b"accept-encoding"]
        await app({**scope, "headers": plain}, receive, collect)

    return answer


@contextlib.contextmanager
def serve(site: Path) -> Iterator[str]:
    """Serve a directory; gives the address of its root, without the last slash."""
    with (
        tempfile.TemporaryDirectory() as compressed,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        port = listening.getsockname()[1]
        compress(site, Path(compressed))
        server = Server(slowly(Site(site, Path(compressed))))
        thread = threading.Thread(target=asyncio.run, args=[server.serve([listening])])
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()
