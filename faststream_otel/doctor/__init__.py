"""Find out why a service's telemetry does not show what it should.

`python -m faststream_otel doctor app:app` does it from outside.
"""

from faststream_otel.doctor._diagnosis import Report, diagnose
from faststream_otel.doctor._finding import Fact, Finding

__all__ = ("Fact", "Finding", "Report", "diagnose")
