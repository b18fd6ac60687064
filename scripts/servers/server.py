"""A server: a program that runs in the background, with its data under `.brokers/`."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from servers import containers, processes, programs
from servers.kept import taken
from servers.waiting import until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.processes import Process
    from servers.programs import Program

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds, to stop
MARK = "FASTSTREAM_OTEL_SERVER"  # a variable that its processes have


@dataclass(frozen=True)
class Server:
    """A server: `command` runs it in the foreground with its data in `{data}`.

    Ready is one that answers `hello` with something that the pattern `answer` matches.
    `config` is put in `{data}/config`, which is a link where the user gives his own;
    `{config}` is where that is.
    """

    name: str
    program: Program
    port: int
    command: str
    hello: bytes
    answer: bytes
    environment: str = ""  # NAME=value, separated by blanks
    before: str = ""  # run before `command`
    afterwards: str = ""  # run when it is down, whatever comes of it
    config: str = ""
    broker: bool = True

    @property
    def folder(self) -> Path:
        return programs.HOME / self.name

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def where(self) -> str:
        return f"{HOST}:{self.port}"

    def answers(self) -> bool | None:
        """True when ready, False when something else answers, None when nothing."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(self.hello)
                answer = connection.recv(64)
                return bool(re.match(self.answer, answer, re.DOTALL))
        except ConnectionRefusedError:
            return None
        except OSError:
            return False

    def pid(self) -> int | None:
        """The process that `up` started, if it or a child of it still runs."""
        return self.leader() if self.living() else None

    def leader(self) -> int | None:
        """The process that `up` started, whether it still runs or not."""
        try:
            return int((self.folder / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def living(self) -> list[Process]:
        """What runs of it: all of its session."""
        leader, data = self.leader(), str(self.data)
        # Another process may have got the number since.
        found = processes.session(leader) if leader else []
        return [process for process in found if processes.names(process.pid, data)]

    def up(self, config: Path | None = None, engine: str | None = None) -> str:
        """Start it: in a container of the engine, or else its program."""
        # Two that start it at once would take its data from each other.
        lock = programs.HOME / "locks" / self.name
        lock.mkdir(parents=True, exist_ok=True)
        with taken(lock):
            return self.up_alone(config, engine)

    def up_alone(self, config: Path | None, engine: str | None) -> str:
        """Start it, while no other command does."""
        state, pid = self.answers(), self.pid()
        if state and (pid or containers.mark(self).exists()):
            return f"is up already, on {self.where}"
        if state:
            return f"is on {self.where} already, started by someone else: used as it is"
        if pid:  # by another `up`, which may have been killed
            with self.or_nothing():
                self.wait()
            return f"is up on {self.where}, process {pid}"
        if state is False:
            raise SystemExit(f"{self.name}: {self.taken()}")
        if engine:
            with self.or_nothing():
                containers.start(self, engine)
                self.wait()
            return f"is up on {self.where}, a container of {engine}"
        return self.start(self.get(), config)

    def get(self) -> Path:
        """Give the program, and download or build it before if it is not there."""
        return programs.had(self.name, self.program)

    def start(self, program: Path, config: Path | None, *, keep: bool = False) -> str:
        """Start its program, on the data that an earlier one left if `keep`."""
        if not keep:
            # What it was killed with: `down` would have taken it away.
            shutil.rmtree(self.folder, ignore_errors=True)
        self.data.mkdir(parents=True, exist_ok=keep)
        log = self.folder / "log"
        here = self.data / "config"
        if config:
            here.symlink_to(config)
        else:
            here.write_text(self.config.replace("{data}", str(self.data)))
        values = {"data": self.data, "program": program, "config": here.resolve()}

        def words(text: str) -> list[str]:
            return [part.format(**values) for part in shlex.split(text)]

        settings = dict(part.split("=", 1) for part in words(self.environment))
        environment = {**os.environ, "PATH": programs.PATH, **settings}
        # Children are known by it, whatever their arguments.
        environment[MARK] = str(self.data)
        with self.or_nothing(), log.open("w") as output:

            def run(command: list[str]) -> subprocess.Popen[bytes]:
                return processes.start(
                    command,
                    self.folder / "pid",
                    cwd=self.data,
                    env=environment,
                    stdout=output,
                    stderr=output,
                )

            if self.before and run(words(self.before)).wait():
                raise SystemExit(
                    f"{self.name} did not start:\n{log.read_text(errors='replace')}"
                )
            process = run(words(self.command))
            self.wait()
        return f"is up on {self.where}, process {process.pid}"

    def wait(self) -> None:
        """Return when it answers."""
        living = self.living if self.leader() else None
        log = self.folder / "log"
        why = until_ready(self.name, self.where, self.answers, living, log)
        if why and living:
            raise SystemExit(
                f"{self.name} did not start, {why}; what it left is in {self.folder}:\n"
                f"{log.read_text(errors='replace')}"
            )
        if why:
            raise SystemExit(f"{self.name} does not answer on {self.where}")

    @contextmanager
    def or_nothing(self) -> Iterator[None]:
        """End all that was started if it does not come to its end."""
        try:
            yield
        except SystemExit:
            self.end()  # its data may tell why
            raise
        except BaseException:
            self.end()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def end(self) -> tuple[str, int | None]:
        """End what `up` started; give the engine of its container, or its process."""
        engine = containers.stop(self)
        pid = self.pid()
        if pid:
            until = time.monotonic() + PATIENCE
            processes.end(pid, self.living, PATIENCE)
            # What ends gives up its memory, by which `pid` knows it, before its port.
            while self.answers() is False and time.monotonic() < until:
                time.sleep(0.02)
        if self.leader() and self.afterwards:
            command = shlex.split(self.afterwards)
            subprocess.run(command, capture_output=True, check=False)
        return engine, pid

    def down(self) -> str:
        engine, pid = self.end()
        shutil.rmtree(self.folder, ignore_errors=True)
        if pid:
            return f"is down, was process {pid}"
        if engine:
            return f"is down, was a container of {engine}"
        return "was not started here" + (", left as it is" if self.answers() else "")

    def status(self) -> str:
        """Say whether it runs, and whose it is."""
        state, pid, mark = self.answers(), self.pid(), containers.mark(self)
        whose = f"not started here{self.by()}"
        if mark.exists():
            whose = f"started here{since(mark)}, a container of {mark.read_text()}"
        elif pid:
            whose = f"started here{since(self.folder / 'pid')}, process {pid}"
        if state:
            return f"up on {self.where}, {whose}"
        if pid or mark.exists():
            return f"does not answer on {self.where}, {whose}"
        if state is False:
            return f"down, and {self.taken()}"
        missing = self.program.missing()
        return f"missing: {missing}" if missing else "down"

    def taken(self) -> str:
        """Say that its port is not free."""
        return f"{self.where} is taken by something else{self.by()}"

    def by(self) -> str:
        """Say which process has the port, where that can be seen."""
        pid = processes.listener(self.port)
        return (
            f", process {pid}: {processes.arguments(pid).strip()[:80]}" if pid else ""
        )


def since(file: Path) -> str:
    """Say when a file was written."""
    written = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
    today = written.date() == datetime.now().astimezone().date()
    return f" at {written:%H:%M:%S}" if today else f" on {written:%Y-%m-%d at %H:%M:%S}"
