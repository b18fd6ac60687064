"""Processes of this machine: those of one session, what they used, and their end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROC = Path("/proc")
LINUX = (PROC / "self").exists()
LISTENS = "0A"  # a state in /proc/net/tcp


class Process(NamedTuple):
    """A process that lives, and how many seconds of CPU it and its children used."""

    pid: int
    session: int  # where there is no /proc, its process group
    cpu: float


def start(command: list[str], note: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, and note its number."""
    came: list[int] = []
    # Put off until it is noted: nobody would end it. Other threads get no signals.
    mine = threading.current_thread() is threading.main_thread()
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if mine
    }
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is not for it
            **options,
        )
        note.write_text(str(process.pid))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt
    return process


def session(leader: int) -> list[Process]:
    """Give all that live of a session: a child outlives who leads it."""
    found = in_proc() if LINUX else in_ps()
    return [process for process in found if process.session == leader]


def in_proc() -> Iterator[Process]:
    """Read what Linux tells."""
    ticks = os.sysconf("SC_CLK_TCK")
    for path in PROC.iterdir():
        if not path.name.isdecimal():
            continue
        try:
            # The name is in parentheses, and may have some itself.
            parts = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # Where nobody reaps, a zombie never goes away.
        if parts[0] not in "ZX":
            cpu = sum(map(int, parts[11:15])) / ticks
            yield Process(int(path.name), int(parts[3]), cpu)


def in_ps() -> Iterator[Process]:
    """Ask `ps`, on other systems."""
    command = ["ps", "-A", "-o", "pid=,pgid=,stat=,time="]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        pid, group, state, used = line.split()
        if not state.startswith("Z"):
            cpu = 0.0
            for part in re.split("[-:]", used):
                cpu = cpu * 60 + float(part)
            yield Process(int(pid), int(group), cpu)


def names(pid: int, text: str) -> bool:
    """Tell whether the arguments or the environment of a process have a text."""
    if text in arguments(pid):
        return True
    try:
        return text in (PROC / str(pid) / "environ").read_text(errors="replace")
    except OSError:
        return False


def arguments(pid: int) -> str:
    """The command line of a process, empty when it has ended."""
    if not LINUX:
        ps = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        return subprocess.run(ps, capture_output=True, text=True, check=False).stdout
    try:
        words = (PROC / str(pid) / "cmdline").read_text(errors="replace")
        return words.replace("\0", " ")
    except OSError:
        return ""


def listener(port: int) -> int | None:
    """Find who listens on a port, as far as this user may see it."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                parts = line.split()
                if parts[3] == LISTENS and int(parts[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{parts[9]}]")
    for path in PROC.glob("[0-9]*/fd/*") if inodes else ():
        with suppress(OSError):
            if str(path.readlink()) in inodes:
                return int(path.parts[2])
    return None


def end(leader: int, living: Callable[[], list[Process]], grace: float) -> None:
    """End a session: who leads it first, and what is left afterwards by force.

    Whoever leads may have to see to the end of the others: RabbitMQ's script stops the
    Erlang machine that it started.
    """
    until = time.monotonic() + grace
    asked: set[int] = set()
    try:
        while (left := living()) and time.monotonic() < until:
            pids = {process.pid for process in left}
            for pid in ({leader} & pids or pids) - asked:
                send(pid, signal.SIGTERM)
                asked.add(pid)
            time.sleep(0.02)
    finally:
        # After a second Ctrl-C, too.
        for _ in range(500):
            if not (left := living()):
                break
            for process in left:
                send(process.pid, signal.SIGKILL)
            time.sleep(0.02)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
