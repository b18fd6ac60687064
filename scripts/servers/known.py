"""Each server: how its program is had, what starts it, and how to know it is ready.

Versions are pinned here, in `compose.yaml` and in `collector.parts.yaml`.
"""

from __future__ import annotations

from pathlib import Path

from servers.packages import Packages
from servers.programs import Collector, Debian, Go, GoItself, Maven, Program, Released
from servers.server import HOST, Server

FILES = Path(__file__).parent
EXAMPLE = FILES.parents[1] / "docs_src" / "monitoring"
# Another name of a server: the guide has two clients for Kafka.
ALIASES = {"confluent": "kafka"}


def config(name: str) -> str:
    """Read a configuration of this folder."""
    return (FILES / name).read_text()


def loki(port: int) -> str:
    """The command of Loki: its own parts talk to each other on the port after."""
    return (
        "{program} -config.file={config} -config.expand-env=true "
        f"-server.http-listen-port={port} -server.grpc-listen-port={port + 1} "
        # By itself it takes its time, for others to notice.
        "-ingester.min-ready-duration=0s -frontend.scheduler-dns-lookup-period=1s"
    )


def tempo(port: int) -> str:
    """The command of Tempo, likewise."""
    return (
        "{program} -config.file={config} -config.expand-env=true "
        f"-server.http-listen-port={port} -server.grpc-listen-port={port + 1} "
        "-backend-worker.finish-on-shutdown-timeout=1s"
    )


SERVERS = {
    server.name: server
    for server in (
        Server(
            name="kafka",
            program=Maven(
                ("org.apache.kafka:kafka_2.13:4.1.1", "org.slf4j:slf4j-simple:1.7.36")
            ),
            port=9092,
            before="java -cp {program}/* kafka.tools.StorageTool format "
            "--standalone --ignore-formatted -t Z3VpZGVndWlkZWd1aWRlZw -c {config}",
            command="java -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn "
            "-Dguide={data} -cp {program}/* kafka.Kafka {config}",
            config=config("kafka.properties"),
            # A metadata request, and an answer that names one broker.
            hello=b"\x00\x00\x00\x0e\x00\x03\x00\x01hiya\xff\xff\x00\x00\x00\x00",
            answer=rb".{4}hiya\x00\x00\x00\x01",
        ),
        Server(
            name="rabbit",
            # What is on PATH changes to a user of its own, who may not write here.
            program=Debian("rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server"),
            port=5672,
            # After -extra Erlang reads nothing: `pid` knows the process by it.
            command="{program} -extra {data}",
            environment=f"HOME={{data}} RABBITMQ_NODENAME=guide@localhost "
            f"RABBITMQ_NODE_IP_ADDRESS={HOST} ERL_EPMD_ADDRESS={HOST} "
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="
            "'-kernel inet_dist_use_interface {{127,0,0,1}}' "
            "RABBITMQ_MNESIA_BASE={data}/mnesia RABBITMQ_LOG_BASE={data}/log "
            "RABBITMQ_PID_FILE={data}/pid RABBITMQ_CONFIG_FILE={data}/conf "
            "RABBITMQ_ENABLED_PLUGINS_FILE={data}/plugins",
            hello=b"AMQP\x00\x00\x09\x01",
            answer=rb"\x01\x00\x00",
            # Erlang's port mapper stays behind; it refuses while others use it.
            afterwards="epmd -kill",
        ),
        Server(
            name="nats",
            program=Debian("nats-server", "nats-server"),
            port=4222,
            command=f"{{program}} -a {HOST} -p 4222 -js -sd {{data}}",
            hello=b"",
            answer=rb"INFO ",
        ),
        Server(
            name="redis",
            program=Debian("redis-server", "redis-server"),
            port=6379,
            # It would overwrite its arguments, by which `pid` knows it.
            command=f"{{program}} --bind {HOST} --port 6379 --dir {{data}} "
            "--save '' --appendonly no --set-proc-title no",
            hello=b"PING\r\n",
            answer=rb"\+PONG",
        ),
        Server(
            name="mqtt",
            program=Debian("mosquitto", "mosquitto"),
            port=1883,
            command="{program} -c {data}/config",
            config=f"listener 1883 {HOST}\nallow_anonymous true\npersistence false\n",
            # CONNECT as client "hi", and the start of CONNACK.
            hello=b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02hi",
            answer=rb"\x20",
        ),
        Server(
            name="collector",
            broker=False,
            program=Collector(
                "go.opentelemetry.io/collector/cmd/builder@v0.158.0",
                FILES / "collector.parts.yaml",
            ),
            port=4318,
            command="{program} --config {data}/config",
            environment="DATA={data}",
            config=config("collector.yaml"),
            hello=b"POST /v1/traces HTTP/1.0\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2\r\n\r\n{}",
            answer=rb"HTTP/1.. 200",
        ),
        Server(
            name="prometheus",
            broker=False,
            program=Debian("prometheus", "prometheus"),
            port=9090,
            command=f"{{program}} --config.file={{config}} "
            f"--web.listen-address={HOST}:9090 --storage.tsdb.path={{data}} "
            "--web.enable-remote-write-receiver --enable-feature=exemplar-storage",
            config=config("prometheus.yaml"),
            hello=b"GET /-/ready HTTP/1.0\r\n\r\n",
            answer=rb"HTTP/1.. 200",
        ),
        Server(
            name="zipkin",
            broker=False,
            program=Maven(("io.zipkin:zipkin-server:3.6.1:exec",)),
            port=9411,
            # By itself it listens on all addresses.
            command="java -Xmx384m -XX:TieredStopAtLevel=1 -Dguide={data} "
            "-jar {program}/zipkin-server-3.6.1-exec.jar "
            f"--armeria.ports[0].address={HOST} --armeria.ports[0].port=9411 "
            "--armeria.ports[0].protocols[0]=http",
            hello=b"GET /health HTTP/1.0\r\n\r\n",
            answer=rb"HTTP/1.. 200",
        ),
        Server(
            name="jaeger",
            broker=False,
            # Of 2.13. Takes several minutes to build; a placeholder for its UI.
            program=Go("github.com/jaegertracing/jaeger@v1.76.0", "cmd/jaeger"),
            port=16686,
            command="{program} --config {data}/config",
            config=config("jaeger.yaml"),
            hello=b"GET /api/services HTTP/1.0\r\n\r\n",
            answer=rb"HTTP/1.. 200",
        ),
        Server(
            name="loki",
            broker=False,
            program=Go("github.com/grafana/loki/v3@v3.7.8", "cmd/loki"),
            port=3100,
            command=loki(3100),
            environment="DATA={data}",
            config=(EXAMPLE / "loki.yaml").read_text(),
            hello=b"GET /ready HTTP/1.0\r\n\r\n",
            answer=rb"HTTP/1.. 200",
        ),
        Server(
            name="tempo",
            broker=False,
            program=Released("tempo", "https://github.com/grafana/tempo/releases"),
            port=3200,
            command=tempo(3200),
            # Not the Collector's port.
            environment="DATA={data} OTLP_PORT=24317",
            config=(EXAMPLE / "tempo.yaml").read_text(),
            hello=b"GET /ready HTTP/1.0\r\n\r\n",
            answer=rb"HTTP/1.. 200",
        ),
    )
}
# No servers: what tests run besides.
TOOLS: dict[str, Program] = {
    # Fuzzes by coverage.
    "atheris": Packages(FILES / "fuzzing.txt"),
    "actionlint": Go("github.com/rhysd/actionlint@v1.7.12", "cmd/actionlint"),
    "docker-compose": Go(
        "github.com/docker/compose/v2@v2.40.3", "cmd", called="docker-compose"
    ),
    # What builds the services in other languages.
    "go": GoItself("golang", "go"),
    "javac": Debian("default-jdk-headless", "javac"),
    "mvn": Debian("maven", "mvn"),
    # Whose packages are looked at beside this one.
    "vendors": Packages(FILES / "vendors.txt"),
}
BROKERS = [server.name for server in SERVERS.values() if server.broker]


def program(name: str) -> Program:
    """The program of a server, or of a tool."""
    return TOOLS[name] if name in TOOLS else SERVERS[name].program
