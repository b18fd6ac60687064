"""The commands by which a reader starts the guide's programs, as the guide has them."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from guide.places import PROGRAMS
from hooks.blocks import run

if TYPE_CHECKING:
    from guide.programs import Program

COLLECTED = Path(__file__).parent / "collected"
SENT_TO = {"rabbit": "queue", "nats": "subject", "redis": "channel"}


def of_file(script: Path) -> str:
    """What a shell file runs, once the reader has installed it and is in its place."""
    commands = re.sub(r"\\\n\s*", "", script.read_text()).splitlines()
    *before, last = [
        command for command in commands if not command.startswith(("#", "pip install"))
    ]
    # exec: the process is then the command itself, and a signal reaches it.
    return "\n".join([*before, f"exec {sent_here(last)}"])


def sent_here(command: str) -> str:
    """Send the spans of `opentelemetry-instrument` to the test as well."""
    return re.sub(
        r"--traces_exporter (?!otlp)(\w+)", r"--traces_exporter \1,otlp", command
    )


def of_program(program: Program) -> str:
    """What starts a program: the command that its page has below it."""
    return f"exec {sent_here(run(program.path))}"


def publishing(program: Program, message: str, destination: str) -> str:
    """What publishes a message to a program by hand."""
    script = PROGRAMS / program.broker / f"{program.step}_publish.sh"
    if script.exists():
        return of_file(script)
    option = SENT_TO.get(program.broker, "topic")
    return (
        "exec opentelemetry-instrument --service_name publisher faststream publish "
        f"{program.step}:app '\"{message}\"' --{option} {destination}"
    )


def readers_environment(**more: str) -> dict[str, str]:
    """Give the environment in which a reader starts a process, and more variables.

    What the process sends goes where it sends by itself.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL", "PYTHONPATH"))
    }
    # The reader has installed none of the other instrumentations.
    others = {each.name for each in entry_points(group="opentelemetry_instrumentor")}
    return {
        **inherited,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join(others - {"faststream"}),
        **more,
    }


def environment(protocol: str, endpoint: str) -> dict[str, str]:
    """Give the environment of a process that sends its spans here too, at once."""
    return readers_environment(
        PYTHONPATH=str(COLLECTED),
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
