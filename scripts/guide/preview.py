"""Prints the trace of the chain, then builds the guide and serves it.

PYTHONPATH=scripts python -m guide.preview [--build | --watch] [--port N]
"""
# ruff: noqa: E402 - the signal comes before all that takes long

from __future__ import annotations

import signal

# While there is nothing to end in good order, it ends this process at once.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import asyncio
import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import anyio
from mkdocs.utils.yaml import yaml_load
from watchfiles import Change, awatch

from guide.server import Server, Site, compress

ROOT: Final = Path(__file__).parents[2]
TRACE: Final = ("guide.pictures", "show", "nats", "chain")
# Never --quiet: it hides warnings, and --strict then lets them pass.
BUILD: Final = ("mkdocs", "build", "--strict", "--site-dir")
PACKS: Final = ("packs.get",)
# Milliseconds between two looks at what has changed.
STEP: Final = 250


async def run(*module: str, shown: bool = False) -> str:
    """Run a module, and give what it prints; if it fails, that is the error.

    If it is `shown`, what it prints is not held back, and only its errors are given.
    """
    done = await anyio.run_process(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=None if shown else subprocess.PIPE,
        stderr=subprocess.PIPE if shown else subprocess.STDOUT,
    )
    printed = done.stderr if shown else done.stdout
    said = printed.decode(errors="replace").rstrip()
    if done.returncode:
        raise RuntimeError(said or f"{module[0]} ended with {done.returncode}.")
    return said


async def build(to: Path, compressed: Path | None = None) -> None:
    """Build the guide into a directory, and say how long it took.

    Its compressed files go into another one, if that is given.
    """
    print("Building the guide, as docs/ and docs_src/ are now ...", flush=True)
    began = time.monotonic()
    await run(*BUILD, str(to))
    if compressed:
        await anyio.to_thread.run_sync(compress, to, compressed)
    print(f"Built it in {time.monotonic() - began:.0f} s.", flush=True)


class Builds:
    """Builds of the guide. The last one that succeeded is served, whole.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.good: list[Path] = []
        self.site: Site | None = None

    async def add(self) -> Site:
        """Build the guide anew, and serve that from now on."""
        new = Path(tempfile.mkdtemp(dir=self.folder))
        site, compressed = new / "site", new / "compressed"
        try:
            await build(site, compressed)
        except RuntimeError:
            shutil.rmtree(new)
            raise
        # At once: whoever reads that it is built reloads the page.
        if self.site:
            self.site.show(site, compressed)
        else:
            self.site = Site(site, compressed)
        # What is asked for just now may be of the one before.
        for old in self.good[:-1]:
            shutil.rmtree(old)
        self.good = [*self.good[-1:], new]
        return self.site

    async def follow(self, changed: asyncio.Event) -> None:
        """Build it anew whenever something has changed; say why if that fails."""
        while await changed.wait():
            changed.clear()
            try:
                await self.add()
            except RuntimeError as failed:
                print(f"{failed}\nThe last good build stays.", flush=True)


def watched() -> list[Path]:
    """The directories that the guide is made of."""
    with (ROOT / "mkdocs.yml").open("rb") as settings:
        return [ROOT / name for name in ["docs", *yaml_load(settings)["watch"]]]


async def watch(changed: asyncio.Event) -> None:
    """Tell of each change in the directories that the guide is made of."""
    async for _ in awatch(*watched(), step=STEP):
        changed.set()


async def watch_beside(changed: asyncio.Event) -> None:
    """Tell of each change of the settings, and of pages that stand beside them.

    Their directory is watched: many editors put a new file in the place of an old one.
    """

    def counts(_: Change, path: str) -> bool:
        return path.endswith((".md", ".yml"))

    async for _ in awatch(ROOT, step=STEP, recursive=False, watch_filter=counts):
        changed.set()


def listen(port: int) -> socket.socket:
    """Take the port at once, so that nobody waits for a build in vain."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        is_used = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "is in use" if is_used else f"cannot be had ({error})"
        raise SystemExit(
            f"Port {port} {reason}: choose another, as in scripts/docs --port 8001."
        ) from None


async def preview(listening: socket.socket, folder: Path, *, follow: bool) -> None:
    """Build the guide in a directory, and serve it until this task is cancelled.

    That is how serving ends, and no error, but it is one while the guide is built.
    """
    builds = Builds(folder)
    changed = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []
    if follow:
        # Before the first build: nothing that changes meanwhile is missed.
        tasks = [asyncio.create_task(each(changed)) for each in (watch, watch_beside)]
        await asyncio.sleep(0)
    server = Server(await builds.add())
    serving = asyncio.create_task(server.serve([listening]))
    port = listening.getsockname()[1]
    print(f"The guide: http://127.0.0.1:{port}/ (Ctrl-C stops it)", flush=True)
    if follow:
        tasks.append(asyncio.create_task(builds.follow(changed)))
        print("It is built again when you save a file: reload the page.", flush=True)
    try:
        # None of them ends but by an error.
        first = asyncio.FIRST_COMPLETED
        for task in (await asyncio.wait([serving, *tasks], return_when=first))[0]:
            task.result()
    except asyncio.CancelledError:
        print("\nStopped.")
    finally:
        server.should_exit = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(serving, *tasks, return_exceptions=True)


async def main(arguments: argparse.Namespace, signals: list[int]) -> None:
    """Do what the command says; a signal cancels it."""
    task = asyncio.current_task()
    assert task is not None

    def stop(number: int) -> None:
        if not signals:
            task.cancel()
        signals.append(number)

    numbers = [signal.SIGINT, signal.SIGTERM]
    # Under nohup, the terminal's end is ignored.
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    with tempfile.TemporaryDirectory(prefix="guide-") as folder:
        if arguments.build:
            await show_trace()
            await fetch_packs(wanted=not arguments.no_run)
            # Only once it is whole.
            await build(Path(folder, "site"))
            shutil.rmtree(ROOT / "site", ignore_errors=True)
            shutil.move(Path(folder, "site"), ROOT / "site")
            print("The guide: site/index.html")
            return
        with listen(arguments.port) as listening:
            await show_trace()
            await fetch_packs(wanted=not arguments.no_run)
            await preview(listening, Path(folder), follow=arguments.watch)


async def show_trace() -> None:
    """Run the chain of three services, and print the trace that it records."""
    print("docs_src/nats/chain.py, run in memory, records this trace:\n")
    print(await run(*TRACE), end="\n\n", flush=True)


async def fetch_packs(*, wanted: bool) -> None:
    """Get what runs programs in a browser; without it the guide has no Run buttons."""
    if not wanted:
        os.environ["GUIDE_RUN"] = ""
        print("As --no-run asks, programs get no Run buttons.", flush=True)
        return
    try:
        await run(*PACKS, shown=True)
    except RuntimeError as failed:
        print(f"{failed}\nThe guide is built without Run buttons.", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/docs")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--build", action="store_true")
    either.add_argument("--watch", action="store_true")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-run", action="store_true")
    signals: list[int] = []
    try:
        asyncio.run(main(parser.parse_args(), signals))
    except (asyncio.CancelledError, OSError, RuntimeError) as error:
        # What runs in the same terminal may have ended first.
        if not signals:
            sys.exit(str(error))
        print("\nStopped before the guide was built.")
        sys.exit(128 + signals[0])
