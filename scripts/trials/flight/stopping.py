"""A service under `faststream run` gets SIGTERM with messages in flight."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from cost.contenders import BARE, OURS
from servers.answering import HOST, over_http
from trials.brokers.connecting import OF, URL
from trials.brokers.shared import server_of, shared
from trials.trial import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from servers.answering import Server
    from trials.trial import Trial

_SCRIPTS: Final = Path(__file__).parents[2]
_APP: Final = "trials.flight.stopped:app"
_DESTINATION: Final = "trial-stopping"
_SENT: Final = 60
_START: Final = 60.0
_END: Final = 60.0
_HELPER: Final = 10.0
# What shutdown may take, over what the service itself takes to end.
_SHUTDOWN: Final = 5.0
_LOOK: Final = 0.05
_ERROR: Final = 2


def _stopped(kind: str, contender: str, port: int, workers: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, over_http() as collector:
        journal = Path(folder, "journal")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(_SCRIPTS), str(_SCRIPTS.parent)]),
            "TRIAL_KIND": kind,
            "TRIAL_CONTENDER": contender,
            "TRIAL_PORT": str(port),
            "TRIAL_ENDPOINT": f"http://{HOST}:{collector.port}",
            "TRIAL_JOURNAL": str(journal),
            "TRIAL_DESTINATION": _DESTINATION,
        }
        command = [sys.executable, "-m", "faststream", "run", _APP]
        command += ["--workers", str(workers)] if workers > 1 else []
        log = Path(folder, "log")
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            _until(journal, "ready", workers, process, log)
            asyncio.run(_publish(kind, port))
            _until(journal, "began", _SENT // 3, process, log)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(_END)
            # Python's own helper of multiprocessing goes after its parent.
            until = time.monotonic() + _HELPER
            while (left := _session(process.pid)) and time.monotonic() < until:
                time.sleep(_LOOK)
            took = time.monotonic() - began
        finally:
            if _session(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(_END)
        lines = journal.read_text().splitlines()
        spans = [span for span in _spans(collector) if span.name.startswith("process")]
        return {
            "code": code,
            "took": took,
            "left": len(left),
            "began": _count(lines, "began"),
            "ended": _count(lines, "ended"),
            "workers": len({line.partition(" ")[2] for line in lines}),
            "spans": len(spans),
            "errors": sum(span.status.code == _ERROR for span in spans),
            "metrics": _handled(collector),
        }


def _count(lines: Iterable[str], what: str) -> int:
    return sum(line.startswith(what) for line in lines)


def _until(
    journal: Path, what: str, count: int, process: subprocess.Popen[bytes], log: Path
) -> None:
    """Return when the service has written so many lines."""
    until = time.monotonic() + _START
    while not (journal.exists() and _count(journal.open(), what) >= count):
        if process.poll() is not None or time.monotonic() > until:
            said = log.read_text()[-500:]
            raise SystemExit(f"the service did not come to {what!r}: {said}")
        time.sleep(_LOOK)


async def _publish(kind: str, port: int) -> None:
    of = OF[kind]
    async with of.broker(URL[kind.partition("-")[0]].format(port), logger=None) as it:
        for number in range(_SENT):
            await of.publish(it, str(number), _DESTINATION)


def _session(leader: int) -> list[int]:
    """Give the processes of a session that still run."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                fields = each.joinpath("stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(each.name))
    return found


def _spans(collector: Server) -> Iterable[Span]:
    for body in collector.bodies.get("/v1/traces", []):
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                yield from scope.spans


def _handled(collector: Server) -> int:
    """Give how many messages the last metrics of each worker count."""
    last: dict[str, int] = {}
    for body in collector.bodies.get("/v1/metrics", []):
        request = ExportMetricsServiceRequest.FromString(body)
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    if metric.name == "messaging.process.duration":
                        points = metric.histogram.data_points
                        who = str(min(point.start_time_unix_nano for point in points))
                        last[who] = sum(point.count for point in points)
    return sum(last.values())


def _stopping(kind: str, workers: int, trial: Trial) -> None:
    port = shared(kind).port
    bare, ours = (_stopped(kind, who, port, workers) for who in (BARE, OURS))
    trial.check(
        "processes left after SIGTERM with messages in flight",
        "none",
        f"{ours['left']} of {ours['workers']}",
        holds=(ours["workers"], ours["left"]) == (workers, 0),
        rank=workers,
    )
    trial.check(
        "messages that were cut short",
        "no more than bare",
        ours["began"] - ours["ended"],
        holds=ours["began"] - ours["ended"] <= bare["began"] - bare["ended"],
        rank=ours["began"] - ours["ended"],
        bare=f"{bare['began'] - bare['ended']}",
    )
    trial.check(
        "process spans that arrived",
        "one per message whose handling began",
        f"{ours['spans']} for {ours['began']}",
        holds=ours["spans"] == ours["began"] > 0,
    )
    trial.check(
        "messages that the last metrics count",
        "each whose handling began",
        f"{ours['metrics']} for {ours['began']}",
        holds=ours["metrics"] == ours["began"],
    )
    trial.check(
        "process spans with an error at the end",
        "one per message that was cut short",
        f"{ours['errors']} for {ours['began'] - ours['ended']}",
        holds=ours["errors"] == ours["began"] - ours["ended"],
    )
    trial.check(
        "time from SIGTERM until all processes are gone",
        f"at most bare and {_SHUTDOWN:g} s",
        f"{ours['took']:.1f} s",
        holds=ours["took"] <= bare["took"] + _SHUTDOWN and ours["code"] == bare["code"],
        rank=ours["took"],
        bare=f"{bare['took']:.1f} s",
    )


SCENARIOS: Final = tuple(
    Scenario(
        f"flight/{kind}/{name}",
        f"SIGTERM with messages in flight, under `{command}`",
        partial(_stopping, kind, workers),
        quick=kind == "nats",
        needs=(server_of(kind),),
    )
    for kind in ("nats", "rabbit", "redis-stream")
    for name, command, workers in (
        ("sigterm", "faststream run", 1),
        ("workers", "faststream run --workers 2", 2),
    )
)
