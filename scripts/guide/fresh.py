"""Lets a program find what it would in a process of its own."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import time_machine
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.util._once import Once

from guide.expected import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Iterator

# When each program runs.
MOMENT: Final = "2026-01-01T00:00:00Z"


@contextlib.contextmanager
def a_new_process() -> Iterator[None]:
    """Let a program find what it would in a process of its own, at a fixed time.

    The API lets the global provider be set once, and has no public way to undo it;
    its own tests reset it in the same way.
    """
    provider, once = trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE
    modules = set(sys.modules)
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    ids = Random(1)  # noqa: S311 - the same each time is what they are for
    generate: dict[str, Any] = {
        "generate_trace_id": lambda self: ids.getrandbits(128),
        "generate_span_id": lambda self: ids.getrandbits(64),
    }
    try:
        with (
            time_machine.travel(MOMENT, tick=False),
            mock.patch.multiple(RandomIdGenerator, **generate),
            providers_that_end(),
        ):
            yield
    finally:
        trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = provider, once
        for name in set(EXPECTED) & (set(sys.modules) - modules):
            del sys.modules[name]


@contextlib.contextmanager
def providers_that_end() -> Iterator[None]:
    """Shut down the providers that a program makes, so that none prints later."""
    initialize = TracerProvider.__init__
    made: list[TracerProvider] = []

    @functools.wraps(initialize)
    def noting(self: TracerProvider, *args: Any, **options: Any) -> None:
        initialize(self, *args, **options)
        made.append(self)

    try:
        with mock.patch.object(TracerProvider, "__init__", noting):
            yield
    finally:
        for provider in made:
            provider.shutdown()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drop what a program prints, also through the console exporter's own handle."""
    sys.stdout.flush()
    shown = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
        sys.stdout.flush()
    finally:
        os.dup2(shown, 1)
        os.close(shown)
