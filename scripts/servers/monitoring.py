"""The full example without containers: what `scripts/monitoring` runs."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from faststream_otel.testing import render
from servers import shop
from servers.known import ALIASES, EXAMPLE, SERVERS
from servers.received import traces
from servers.server import HOST
from servers.shop import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROKERS = ("kafka", "confluent", "rabbit", "nats", "redis", "mqtt")
SERVICES = {"order": 8000, "trade": 8001, "notification": 8002}
AWAY = 20  # seconds, until a service that was killed is started again
PATIENCE = 30.0  # seconds, for a service to start and to stop


def environment(broker: str, service: str) -> dict[str, str]:
    """What a service is told, as in compose.yaml."""
    return {
        **os.environ,
        "SHOP_BROKER": broker,
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{shop.OTLP}",
        "OTEL_METRIC_EXPORT_INTERVAL": "5000",
        "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        "OTEL_BLRP_SCHEDULE_DELAY": "1000",
        "PYTHONUNBUFFERED": "1",
    }


def start(broker: str, service: str) -> subprocess.Popen[bytes]:
    """Start a service, and give it when it answers."""
    port = SERVICES[service]
    if healthy(port):
        raise SystemExit(f"{service}: {HOST}:{port} is taken")
    DATA.mkdir(parents=True, exist_ok=True)
    with (DATA / f"{service}.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", f"shop.{service}:app"),
                *("--host", HOST, "--port", str(port)),
            ],
            cwd=EXAMPLE,
            env=environment(broker, service),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
        )
    until = time.monotonic() + PATIENCE
    while not healthy(port):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            said = (DATA / f"{service}.log").read_text()
            raise SystemExit(f"{service} did not start:\n{said}")
        time.sleep(0.05)
    print(f"{service} is up on {HOST}:{port}, process {process.pid}", flush=True)
    return process


def healthy(port: int) -> bool:
    """Whether a service is there, and has its broker."""
    try:  # it raises for an answer that says otherwise
        with urlopen(f"http://{HOST}:{port}/health", timeout=5) as response:
            return bool(response.status)
    except (URLError, OSError):
        return False


@contextmanager
def running(broker: str) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run it all; what ran before is used, and left as it is."""
    shutil.rmtree(DATA, ignore_errors=True)
    with ExitStack() as stack:
        name = ALIASES.get(broker, broker)
        backends = (shop.prometheus(), *shop.besides(), shop.collector())
        servers = (SERVERS[name], *backends)
        down = [server for server in servers if not server.answers()]
        for server in down:
            server.get()  # first: it may take minutes, or be missing
        for server in servers:
            print(server.name, server.up(), flush=True)
            if server in down:
                stack.callback(server.down)
        services: dict[str, subprocess.Popen[bytes]] = {}
        stack.callback(stop, services)
        for service in SERVICES:
            services[service] = start(broker, service)
        yield services


def stop(services: dict[str, subprocess.Popen[bytes]]) -> None:
    """Let the services send what they still have, and end."""
    for process in services.values():
        process.terminate()
    for process in services.values():
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process that was told, but not for ever."""
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def an_order(data: Path) -> str:
    """One that went all the way, when all services have told of it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for trace in traces(data).values():
            if {span.service for span in trace.spans} == set(SERVICES):
                return render(trace)
        time.sleep(0.2)
    return "No order went through all services."


def watch(broker: str, services: dict[str, subprocess.Popen[bytes]]) -> None:
    """Start a service again that was killed, after a while that its trace will show."""
    while True:
        time.sleep(0.2)
        for service, process in services.items():
            if process.poll() is not None:
                print(f"{service} has ended, and is back in {AWAY} s", flush=True)
                time.sleep(AWAY)
                services[service] = start(broker, service)


def where() -> str:
    """Say where to look at what the services did."""
    data = shop.collector().data
    places = {
        "Prometheus": f"http://{HOST}:{shop.PROMETHEUS}/graph",
        "Alerts": f"http://{HOST}:{shop.PROMETHEUS}/alerts",
        "Place an order": f"http://{HOST}:{SERVICES['order']}/docs",
        "Traces": f"{data}/traces.json",
        "Logs": f"{data}/logs.json",
        "Services' own": f"{DATA}/*.log",
    }
    for server in shop.besides():
        places[server.name.removeprefix("shop-").title()] = f"http://{server.where}"
    lines = [f"{what + ':':15} {place}" for what, place in places.items()]
    return "\n".join([*lines, "Ctrl-C stops all of it."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", choices=BROKERS, default="rabbit")
    parser.add_argument("--orders", default="100")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--rate", default="10")
    options = parser.parse_args()

    # `kill` is to stop all of it, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(options.broker) as services:
            load = [sys.executable, "-m", "shop.load", "--seed", options.seed]
            load += ["--count", options.orders, "--rate", options.rate]
            subprocess.run(load, cwd=EXAMPLE, check=True)
            print(f"\n{an_order(shop.collector().data)}\n")
            print(where(), flush=True)
            watch(options.broker, services)
    except KeyboardInterrupt:
        print("All is stopped.")


if __name__ == "__main__":
    main()
