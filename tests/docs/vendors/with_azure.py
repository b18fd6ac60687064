"""What Azure Monitor's distro sends, to a server that only listens."""

from __future__ import annotations

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from azure.monitor.opentelemetry import configure_azure_monitor
from opentelemetry import trace

from tests.docs.vendors.orders import order

items: list[Any] = []


class Handler(BaseHTTPRequestHandler):
    """Accepts what is tracked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        tracked = json.loads(body)
        items.extend(tracked)
        answer = {"itemsReceived": len(tracked), "itemsAccepted": len(tracked)}
        text = json.dumps({**answer, "errors": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    thread = Thread(target=server.serve_forever)
    thread.start()
    configure_azure_monitor(
        connection_string="InstrumentationKey=00000000-0000-0000-0000-000000000001;"
        f"IngestionEndpoint=http://127.0.0.1:{server.server_port}/",
        disable_offline_storage=True,
        disable_metrics=True,
        disable_logging=True,
        enable_live_metrics=False,
        sampling_ratio=1.0,
    )
    order()
    provider: Any = trace.get_tracer_provider()
    provider.shutdown()
    server.shutdown()
    thread.join()
for item in items:
    data = item["data"]
    if data["baseType"] in {"RemoteDependencyData", "RequestData"}:
        base = data["baseData"]
        about = (data["baseType"], base["name"], base.get("type"), base["success"])
        tags = item["tags"]
        ids = (base["id"], tags.get("ai.operation.parentId"))
        print(json.dumps([*about, *ids, base["properties"].get("_MS.links")]))
