"""What runs in the worker has no way out of it, and nothing is loaded before a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.browser.runs import ADDRESS, Running, answer, off_site
from tests.browser.worker import Ran, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("playable")]

# Each is to fail; it prints what it got if it does not.
WAYS: Final = (
    "import js",
    "import pyodide_js",
    "from pyodide.code import run_js; print(run_js('1'))",
    "from pyodide.http import open_url; print(open_url('/'))",
    "import urllib.request; print(urllib.request.urlopen('HOME/'))",
    "import socket; socket.create_connection(('127.0.0.1', PORT), 1); print('got')",
    "import _pyodide_core as c; print(c.to_js(max).constructor.constructor('1')())",
    "import gc; print([o for o in gc.get_objects() if PROXY and hasattr(o, 'fetch')])",
    "import subprocess; print(subprocess.run(['true']))",
    "import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', PORT)); print(1)",
)
# A mock has all that it is asked for.
PROXY: Final = "'JsProxy' in type(o).__name__"
# What the worker itself has no more; this runs in it before a program does.
GONE: Final = (
    *("fetch", "XMLHttpRequest", "WebSocket", "EventSource", "importScripts", "Worker"),
    *("SharedWorker", "WebTransport", "BroadcastChannel", "indexedDB", "caches"),
    *("FontFace", "eval", "navigator", "postMessage", "Request", "Response", "Blob"),
)
# What the policy refuses, by its own event, and under which of its rules.
REFUSED: Final = {
    "fetch(`${to}/`)": "connect-src",
    "const it = new XMLHttpRequest(); it.open('GET', to); it.send()": "connect-src",
    "new WebSocket(to.replace('http', 'ws'))": "connect-src",
    "new EventSource(`${to}/`)": "connect-src",
    "import(`${to}/assets/run/packs.js`)": "script-src-elem",
    "import('data:text/javascript,')": "script-src-elem",
}
TRY: Final = """(to) => new Promise((done) => {
    const told = ({ effectiveDirective }) => done(effectiveDirective);
    addEventListener("securitypolicyviolation", told, { once: true });
    setTimeout(done, 5000, "nothing was refused");
    (async () => { WAY; })().catch(() => {});
})"""
SOURCE: Final = """
import traceback
try:
    {way}
except BaseException as error:
    print("refused:", type(error).__name__)
"""


@dataclass
class Visit:
    """A page that has run one program, and what was asked for it."""

    worker: Worker
    done: Ran
    requests: list[str]


@pytest.fixture(scope="module")
def visit(browser: Browser, home: str) -> Iterator[Visit]:
    """One for all that Python is started for."""
    page = browser.new_page(base_url=home)
    page.set_default_timeout(120_000)
    page.goto("/404.html")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    worker = Worker(page)
    yield Visit(worker, worker.run("nats/shortest.py"), requests)
    page.close()


def test_the_policy_alone(page: Page, home: str) -> None:
    """It refuses what leads elsewhere, in a worker that still has all of a browser."""
    # The same server, at another origin.
    other = home.replace("127.0.0.1", "localhost")
    answer(page)
    page.goto(ADDRESS)
    program = Running(page)
    program.press()
    program.says("Finished.")
    # The browser names requests that it refused, too; nobody answers those.
    answered: list[str] = []
    page.on("response", lambda response: answered.append(response.url))
    (worker,) = (each for each in page.workers if each.url.startswith("blob:"))
    for way, rule in REFUSED.items():
        assert worker.evaluate(TRY.replace("WAY", way), other) == rule, way
    assert worker.evaluate("async (to) => (await fetch(to)).ok", f"{home}/")
    assert answered == [f"{home}/"]


def test_no_way_out(visit: Visit, home: str) -> None:
    """Not by Python's network, and not by JavaScript; no request is made meanwhile."""
    worker = visit.worker
    before = len(visit.requests)
    port = home.rpartition(":")[2]
    for way in WAYS:
        line = way.replace("HOME", home).replace("PORT", port).replace("PROXY", PROXY)
        done = worker.run("nats/playground.py", SOURCE.format(way=line))
        found = done.printed()
        assert found.startswith("refused: ") or found == "[]\n", (way, done.said)
    assert visit.requests[before:] == []


def test_what_is_taken_away(page: Page, home: str) -> None:
    """The worker's own script finds nothing of a browser that leads outside."""
    page.goto("/404.html")
    found = page.evaluate(
        """([names, module]) => new Promise((done) => {
            const code = `
                const say = self.postMessage.bind(self);
                const { close } = await import("${module}");
                close();
                const text = (() => {}).constructor;
                let ran = 0;
                try { ran = text("return 1")(); } catch {}
                say([${JSON.stringify(names)}.filter((name) => self[name]), ran]);
            `;
            const script = new Blob([code], { type: "text/javascript" });
            const worker = new Worker(URL.createObjectURL(script), { type: "module" });
            worker.onmessage = ({ data }) => done(data);
        })""",
        [GONE, f"{home}/assets/run/closed.js"],
    )
    assert found == [[], 0]


def test_all_comes_from_the_site(visit: Visit, home: str) -> None:
    """A run asks the site for what the list names, and nobody else."""
    done, requests = visit.done, visit.requests
    assert done.result["type"] == "finished"
    progress = [each for each in done.said if each["type"] == "progress"]
    assert progress[-1]["loaded"] == progress[-1]["total"] > 8_000_000
    # What of the packages comes before Python is not named.
    assert "Python" in {each["what"] for each in progress} <= {"Python", "packages"}
    loaded = [each["loaded"] for each in progress]
    assert loaded == sorted(loaded)
    assert requests
    assert off_site(requests, home) == []


def test_licences(site: Path) -> None:
    """What is not this project's comes with its licence."""
    (path,) = (site / "assets/run/files").glob("licences-*.txt")
    text = path.read_text()
    for package in ("pydantic_core", "faststream", "aiokafka", "opentelemetry_sdk"):
        assert f"{package}-" in text, package
    assert "\npyodide\n" in text
    assert "\nMPL-2.0: https://" in text
