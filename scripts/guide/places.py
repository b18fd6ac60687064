"""Where everything of the guide is."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROGRAMS = ROOT / "docs_src"
PICTURES = DOCS / "traces"

# Each tab's label, and the directory of its programs and pictures, in their order.
TABS = {
    "Kafka": "kafka",
    "Confluent": "confluent",
    "RabbitMQ": "rabbit",
    "NATS": "nats",
    "Redis": "redis",
    "MQTT": "mqtt",
}
BROKERS = tuple(TABS.values())
LABELS = {broker: label for label, broker in TABS.items()}
