"""`scripts/docs`, as a reader starts it: what it says, serves, costs and leaves."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mkdocs.livereload import LiveReloadServer

from guide.server import COMPRESSED, TYPES, serve
from hooks import watching
from tests.checkout import LONG, PROC, Command, copy

if TYPE_CHECKING:
    from collections.abc import Iterator

processes = pytest.mark.skipif(
    not PROC.is_dir(), reason="processes are counted in /proc, which is Linux's"
)
TREE = """\
publish first                      PRODUCER  chain  1 ms
└── process first                  CONSUMER  chain  3 ms  ↗ publish first
"""
# Clients that a server with a thread for each would have as many threads for.
CLIENTS = 20


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, to be edited."""
    return copy(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def guide(checkout: Path) -> Iterator[Command]:
    """The command, once it serves; afterwards Ctrl-C ends it, and all of it."""
    # The terminal's locale knows no UTF-8, as the files do and the tree needs.
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = Command(checkout, "docs", "--watch", "--port", "0", **ascii_only)
    try:
        command.until("It is built again")
        yield command
        command.interrupt()
        assert command.wait() == 0
        assert command.said[-1] == "Stopped.\n"
        command.check_nothing_is_left()
    finally:
        command.end()


@pytest.fixture(scope="module")
def port(guide: Command) -> int:
    """Where it says that it serves."""
    found = re.search(
        r"^The guide: http://127.0.0.1:(\d+)/ ", guide.text(), re.MULTILINE
    )
    assert found
    return int(found[1])


def ask(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def stat(guide: Command) -> list[str]:
    """What the system tells of the serving process, from its state on."""
    text = (PROC / str(guide.process.pid) / "stat").read_text()
    return text.rpartition(")")[2].split()


def threads(guide: Command) -> int:
    """How many threads the serving process has."""
    return int(stat(guide)[17])


def cpu(guide: Command) -> float:
    """The seconds that the serving process has worked, its children included."""
    return sum(map(int, stat(guide)[11:15])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.long
def test_says_little(guide: Command) -> None:
    """The picture comes first; all is said in a screen."""
    said = guide.text()
    assert TREE in said
    assert said.index(TREE) < said.index("Building") < said.index("The guide: ")
    assert len([line for line in guide.said[:15] if line.strip()]) < 13


@pytest.mark.long
def test_pages(port: int) -> None:
    """What a browser asks for comes at once, compressed, and as what it is."""
    began = time.monotonic()
    answer, body = ask(port, "/", Accept_Encoding="gzip, br")
    assert time.monotonic() - began < 1
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers.get_content_type() == "text/html"
    page = gzip.decompress(body).decode()
    assert "<title>faststream-otel</title>" in page
    for path, kind in {
        "/assets/css/guide.css": "text/css",
        "/assets/logo.svg": "image/svg+xml",
        "/search/search_index.json": "application/json",
    }.items():
        answer, _ = ask(port, path, Accept_Encoding="gzip")
        assert answer.status == 200, path
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers.get_content_type() == kind
    answer, body = ask(port, "/no-such-page/")
    assert answer.status == 404
    assert b"404 - Not found" in body


@pytest.mark.long
@processes
def test_idle(guide: Command, port: int) -> None:
    """Nobody reads: fewer than ten threads, and less than a hundredth of a core."""
    ask(port, "/")
    assert threads(guide) < 10
    before = cpu(guide)
    time.sleep(10)
    assert cpu(guide) - before < 0.1
    assert threads(guide) < 10


@pytest.mark.long
@processes
def test_twenty_at_once(guide: Command, port: int) -> None:
    """Twenty who read, and twenty who are slow, do not get a thread each."""
    counted: list[int] = []
    done = threading.Event()

    def count() -> None:
        while not done.wait(0.005):
            counted.append(threads(guide))

    def read(_: int) -> set[int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG)
        found = set()
        for path in ["/migration/", "/reading/", "/llms-full.txt", "/chain/"] * 3:
            connection.request("GET", path)
            answer = connection.getresponse()
            found.add(answer.status)
            assert len(answer.read()) == int(answer.headers["Content-Length"])
        connection.close()
        return found

    with ExitStack() as stack:
        for number in range(CLIENTS):
            slow = socket.create_connection(("127.0.0.1", port), LONG)
            stack.enter_context(slow)
            # One has yet to say what it wants, the next reads nothing.
            end = "\r\n\r\n" if number % 2 else ""
            slow.sendall(f"GET /llms-full.txt HTTP/1.1\r\nHost: a{end}".encode())
        counting = threading.Thread(target=count)
        counting.start()
        with ThreadPoolExecutor(CLIENTS) as clients:
            statuses = list(clients.map(read, range(CLIENTS)))
        done.set()
        counting.join()
    assert statuses == [{200}] * CLIENTS
    assert 1 < max(counted) < 20


@pytest.mark.long
def test_edit(guide: Command, port: int, checkout: Path) -> None:
    """The page shows it, but not while it cannot be built; no page is ever missing."""
    page = checkout / "docs" / "chain.md"
    before = page.read_text()
    new = "Freshly written."

    def meanwhile(words: str) -> None:
        deadline = time.monotonic() + LONG
        while not guide.has_said(words):
            assert time.monotonic() < deadline, guide.text()
            answer, body = ask(port, "/chain/")
            assert answer.status == 200
            assert b"</html>" in body
            time.sleep(0.02)

    page.write_text(f"{before}\n{new} [Gone](gone.md)\n")
    meanwhile("The last good build stays.")
    assert "'gone.md'" in guide.text()
    assert new not in ask(port, "/chain/")[1].decode()
    # As many editors do: a new file in the place of the old one.
    draft = page.with_suffix(".draft~")
    draft.write_text(f"{before}\n{new}\n")
    draft.replace(page)
    meanwhile("Built it")
    # Whoever reads that reloads the page.
    assert new in ask(port, "/chain/")[1].decode()


@pytest.mark.long
def test_port_in_use(guide: Command, port: int, checkout: Path) -> None:
    """Nothing is built in vain."""
    second = Command(checkout, "docs", "--port", str(port))
    assert second.wait() == 1
    assert second.text() == (
        f"Port {port} is in use: choose another, as in scripts/docs --port 8001.\n"
    )
    second.check_nothing_is_left()


@pytest.mark.long
@processes
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_builds(checkout: Path, number: signal.Signals) -> None:
    """It ends, and so does MkDocs."""
    command = Command(checkout, "docs", "--port", "0")
    try:
        command.until("Building")
        while not any("mkdocs" in line for line in command.processes()):
            assert command.process.poll() is None
        # Ctrl-C reaches all of it, a service manager's signal only the first.
        if number == signal.SIGINT:
            command.interrupt()
        else:
            command.process.send_signal(number)
        assert command.wait() == 128 + number
        assert command.said[-1] == "Stopped before the guide was built.\n"
        command.check_nothing_is_left()
    finally:
        command.end()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A small site that is served, with a file of each type."""
    site = tmp_path_factory.mktemp("site")
    (site / "page").mkdir()
    (site / "page" / "index.html").write_text("A page.")
    (site / "404.html").write_text("Nothing here.")
    for suffix in TYPES:
        (site / f"file{suffix}").write_text(suffix * 100)
    with serve(site) as address:
        yield int(address.rpartition(":")[2])


@pytest.mark.parametrize("suffix", TYPES)
def test_types(small: int, suffix: str) -> None:
    """Whatever the machine calls them; text is compressed, for those who take that."""
    content = (suffix * 100).encode()
    for accepted in ("gzip", "identity"):
        answer, body = ask(small, f"/file{suffix}", Accept_Encoding=accepted)
        assert answer.headers.get_content_type() == TYPES[suffix]
        is_compressed = answer.headers["Content-Encoding"] == "gzip"
        assert is_compressed == (accepted == "gzip" and suffix in COMPRESSED)
        assert (gzip.decompress(body) if is_compressed else body) == content
        assert (answer.headers["Vary"] == "Accept-Encoding") == (suffix in COMPRESSED)


def test_requests_of_other_kinds(small: int) -> None:
    """Directories, HEAD, what is known already, what is not there, what is not done."""
    answer, _ = ask(small, "/page?q=1")
    assert answer.status in {301, 302, 307, 308}
    assert answer.headers["Location"].endswith("/page/?q=1")
    answer, body = ask(small, "/page/", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, "7", b"")
    tag, date = answer.headers["ETag"], answer.headers["Last-Modified"]
    for known in ({"If_None_Match": tag}, {"If_Modified_Since": date}):
        answer, body = ask(small, "/page/", **known)
        assert (answer.status, body) == (304, b"")
    answer, _ = ask(small, "/page/", If_None_Match='"another"')
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    packed = ask(small, "/page/", "HEAD", Accept_Encoding="gzip")[0]
    assert packed.headers["ETag"] != tag
    for path in ("/nothing", "/page/nothing/", "/../conftest.py", "/%2e%2e/x", "/%00"):
        assert ask(small, path)[0].status == 404, path
    assert ask(small, "/nothing")[1] == b"Nothing here."
    assert ask(small, "/page/", "POST")[0].status == 405


def test_slow(small: int) -> None:
    """An address with `slow` has the same answer, in pieces."""
    answer, body = ask(small, "/page/?slow", Accept_Encoding="gzip")
    assert (answer.status, body) == (200, b"A page.")


def test_plain_mkdocs_watches_directories(tmp_path: Path) -> None:
    """Each watch is a thread: a file in a directory that is watched needs none."""
    inside, outside = (
        tmp_path / "docs" / "page.md",
        tmp_path / "beside" / "CHANGELOG.md",
    )
    for file in (inside, outside):
        file.parent.mkdir()
        file.touch()

    class Config:
        docs_dir = str(inside.parent)
        watch = ()

    server: Any = LiveReloadServer(print, "127.0.0.1", 0, str(tmp_path))
    server.watch(Config.docs_dir)
    watching.on_serve(server, config=Config)
    # As the plugin that includes files does, before and after a build.
    for file in (inside, outside):
        server.watch(str(file), recursive=False)
    watched = [Path(each.watch.path) for each in server.observer.emitters]
    assert sorted(watched) == [outside.parent, inside.parent]
    for file in (inside, outside):
        server.unwatch(str(file))
    left = [Path(each.watch.path) for each in server.observer.emitters]
    assert left == [inside.parent]
    server.server_close()
