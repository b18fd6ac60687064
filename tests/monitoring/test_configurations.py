"""Each configuration of the full example is read by the program that it is for.

Grafana's files are in test_grafana.py.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from guide.places import BROKERS
from guide.shop import EXAMPLE
from servers import containers
from servers.known import SERVERS, TOOLS

HERE = Path(__file__).parent


def load(path: Path) -> Any:
    """Read a file of YAML."""
    return yaml.safe_load(path.read_text())


def accepted(*command: str) -> str:
    """Run a program that checks, and give what it says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.program("collector")
@pytest.mark.parametrize("files", [["collector"], ["collector", "collector.files"]])
def test_collector(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The Collector accepts both, in containers and without."""
    monkeypatch.setenv("DATA", "/tmp")  # noqa: S108 - nothing is written
    given = [f"--config={EXAMPLE / name}.yaml" for name in files]
    accepted(str(SERVERS["collector"].get()), "validate", *given)


@pytest.mark.program("collector")
def test_collector_refuses(tmp_path: Path) -> None:
    """It does look: a part that does not exist is an error."""
    wrong = tmp_path / "wrong.yaml"
    text = (EXAMPLE / "collector.yaml").read_text()
    wrong.write_text(text.replace("[memory_limiter, batch]", "[no_such_part]"))
    collector = str(SERVERS["collector"].get())
    with pytest.raises(AssertionError, match="no_such_part"):
        accepted(collector, "validate", f"--config={wrong}")


BACKENDS = [
    pytest.param("loki", ["-verify-config"], marks=pytest.mark.program("loki")),
    pytest.param("tempo", ["-config.verify=true"], marks=pytest.mark.program("tempo")),
]


@pytest.mark.parametrize(("name", "check"), BACKENDS)
def test_backend(name: str, check: list[str], tmp_path: Path) -> None:
    """Loki and Tempo accept theirs; they do look: one that is misspelt they refuse."""
    file = EXAMPLE / f"{name}.yaml"
    given = [str(SERVERS[name].get()), "-config.expand-env=true", *check]
    accepted(*given, f"-config.file={file}")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(file.read_text().replace("http_listen_port", "http_port"))
    with pytest.raises(AssertionError, match="http_port not found"):
        accepted(*given, f"-config.file={wrong}")


@pytest.mark.program("prometheus")
def test_prometheus() -> None:
    """Prometheus accepts its configuration and the alerts."""
    file = EXAMPLE / "prometheus" / "prometheus.yaml"
    assert "4 rules found" in accepted("promtool", "check", "config", str(file))


@pytest.mark.program("prometheus")
def test_alerts() -> None:
    """They fire when they are to, and not else: tests/monitoring/alerts.yaml."""
    accepted("promtool", "test", "rules", str(HERE / "alerts.yaml"))
    # Each alert is tested in both ways.
    named: dict[str, set[bool]] = {}
    for test in load(HERE / "alerts.yaml")["tests"]:
        for case in test["alert_rule_test"]:
            named.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    (group,) = load(EXAMPLE / "prometheus" / "alerts.yaml")["groups"]
    assert set(named) == {rule["alert"] for rule in group["rules"]}
    assert named["HandlersFail"] == named["NothingIsConsumed"] == {True, False}


def compose() -> Any:
    """The file of the containers, as YAML alone reads it."""
    return load(EXAMPLE / "compose.yaml")


@pytest.mark.program("docker-compose")
@pytest.mark.parametrize("broker", ["", *BROKERS])
def test_compose(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose accepts it, and starts the broker that is named, or else RabbitMQ."""
    monkeypatch.delenv("SHOP_BROKER", raising=False)
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    if broker:
        monkeypatch.setenv("SHOP_BROKER", broker)
    compose = str(TOOLS["docker-compose"].get())
    given = [compose, "--project-directory", str(EXAMPLE), "config"]
    assert set(accepted(*given, "--services").split()) == {
        *("order", "trade", "notification", "grafana", "prometheus"),
        *("collector", "tempo", "loki"),
        {"": "rabbit", "confluent": "kafka"}.get(broker, broker),
    }
    services = yaml.safe_load(accepted(*given))["services"]
    assert services["trade"]["environment"]["SHOP_BROKER"] == (broker or "rabbit")


def test_containers_are_pinned_and_local() -> None:
    """Images have versions, ports are this machine's, mounted files exist."""
    services = compose()["services"]
    for name, service in services.items():
        image = service["image"]
        assert image == "shop" or re.search(r":v?\d+\.\d+\.\d+(-\w+)?$", image), name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (EXAMPLE / source).exists(), source
            else:
                assert source in compose()["volumes"], source
        for other in service.get("depends_on", ()):
            condition = service["depends_on"][other]["condition"]
            healthy = "healthcheck" in services[other] or services[other]["image"] == (
                "shop"
            )
            assert (condition == "service_healthy") == healthy, (name, other)


def test_versions_are_those_of_the_tests() -> None:
    """A server that `scripts/brokers` starts too is the same one there."""

    def versions(services: Any) -> dict[str, str]:
        images = (each["image"] for each in services.values())
        return dict(re.findall(r"(\S+):v?([\d.]+)", " ".join(images)))

    here = versions(compose()["services"])
    there = versions(load(containers.FILE)["services"])
    both = here.keys() & there.keys()
    assert {"rabbitmq", "apache/kafka", "nats", "redis", "prom/prometheus"} <= both
    assert {name: here[name] for name in both} == {name: there[name] for name in both}


def test_each_broker_has_its_container() -> None:
    """A profile of its name starts it, and it is called `broker` there."""
    services = compose()["services"]
    for broker in BROKERS:
        (service,) = (
            each for each in services.values() if broker in each.get("profiles", ())
        )
        assert service["networks"]["default"]["aliases"] == ["broker"]
        assert "healthcheck" in service


def test_image_has_what_the_services_import() -> None:
    """The files that the image takes exist, and are not left out of it."""
    dockerfile = (EXAMPLE / "Dockerfile").read_text()
    ignored = (EXAMPLE / "Dockerfile.dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (.+) \S+$", dockerfile, flags=re.MULTILINE):
        for name in line.split():
            assert (EXAMPLE.parents[1] / name).exists(), name
            assert f"!{name}" in ignored, name
