"""What has been sent to the servers that take telemetry, read back from them."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from faststream_otel.testing import RecordedLink, RecordedSpan
from guide.commands import of_file
from guide.places import PROGRAMS
from guide.process import PATIENCE, Process
from servers.known import SERVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
COLLECTED = SERVERS["collector"].data / "received.json"
ZIPKIN = "http://127.0.0.1:9411"
JAEGER = "http://127.0.0.1:16686"
# Where it takes OTLP is in scripts/servers/jaeger.yaml.
TO_JAEGER = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:14317"}
KINDS = ("INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")


def text(address: str) -> str:
    """Read what a server on this machine has at an address."""
    with build_opener(ProxyHandler({})).open(address, timeout=5) as answer:
        read: bytes = answer.read()
        return read.decode()


def get(address: str) -> Any:
    """Read JSON from a server on this machine; nothing if it does not know of it."""
    try:
        return json.loads(text(address))
    except HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
        return None


def eventually(ask: Callable[[], T], patience: float = PATIENCE) -> T:
    """Ask a server until it has something: none of them tells by itself."""
    until = time.monotonic() + patience
    while not (answer := ask()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
    return answer


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def requests(signal: str) -> list[Any]:
    """What the Collector has received of a signal: a line of its file each."""
    lines = COLLECTED.read_text().splitlines() if COLLECTED.exists() else []
    return [each for line in lines if f"resource{signal}" in (each := json.loads(line))]


def collected() -> list[RecordedSpan]:
    """The spans that the Collector has received, in the order they began."""
    spans = [span for each in requests("Spans") for span in of_otlp(each)]
    return sorted(spans, key=lambda span: span.start)


def of_otlp(request: Any) -> list[RecordedSpan]:
    """Read the spans of a request of OTLP in JSON."""
    return [
        RecordedSpan(
            name=span["name"],
            kind=KINDS[span["kind"]],
            service=plain(sent["resource"]["attributes"])["service.name"],
            trace_id=int(span["traceId"], 16),
            span_id=int(span["spanId"], 16),
            parent_id=int(span.get("parentSpanId") or "0", 16) or None,
            start=int(span["startTimeUnixNano"]),
            end=int(span["endTimeUnixNano"]),
            attributes=plain(span.get("attributes", [])),
            links=[
                RecordedLink(
                    int(link["traceId"], 16),
                    int(link["spanId"], 16),
                    plain(link.get("attributes", [])),
                )
                for link in span.get("links", [])
            ],
            status=STATUSES[span["status"].get("code", 0)],
            status_description=span["status"].get("message", ""),
        )
        for sent in request["resourceSpans"]
        for scoped in sent["scopeSpans"]
        for span in scoped["spans"]
    ]


def plain(attributes: list[Any]) -> dict[str, Any]:
    """Give attributes as Python has them; integers come as text."""
    return {
        each["key"]: int(value) if kind == "intValue" else value
        for each in attributes
        for kind, value in each["value"].items()
    }


def of_zipkin(span: Any) -> RecordedSpan:
    """Read a span of Zipkin's; it has no links."""
    return RecordedSpan(
        name=span["name"],
        kind=span.get("kind", "INTERNAL"),
        service=span["localEndpoint"]["serviceName"],
        trace_id=int(span["traceId"], 16),
        span_id=int(span["id"], 16),
        parent_id=int(span.get("parentId", "0"), 16) or None,
        start=span["timestamp"],
        end=span["timestamp"] + span["duration"],
        attributes=span["tags"],
        links=[],
        status="ERROR" if "error" in span["tags"] else "UNSET",
        status_description=span["tags"].get("error", ""),
    )


def from_jaeger(trace_id: str) -> list[RecordedSpan]:
    """Read the spans that Jaeger has of a trace, in the order they began."""
    answer = get(f"{JAEGER}/api/v3/traces/{trace_id}")
    spans = of_otlp(answer["result"]) if answer else []
    return sorted(spans, key=lambda span: span.start)


def run_chain(exporter: str, environment: Mapping[str, str]) -> None:
    """Run the guide's chain on NATS as three services, and publish one message."""
    with ExitStack() as stack:

        def start(script: str) -> Process:
            command = of_file(PROGRAMS / script).replace(
                "--traces_exporter otlp", f"--traces_exporter {exporter}"
            )
            process = Process(command, PROGRAMS / "nats", environment)
            return stack.enter_context(process)

        names = ("first", "second", "third")
        services = [start(f"shell/chain_{name}.sh") for name in names]
        for service in services:
            service.wait_for("app started successfully")
        publisher = start("nats/chain_publish_otlp.sh")
        services[-1].wait_for("Hello, Ada!")
        assert publisher.end(terminate=False) == 0, publisher.output
        for service in services:
            assert service.end() == 0, service.output


def in_zipkin() -> set[str]:
    """The traces of the chain that Zipkin has all six spans of."""
    traces = get(f"{ZIPKIN}/api/v2/traces?serviceName=third&limit=100")
    return {trace[0]["traceId"] for trace in traces if len(trace) == 6}


def in_jaeger() -> set[str]:
    """The traces of the chain that Jaeger has all six spans of."""
    traces = get(f"{JAEGER}/api/traces?service=third")["data"]
    return {trace["traceID"] for trace in traces if len(trace["spans"]) == 6}


def new_chain(
    exporter: str,
    known: Callable[[], set[str]],
    environment: Mapping[str, str],
    patience: float = PATIENCE,
) -> str:
    """Run the chain, and give the id of its trace once a backend knows all of it."""
    before = known()
    run_chain(exporter, environment)
    (trace_id,) = eventually(lambda: known() - before, patience)
    return trace_id
