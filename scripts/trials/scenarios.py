"""All scenarios, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from servers.known import SERVERS
from trials import backends, brokers, content, flight, hostile, soak

if TYPE_CHECKING:
    from trials.trial import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *backends.SCENARIOS,
    *brokers.SCENARIOS,
    *hostile.SCENARIOS,
    *content.SCENARIOS,
    *flight.SCENARIOS,
    *soak.SCENARIOS,
)


def missing(scenario: Scenario) -> str:
    """Say what a scenario needs that this machine has not got."""
    return "; ".join(
        why for name in scenario.needs if (why := SERVERS[name].program.missing())
    )
