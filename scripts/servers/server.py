"""A server: a program that runs in the background, with its data under `.brokers/`."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from servers import containers, programs

if TYPE_CHECKING:
    from servers.programs import Program

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds, to start and to stop


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
        """The process that `up` started, if it still runs."""
        try:
            pid = int((self.folder / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        # Another process may have got the number since.
        return pid if str(self.data) in arguments(pid) else None

    def up(self, config: Path | None = None, engine: str | None = None) -> str:
        """Start it: in a container of the engine, or else its program."""
        state = self.answers()
        if state and (self.pid() or containers.mark(self).exists()):
            return f"is up already, on {self.where}"
        if state:
            return f"is on {self.where} already, started by someone else: used as it is"
        if state is False:
            raise SystemExit(f"{self.name}: {self.where} is taken by something else")
        if engine:
            containers.start(self, engine)
            self.wait()
            return f"is up on {self.where}, a container of {engine}"
        return self.start(self.get(), config)

    def get(self) -> Path:
        """Give the program, and download or build it before if it is not there."""
        return programs.had(self.name, self.program)

    def start(self, program: Path, config: Path | None) -> str:
        # What it was killed with: `down` would have taken it away.
        shutil.rmtree(self.folder, ignore_errors=True)
        self.data.mkdir(parents=True)
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
        with log.open("w") as output:
            for command in filter(None, [words(self.before)]):
                if subprocess.run(
                    command, env=environment, stdout=output, stderr=output, check=False
                ).returncode:
                    raise SystemExit(f"{self.name} did not start:\n{log.read_text()}")
            process = subprocess.Popen(
                words(self.command),
                cwd=self.data,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is not for it
            )
        (self.folder / "pid").write_text(str(process.pid))
        self.wait(process)
        return f"is up on {self.where}, process {process.pid}"

    def wait(self, process: subprocess.Popen[bytes] | None = None) -> None:
        """Return when it answers."""
        until = time.monotonic() + PATIENCE
        while not self.answers():
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > until:
                if process is None:
                    raise SystemExit(f"{self.name} does not answer on {self.where}")
                process.kill()
                log = (self.folder / "log").read_text()
                raise SystemExit(f"{self.name} did not start:\n{log}")
            time.sleep(0.02)

    def down(self) -> str:
        engine = containers.stop(self)
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            until = time.monotonic() + PATIENCE
            while self.pid():
                if time.monotonic() > until:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.02)
            # What ends gives up its memory, by which `pid` knows it, before its port.
            while self.answers() is False and time.monotonic() < until:
                time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)
        if pid:
            if self.afterwards:
                command = shlex.split(self.afterwards)
                subprocess.run(command, capture_output=True, check=False)
            return f"is down, was process {pid}"
        if engine:
            return f"is down, was a container of {engine}"
        return "was not started here" + (", left as it is" if self.answers() else "")

    def status(self) -> str:
        if self.answers():
            pid, mark = self.pid(), containers.mark(self)
            whose = f"process {pid}" if pid else "not started here"
            if mark.exists():
                whose = f"a container of {mark.read_text()}"
            return f"up on {self.where}, {whose}"
        missing = self.program.missing()
        return f"missing: {missing}" if missing else "down"


def arguments(pid: int) -> str:
    """The command line of a process, empty when it has ended."""
    proc = Path("/proc")
    if not (proc / "self").exists():  # not Linux
        ps = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        return subprocess.run(ps, capture_output=True, text=True, check=False).stdout
    try:
        # Empty for a zombie: where nobody reaps, a process never goes away.
        return (proc / str(pid) / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
