"""What the doctor says of brokers: each fault, and the mended service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from faststream import BaseMiddleware, FastStream
from faststream._internal.endpoint.subscriber import SubscriberUsecase
from faststream.kafka.opentelemetry import (
    KafkaTelemetryMiddleware as FastStreamsForKafka,
)
from faststream.nats.opentelemetry import NatsTelemetryMiddleware as FastStreamsOwn

from faststream_otel.doctor import _brokers, diagnose
from faststream_otel.doctor._finding import Rule
from tests.kinds import KINDS, Kind, every_kind
from tests.services import NATS, examined, process, recording, well

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore:The integration has been moved")


class Audit(BaseMiddleware[Any, Any]):
    """A middleware of the application's own."""


def service(*middlewares: Any, of_router: Any = None, kind: Kind = NATS) -> Any:
    """A service whose telemetry is right, but for its middlewares."""
    recording()
    broker = kind.broker(middlewares=middlewares, logger=None)
    if of_router is not None:
        router = kind.router(middlewares=of_router)

        @kind.subscriber(router, "orders")
        async def order(item: str) -> None: ...

        broker.include_router(router)
    return FastStream(broker)


def without(kind: Kind) -> Any:
    """None at all."""
    return service(Audit, kind=kind)


def in_a_router(kind: Kind) -> Any:
    """In a router, and not in the broker, which publishes without."""
    return service(Audit, of_router=[kind.middleware()], kind=kind)


def of_another_kind(kind: Kind) -> Any:
    """That of the broker before it."""
    others = [each for each in KINDS if each.middleware is not kind.middleware]
    return service(others[-1].middleware(), kind=kind)


def of_another_kind_in_a_router(kind: Kind) -> Any:
    """The same, in a router."""
    others = [each for each in KINDS if each.middleware is not kind.middleware]
    return service(kind.middleware(), of_router=[others[-1].middleware()], kind=kind)


def a_class(kind: Kind) -> Any:
    """Parentheses were forgotten."""
    return service(kind.middleware, kind=kind)


def beside_faststreams(kind: Kind) -> Any:
    """FastStream's own is there, too."""
    return service(kind.middleware(), FastStreamsOwn(), kind=kind)


def faststreams_in_a_router(kind: Kind) -> Any:
    """FastStream's own is in a router."""
    return service(kind.middleware(), of_router=[FastStreamsOwn()], kind=kind)


def faststreams(kind: Kind) -> Any:
    """FastStream's own alone."""
    return service(FastStreamsOwn(), kind=kind)


def twice(kind: Kind) -> Any:
    """In one list twice."""
    return service(kind.middleware(), kind.middleware(), kind=kind)


def in_both(kind: Kind) -> Any:
    """In the broker and in a router, with other options."""
    other = kind.middleware(capture_headers=["tenant"])
    return service(kind.middleware(), of_router=[other], kind=kind)


def alike_in_both(kind: Kind) -> Any:
    """In the broker and in a router, with the same options."""
    return service(kind.middleware(), of_router=[kind.middleware()], kind=kind)


def mended(kind: Kind) -> Any:
    """What each of them should be."""
    return service(kind.middleware(), Audit, of_router=[Audit], kind=kind)


BROKEN: dict[str, list[Callable[[Kind], Any]]] = {
    "FSO001": [without],
    "FSO002": [in_a_router],
    "FSO003": [of_another_kind, of_another_kind_in_a_router],
    "FSO004": [a_class],
    "FSO005": [beside_faststreams, faststreams_in_a_router],
    "FSO006": [faststreams],
    "FSO007": [twice],
    "FSO008": [in_both],
}
# These have tests of their own.
ELSEWHERE = {"FSO009", "FSO010", "FSO011", "FSO012"}


def test_each_finding_is_tested() -> None:
    """All that the module has."""
    rules = {each.code for each in vars(_brokers).values() if isinstance(each, Rule)}
    assert rules == set(BROKEN) | ELSEWHERE


@pytest.mark.parametrize(
    ("code", "make"), [(code, each) for code in BROKEN for each in BROKEN[code]]
)
def test_broken(code: str, make: Callable[[Kind], Any]) -> None:
    """A service with one fault gives the finding, and no other."""
    (finding,) = examined(make).findings
    assert finding.code == code
    assert finding.where
    assert finding.seen


@every_kind
@pytest.mark.parametrize("make", [without, of_another_kind, a_class, twice, in_both])
def test_broken_on_every_broker(make: Callable[[Kind], Any], kind: Kind) -> None:
    """With the names that belong to the broker."""
    (finding,) = examined(make, kind).findings
    middleware = kind.middleware.__name__
    if make in {without, of_another_kind}:
        module = kind.middleware.__module__
        assert f"from {module} import {middleware}" in finding.remedy


@every_kind
def test_mended(kind: Kind) -> None:
    """It has none."""
    report = examined(mended, kind)
    assert report.codes == []
    assert any("Audit" in fact.text for fact in report.facts)


def test_alike_in_both() -> None:
    """A broker and its router may both have the middleware."""
    assert examined(alike_in_both).codes == []


def test_without_when_instrumented() -> None:
    """The variable that keeps the instrumentor away is named."""
    disabled = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "redis,faststream"}
    with mock.patch.object(_brokers, "instrumented", return_value=True):
        # Without the command itself, that variable has its own finding.
        assert examined(without, environment=disabled).codes[0] == "FSO011"
        assert examined(without).codes == ["FSO012"]
        assert examined(mended).codes == []


def test_another_package() -> None:
    """FastStream's own of another broker is FastStream's own."""
    report = examined(lambda kind: service(kind.middleware(), FastStreamsForKafka()))
    assert report.codes == ["FSO005"]


@pytest.mark.faults  # It is wrapped anew, and says so.
def test_replaced_method() -> None:
    """Somebody's patch that forgets what was there is told."""

    async def process_message(self: Any, msg: Any) -> None: ...

    with process():
        application = mended(NATS)
        with mock.patch.object(SubscriberUsecase, "process_message", process_message):
            report = diagnose(application, offline=True)
        assert report.codes == ["FSO009"]
        assert "SubscriberUsecase.process_message" in report.findings[0].seen
        assert __name__ in report.findings[0].seen
        assert diagnose(application, offline=True).codes == []


def test_two_of_a_kind_are_told_apart() -> None:
    """Each finding says which broker it is about."""
    with process():
        recording()
        lacking = NATS.broker(logger=None)
        report = diagnose([well(NATS), lacking], offline=True)
    assert [each.where for each in report.findings] == ["NatsBroker 2"]


def test_passwords_are_not_told() -> None:
    """The address of a broker is shown without credentials."""

    def secret(kind: Kind) -> Any:
        recording()
        return kind.broker(
            "nats://ada:hunter2@mq.example:4222",
            middlewares=[kind.middleware()],
            logger=None,
        )

    report = examined(secret)
    assert "mq.example:4222" in str(report)
    assert "hunter2" not in str(report)
    assert "ada" not in str(report)
