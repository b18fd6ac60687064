"""A web server for the built guide, as quick or as slow as those that readers have."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Types that servers compress.
TEXT = {".css", ".html", ".js", ".json", ".md", ".svg", ".txt", ".xml"}


class Server(SimpleHTTPRequestHandler):
    """Serves files compressed; those of an address with `slow`, piece by piece."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Drop the line."""

    def do_GET(self) -> None:
        """Send a file."""
        path, _, query = self.path.partition("?")
        file = Path(self.translate_path(path))
        if file.is_dir():
            file /= "index.html"
        if not file.is_file():
            self.send_error(404)
            return
        is_slow = "slow" in query
        sent = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(file))
        if file.suffix in TEXT and not is_slow:
            sent = gzip.compress(sent)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        piece = len(sent) // 6 + 1 if is_slow else len(sent)
        for begin in range(0, len(sent), piece or 1):
            self.wfile.write(sent[begin : begin + piece])
            if is_slow:
                # The network of a train, in which a browser shows what it has.
                time.sleep(0.15)


@contextlib.contextmanager
def serve(site: Path) -> Iterator[str]:
    """Serve a directory; gives the address of its root, without the last slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=site))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
