"""Sending through an exporter, and not waiting longer than asked."""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING, Any, Final, Literal

from opentelemetry import context as otel_context
from opentelemetry import trace

from faststream_otel._recording import SUPPRESSED
from faststream_otel.doctor._address import session_of
from faststream_otel.doctor._pipeline import fields

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan

    from faststream_otel.doctor._address import Address
    from faststream_otel.doctor._pipeline import Route

# What marks the one span that the doctor sends.
SPAN_NAME: Final = "faststream-otel doctor"
SPAN_ATTRIBUTE: Final = "faststream.doctor"

Result = Literal["sent", "failed", "raised", "late"]
_SERVICES: Final = {
    "traces": "trace.v1.TraceService",
    "metrics": "metrics.v1.MetricsService",
    "logs": "logs.v1.LogsService",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a span.

    Attributes:
        result: `"late"` if the exporter was still trying.
        error: The class of what it raised.
    """

    result: Result
    error: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to a request without telemetry.

    Attributes:
        status: The status of HTTP; 0 if there was none.
        code: The status of gRPC, such as `UNAUTHENTICATED`.
        certificate: Whether gRPC did not believe the server's certificate.
    """

    status: int = 0
    code: str = ""
    certificate: bool = False

    @property
    def fine(self) -> bool:
        """Whether it was taken."""
        return self.code == "OK" or 200 <= self.status < 300  # noqa: PLR2004 - HTTP's


def doctors_span(resource: Any) -> ReadableSpan:
    """Make the span that is sent: without a provider, so that no sampler has a say."""
    # Where there is an exporter of spans there is the SDK.
    from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import (  # noqa: PLC0415
        InstrumentationScope,
    )

    now = time_ns()
    return ReadableSpan(
        name=SPAN_NAME,
        context=trace.SpanContext(
            # Zero is none.
            trace_id=secrets.randbits(128) | 1,
            span_id=secrets.randbits(64) | 1,
            is_remote=False,
            trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
        ),
        resource=resource,
        attributes={SPAN_ATTRIBUTE: True},
        kind=trace.SpanKind.INTERNAL,
        instrumentation_scope=InstrumentationScope("faststream_otel.doctor"),
        start_time=now,
        end_time=now,
    )


def send(route: Route, span: ReadableSpan, patience: float, *, hopeless: bool) -> Sent:
    """Send one span through an exporter.

    An exporter tries again and again, for longer than anybody wants to wait. It goes
    on doing so in a thread that does not keep the process from ending, and what it
    logs there is not shown: it may contain what is secret.

    Args:
        route: The way to the exporter.
        span: The span.
        patience: How long to wait at most, in seconds.
        hopeless: Whether the first complaint of the exporter is enough.
    """
    done = threading.Event()
    sent = [Sent("late")]

    def run() -> None:
        hush = _Hush(route, done if hopeless else threading.Event())
        token = _quietly()
        try:
            exporter: Any = route.exporter
            result = exporter.export((span,))
            fine = getattr(result, "name", "") == "SUCCESS"
            sent[0] = Sent("sent" if fine else "failed")
        except Exception as error:
            sent[0] = Sent("raised", type(error).__name__)
        finally:
            otel_context.detach(token)
            hush.end()
            done.set()

    threading.Thread(target=run, name="faststream_otel.doctor", daemon=True).start()
    done.wait(patience)
    return sent[0]


def _quietly() -> Token[Context]:
    """Let nobody record what is sent from here on, as the SDK's processors do."""
    return otel_context.attach(otel_context.set_value(SUPPRESSED, value=True))


class _Hush(logging.Filter):
    """Keeps what an exporter logs in one thread to itself."""

    def __init__(self, route: Route, complained: threading.Event) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._complained = complained
        modules = {
            kind.__module__
            for part in (route.exporter, route.inner)
            for kind in type(part).__mro__
            if kind is not object
        }
        self._loggers = [logging.getLogger(name) for name in sorted(modules)]
        for logger in self._loggers:
            # Before the SDK's own filter, which lets nothing through twice.
            logger.filters.insert(0, self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop a record of this thread."""
        if record.thread != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self._complained.set()
        return False

    def end(self) -> None:
        """Let all through again."""
        for logger in self._loggers:
            logger.removeFilter(self)


def ask(
    exporter: object, signal: str, address: Address, patience: float
) -> Answer | None:
    """Send a request without any telemetry in it, by the exporter's own connection.

    Returns:
        The answer; None if the exporter has no connection that can be used.
    """
    if address.protocol == "grpc":
        return _ask_grpc(exporter, signal, address, patience)
    session = session_of(exporter)
    if session is None or not address.usable:
        return None
    headers = {
        name: value
        for name, value in address.headers.items()
        if name != "content-encoding"
    }
    token = _quietly()
    try:
        response = session.post(
            fields(exporter).get("_endpoint"),
            data=b"",
            headers=headers,
            timeout=patience,
            allow_redirects=False,
            **_certificates(exporter),
        )
    except Exception:  # what it says may be secret
        return Answer()
    finally:
        otel_context.detach(token)
    return Answer(status=response.status_code)


def _certificates(exporter: object) -> dict[str, Any]:
    """Give what exporters before 1.41 hand to their session with each request."""
    inside = fields(exporter)
    names = {"verify": "_certificate_file", "cert": "_client_cert"}
    return {name: inside[key] for name, key in names.items() if key in inside}


def _ask_grpc(
    exporter: object, signal: str, address: Address, patience: float
) -> Answer | None:
    channel = fields(exporter).get("_channel")
    if channel is None:
        return None
    import grpc  # noqa: PLC0415 - which an exporter with a channel has

    service = f"opentelemetry.proto.collector.{_SERVICES[signal]}"
    token = _quietly()
    try:
        channel.unary_unary(f"/{service}/Export")(
            b"", timeout=patience, metadata=tuple(address.headers.items())
        )
    except grpc.RpcError as error:
        words = str(error.details() or "") if hasattr(error, "details") else ""
        return Answer(
            code=error.code().name,
            certificate="CERTIFICATE_VERIFY_FAILED" in words,
        )
    except Exception:
        return Answer()
    finally:
        otel_context.detach(token)
    return Answer(code="OK")
