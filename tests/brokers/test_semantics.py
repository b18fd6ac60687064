"""The tests of spans once more, with real servers under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import test_baggage, test_outcome, test_propagation, test_spans
from tests.brokers.clean import clean
from tests.brokers.wire import connected
from tests.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What the tests call their destinations.
NAMES = ("orders", "first", "second", "third", "left", "right", "next", "v1-orders")
REAL = [
    pytest.param(kind, marks=pytest.mark.broker(kind.name.partition("-")[0]))
    for kind in KINDS
]

SAME = [
    test_spans.test_a_chain_of_publishers_is_one_line,
    test_spans.test_publishing_in_a_handler_has_the_same_shape,
    test_spans.test_every_publisher_of_a_handler_has_its_own_span,
    test_spans.test_required_attributes_are_there_at_the_start,
    test_spans.test_ids_join_the_spans_of_a_message,
    test_spans.test_a_process_span_links_its_message,
    test_spans.test_a_message_without_context_starts_a_trace,
    test_spans.test_current_span,
    test_spans.test_current_span_in_a_sync_handler,
    test_spans.test_handlers_run_the_same_without_a_provider,
    test_spans.test_middleware_on_a_router,
    test_propagation.test_the_global_propagator_is_asked_at_each_message,
    test_propagation.test_the_callers_headers_stay_as_they_are,
    test_propagation.test_a_traceparent_of_the_caller_is_kept,
    test_propagation.test_baggage_of_the_caller_is_kept,
    test_propagation.test_headers_that_a_handler_passes_on_are_not_the_callers_own,
    test_propagation.test_an_unsampled_parent_stays_unsampled,
    test_propagation.test_context_goes_on_without_a_provider,
    test_propagation.test_baggage_travels_in_the_context,
    test_outcome.test_an_error_of_the_handler,
    test_outcome.test_a_decoder_that_fails,
    test_outcome.test_a_message_that_no_handler_wants,
    test_outcome.test_a_body_that_does_not_validate,
    test_outcome.test_the_handler_that_ran_is_named,
    test_baggage.test_initialise_and_propagate,
    test_baggage.test_both_publishers_carry_it,
    test_baggage.test_concurrent_publishes_carry_their_own,
    test_baggage.test_concurrent_messages_do_not_mix,
]


@pytest.fixture
def wire(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Put real servers where the tests run test brokers."""
    for module in (test_baggage, test_outcome, test_propagation, test_spans):
        monkeypatch.setattr(module, "in_memory", connected)
    brokers = [mark.args[0] for mark in request.node.iter_markers("broker")]
    for broker in brokers:
        clean(broker, NAMES)
    yield
    for broker in brokers:
        clean(broker, NAMES)


@pytest.mark.parametrize("kind", REAL, ids=str)
@pytest.mark.parametrize("same", SAME, ids=lambda test: test.__name__[5:])
@pytest.mark.usefixtures("wire", "propagator")
def test_on_the_wire(kind: Kind, same: Callable[[Kind], None]) -> None:
    """What holds in memory holds with a server."""
    same(kind)


propagator = test_propagation.propagator
