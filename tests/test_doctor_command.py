"""The command `doctor`: what it prints, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from faststream import FastStream
from starlette.applications import Starlette

from faststream_otel.__main__ import parsed
from faststream_otel.doctor import Fact, Report, _command, _screen, diagnose
from tests.kinds import Kind, every_kind
from tests.services import NATS, examined, process, recording, well
from tests.test_doctor_loading import SERVICE, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ("write",)

ROOT = Path(__file__).parents[1]
Write = Any
WELL = """
from opentelemetry import trace
from faststream import FastStream
from faststream.nats import NatsBroker
from faststream_otel.nats import NatsTelemetryMiddleware
from tests.services import provider

trace.set_tracer_provider(provider())
broker = NatsBroker(middlewares=[NatsTelemetryMiddleware()], logger=None)
app = FastStream(broker)
print("loaded")


@app.on_startup
async def settings(env: str = "dev") -> None:
    print("started for", env)
"""


def ran(*words: str, **environment: str) -> tuple[int, str]:
    """Run the command in this process; gives its status and what it printed."""
    out = StringIO()
    with process(**environment):
        status = _command.run(*parsed(["doctor", "--offline", *words]), out)
    return status, out.getvalue()


def test_nothing_is_wrong(write: Write) -> None:
    """One line says so, and then what was seen."""
    write("doc_well.py", WELL)
    status, printed = ran("doc_well:app")
    assert status == 0
    first, second, third, *rest = printed.splitlines()
    assert (first, second, third) == ("Nothing is wrong.", "", "What was seen")
    assert rest[0] == "  Broker: NatsBroker at localhost:4222: NatsTelemetryMiddleware"
    assert "set while it was imported, doc_well.py:8" in " ".join(printed.split())


def test_something_is_wrong(write: Write) -> None:
    """The findings come first."""
    write("doc_app.py", SERVICE)
    status, printed = ran("doc_app:app")
    assert status == 1
    assert printed.startswith("error FSO001: A broker has no telemetry middleware.\n")
    assert "\n  Where:  NatsBroker\n  Seen:   " in printed
    assert "\n2 errors.\n\nWhat was seen\n" in printed


def test_notes_alone_are_no_failure(write: Write) -> None:
    """The exit status is that of a service that is well."""
    text = WELL.replace("provider()", "provider(sampler=ALWAYS_ON)")
    importing = "from opentelemetry.sdk.trace.sampling import ALWAYS_ON\n"
    write("doc_note.py", importing + text)
    status, printed = ran("doc_note:app")
    assert status == 0
    assert printed.startswith("note FSO113: ")
    assert "\n1 note.\n" in printed


def test_not_loaded(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own traceback, and why."""
    write("doc_bad.py", "raise LookupError('no host')")
    assert ran("doc_bad:app") == (2, "")
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n  File ")
    assert "doc_bad.py" in said.splitlines()[1]
    assert said.endswith("doc_bad raised LookupError when it was imported.\n")


def test_no_broker(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """What was named is no application with a broker."""
    write("doc_none.py", "from fastapi import FastAPI\napp = FastAPI()\n")
    assert ran("doc_none:app") == (2, "")
    said = capsys.readouterr().err
    assert said.startswith("The doctor found no broker in fastapi")
    assert "Traceback" not in said


def test_start_hands_on_options(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `faststream run` does."""
    write("doc_well.py", WELL)
    assert ran("doc_well:app", "--start", "--", "--env=prod")[0] == 0
    assert "started for prod" in capsys.readouterr().out
    ran("doc_well:app")
    assert "started" not in capsys.readouterr().out


@every_kind
def test_start_runs_no_handler(kind: Kind) -> None:
    """Not even for what start-up hooks publish."""
    handled: list[Any] = []
    started: list[str] = []
    with process():
        recording()
        broker = well(kind)

        @kind.subscriber(broker, "orders")
        async def pack(order: str) -> None:
            handled.append(order)

        application = FastStream(broker)

        @application.after_startup
        async def place() -> None:
            added = kind.subscriber(broker, "late")
            added(pack)
            await kind.publish(broker, "tea", "orders")
            await kind.publish(broker, "tea", "late")
            started.append("hook")

        assert diagnose(application, offline=True, start=True).codes == []
        assert started == ["hook"]
        assert not handled


def test_start_of_asgi_applications() -> None:
    """Their lifespan runs, with its end."""
    steps: list[str] = []
    with process():
        recording()
        broker = well(NATS)

        @asynccontextmanager
        async def lifespan(app: object) -> AsyncIterator[None]:
            await broker.start()
            steps.append("begin")
            yield
            steps.append("end")

        for application in (
            Starlette(lifespan=lifespan),
            FastStream(broker, lifespan=lambda: lifespan(None)).as_asgi(),
        ):
            assert diagnose(application, offline=True, start=True).codes == []
            assert steps == ["begin", "end"]
            steps.clear()


def test_start_of_several() -> None:
    """Applications and brokers by themselves."""
    with process():
        recording()
        brokers = [well(NATS), well(NATS)]
        application = [FastStream(brokers[0]), brokers[1]]
        report = diagnose(application, offline=True, start=True)
    assert report.codes == []
    assert [each.text for each in report.facts if each.name == "Broker"] == [
        "NatsBroker 1 at localhost:4222: NatsTelemetryMiddleware",
        "NatsBroker 2 at localhost:4222: NatsTelemetryMiddleware",
    ]


class Asgi:
    """An ASGI application that answers a lifespan as it is told.

    Args:
        broker: What it starts.
        answer: What it sends; nothing if empty.
    """

    def __init__(self, broker: Any, answer: str) -> None:
        self.broker = broker
        self._answer = answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if self._answer:
            await send({"type": f"lifespan.startup.{self._answer}"})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "the lifespan ended at startup"),
        ("failed", "startup failed"),
        ("complete", "the lifespan ended at shutdown"),
    ],
)
def test_start_of_an_odd_lifespan(answer: str, said: str) -> None:
    """It says what went wrong, and does not wait for ever."""
    # Brokers are looked for in what is a framework's.
    kind = type("Odd", (Asgi, Starlette), {})
    with process():
        recording()
        with pytest.raises(RuntimeError, match=said):
            diagnose(kind(well(NATS), answer), offline=True, start=True)


def test_start_of_a_lifespan_that_fails() -> None:
    """It is not the doctor's error."""

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        await broker.start()
        raise LookupError("no table")
        yield

    with process():
        recording()
        broker = well(NATS)
        with pytest.raises(LookupError, match="no table"):
            diagnose(Starlette(lifespan=lifespan), offline=True, start=True)


def test_start_fails(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback begins in the application."""
    text = WELL + "    raise LookupError('no table')\n"
    write("doc_fails.py", text)
    assert ran("doc_fails:app", "--start") == (2, "")
    said = capsys.readouterr().err
    assert "raise LookupError('no table')" in said
    assert "doc_fails.py" in said.splitlines()[1]
    assert said.endswith("It raised LookupError when it was started.\n")


def test_start_that_hangs(
    write: Write, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The line that waits is named."""
    wait = "    import asyncio; await asyncio.Event().wait()\n"
    write("doc_hangs.py", WELL + wait)
    assert ran("doc_hangs:app", "--start", "--timeout", "0.01") == (2, "")
    said = capsys.readouterr().err
    assert "await asyncio.Event().wait()" in said
    assert "TimeoutError: it still starts after 0.1 s; wait longer with" in said
    assert not caplog.text


def test_json(write: Write) -> None:
    """The same, as data."""
    write("doc_app.py", SERVICE)
    status, printed = ran("doc_app:app", "--json")
    assert status == 1
    data = json.loads(printed)
    assert [each["code"] for each in data["findings"]] == ["FSO001", "FSO101"]
    keys = {"code", "kind", "title", "seen", "why", "remedy", "where"}
    assert set(data["findings"][0]) == keys
    assert {"name", "text"} == set(data["facts"][0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doctor"], "MODULE:APP"),
        (["doctor", "app:app", "--ofline"], "unrecognized arguments: --ofline"),
        (["doctor", "app:app", "--off"], "unrecognized arguments: --off"),
        (["doctor", "app:app", "--timeout", "0"], "invalid number of seconds"),
        (["doctor", "app:app", "--timeout", "long"], "invalid number of seconds"),
        (["docter", "app:app"], "invalid choice: 'docter'"),
        ([], "COMMAND"),
    ],
)
def test_mistakes(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong option is told, and not handed on: it might have been `--offline`."""
    with pytest.raises(SystemExit):
        parsed(words)
    assert said in capsys.readouterr().err


class Terminal(StringIO):
    """Has colours."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("out", "environment", "colours"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (StringIO(), {}, False),
        (StringIO(), {"FORCE_COLOR": "1"}, True),
        (StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
    ids=["terminal", "not wanted", "file", "wanted", "both"],
)
def test_colour(
    out: StringIO,
    environment: dict[str, str],
    colours: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a terminal has it, or somebody wants it; the words are the same."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    report = examined(lambda kind: kind.broker(logger=None))
    _screen.show(report, out)
    text = out.getvalue()
    assert ("\x1b[" in text) is colours
    assert "error FSO001" in text.replace("\x1b[0m", "").replace("\x1b[1;31m", "")


def test_lines_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a narrow terminal, except for what has no space in it."""
    monkeypatch.setenv("COLUMNS", "60")
    out = StringIO()
    _screen.show(examined(lambda kind: kind.broker(logger=None)), out)
    for line in out.getvalue().splitlines():
        assert len(line) <= 60 or len(line.split()) <= 2, line


def test_the_code_stays_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow the terminal is."""
    monkeypatch.setenv("COLUMNS", "10")
    out = StringIO()
    _screen.show(examined(lambda kind: kind.broker(logger=None)), out)
    assert out.getvalue().startswith("error FSO001: A\n  broker\n")


def test_nothing_steers_the_terminal() -> None:
    """Neither what a variable has, nor what cannot be encoded."""
    out = StringIO()
    _screen.show(Report((), (Fact("Service", "\x1b[31mred\x85\udcff"),)), out)
    assert "Service: \\x1b[31mred\\x85\\udcff\n" in out.getvalue()


def test_several_lines() -> None:
    """Each begins below the first."""
    out = StringIO()
    _screen.show(Report((), (Fact("Options", "a=1\nb=2"),)), out)
    assert "  Options: a=1\n    b=2\n" in out.getvalue()


# In a process of its own, as somebody would run it.


def started(
    where: Path, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command, and give what it printed."""
    inherited = {k: v for k, v in os.environ.items() if "OTEL_" not in k}
    return subprocess.run(
        words,
        cwd=where,
        env={
            **inherited,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_from_an_empty_directory(tmp_path: Path) -> None:
    """What the application prints is apart from the report."""
    (tmp_path / "app.py").write_text(WELL)
    command = [sys.executable, "-m", "faststream_otel", "doctor", "app:app"]
    done = started(tmp_path, *command, "--offline", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"] == []
    assert "loaded" in done.stderr


def test_output_of_another_encoding(tmp_path: Path) -> None:
    """What it has no letter for is written out."""
    (tmp_path / "app.py").write_text(WELL.replace("provider())", "provider('é'))"))
    command = [sys.executable, "-m", "faststream_otel", "doctor", "app:app"]
    done = started(tmp_path, *command, "--offline", PYTHONIOENCODING="ascii")
    assert "Service: \\xe9\n" in done.stdout, done.stderr
    assert done.returncode == 0


def test_a_full_disk(tmp_path: Path) -> None:
    """It says that the report cannot be written, and why."""
    (tmp_path / "app.py").write_text(WELL)
    command = [sys.executable, "-m", "faststream_otel", "doctor", "app:app"]
    to_a_full_disk = ["sh", "-c", '"$@" > /dev/full', "sh"]
    done = started(tmp_path, *to_a_full_disk, *command, "--offline")
    said = done.stderr.splitlines()[-1]
    assert said == "The report cannot be written: No space left on device."
    assert done.returncode == os.EX_IOERR


def test_imports() -> None:
    """A running service has nothing of it, and it needs no SDK itself."""
    code = (
        "import sys, faststream_otel.nats; print(*sys.modules);"
        "import faststream_otel.doctor; print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, after = (set(line.split()) for line in done.stdout.splitlines())
    assert "faststream_otel.nats" in before
    assert "faststream_otel.doctor" not in before
    assert "faststream_otel.doctor" in after
    assert "opentelemetry.sdk" not in after
    assert "typer" not in after
