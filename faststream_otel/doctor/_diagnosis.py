"""Examines an application, and reports."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from faststream_otel._applications import brokers_of
from faststream_otel.doctor import _service, _starting
from faststream_otel.doctor._catalogue import CHECKS
from faststream_otel.doctor._finding import KINDS, Fact, Finding
from faststream_otel.doctor._loading import NotLoaded
from faststream_otel.doctor._service import Asked
from faststream_otel.doctor._setters import watching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faststream_otel.doctor._service import Service, Setting


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor has found.

    Attributes:
        findings: What is wrong, the worst first.
        facts: What was seen.
    """

    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...]

    @property
    def codes(self) -> list[str]:
        """The codes of the findings."""
        return [each.code for each in self.findings]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong: there are notes at most."""
        return all(each.kind == "note" for each in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Give it as data that JSON has."""
        return asdict(self)


def diagnose(
    application: Any,
    *,
    offline: bool = False,
    server: str = "",
    start: bool = False,
    timeout: float = 3.0,
) -> Report:
    """Examine the telemetry of an application that has been loaded.

    No message of the application's is touched, and none of its handlers runs. Unless
    told otherwise, this sends one span, which says that it is the doctor's, to where
    the application sends its own.

    Args:
        application: A broker, or an application that has brokers: FastStream (ASGI
            too), FastAPI with FastStream's router, Starlette or Litestar. A list of
            them is accepted.
        offline: Send nothing.
        server: What runs the service, such as `uvicorn`: some lose the last spans.
        start: Run start-up hooks and lifespan, on brokers in memory, and examine the
            application while it runs.
        timeout: How long to wait for an answer, in seconds.

    Raises:
        TypeError: There is no broker.
    """
    asked = Asked(offline=offline, server=server, timeout=timeout, start=start)
    try:
        return examine(application, (), asked)
    except NotLoaded as refusal:
        # What the application raised when it was started is not the doctor's.
        raise refusal.error or refusal from None


def examine(
    application: Any, settings: Sequence[Setting], asked: Asked, **options: Any
) -> Report:
    """Examine an application.

    Args:
        application: As for `diagnose`.
        settings: The global providers that were set while it was loaded.
        asked: What the user asked for.
        options: What FastStream hands to start-up hooks.
    """
    brokers = brokers_of(application, "the doctor")

    def report(more: Sequence[Setting] = ()) -> Report:
        return _report(
            _service.read(
                application,
                brokers,
                settings=(*settings, *more),
                environment=os.environ,
                asked=asked,
            )
        )

    if not asked.start:
        return report()
    running: list[object] = []
    with watching("start", lambda: bool(running)) as more:
        return _starting.run(
            application,
            brokers,
            running,
            lambda: report(more),
            options,
            timeout=asked.timeout,
        )


def _report(service: Service) -> Report:
    findings: list[Finding] = []
    facts: list[Fact] = []
    for check in CHECKS:
        try:
            for each in check(service):
                if isinstance(each, Fact):
                    facts.append(each)
                else:
                    findings.append(each)
        except Exception as error:  # noqa: PERF203 - parts of a vendor's may raise
            topic = check.__module__.rpartition("._")[2]
            facts.append(Fact("Not examined", f"{topic}: {type(error).__name__}"))
    findings.sort(key=lambda each: KINDS.index(each.kind))
    return Report(tuple(findings), tuple(facts))
