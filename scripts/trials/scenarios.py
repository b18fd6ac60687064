"""All scenarios, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from servers.known import program
from trials import content
from trials.backends import faults as backends
from trials.brokers import faults as brokers
from trials.brokers import limits, rebalance, redelivery
from trials.flight import cancelled, loops, stopping, together
from trials.hostile import coverage, headers, work
from trials.soak import memory, servers

if TYPE_CHECKING:
    from trials.trial import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *backends.SCENARIOS,
    *brokers.SCENARIOS,
    *limits.SCENARIOS,
    *redelivery.SCENARIOS,
    *rebalance.SCENARIOS,
    *headers.SCENARIOS,
    *work.SCENARIOS,
    *coverage.SCENARIOS,
    *content.SCENARIOS,
    *together.SCENARIOS,
    *cancelled.SCENARIOS,
    *loops.SCENARIOS,
    *stopping.SCENARIOS,
    *memory.SCENARIOS,
    *servers.SCENARIOS,
)


def missing(scenario: Scenario) -> str:
    """Say what a scenario needs that this machine has not got."""
    return "; ".join(why for name in scenario.needs if (why := program(name).missing()))
