"""Runs the guide's programs about exporters, each in a process of its own, in memory.

Their pages show no trace: it is the first one again.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.docs.programs import BROKERS, Program

if TYPE_CHECKING:
    from collections.abc import Mapping

# Brokers do not differ in where spans go: one shows the other exporters.
EXPORTERS = {
    how: Program("nats", f"exporting_{how}")
    for how in ("http", "zipkin", "prometheus", "console", "memory")
}
GRPC = tuple(Program(broker, "exporting") for broker in BROKERS)
EXPORTING = (*GRPC, *EXPORTERS.values())

# What is sent is sent when the process ends, as after Ctrl-C.
IN_MEMORY = """
import asyncio

import {step}
from faststream import TestApp

from faststream_otel.testing import in_memory


async def main():
    async with in_memory({step}.broker) as deliveries, TestApp({step}.app):
        await deliveries.settled()


asyncio.run(main())
"""


def run(program: Program, environment: Mapping[str, str], then: str = "") -> str:
    """Run a program, and what comes `then` in its process; give what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", IN_MEMORY.format(step=program.step) + then],
        cwd=program.path.parent,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
