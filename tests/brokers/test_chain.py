"""The guide's chain as it is in production: four processes and a real broker.

The processes are started with the commands of the guide, and send their spans by OTLP.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from guide.commands import environment, of_file
from guide.places import BROKERS, PROGRAMS
from guide.process import PATIENCE, Process
from tests.brokers.clean import clean
from tests.brokers.receiver import PROTOCOLS, Inbox, Received

# Who records which span, in the order in which the message goes through them.
HOPS = [
    ("publish first", "publisher"),
    ("process first", "first"),
    ("publish second", "first"),
    ("process second", "second"),
    ("publish third", "second"),
    ("process third", "third"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "broker", [pytest.param(name, marks=pytest.mark.broker(name)) for name in BROKERS]
)
def test_four_processes_record_one_trace(broker: str, protocol: str) -> None:
    """A message goes through three services, and each hop is below the one before."""
    clean(broker, ("first", "second", "third"))
    inbox = Inbox()
    with ExitStack() as stack:
        endpoint = stack.enter_context(PROTOCOLS[protocol](inbox))
        env = environment(protocol, endpoint)

        def start(script: str) -> Process:
            command = of_file(PROGRAMS / script)
            process = Process(command, cwd=PROGRAMS / broker, env=env)
            return stack.enter_context(process)

        services = [
            start(f"shell/chain_{name}.sh") for name in ("first", "second", "third")
        ]
        for service in services:
            service.wait_for("app started successfully")
        publisher = start(f"{broker}/chain_publish_otlp.sh")

        services[-1].wait_for("Hello, Ada!")
        assert publisher.end(terminate=False) == 0, publisher.output
        inbox.wait(len(HOPS), within=PATIENCE)
        for service in services:
            assert service.end() == 0, service.output
        # All have ended: nothing more can come.
        received = inbox.wait(len(HOPS), within=0)

    assert_one_line([each for each in received if each.scope.name == "faststream_otel"])


def assert_one_line(received: list[Received]) -> None:
    """There are these spans and no other, each the child of the one before."""
    by_hop = {(each.span.name, each.service): each.span for each in received}
    assert sorted(by_hop) == sorted(HOPS)
    assert len(received) == len(HOPS)
    spans = [by_hop[hop] for hop in HOPS]
    assert len({span.trace_id for span in spans}) == 1
    assert spans[0].parent_span_id == b""
    for before, span in pairwise(spans):
        assert span.parent_span_id == before.span_id
    for publish, process in zip(spans[::2], spans[1::2], strict=True):
        assert publish.kind == Span.SPAN_KIND_PRODUCER
        assert not publish.links
        assert process.kind == Span.SPAN_KIND_CONSUMER
        (link,) = process.links
        assert (link.trace_id, link.span_id) == (publish.trace_id, publish.span_id)
