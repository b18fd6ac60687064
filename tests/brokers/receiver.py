"""Receivers of OTLP traces on loopback, that keep all that they get."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from faststream_otel.testing import RecordedLink, RecordedSpan, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.common.v1.common_pb2 import (
        AnyValue,
        InstrumentationScope,
        KeyValue,
    )
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource


@dataclass(frozen=True)
class Received:
    """A span as it came, with what OTLP says once for many."""

    span: Span
    scope: InstrumentationScope
    resource: Resource

    @property
    def service(self) -> str:
        """The name of the service that sent it."""
        values = {each.key: each.value for each in self.resource.attributes}
        name: str = values["service.name"].string_value
        return name

    def recorded(self) -> RecordedSpan:
        """The span as tests in memory have it."""
        return RecordedSpan(
            name=self.span.name,
            kind=Span.SpanKind.Name(self.span.kind).removeprefix("SPAN_KIND_"),
            service=self.service,
            trace_id=int.from_bytes(self.span.trace_id, "big"),
            span_id=int.from_bytes(self.span.span_id, "big"),
            parent_id=int.from_bytes(self.span.parent_span_id, "big") or None,
            start=self.span.start_time_unix_nano,
            end=self.span.end_time_unix_nano,
            attributes=plain(self.span.attributes),
            links=[
                RecordedLink(
                    int.from_bytes(link.trace_id, "big"),
                    int.from_bytes(link.span_id, "big"),
                    plain(link.attributes),
                )
                for link in self.span.links
            ],
            status=Status.StatusCode.Name(self.span.status.code).removeprefix(
                "STATUS_CODE_"
            ),
            status_description=self.span.status.message,
        )


def plain(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Give attributes as Python has them."""

    def value(of: AnyValue) -> Any:
        kind = of.WhichOneof("value")
        if kind == "array_value":
            return tuple(value(each) for each in of.array_value.values)
        return getattr(of, kind) if kind else None

    return {each.key: value(each.value) for each in attributes}


def received(request: ExportTraceServiceRequest) -> Iterator[Received]:
    """The spans of a request."""
    for sent in request.resource_spans:
        for scoped in sent.scope_spans:
            for span in scoped.spans:
                yield Received(span, scoped.scope, sent.resource)


def trace_of(spans: Iterable[Received]) -> Trace:
    """Give the spans that came, each once, in the order in which they began."""
    once = {each.span.span_id: each.recorded() for each in spans}
    return Trace(tuple(sorted(once.values(), key=lambda span: span.start)))


class Inbox:
    """The spans that came, for those who wait for them."""

    def __init__(self) -> None:
        self._received: list[Received] = []
        self._changed = Condition()

    def take(self, request: ExportTraceServiceRequest) -> ExportTraceServiceResponse:
        """Keep the spans of a request, and accept it."""
        with self._changed:
            self._received.extend(received(request))
            self._changed.notify_all()
        return ExportTraceServiceResponse()

    def wait(self, count: int, within: float) -> list[Received]:
        """Give all spans once there are `count`, or those that came in time."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._received) >= count, within)
            return list(self._received)


@contextlib.contextmanager
def over_grpc(inbox: Inbox) -> Iterator[str]:
    """Receive for `OTEL_EXPORTER_OTLP_PROTOCOL=grpc`; gives the endpoint."""

    class Service(trace_service_pb2_grpc.TraceServiceServicer):
        def Export(  # noqa: N802 - the protocol's name
            self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
        ) -> ExportTraceServiceResponse:
            return inbox.take(request)

    with ThreadPoolExecutor() as pool:
        server = grpc.server(pool)
        register = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
        register(Service(), server)  # type: ignore[no-untyped-call]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(grace=None).wait()


@contextlib.contextmanager
def over_http(inbox: Inbox) -> Iterator[str]:
    """Receive for `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`; gives the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path != "/v1/traces":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            response = inbox.take(ExportTraceServiceRequest.FromString(body))
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(response.SerializeToString())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


PROTOCOLS = {"grpc": over_grpc, "http/protobuf": over_http}
