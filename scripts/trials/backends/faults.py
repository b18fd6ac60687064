"""What takes telemetry is gone, slow or wrong, and the service is what it was."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from cost.contenders import BARE, OURS, OWN
from trials.apart import apart
from trials.backends import collectors, service
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trials.trial import Trial

_PROTOCOLS: Final = {"http": "http/protobuf", "grpc": "grpc"}
_CONTENDERS: Final = (BARE, OWN, OURS)
# The same services, whose collector is well.
_HEALTHY: Final = {OWN: "own, healthy", OURS: "ours, healthy"}
# What is promised. Times are of a machine that does nothing else.
_SLOWER: Final = 1.1
_GAP: Final = 20.0  # ms
_LINES: Final = 10  # a second
_MEMORY: Final = 10_000_000
_STOPPING: Final = 0.5  # seconds over what was set
_PYTHON: Final = 2.0  # seconds, for the end of the interpreter
_BUSY: Final = 8
_COUNTED_TWICE: Final = 0.01
_RUNS: Final = 5


def _messages(trial: Trial) -> int:
    return 2_000 if trial.quick else 3_000


def _spans(trial: Trial) -> int:
    """Give how many a service records that is well: two for each message."""
    return 2 * (_messages(trial) + service.WARM_UP)


def _serve(
    trial: Trial, collector: collectors.Collector, contender: str, **options: Any
) -> dict[str, Any]:
    options.setdefault("messages", _messages(trial))
    return apart(
        service.serve,
        contender=contender,
        endpoint=collector.endpoint,
        authority=collector.authority,
        **options,
    )


def _checks(
    trial: Trial, seen: dict[str, dict[str, Any]], *, loses: bool = True
) -> None:
    """Look at what is promised whatever happens to the telemetry."""
    ours, messages = seen[OURS], _messages(trial)
    # In CI a machine may be busy: bounds, not times.
    busy = _BUSY if trial.quick else 1
    others = {name: each for name, each in seen.items() if name != OURS}

    def told(value: Callable[[dict[str, Any]], str]) -> dict[str, str]:
        return {name: value(each) for name, each in others.items()}

    trial.check(
        "messages handled",
        "all",
        f"{ours['handled']:,} of {messages:,}",
        holds=ours["handled"] == messages,
        rank=-ours["handled"],
        **told(lambda each: f"{each['handled']:,}"),
    )
    lost = _spans(trial) - ours["arrived"]
    if loses:
        trial.check(
            "spans lost",
            "said in the log",
            f"{lost:,} of {_spans(trial):,}, {ours['said']} lines about it",
            holds=ours["spans"] == _spans(trial) and (lost == 0 or ours["said"] > 0),
            rank=lost,
        )
    trial.check(
        "log lines",
        f"at most {_LINES} a second",
        f"{ours['lines']} in {ours['lasted']:.0f} s",
        holds=ours["lines"] <= _LINES * ours["lasted"],
        rank=ours["lines"] / ours["lasted"],
        **told(lambda each: str(each["lines"])),
    )
    trial.check(
        "memory, in the last quarter of the messages",
        f"grows by at most {_MEMORY / 1e6:.0f} MB",
        f"{ours['grown'] / 1e6:.1f} MB",
        holds=ours["grown"] <= _MEMORY,
        rank=ours["grown"],
        **told(lambda each: f"{each['grown'] / 1e6:.1f} MB"),
    )
    trial.check(
        f"time that shutdown({service.GRACE:g}) takes",
        f"at most {service.GRACE + _STOPPING * busy:g} s",
        f"{ours['stopped']:.1f} s",
        holds=ours["stopped"] <= service.GRACE + _STOPPING * busy,
        rank=ours["stopped"],
    )
    left = ours["ended"] - ours["stopping"] - ours["stopped"]
    trial.check(
        "the process ends after that",
        f"within {_PYTHON * busy:g} s",
        f"{left:.1f} s",
        holds=left <= _PYTHON * busy,
        rank=left,
        **told(lambda each: f"{each['ended'] - each['stopping']:.1f} s in all"),
    )


def _services(
    trial: Trial, collector: collectors.Collector, protocol: str
) -> dict[str, Callable[[], dict[str, Any]]]:
    """Give what runs each contender's service, which sends to a collector."""
    contenders = (OURS,) if trial.quick else _CONTENDERS
    return {
        name: partial(_serve, trial, collector, name, protocol=protocol)
        for name in contenders
    }


def _runs(
    trial: Trial, services: Mapping[str, Callable[[], dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Run services in turn, so that what the machine does besides meets all of them."""
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in services}
    for _ in range(1 if trial.quick else _RUNS):
        for name, serve in services.items():
            seen[name].append(serve())
    return seen


def _gap(trial: Trial, runs: dict[str, list[dict[str, Any]]]) -> None:
    gaps = {name: median(run["gap"] for run in runs[name]) for name in _CONTENDERS}
    ours = gaps.pop(OURS)
    trial.check(
        "longest time that the event loop did not come round",
        f"at most bare and {_GAP:g} ms, {_RUNS} runs of each in turn",
        f"{ours:.0f} ms",
        holds=ours <= gaps[BARE] + _GAP,
        rank=ours,
        **{name: f"{gap:.0f} ms" for name, gap in gaps.items()},
    )


def _broken(fault: str, protocol: str, trial: Trial) -> None:
    with ExitStack() as running:
        collector = running.enter_context(collectors.FAULTS[fault](protocol))
        services = _services(trial, collector, protocol)
        contenders = list(services)
        if not trial.quick:
            well = running.enter_context(collectors.healthy(protocol))
            healthy = _services(trial, well, protocol)
            services |= {told: healthy[name] for name, told in _HEALTHY.items()}
        runs = _runs(trial, services)
    _checks(trial, {name: runs[name][0] for name in contenders})
    if trial.quick:
        return
    _gap(trial, runs)
    for what in ("p50", "p99"):
        times = {name: median(run[what] for run in runs[name]) for name in runs}
        slower = {name: times[name] / times[_HEALTHY[name]] for name in _HEALTHY}
        trial.check(
            f"publishing and handling, {what}",
            f"at most {_SLOWER:g} times as healthy, {_RUNS} runs of each in turn",
            f"{slower[OURS]:.2f} times ({times[OURS]:.0f} µs)",
            holds=slower[OURS] <= _SLOWER,
            rank=slower[OURS],
            own=f"{slower[OWN]:.2f} times ({times[OWN]:.0f} µs)",
        )


def _healthy(protocol: str, trial: Trial) -> None:
    with collectors.healthy(protocol) as collector:
        runs = _runs(trial, _services(trial, collector, protocol))
    seen = {name: each[0] for name, each in runs.items()}
    _checks(trial, seen)
    ours = seen[OURS]
    trial.check(
        "spans that arrived, with nothing wrong",
        "all",
        f"{ours['arrived']:,} of {_spans(trial):,}",
        holds=ours["arrived"] == _spans(trial),
    )
    if not trial.quick:
        _gap(trial, runs)


def _raising(trial: Trial) -> None:
    seen = _serve(trial, collectors.Collector("raises"), OURS)
    _checks(trial, {OURS: seen})


def _full(trial: Trial) -> None:
    with collectors.silent("http/protobuf") as collector:
        seen = _serve(trial, collector, OURS, queue=64, pace=20_000)
    _checks(trial, {OURS: seen})
    known = {
        told: seen[name]
        for name, told in (
            ("queue_full", "dropped"),
            ("given", "exported"),
            ("waiting", "waiting"),
        )
    }
    # While its thread takes spans out, the SDK may count one that found room.
    over = sum(known.values()) - seen["spans"]
    trial.check(
        "spans that the SDK's own metric counts as dropped",
        f"with the rest all that ended, and at most {_COUNTED_TWICE:.0%} twice",
        f"{', '.join(f'{each:,} {told}' for told, each in known.items())}, "
        f"of {seen['spans']:,}",
        holds=0 <= over <= _COUNTED_TWICE * seen["spans"] and known["dropped"] > 0,
    )


def _ended(ends: str, trial: Trial) -> None:
    every, half = _messages(trial), _messages(trial) // 2
    with collectors.healthy("http/protobuf") as collector:
        seen = _serve(trial, collector, OURS, ends_after=half, ends=ends)
    _checks(trial, {OURS: seen}, loses=False)
    before = _spans(trial) - (0 if ends == "metrics" else 2 * (every - half))
    trial.check(
        "spans that arrived, of those that ended before their provider was shut down",
        "all",
        f"{seen['arrived']:,} of {before:,}",
        holds=seen["arrived"] == before,
    )


_TOLD: Final = {
    "refused": "nothing listens at the collector's port",
    "silent": "the collector accepts connections and never answers",
    "slow": f"the collector takes {collectors.SLOW:g} s for each answer",
    "503": "the collector says that it is not available",
    "garbage": "the collector answers with bytes of no protocol",
    "flapping": "the collector takes every other request",
    "expired": "the collector's certificate has expired",
}

SCENARIOS: Final = (
    *(
        Scenario(
            f"backends/{name}/healthy", "nothing is wrong", partial(_healthy, protocol)
        )
        for name, protocol in _PROTOCOLS.items()
    ),
    *(
        Scenario(
            f"backends/{name}/{fault}", _TOLD[fault], partial(_broken, fault, protocol)
        )
        for name, protocol in _PROTOCOLS.items()
        for fault in collectors.FAULTS
    ),
    Scenario(
        "backends/raising", "the exporter raises, and raises when it is ended", _raising
    ),
    Scenario(
        "backends/queue",
        "there is room for 64 spans, and the collector is silent",
        _full,
    ),
    *(
        Scenario(
            f"backends/ended/{ends}",
            f"{told} shut down under the running service",
            partial(_ended, ends),
        )
        for ends, told in (
            ("all", "all providers are"),
            ("spans", "the provider of traces is"),
            ("metrics", "the provider of metrics is"),
        )
    ),
)
