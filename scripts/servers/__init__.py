"""The servers that `scripts/brokers` starts: brokers, and what takes telemetry."""
