"""Search finds what a developer types: a class, an attribute, part of one, an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from guide.places import TABS
from tests.browser.test_pages import violations

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# What is typed, and the place that must be among the first results.
TYPED = {
    # Names.
    "NatsTelemetryMiddleware": "/reference/api/",
    "messaging.destination.name": "/reference/attributes/#messaging.destination.name",
    "destination.name": "/reference/attributes/#messaging.destination.name",
    "messaging.kafka.offset": "/reference/attributes/#messaging.kafka.offset",
    "faststream.message.decision": (
        "/reference/attributes/#faststream.message.decision"
    ),
    "conversation_id": "/reference/attributes/",
    "record_queue_time": "/reference/options/#record_queue_time",
    "settle_spans": "/reference/options/#settle_spans",
    "baggage_keys": "/reference/options/#baggage_keys",
    "OTEL_PYTHON_FASTSTREAM_EXCLUDED_DESTINATIONS": (
        "/reference/options/#otel_python_faststream_excluded_destinations"
    ),
    "opentelemetry-instrument": "/zero-code/",
    "assert_trace": "/testing/",
    # Errors.
    "the trace has a different shape": "/testing/",
    "overriding of current tracerprovider": (
        "/troubleshooting/#overriding-of-current-tracerprovider-is-not-allowed"
    ),
    "StatusCode.UNAVAILABLE": "/troubleshooting/#nothing-arrives",
    "failed to export": "/troubleshooting/#nothing-arrives",
    # Findings of the doctor.
    "FSO001": "/reference/doctor/#fso001",
    "FSO331": "/reference/doctor/#fso331",
    "doctor": "/reference/doctor/",
    "diagnose": "/troubleshooting/#ask-the-doctor",
    # Troubles.
    "no spans": "/troubleshooting/#no-spans",
    "I see no spans": "/troubleshooting/#no-spans",
    "no traces": "/troubleshooting/#no-spans",
    "duplicate spans": "/troubleshooting/#duplicate-spans",
    "spans twice": "/troubleshooting/#duplicate-spans",
    "last spans lost": "/troubleshooting/#the-last-spans-are-missing",
    "broken trace": "/troubleshooting/#a-trace-ends-between-two-services",
    "missing parent": "/troubleshooting/#a-trace-ends-between-two-services",
    "too many traces": "/sampling/",
    # Tools, and what readers call things.
    "gunicorn": "/servers/",
    "uvicorn": "/servers/",
    "prometheus": "/exporting/#prometheus",
    "jaeger": "/visualising/",
    "structlog": "/logs/",
    "sentry": "/beside/#sentry",
    "logfire": "/beside/#logfire",
    "datadog": "/beside/#datadog",
    "loguru": "/beside/#loguru",
    "dishka": "/beside/#dishka",
    "fastapi": "/http/",
    "pytest": "/testing/",
    "docker compose": "/full-example/",
    "kubernetes": "/production/#kubernetes",
    "uninstall": "/install/#remove-it",
    "dead letter": "/errors/#decisions-ack-nack-and-reject",
    "retry": "/errors/#retries",
    "cardinality": "/boundaries/#cardinality",
    "gdpr": "/boundaries/",
    "latency": "/metrics/",
    "overhead": "/cost/",
    "trace id in logs": "/logs/",
    "traceparent": "/concept/",
    "propagator": "/concept/#propagator",
    "tracer provider": "/concept/#tracer-provider",
    # As people report it.
    "consumer span has no parent": (
        "/troubleshooting/#a-trace-ends-between-two-services"
    ),
    "traceparent missing": "/troubleshooting/#a-trace-ends-between-two-services",
    "consumer not linked to producer": (
        "/troubleshooting/#a-trace-ends-between-two-services"
    ),
    "context not propagated": "/troubleshooting/#a-trace-ends-between-two-services",
    "NonRecordingSpan": "/troubleshooting/#sampled-out",
    "ProxyTracerProvider": "/troubleshooting/#nobody-set-a-provider",
    "opentelemetry-instrument does nothing": "/troubleshooting/#nobody-set-a-provider",
    "OTEL_SDK_DISABLED": "/troubleshooting/#the-sdk-is-switched-off",
    "spans not exported on shutdown": "/troubleshooting/#the-last-spans-are-missing",
    "docker localhost connection refused": "/troubleshooting/#nothing-arrives",
    "404 not found exporter": "/troubleshooting/#nothing-arrives",
    "4317": "/troubleshooting/#nothing-arrives",
    "wrong version number": "/troubleshooting/#nothing-arrives",
    "aiokafka instrumentation duplicate": "/troubleshooting/#duplicate-spans",
    "trace_id=0 in logs": "/logs/",
    "jsonlogger": "/logs/#as-json",
    "unknown_service": "/exporting/#settings",
    "service name": "/exporting/#settings",
    "api key headers": "/exporting/#settings",
    "sigterm": "/servers/",
    "uvicorn reload": "/servers/",
    "terminationGracePeriodSeconds": "/production/#kubernetes",
    "spans dropped queue full": "/production/#when-the-collector-is-down",
    "kafka batch consumer": "/batches/",
    "batch has no parent": "/batches/",
    "run_in_executor": "/custom-spans/#threads-and-tasks",
    "asyncio create_task": "/custom-spans/#threads-and-tasks",
    "thread pool context lost": "/custom-spans/#threads-and-tasks",
    "sync handler": "/custom-spans/#threads-and-tasks",
    "add attribute to span": "/custom-spans/",
    "java": "/languages/",
    "golang": "/languages/",
    "nodejs": "/languages/",
    "disable tracing for one queue": "/sampling/#leave-out-a-destination",
    "disable opentelemetry": "/install/#remove-it",
    "exception not recorded": "/errors/#a-handler-that-fails",
    "exemplars": "/metrics/#from-a-metric-to-a-trace",
    "consumer lag": "/metrics/",
    "untrusted headers": "/middleware/#whom-to-believe",
    "sensitive data": "/boundaries/",
    "InMemorySpanExporter": "/exporting/",
    "x-ray": "/beside/#aws-x-ray",
    "application insights": "/beside/#azure-monitor",
    "google cloud trace": "/beside/#google-cloud",
    "new relic": "/beside/",
    "elastic apm": "/beside/#elastic",
    "python 3.13": "/reference/versions/",
    "OTEL_TRACES_SAMPLER": "/sampling/",
}
# How many results a reader looks at.
FIRST = 3
# The places that the first results lead to, without what is folded away.
LINKS = """(first) => [...document.querySelectorAll(".md-search-result__item")]
    .slice(0, first)
    .flatMap((item) => [...item.querySelectorAll("a")])
    .filter((link) => !link.closest("details"))
    .map((link) => link.pathname + link.hash)
"""

# Of these, lunr alone makes 8722 and 8744 as well: two of its nodes read alike.
NUMBERS = [
    *("1026", "1064", "1275", "134", "1354", "1414", "1425", "1531", "1548", "1575"),
    *("1643", "1809", "1838", "1920", "1933", "1950", "203", "2152", "6922", "6944"),
    *("8726", "8762"),
]
# The words that the search's worker keeps of those it is given.
KEPT = """(words) => {
    const { search } = JSON.parse(document.querySelector("#__config").textContent)
    const script = `
        importScripts(${JSON.stringify(new URL(search, location).href)})
        postMessage(lunr.TokenSet.fromArray(${JSON.stringify(words)}).toArray().sort())`
    const worker = new Worker(URL.createObjectURL(new Blob([script])))
    return new Promise((resolve, reject) => {
        worker.onmessage = (event) => resolve(event.data)
        worker.onerror = (event) => reject(new Error(event.message))
    })
}"""


def results(page: Page, typed: str) -> list[str]:
    """The places that a search finds, best first."""
    query = page.locator("[data-md-component=search-query]")
    items = page.locator(".md-search-result__item")
    query.click()
    query.fill("")
    query.press("End")
    items.first.wait_for(state="detached", timeout=20_000)
    query.fill(typed)
    query.press("End")
    items.first.wait_for(timeout=20_000)
    links: list[str] = page.evaluate(LINKS, FIRST)
    return links


def test_what_is_found(page: Page) -> None:
    """The place that explains it is among the first, and no search fails."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/")
    missed = {}
    for typed, place in TYPED.items():
        found = results(page, typed)
        if not any(each.startswith(place) for each in found):
            missed[typed] = found
    assert missed == {}
    assert said == []


def test_numbers_are_not_mixed_up(page: Page) -> None:
    """The search keeps exactly the words that it was given."""
    page.goto("/")
    assert page.evaluate(KEPT, NUMBERS) == NUMBERS


@pytest.mark.parametrize("place", ["/concept/#tracer-provider", "/concept/#parent"])
def test_terms_have_places(page: Page, place: str) -> None:
    """A link to a term shows it, below the header."""
    page.goto(place)
    term = page.locator(f"[id={place.partition('#')[2]}]")
    assert page.evaluate("document.querySelector(':target').localName") == "dt"
    box, header = term.bounding_box(), page.locator(".md-header").bounding_box()
    assert box
    assert header
    assert box["y"] >= header["height"]
    link = term.get_by_title("Link to this term")
    link.focus()
    expect(link).to_have_css("opacity", "1")


def test_previews_are_sentences(page: Page) -> None:
    """The names of tabs do not run together in what a result shows."""
    page.goto("/")
    results(page, "handlers")
    shown = page.locator(".md-search-result__list").inner_text()
    assert "".join(TABS)[:14] not in shown
    assert violations(page) == []


def test_a_program_is_found_once(site: Path) -> None:
    """Of the six that a page has in tabs, the index has what is different."""
    index = json.loads((site / "search" / "search_index.json").read_text())
    [chain] = [each["text"] for each in index["docs"] if each["location"] == "chain/"]
    assert chain.count("async def greet") == 1
    assert "NatsBroker" in chain
    assert "MQTTBroker" in chain
