"""Servers that are slow, hang, leave children behind, or are someone else's.

The servers are small programs of our own, but real processes.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from servers import processes, server, waiting
from servers.processes import arguments
from tests.test_scripts import GREETER, SCRIPTS, greeter, home

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.server import Server

__all__ = ("greeter", "home")

pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running")

SOON = 10.0  # seconds, for what takes a few hundredths
# Its child is deaf to SIGTERM, and says in a file who it is.
PARENT = """
import os, signal, sys, time
if not os.fork():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("child.new", "w").write(str(os.getpid()))
    os.rename("child.new", "child")
    time.sleep(600)
"""
HANGS = PARENT + "time.sleep(600)\n"
# As the script of RabbitMQ, when it is killed: the child has the port.
LEAVES = f"""
import os, sys
if os.fork():
    os._exit(0)
{GREETER}
"""
ALIVE = "import sys, time\nuntil = time.monotonic() + float(sys.argv[2])\n"
WRITES = """
while time.monotonic() < until:
    print("still reading", flush=True)
    time.sleep(0.05)
"""
WORKS = """
while time.monotonic() < until:
    pass
"""


@pytest.fixture
def stand_in(greeter: Server, tmp_path: Path) -> Callable[..., Server]:
    """Make a server of a program, which gets its port and `arguments`."""

    def make(program: str, arguments: str = "") -> Server:
        path = tmp_path / "stand_in.py"
        path.write_text(program)
        command = f"{{program}} {path} {greeter.port} {arguments} {{data}}"
        return replace(greeter, command=command)

    return make


def impatient(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Shorten what `up` and `down` wait."""
    for name, value in seconds.items():
        monkeypatch.setattr(waiting, name, value)
    monkeypatch.setattr(server, "PATIENCE", 0.3)


def eventually(holds: Callable[[], object]) -> None:
    """Wait until it holds, which takes a moment."""
    until = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def child_of(up: Server) -> int:
    """Give the process that a stand-in left in the background."""
    file = up.data / "child"
    eventually(file.exists)
    return int(file.read_text())


def test_one_that_hangs_is_ended_whole(
    stand_in: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it started ends too, even if it does not want to; its data stay."""
    impatient(monkeypatch, PATIENCE=2)
    hangs = stand_in(HANGS)
    with pytest.raises(SystemExit, match="did not start, it did nothing for 2 s; what"):
        hangs.up()
    assert not arguments(child_of(hangs))
    assert hangs.living() == []
    assert hangs.status() == "down"


def test_one_that_ends_leaves_no_child(stand_in: Callable[..., Server]) -> None:
    """`up` says at once that it ended, and `down` finds what it left."""
    leaves = stand_in(LEAVES)
    leaves.up()
    leader = leaves.leader()
    assert leader
    eventually(lambda: not arguments(leader))
    (child,) = leaves.living()
    assert child.pid != leader
    assert leaves.down() == f"is down, was process {leader}"
    assert not arguments(child.pid)
    assert leaves.answers() is None


def test_a_number_that_was_given_again_is_not_ended(greeter: Server) -> None:
    """A process that is not the server's is left, whatever its number."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, start_new_session=True
    ) as other:
        greeter.folder.mkdir()
        (greeter.folder / "pid").write_text(str(other.pid))
        assert [each.pid for each in processes.session(other.pid)] == [other.pid]
        assert greeter.down() == "was not started here"
        assert other.poll() is None
        other.communicate(b"\n", timeout=SOON)
    assert other.returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("way", [WRITES, WORKS])
def test_one_that_gets_on_is_waited_for(
    way: str, stand_in: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes four times as long as one is waited for that does nothing."""
    impatient(monkeypatch, PATIENCE=1)
    assert "is up on" in stand_in(ALIVE + way + GREETER, "4").up()


def test_one_that_gets_on_for_ever_is_not(
    stand_in: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a limit."""
    impatient(monkeypatch, LIMIT=1)
    slow = stand_in(ALIVE + WRITES + GREETER, "600")
    with pytest.raises(SystemExit, match=r"did not answer on 127.* within 1 s"):
        slow.up()
    assert slow.living() == []


def test_it_says_what_it_waits_for(
    stand_in: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The address, the time, what was done, and the log's last line."""
    impatient(monkeypatch, NEWS=0.5)
    slow = stand_in(ALIVE + WRITES + GREETER, "1.5")
    slow.up()
    line = capfd.readouterr().err.splitlines()[0]
    assert re.fullmatch(
        rf"  greeter: waiting for an answer on {slow.where} since \d+ s; "
        r"it used \d\.\d s of CPU, and its log ends with: still reading",
        line,
    )


@pytest.mark.parametrize("killed", [False, True])
def test_another_up_waits_for_it(
    stand_in: Callable[..., Server], tmp_path: Path, *, killed: bool
) -> None:
    """It is not started twice, even if the command that started it is killed."""
    slow = stand_in(ALIVE + WRITES + GREETER, "2")
    first = subprocess.Popen(driver(slow, "up", "nats"), stdout=subprocess.DEVNULL)
    eventually(slow.pid)
    pid = slow.pid()
    if killed:
        first.kill()
    on = f"on {slow.where}"
    said = f"is up {on}, process {pid}" if killed else f"is up already, {on}"
    assert slow.up() == said
    assert first.wait(SOON) == (-signal.SIGKILL if killed else 0)
    assert slow.pid() == pid


def driver(nats: Server, *arguments: str) -> list[str]:
    """Run `scripts/brokers`, whose NATS is a stand-in, as a command of its own."""
    from servers import programs

    code = f"""
        import runpy, signal, sys
        from pathlib import Path, PosixPath
        sys.path.insert(0, {str(SCRIPTS)!r})
        from servers import known, programs
        from servers.programs import Debian
        from servers.server import Server
        programs.HOME = Path({str(programs.HOME)!r})
        known.SERVERS["nats"] = {nats!r}
        # Where tests run in the background, it is ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["brokers", "--with", "programs", *{arguments!r}]
        runpy.run_path({str(SCRIPTS / "brokers")!r}, run_name="__main__")
    """
    return [sys.executable, "-c", dedent(code)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_leaves_nothing(
    number: signal.Signals, stand_in: Callable[..., Server]
) -> None:
    """Nothing runs, no file is left, and no traceback is on the screen."""
    hangs = stand_in(HANGS.replace("SIG_IGN", "SIG_DFL"))
    with subprocess.Popen(
        driver(hangs, "up", "nats"), stderr=subprocess.PIPE, text=True
    ) as up:
        child, leader = child_of(hangs), hangs.pid()
        assert leader
        up.send_signal(number)
        _, said = up.communicate(timeout=SOON)
    assert up.returncode == 130
    assert said == "Interrupted: nothing that it started still runs.\n"
    assert not arguments(leader)
    assert not arguments(child)
    assert not hangs.folder.exists()


def test_ctrl_c_takes_back_what_was_up_already(
    greeter: Server, monkeypatch: pytest.MonkeyPatch, stand_in: Callable[..., Server]
) -> None:
    """Of several servers, those too that the same command has started."""
    hangs = replace(stand_in(HANGS.replace("SIG_IGN", "SIG_DFL")), name="hangs", port=1)
    command = driver(greeter, "up", "nats", "redis")
    command[-1] = command[-1].replace(
        "# Where", f'known.SERVERS["redis"] = {hangs!r}\n# Where'
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as up:
        child_of(hangs)
        assert greeter.answers()
        up.send_signal(signal.SIGINT)
        said, _ = up.communicate(timeout=SOON)
    assert said.splitlines()[0].startswith("greeter is up on")
    assert said.splitlines()[1].startswith("greeter is down, was process")
    assert greeter.answers() is None


def test_status_says_whose_it_is(
    greeter: Server, stand_in: Callable[..., Server]
) -> None:
    """Since when ours runs, who else runs, and who has the port."""
    greeter.up()
    pid = greeter.pid()
    at = r"started here at \d\d:\d\d:\d\d"
    ours = rf"up on {greeter.where}, {at}, process {pid}"
    assert re.fullmatch(ours, greeter.status())
    os.utime(greeter.folder / "pid", (0, 0))
    assert re.search(r"started here on 19(69|70)-\d\d-\d\d at ", greeter.status())
    other = replace(greeter, name="other")
    program = re.escape(str(greeter.program.get())[:60])
    theirs = rf"up on .*, not started here, process {pid}: {program}.*"
    assert re.fullmatch(theirs, other.status())
    another = replace(other, hello=b"HI")
    taken = rf"down, and {greeter.where} is taken by something else, process {pid}: .*"
    assert re.fullmatch(taken, another.status())


def test_arguments_that_are_no_text() -> None:
    """A process of somebody else may have any bytes there."""
    command = [sys.executable, "-c", "input()", os.fsdecode(b"no \xff text")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            eventually(lambda: "input() no \ufffd text" in arguments(process.pid))
        finally:
            process.kill()


def test_status_of_one_that_hangs(
    stand_in: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ours, whether the port is open or not, and not down."""
    greets_not = stand_in(GREETER.replace("hello", "go away"))
    with subprocess.Popen(driver(greets_not, "up", "nats")) as up:
        eventually(lambda: greets_not.answers() is False)
        assert re.fullmatch(
            rf"does not answer on {greets_not.where}, started here at [\d:]+, "
            rf"process {greets_not.pid()}",
            greets_not.status(),
        )
        up.terminate()
    assert greets_not.status() == "down"


def test_port_that_nobody_answers_on(greeter: Server) -> None:
    """Who has it is said, although it says nothing itself."""
    with socket.create_server(("127.0.0.1", greeter.port)):
        said = f"{greeter.where} is taken by something else, process {os.getpid()}: "
        assert greeter.status().startswith(f"down, and {said}")
        with pytest.raises(SystemExit, match=re.escape(said)):
            greeter.up()


@pytest.mark.skipif(not processes.LINUX, reason="is read from /proc elsewhere")
def test_ps_tells_the_same(stand_in: Callable[..., Server]) -> None:
    """Where there is no /proc, `ps` tells which processes there are."""
    if not Path("/usr/bin/ps").exists():
        pytest.skip("no ps here")
    leaves = stand_in(LEAVES)
    leaves.up()
    (child,) = leaves.living()
    told = [each for each in processes.in_ps() if each.session == leaves.leader()]
    assert [each.pid for each in told] == [child.pid]
    assert abs(told[0].cpu - child.cpu) < 2
    leaves.down()
