"""OpenTelemetry for FastStream: one middleware a broker.

Each broker has its middleware in a module of its own: `faststream_otel.kafka`,
`.confluent`, `.rabbit`, `.nats`, `.redis` and `.mqtt`.
"""

from faststream_otel._annotations import CurrentSpan

__version__ = "0.1.0"

__all__ = ("CurrentSpan", "__version__")
