"""The guide's two HTTP services, started by its commands, with a real broker."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from guide.commands import of_file, readers_environment
from guide.process import Process

DOCS_SRC = Path(__file__).parents[2] / "docs_src"
BROKERS = ("kafka", "confluent", "rabbit", "nats", "redis", "mqtt")


@pytest.mark.parametrize(
    "broker", [pytest.param(name, marks=pytest.mark.broker(name)) for name in BROKERS]
)
def test_one_trace_through_http_and_messages(broker: str) -> None:
    """A post is handled; a message leads to a post; both services print one trace."""
    env = readers_environment()
    with ExitStack() as stack:

        def start(script: Path) -> Process:
            # The packages are there, and the program is in this directory.
            process = Process(of_file(script), cwd=DOCS_SRC / broker, env=env)
            return stack.enter_context(process)

        shop = start(DOCS_SRC / broker / "http_in.sh")
        shop.wait_for("Uvicorn running on http://127.0.0.1:8000")
        post = start(DOCS_SRC / "shell" / "http_post.sh")
        assert post.end(terminate=False) == 0, post.output
        shop.wait_for("Packing tea")
        kiosk = start(DOCS_SRC / broker / "http_out.sh")
        kiosk.wait_for("POST         CLIENT")
        assert kiosk.end() == 0, kiosk.output
        # What uvicorn returns after a signal is its own business.
        shop.end()
    (below,) = {line for line in kiosk.output.splitlines() if line.startswith("trace ")}
    assert below in shop.output.splitlines()
    assert shop.output.count("Packing tea") == 2
    assert shop.output.count("POST /orders            SERVER") == 2
