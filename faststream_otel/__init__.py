"""OpenTelemetry for FastStream: one middleware per broker.

The middleware of each broker is in a module of its own: `faststream_otel.kafka`,
`.confluent`, `.rabbit`, `.nats`, `.redis` and `.mqtt`.
"""

from faststream_otel._annotations import CurrentBaggage, CurrentSpan
from faststream_otel._baggage import Baggage
from faststream_otel._shutdown import shutdown

__version__ = "0.1.0"

__all__ = ("Baggage", "CurrentBaggage", "CurrentSpan", "__version__", "shutdown")
