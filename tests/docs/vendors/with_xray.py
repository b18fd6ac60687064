"""The headers that a message has with X-Ray's propagator."""

from __future__ import annotations

import json

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from tests.docs.vendors.orders import order

trace.set_tracer_provider(TracerProvider())
print(json.dumps(order()))
