"""The doctor finds nothing wrong with the programs of the guide."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from faststream_otel.doctor import diagnose
from faststream_otel.instrumentor import FastStreamInstrumentor
from guide.places import BROKERS
from guide.programs import ALL, Program
from guide.shop import SERVICES, shop
from guide.signals import a_process
from guide.steps import PLAYS_ITSELF, STEPS
from tests.services import process, recording

if TYPE_CHECKING:
    from faststream_otel.doctor import Report

pytestmark = pytest.mark.filterwarnings(
    "ignore:The integration has been moved", "ignore:unclosed:ResourceWarning"
)

# What their pages are about.
FINDINGS = {"before": ["FSO006"], "both": ["FSO005"], "mixed": ["FSO006"]}
# What the doctor looks at is the same on each broker, but for these.
EVERYWHERE = {"shortest", "options", "chain", "http_in", "zero_code", "both"}
EXAMINED = [
    program for program in ALL if program.broker == "nats" or program.step in EVERYWHERE
]


def test_every_step_is_examined() -> None:
    """On one broker at least, and some on each."""
    on_nats = {program.step for program in ALL if program.broker == "nats"}
    assert {program.step for program in EXAMINED} == on_nats >= EVERYWHERE
    assert {program.broker for program in EXAMINED} == set(BROKERS)


@pytest.mark.parametrize("program", EXAMINED, ids=str)
def test_program(program: Program) -> None:
    """As its page runs it: with a name, and a provider where it sets none."""
    has_name = "service.name" in program.path.read_text()
    with process(**({} if has_name else {"OTEL_SERVICE_NAME": "shop"})):
        report = examined(program)
    assert report.codes == FINDINGS.get(program.step, []), report.findings


def examined(program: Program) -> Report:
    """Load a program, and examine it."""
    if "TracerProvider(" not in program.path.read_text():
        # opentelemetry-instrument does that.
        recording()
    played = STEPS.get(program.step, PLAYS_ITSELF)
    instrumentor = FastStreamInstrumentor()
    if played.instrumented:
        instrumentor.instrument()
    try:
        module: Any = program.load()
        return diagnose(module.app, offline=True, start=program.step == "by_hand")
    finally:
        sys.modules.pop(program.path.stem, None)
        if played.instrumented:
            instrumentor.uninstrument()
        if program.step == "http_out":
            HTTPXClientInstrumentor().uninstrument()


@pytest.mark.parametrize("service", SERVICES)
def test_full_example(service: str) -> None:
    """Its services set their providers when they start."""
    # They instrument logging when they start, too.
    with a_process(), shop("nats") as services, process(OTEL_SERVICE_NAME=service):
        application = getattr(services, service).app
        report = diagnose(application, offline=True, start=True, server="uvicorn")
    assert report.codes == [], report.findings
