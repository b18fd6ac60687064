"""Programs that a browser cannot run to their end, and what their readers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.edits import NAME, edited, with_line

if TYPE_CHECKING:
    from tests.browser.worker import Worker

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

# Its client comes with FastStream's part for it.
REDIS = "import faststream.redis; from redis import Redis"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "import nats; await nats.connect()",
            "No connection to localhost:4222: a prog",
        ),
        (f"{REDIS}; Redis().get('a')", "No connection to localhost:6379: a program"),
        ("import socket; socket.create_connection(('a.org', 9))", "to a.org:9: a pro"),
        ("import socket; socket.create_server(('', 8000))", "Nothing can be served"),
        ("import urllib.request as it; it.urlopen('http://a.org')", "to a.org:80: a"),
        ("input('Who? ')", "A program gets no input in a browser."),
        ("breakpoint()", "A debugger needs input"),
        ("import subprocess; subprocess.run(['ls'])", "There are no processes"),
        ("import os; os.system('ls')", "There are no processes"),
        ("await asyncio.create_subprocess_exec('ls')", "There are no processes"),
        ("import multiprocessing as it; it.Pool(2)", "There are no processes"),
        ("import pandas", "but no `pandas`."),
    ],
)
def test_what_a_browser_has_not(worker: Worker, line: str, told: str) -> None:
    """It is told in a line, with the reader's own, and without a library's frames."""
    done = edited(worker, with_line(line))
    (error,) = done.result["errors"]
    assert told in error["brief"]
    assert error["traceback"].endswith(f"{error['brief']}\n")
    assert line in done.result["source"].splitlines()[error["line"] - 1]
    others = [each for each in error["traceback"].splitlines() if 'File "/' in each]
    assert others == []
    assert done.printed("stderr") == ""
    assert done.result["svg"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import sys; sys.exit(3)", "The program ended itself, with exit code 3."),
        ("exit()", "The program ended itself."),
        ("raise SystemExit('no tea')", "no tea\nThe program ended itself, with exit c"),
    ],
)
def test_a_program_that_exits(worker: Worker, line: str, told: str) -> None:
    """It is told, with its line, and no frames of what it calls."""
    done = edited(worker, with_line(line))
    assert done.result["type"] == "failed"
    assert done.result["traceback"].startswith(told)
    assert line in done.result["source"].splitlines()[done.result["line"] - 1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("await asyncio.Event().wait()", "waits for something that does not happen"),
        ("threading.Event().wait()", "waits for something that does not happen"),
        ("while True: await asyncio.sleep(3600)", "has slept for 30 days"),
        ("while True: time.sleep(3600)", "has slept for 30 days"),
        ("while True: await asyncio.sleep(0)", "goes on and on"),
        ("await broker.publish(name, 'greetings')", "500 spans"),
    ],
)
def test_a_program_without_end(worker: Worker, line: str, said: str) -> None:
    """It is ended, and what it does for ever is told; the worker is as before."""
    done = edited(worker, with_line(line))
    # What blocks a handler ends that alone: its trace is there.
    (told,) = done.result.get("errors", [done.result])
    assert said in told["traceback"]
    assert worker.run(NAME).result["type"] == "finished"


def test_much_memory(worker: Worker) -> None:
    """It would stay the tab's: the next run gets a worker of its own."""
    assert not worker.run(NAME).result["spent"]
    done = edited(worker, with_line("print(len(bytearray(2**30)))"))
    assert done.printed() == "1073741824\nHello, Ada!\n"
    assert done.result["spent"]


def test_python_itself_ends(worker: Worker) -> None:
    """Its line is told, and the run that follows is as the first."""
    line = "it = []; [it := [it] for _ in range(100_000)]; repr(it)"
    done = edited(worker, with_line(line))
    assert done.result["type"] == "failed"
    assert done.result["brief"].startswith("It is nested more deeply than Python")
    assert done.result["traceback"] == f"{done.result['brief']}\n"
    assert line in done.result["source"].splitlines()[done.result["line"] - 1]
    assert done.printed() == ""
    assert worker.run(NAME).result["type"] == "finished"
