"""What the doctor says of providers, services, samplers and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from faststream import FastStream
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    Sampler,
    TraceIdRatioBased,
)

from faststream_otel.doctor import _recording, _sampling, diagnose
from faststream_otel.doctor._diagnosis import examine
from faststream_otel.doctor._finding import Rule
from faststream_otel.doctor._service import Asked
from faststream_otel.doctor._setters import watching
from tests.services import NATS, examined, process, provider, recording, well

if TYPE_CHECKING:
    from collections.abc import Callable

    from faststream_otel.doctor import Report
    from tests.kinds import Kind


class Broken(Sampler):
    """A sampler that raises."""

    def should_sample(self, *args: Any, **kwargs: Any) -> Any:
        raise LookupError

    def get_description(self) -> str:
        return "broken"


def service(sampler: Sampler | None = None, **options: Any) -> Callable[[Kind], Any]:
    """A service whose provider has these options."""

    def make(kind: Kind) -> Any:
        recording(sampler=sampler, **options)
        return well(kind)

    return make


def limited(**limits: int) -> Callable[[Kind], Any]:
    """A service whose spans have limits."""
    return service(span_limits=SpanLimits(**limits))


def nobody(kind: Kind) -> Any:
    """No provider is set."""
    return well(kind)


def several(kind: Kind) -> Any:
    """The middleware has another provider than the application."""
    recording()
    return well(kind, tracer_provider=provider())


def alone(kind: Kind) -> Any:
    """The middleware alone has a provider, and nobody else wants one."""
    return well(kind, tracer_provider=provider())


def metrics_alone(kind: Kind) -> Any:
    """Metrics are recorded."""
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    return well(kind)


BROKEN: dict[str, list[Callable[[Kind], Any]]] = {
    "FSO101": [nobody],
    "FSO108": [several],
    "FSO111": [service(ALWAYS_OFF), service(ParentBased(ALWAYS_OFF))],
    "FSO112": [
        service(TraceIdRatioBased(0.5)),
        service(ParentBased(ALWAYS_ON, remote_parent_sampled=ALWAYS_OFF)),
    ],
    "FSO113": [service(ALWAYS_ON)],
    "FSO114": [service(Broken())],
    "FSO121": [service(service="")],
    "FSO131": [
        limited(max_span_attributes=8),
        limited(max_links=0),
        limited(max_events=0),
        limited(max_span_attribute_length=10),
        limited(max_attribute_length=10),
    ],
}
MENDED = {
    "FSO101": service(),
    "FSO108": alone,
    "FSO111": service(ParentBased(TraceIdRatioBased(0.0005))),
    "FSO112": service(ParentBased(TraceIdRatioBased(0.5))),
    "FSO113": service(ParentBased(ALWAYS_ON)),
    "FSO114": service(),
    "FSO121": service(service="billing"),
    "FSO131": limited(max_span_attributes=64, max_links=1, max_events=1),
}
# These have tests of their own.
ELSEWHERE = {
    "FSO102",
    "FSO103",
    "FSO104",
    "FSO105",
    "FSO106",
    "FSO107",
    "FSO109",
    "FSO110",
}


def test_each_finding_is_tested() -> None:
    """All that the modules have."""
    rules = {
        each.code
        for module in (_recording, _sampling)
        for each in vars(module).values()
        if isinstance(each, Rule)
    }
    assert rules == set(BROKEN) | ELSEWHERE
    assert set(BROKEN) == set(MENDED)


@pytest.mark.parametrize(
    ("code", "make"), [(code, each) for code in BROKEN for each in BROKEN[code]]
)
def test_broken(code: str, make: Callable[[Kind], Any]) -> None:
    """A service with one fault gives the finding, and no other."""
    report = examined(make)
    assert report.codes == [code]
    assert report.is_well is (code == "FSO113")


@pytest.mark.parametrize("code", MENDED)
def test_mended(code: str) -> None:
    """It has none."""
    assert examined(MENDED[code]).codes == []


def fact(report: Report, name: str) -> str:
    """Give what was seen."""
    return next(each.text for each in report.facts if each.name == name)


def test_what_a_sampler_would_do() -> None:
    """With new traces, and with those of senders."""
    report = examined(service(ParentBased(TraceIdRatioBased(0.25))))
    assert fact(report, "Sampler") == (
        "ParentBased{root:TraceIdRatioBased{0.25}}: records about 25% of new traces, "
        "all of those whose sender was recorded, none of those whose sender was not"
    )


def test_variables_that_nobody_reads() -> None:
    """Who set them believes that something is sent."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317"}
    (finding,) = examined(nobody, environment=variables).findings
    assert "read by nobody: OTEL_EXPORTER_OTLP_ENDPOINT" in finding.seen
    assert "doctor --start" in finding.remedy


def test_without_the_sdk() -> None:
    """It says what to install."""
    with mock.patch.object(_recording, "find_spec", return_value=None):
        assert examined(nobody).codes == ["FSO102"]


def test_instrumented_without_the_distro() -> None:
    """As is said nowhere else."""

    def without(*names: str) -> Any:
        def is_there(name: str) -> bool | None:
            return None if name in names else True

        return mock.patch.object(_recording, "find_spec", is_there)

    with mock.patch.object(_recording, "instrumented", return_value=True):
        with without():
            assert examined(nobody).codes == ["FSO110"]
        with without("opentelemetry.distro"):
            assert examined(nobody).codes == ["FSO103"]


@pytest.mark.parametrize("value", ["true", "True"])
def test_disabled(value: str) -> None:
    """The SDK reads it in any case."""
    report = examined(service(), environment={"OTEL_SDK_DISABLED": value})
    assert "FSO104" in report.codes
    assert not report.is_well
    assert (
        "FSO104"
        not in examined(service(), environment={"OTEL_SDK_DISABLED": "1"}).codes
    )


def test_own_spans() -> None:
    """A tracer of the application's own waits for a global provider."""
    with process():
        application = alone(NATS)
        assert diagnose(application, offline=True).codes == []
        tracer = trace.get_tracer("shop.orders")
        report = diagnose(application, offline=True)
        assert report.codes == ["FSO107"]
        assert "'shop.orders'" in report.findings[0].seen
        trace.set_tracer_provider(
            next(iter(application.middlewares)).telemetry.tracer_provider
        )
        assert diagnose(application, offline=True).codes == []
        del tracer


def test_metrics_alone() -> None:
    """It may be meant: it is a note."""
    report = examined(metrics_alone, environment={"OTEL_SERVICE_NAME": "shop"})
    assert report.codes == ["FSO109"]
    assert report.is_well


def start_up(kind: Kind, *, late: bool = False, twice: bool = False) -> Any:
    """A service that sets its provider in a hook."""
    broker = well(kind)
    application = FastStream(broker)

    @application.after_startup if late else application.on_startup
    async def set_up() -> None:
        recording()
        if twice:
            trace.set_tracer_provider(provider())

    return application


def test_set_at_start() -> None:
    """It is seen with `--start` alone."""
    assert examined(start_up).codes == ["FSO101"]
    report = examined(start_up, start=True)
    assert report.codes == []
    assert "set while it started, tests/services.py:" in fact(report, "Tracer provider")


def test_set_late() -> None:
    """After the broker has started."""
    report = examined(lambda kind: start_up(kind, late=True), start=True)
    assert report.codes == ["FSO106"]
    assert "tests/services.py:" in report.findings[0].seen


def test_set_twice() -> None:
    """The second one is without effect, and its place is told."""
    report = examined(lambda kind: start_up(kind, twice=True), start=True)
    (finding,) = report.findings
    assert finding.code == "FSO105"
    assert "set by tests/test_doctor_recording.py:" in finding.seen
    assert "the first one was set by tests/services.py:" in finding.seen


def test_set_by_the_command_first() -> None:
    """Who set the first one is known where the command did."""

    def twice(kind: Kind) -> Any:
        recording()
        with watching("import") as settings:
            recording()
        seen.extend(settings)
        return well(kind)

    seen: list[Any] = []
    with process(), mock.patch.object(_recording, "instrumented", return_value=True):
        (finding,) = examine(twice(NATS), seen, Asked(offline=True)).findings
    assert finding.code == "FSO105"
    assert "the first one was set by opentelemetry-instrument" in finding.seen


def test_who_has_another_provider() -> None:
    """It is the middleware, not the global one."""
    (finding,) = examined(several).findings
    assert finding.where == "NatsBroker"


def test_setters_are_put_back() -> None:
    """Nothing stays of watching them."""
    before = trace.set_tracer_provider, metrics.set_meter_provider
    with watching("import"):
        assert trace.set_tracer_provider is not before[0]
    assert (trace.set_tracer_provider, metrics.set_meter_provider) == before


def test_a_provider_inside_of_another() -> None:
    """A vendor's may have the SDK's inside."""

    class Vendors(trace.TracerProvider):
        def __init__(self) -> None:
            self.inside = provider(service="")

        def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
            return self.inside.get_tracer(*args, **kwargs)

    def make(kind: Kind) -> Any:
        trace.set_tracer_provider(Vendors())
        return well(kind)

    report = examined(make)
    assert report.codes == ["FSO121"]
    assert "inside it opentelemetry.sdk.trace.TracerProvider" in fact(
        report, "Tracer provider"
    )


def test_a_provider_of_a_vendors_own() -> None:
    """What is not the SDK's is named, and nothing more is said of it."""

    class Vendors(trace.TracerProvider):
        def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
            return trace.NoOpTracer()

    def make(kind: Kind) -> Any:
        trace.set_tracer_provider(Vendors())
        return well(kind)

    report = examined(make)
    assert report.codes == []
    assert "not the SDK's" in fact(report, "Tracer provider")
