"""A broker's server dies or is out of reach, and the service is what it was."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cost.contenders import BARE, OURS
from servers.private import again, kill, private
from trials.apart import Apart
from trials.brokers.client import exchange
from trials.brokers.proxy import proxy
from trials.brokers.shared import server_of
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.server import Server
    from trials.trial import Trial

_NAMES: Final = ("kafka", "confluent", "rabbit", "nats", "redis", "mqtt")
# Seconds of load before a fault and after it, and how long the server is gone.
_BEFORE: Final = 5.0
_AFTER: Final = 10.0
_GONE: Final = 1.0
_AT_THE_END: Final = 0.9


def _kill(server: Server, _: Any) -> None:
    kill(server)
    time.sleep(_GONE)
    again(server)


def _cut(_: Server, between: Any) -> None:
    between.cut()
    time.sleep(_GONE)
    between.mend()


def _trial(
    name: str, fault: Callable[[Server, Any], None] | None, trial: Trial
) -> None:
    seen = {}
    for contender in (OURS,) if trial.quick else (BARE, OURS):
        seen[contender] = _exchanged(name, contender, fault, quick=trial.quick)
    _checks(trial, seen, "after the fault" if fault else "by a server that is well")


def _exchanged(
    name: str,
    contender: str,
    fault: Callable[[Server, Any], None] | None,
    *,
    quick: bool,
) -> dict[str, Any]:
    kind = "redis-list" if name == "redis" else name
    before, after = (1, _AFTER) if quick else (_BEFORE, 2 * _AFTER)
    with (
        private(server_of(name)) as server,
        proxy(server.port) as between,
    ):
        service = Apart(
            exchange,
            name=kind,
            contender=contender,
            port=between.port if fault is _cut else server.port,
            lasting=after,
            settles=after / 2 if fault else None,
        )
        service.began()
        time.sleep(before)
        if fault:
            fault(server, between)
        service.go_on()
        return service.result()


def _checks(trial: Trial, seen: dict[str, dict[str, Any]], when: str) -> None:
    ours, bare = seen[OURS], seen.get(BARE)
    found = ours["spans"]
    trial.check(
        "spans",
        "one per call and one per delivery",
        f"{found.get('publish', 0):,} for {ours['calls']:,} calls, "
        f"{found.get('process', 0):,} for {ours['handled']:,} deliveries",
        holds=found == {"publish": ours["calls"], "process": ours["handled"]},
        rank=ours["failed"],
    )
    errors = {"publish": ours["failed"], "process": ours["raised"]}
    marked = {name: ours["errors"].get(name, 0) for name in errors}
    trial.check(
        "spans with an error",
        "one per call and one per handler that failed",
        f"{marked['publish']:,} for {ours['failed']:,} calls, "
        f"{marked['process']:,} for {ours['raised']:,} handlers",
        holds=marked == errors,
        rank=ours["failed"],
    )
    metrics = {
        "client.operation.duration publish": ours["calls"],
        "client.sent.messages publish": ours["calls"],
        "process.duration process": ours["handled"],
        "client.consumed.messages process": ours["handled"],
    }
    trial.check(
        "what each metric counts",
        "each call or each delivery",
        ", ".join(f"{value:,}" for value in ours["metrics"].values()),
        holds=ours["metrics"] == metrics,
        rank=ours["calls"],
    )
    trial.check(
        "spans that were never ended, or left current",
        "none",
        ours["started"] - ours["exported"] + ours["dirty"],
        holds=ours["started"] == ours["exported"] and ours["dirty"] == 0,
    )
    trial.check(
        f"messages lost and doubled {when}",
        "none",
        f"{ours['lost_late']} and {ours['doubled_late']} of {ours['late']:,}",
        holds=(ours["lost_late"], ours["doubled_late"]) == (0, 0) and ours["late"] > 0,
        rank=ours["lost_late"] + ours["doubled_late"],
        bare=f"{bare['lost_late']} and {bare['doubled_late']}" if bare else "",
    )
    trial.check(
        "it goes on after the fault",
        "as bare",
        _goes_on(ours),
        holds=_goes_on(ours) == (_goes_on(bare) if bare else "yes"),
        bare=_goes_on(bare) if bare else "",
    )
    trial.figure(
        "messages lost and doubled in all",
        f"{ours['lost']} and {ours['doubled']} of {ours['handled']:,}",
        rank=ours["lost"] + ours["doubled"],
        bare=f"{bare['lost']} and {bare['doubled']}" if bare else "",
    )


def _goes_on(seen: dict[str, Any]) -> str:
    """Tell whether a message of the end was handled, too."""
    return "yes" if seen["last"] > _AT_THE_END else "no"


_FAULTS: Final = {
    "well": (None, "nothing happens to the server"),
    "killed": (_kill, "the server is killed under load, and started again"),
    "cut": (_cut, "connections are cut, and refused for a second"),
}

SCENARIOS: Final = tuple(
    Scenario(
        f"brokers/{name}/{fault}",
        told,
        partial(_trial, name, run),
        quick=fault == "killed",
        needs=(server_of(name),),
    )
    for name in _NAMES
    for fault, (run, told) in _FAULTS.items()
    # Kafka tells its clients its own address, past any proxy.
    if not (fault == "cut" and name in {"kafka", "confluent"})
)
