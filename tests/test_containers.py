"""Servers as containers: the compose file, and what a container engine is told.

No engine runs where these tests do: a stand-in for `docker` notes what it is told, and
starts a program in place of a container. Images are not pulled, and not run.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from servers import containers, programs
from servers.known import SERVERS, TOOLS
from tests.test_scripts import SCRIPTS, brokers, greeter, home, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers.server import Server

__all__ = ("greeter", "home")

SERVICES: dict[str, Any] = yaml.safe_load(containers.FILE.read_text())["services"]

pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running")

ENGINE = """#!/bin/sh
echo "$@" >>"$0.told"
case "$*" in
info) exit {info} ;;
"compose version") exit {compose} ;;
*" up "*) {start} >/dev/null 2>&1 & echo $! >"$0.pid" ;;
*" rm "*) kill "$(cat "$0.pid")" ;;
esac
"""


@pytest.fixture
def install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, greeter: Server
) -> Callable[..., Path]:
    """Put stand-ins of engines on PATH, which has no other."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("cat", "sh"):
        (folder / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setattr(programs, "PATH", str(folder))
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, *, runs: bool = True, has_compose: bool = True) -> Path:
        start = shlex.join(words(greeter, "in a container"))
        path = folder / name
        path.write_text(
            ENGINE.format(info=int(not runs), compose=int(not has_compose), start=start)
        )
        path.chmod(0o755)
        return path

    return put


def test_an_engine_must_run_and_have_compose(install: Callable[..., Path]) -> None:
    """The first that does is used."""
    assert containers.engine() is None
    install("docker", runs=False)
    assert containers.engine() is None
    install("docker", has_compose=False)
    assert containers.engine() is None
    install("podman")
    assert containers.engine() == "podman"
    install("docker")
    assert containers.engine() == "docker"


def test_up_and_down(install: Callable[..., Path], greeter: Server) -> None:
    """The engine is told the name of the server; what it started it is to stop."""
    docker = install("docker")
    assert greeter.up(engine="docker").endswith("a container of docker")
    assert greeter.answers()
    assert "a container of docker" in greeter.status()
    assert "is up already" in greeter.up(engine="docker")
    assert greeter.down() == "is down, was a container of docker"
    assert not greeter.folder.exists()
    compose = f"compose --file {containers.FILE}"
    assert docker.with_suffix(".told").read_text().splitlines() == [
        f"{compose} up --detach --wait greeter",
        f"{compose} rm --stop --force --volumes greeter",
    ]


def test_a_program_is_not_stopped_as_a_container(
    install: Callable[..., Path], greeter: Server
) -> None:
    """An engine that has come since is told nothing."""
    greeter.up()
    docker = install("docker")
    assert "was process" in greeter.down()
    assert not docker.with_suffix(".told").exists()


def test_an_engine_that_fails(install: Callable[..., Path], greeter: Server) -> None:
    """The command that failed is on the screen."""
    install("docker").write_text('#!/bin/sh\n[ "$4" != up ]\n')
    with pytest.raises(SystemExit, match="up --detach --wait greeter failed"):
        replace(greeter).up(engine="docker")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "a container of docker"),
        (["--with", "containers"], "a container of docker"),
        (["--with", "programs"], "process"),
    ],
)
def test_the_command(
    arguments: list[str],
    said: str,
    install: Callable[..., Path],
    greeter: Server,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Containers are what `up` starts, where they are asked for or can be."""
    install("docker")
    monkeypatch.setitem(SERVERS, "nats", greeter)
    assert brokers(monkeypatch, "up", *arguments, "nats") == 0
    assert brokers(monkeypatch, "status", "nats") == 0
    assert all(said in line for line in capfd.readouterr().out.splitlines())
    assert brokers(monkeypatch, "down", "nats") == 0
    assert brokers(monkeypatch, "status", "nats") == 1


def test_the_command_without_an_engine(
    install: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Asked for containers, it does not start programs."""
    install("docker", runs=False)
    assert brokers(monkeypatch, "up", "--with", "containers") == 2
    assert "no container engine runs here" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("chosen", "code", "said"),
    [("programs", 0, ", process"), ("boats", 2, "FASTSTREAM_OTEL_BROKERS is boats")],
)
def test_the_environment_chooses(
    chosen: str,
    code: int,
    said: str,
    install: Callable[..., Path],
    greeter: Server,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It does so where the command says nothing."""
    install("docker")
    monkeypatch.setitem(SERVERS, "nats", greeter)
    monkeypatch.setenv("FASTSTREAM_OTEL_BROKERS", chosen)
    assert brokers(monkeypatch, "up", "nats") == code
    assert said in "".join(capfd.readouterr())


def test_each_server_has_its_service() -> None:
    """On the same port, of this machine alone, from an image of one version."""
    assert set(SERVICES) == set(SERVERS)
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+(-\w+)?", service["image"])
        port = SERVERS[name].port
        assert f"127.0.0.1:{port}:{port}" in service["ports"]
        assert all(each.startswith("127.0.0.1:") for each in service["ports"])
        # These images have nothing to check them with.
        assert name in {"collector", "jaeger"} or "healthcheck" in service


def test_versions_are_those_of_the_programs() -> None:
    """Where the program's is known."""
    parts = (SCRIPTS / "servers" / "collector.parts.yaml").read_text()
    version = SERVICES["collector"]["image"].partition(":")[2]
    assert f"otlpreceiver v{version}" in parts
    for name in ("kafka", "zipkin"):
        program: Any = SERVERS[name].program
        version = SERVICES[name]["image"].partition(":")[2]
        assert program.artifacts[0].split(":")[2] == version
    loki: Any = SERVERS["loki"].program
    assert loki.module.partition("@v")[2] == SERVICES["loki"]["image"].partition(":")[2]


@pytest.mark.program("docker-compose")
def test_compose_takes_the_file() -> None:
    """The real program reads it."""
    compose = str(TOOLS["docker-compose"].get())
    command = [compose, "--file", str(containers.FILE), "config", "--services"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == set(SERVERS)
