"""The built guide, served as a web server would, and a browser to read it with."""

from __future__ import annotations

import gzip
import shutil
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

# Sizes of screens.
PHONE, DESKTOP = (390, 844), (1280, 800)

# Types that servers compress.
TEXT = {".css", ".html", ".js", ".json", ".md", ".svg", ".txt", ".xml"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-gpu",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built guide."""
    from tests.docs.site import build

    to = tmp_path_factory.mktemp("guide")
    built = build(to)
    assert built.returncode == 0, built.stdout
    return to


@pytest.fixture(scope="session")
def addresses(site: Path) -> list[str]:
    """The guide's pages, all that there are."""
    from tests.docs.site import pages

    return [page.address for page in pages(site) if str(page) != "404.html"]


@pytest.fixture(scope="session")
def with_tabs(site: Path) -> list[str]:
    """The pages that have tabs."""
    from tests.docs.site import pages

    found = [page.address for page in pages(site) if any(page.tab_sets())]
    assert len(found) > 1
    return found


class Server(SimpleHTTPRequestHandler):
    """Serves files compressed; those of an address with `slow`, piece by piece."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Drop the line."""

    def do_GET(self) -> None:
        """Send a file."""
        path, _, query = self.path.partition("?")
        file = Path(self.translate_path(path))
        if file.is_dir():
            file /= "index.html"
        if not file.is_file():
            self.send_error(404)
            return
        is_slow = "slow" in query
        sent = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(file))
        if file.suffix in TEXT and not is_slow:
            sent = gzip.compress(sent)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        piece = len(sent) // 6 + 1 if is_slow else len(sent)
        for begin in range(0, len(sent), piece or 1):
            self.wfile.write(sent[begin : begin + piece])
            if is_slow:
                # The network of a train, in which a browser shows what it has.
                time.sleep(0.15)


@pytest.fixture(scope="session")
def home(site: Path) -> Iterator[str]:
    """The address at which the guide is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=site))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def context(browser: Browser, home: str) -> Iterator[BrowserContext]:
    """A reader who has never been here."""
    opened = browser.new_context(base_url=home)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of that reader, without a site yet."""
    return context.new_page()
