"""Telemetry that fails at random: every part of it that an application can bring.

`FASTSTREAM_OTEL_FAULTS=7,8` runs `tests/test_faults.py` with these seeds instead of its
own, to look for what they do not find.
"""

from __future__ import annotations

import os
from asyncio import CancelledError
from collections import Counter
from random import Random
from typing import Any

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler, SamplingResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

SEEDS = tuple(map(int, os.environ.get("FASTSTREAM_OTEL_FAULTS", "1,2,3").split(",")))

# One in so many calls fails.
ONE_IN = 4


class FaultError(Exception):
    """What the parts raise; its own text cannot be read half of the time."""

    def __init__(self, *, mute: bool) -> None:
        super().__init__()
        self._mute = mute

    def __str__(self) -> str:
        if self._mute:
            raise RuntimeError("no text")
        return "a fault"


class Faults:
    """Decides which call fails.

    Args:
        seed: Of the same seed, the same calls fail.
        one_in: How many calls there are to each that fails; 1 if all fail.

    Attributes:
        raised: How often each part has failed.
    """

    def __init__(self, seed: int, one_in: int = ONE_IN) -> None:
        self._random = Random(seed)  # noqa: S311
        self._one_in = one_in
        self.raised: Counter[str] = Counter()

    def may_fail(self, part: str) -> None:
        """Raise, now and then."""
        if self._random.randrange(self._one_in) == 0:
            self.raised[part] += 1
            if self._random.random() < 0.25:
                # As a hook does that asks a cancelled future for its result.
                raise CancelledError
            raise FaultError(mute=self._random.random() < 0.5)

    def options(self) -> dict[str, Any]:
        """Give all options of a middleware, with parts that fail."""
        provider = TracerProvider(
            sampler=_Sampler(self), id_generator=_Ids(self), shutdown_on_exit=False
        )
        provider.add_span_processor(_Processor(self))
        logs = LoggerProvider(shutdown_on_exit=False)
        logs.add_log_record_processor(_LogProcessor(self))
        return {
            "tracer_provider": provider,
            "meter_provider": MeterProvider(
                [InMemoryMetricReader()],
                exemplar_filter=_Exemplars(self),
                shutdown_on_exit=False,
            ),
            "logger_provider": logs,
            "propagator": _Propagator(self),
            "publish_hook": lambda span, command: self.may_fail("publish hook"),
            "consume_hook": lambda span, message: self.may_fail("consume hook"),
            "baggage_keys": self._accepts,
            "capture_headers": ["tenant"],
            "destination_templates": ["{name}"],
            "create_spans": True,
            "settle_spans": True,
            "record_body_size": True,
            "record_queue_time": True,
        }

    def _accepts(self, key: str) -> bool:
        self.may_fail("predicate")
        return True


class _Sampler(Sampler):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def should_sample(self, *arguments: Any, **options: Any) -> SamplingResult:
        self._faults.may_fail("sampler")
        return ALWAYS_ON.should_sample(*arguments, **options)

    def get_description(self) -> str:
        return "faulty"


class _Ids(RandomIdGenerator):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def generate_span_id(self) -> int:
        self._faults.may_fail("ids")
        return super().generate_span_id()


class _Processor(SpanProcessor):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self._faults.may_fail("on_start")

    def on_end(self, span: Any) -> None:
        self._faults.may_fail("on_end")


class _LogProcessor(LogRecordProcessor):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def on_emit(self, record: Any) -> None:
        self._faults.may_fail("on_emit")

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True


class _Exemplars(AlwaysOnExemplarFilter):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def should_sample(self, *arguments: Any) -> bool:
        self._faults.may_fail("metrics")
        return True


class _Propagator(TextMapPropagator):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._inner = CompositePropagator(
            [TraceContextTextMapPropagator(), W3CBaggagePropagator()]
        )

    def inject(self, carrier: Any, *arguments: Any, **options: Any) -> None:
        self._faults.may_fail("inject")
        self._inner.inject(carrier, *arguments, **options)
        # What was written by then is written.
        self._faults.may_fail("inject")

    def extract(self, carrier: Any, *arguments: Any, **options: Any) -> Any:
        self._faults.may_fail("extract")
        return self._inner.extract(carrier, *arguments, **options)

    @property
    def fields(self) -> set[str]:
        self._faults.may_fail("fields")
        return self._inner.fields
