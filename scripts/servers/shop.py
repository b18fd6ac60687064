"""The servers of the full example, besides its broker, where there are no containers.

Each has a port of its own: another Collector or Prometheus may be on the usual one.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from servers import known, programs
from servers.known import EXAMPLE, SERVERS
from servers.server import HOST

if TYPE_CHECKING:
    from servers.server import Server

DATA = programs.HOME / "monitoring"
OTLP = f"{HOST}:34317"
PROMETHEUS = 19090
METRICS = f"{HOST}:8889"  # where the Collector shows those of the services
LOKI = 13100
TEMPO = 13200
TEMPO_OTLP = 34318


def besides() -> list[Server]:
    """Loki and Tempo: those whose programs are here."""
    return [
        server
        for server in (loki(), tempo())
        if not programs.absent(server.name, server.program)
    ]


def collector() -> Server:
    """The Collector, which writes to files what it sends to Loki and Tempo."""
    files = [EXAMPLE / "collector.yaml", EXAMPLE / "collector.files.yaml"]
    # Below `receivers`, say, a setting of each line: the last one wins.
    settings = [f"receivers::otlp::protocols::grpc::endpoint: {OTLP}"]
    for server in besides():
        settings += SENT[server.name]
    # It changes nothing: `pid` knows the process by its data.
    settings += ["exporters::file/logs::path: {data}/logs.json"]
    given = [*map(str, files), *(f"'yaml:{setting}'" for setting in settings)]
    return replace(
        SERVERS["collector"],
        name="shop-collector",
        command=" --config ".join(["{program}", *given]),
        environment="DATA={data}",
        port=13133,
        hello=b"GET / HTTP/1.0\r\n\r\n",
    )


TRACES = "[file/traces, otlp/tempo, span_metrics, service_graph]"
LOGS = "[file/logs, otlp_http/loki]"
SENT = {
    "shop-loki": [
        f"exporters::otlp_http/loki::endpoint: http://{HOST}:{LOKI}/otlp",
        f"service::pipelines::logs::exporters: {LOGS}",
    ],
    "shop-tempo": [
        f"exporters::otlp/tempo::endpoint: {HOST}:{TEMPO_OTLP}",
        f"service::pipelines::traces::exporters: {TRACES}",
    ],
}


def prometheus() -> Server:
    """Prometheus, which asks the Collector on this machine."""
    folder = DATA / "prometheus"
    shutil.copytree(EXAMPLE / "prometheus", folder, dirs_exist_ok=True)
    targets = folder / "targets.yaml"
    targets.write_text(targets.read_text().replace("collector:8889", METRICS))
    return replace(
        SERVERS["prometheus"],
        name="shop-prometheus",
        port=PROMETHEUS,
        command=f"{{program}} --config.file={folder}/prometheus.yaml "
        f"--web.listen-address={HOST}:{PROMETHEUS} --storage.tsdb.path={{data}} "
        "--enable-feature=exemplar-storage",
    )


def loki() -> Server:
    """Loki, with the configuration of the container."""
    command = known.loki(LOKI)
    return replace(SERVERS["loki"], name="shop-loki", port=LOKI, command=command)


def tempo() -> Server:
    """Tempo, likewise."""
    return replace(
        SERVERS["tempo"],
        name="shop-tempo",
        port=TEMPO,
        command=known.tempo(TEMPO),
        environment=f"DATA={{data}} OTLP_PORT={TEMPO_OTLP}",
    )
