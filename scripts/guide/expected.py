"""The trace that each step of the guide records, as its page describes it."""

from __future__ import annotations

from typing import Final

# As `assert_trace` reads it. The same for all brokers, but for those in DIFFERENT.
EXPECTED: Final[dict[str, str]] = {
    "first_trace": """
        publish greetings [PRODUCER]
          process greetings [CONSUMER]
    """,
    "chain": """
        publish first [PRODUCER]
          process first [CONSUMER]
            publish second [PRODUCER]
              process second [CONSUMER]
                publish third [PRODUCER]
                  process third [CONSUMER]
    """,
    "zero_code": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
              process invoices [CONSUMER]
    """,
    "shortest": """
        publish greetings [PRODUCER]
          process greetings [CONSUMER]
    """,
    "playground": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish parcels [PRODUCER]
              process parcels [CONSUMER]
    """,
    "before": """
        orders create [PRODUCER]
          orders publish [PRODUCER]
          orders process [CONSUMER]
            invoices publish [PRODUCER]
          invoices process [CONSUMER]
    """,
    "mixed": """
        publish orders [PRODUCER]
          orders process [CONSUMER]
            invoices publish [PRODUCER]
          process invoices [CONSUMER]
    """,
    "both": """
        orders create [PRODUCER]
          orders publish [PRODUCER]
            publish orders [CLIENT]
          process orders [CONSUMER]
          orders process [CONSUMER]
            invoices publish [PRODUCER]
              publish invoices [PRODUCER]
                process invoices [CONSUMER]
                invoices process [CONSUMER]
    """,
    "migrated": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
              process invoices [CONSUMER]
    """,
    "context": """
        publish greetings [PRODUCER]
          process greetings [CONSUMER]
    """,
    "reading": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
              process invoices [CONSUMER]
              process invoices [CONSUMER]
    """,
    "reading_waiting": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
              process invoices [CONSUMER]
              process invoices [CONSUMER]
    """,
    "reading_lost": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
    """,
    "reading_orphan": """
        publish orders [PRODUCER]
        process invoices [CONSUMER]
        process invoices [CONSUMER]
    """,
    "redelivered": """
        publish returns [PRODUCER]
          process returns [CONSUMER] ✗ ConnectionError
          process returns [CONSUMER]
    """,
    "options": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
    """,
    "order": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
    """,
    "errors": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
        publish orders [PRODUCER]
          process orders [CONSUMER]
        publish orders [PRODUCER]
          process orders [CONSUMER] ✗ LookupError
    """,
    "untrusted": """
        publish orders [CLIENT]
        process orders [CONSUMER]
    """,
    "settled": """
        publish shipments [PRODUCER]
          process shipments [CONSUMER]
            ack shipments [CLIENT]
    """,
    "sampler": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
    """,
    "baggage": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish payments [PRODUCER]
              process payments [CONSUMER]
                publish parcels [PRODUCER]
                  process parcels [CONSUMER]
                    publish receipts [PRODUCER]
                      process receipts [CONSUMER]
    """,
    "tenant": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
    """,
    "baggage_batch": """
        publish crates [PRODUCER]
        process crates [CONSUMER]
    """,
    "serving": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
    """,
    "serving_fastapi": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
    """,
    "http_in": """
        POST /orders [SERVER]
          publish orders [PRODUCER]
            process orders [CONSUMER]
    """,
    "http_out": """
        publish baskets [PRODUCER]
          process baskets [CONSUMER]
            POST [CLIENT]
              POST /orders [SERVER]
                publish orders [PRODUCER]
                  process orders [CONSUMER]
    """,
    "by_hand": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            ask scale [CLIENT]
              weigh [SERVER]
    """,
    "custom_spans": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            wrap [INTERNAL]
    """,
    "hooks": """
        publish orders [PRODUCER]
          pack for acme [CONSUMER]
    """,
    "background": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            in a thread [INTERNAL]
            in a task [INTERNAL]
        in an executor [INTERNAL]
    """,
    "caught_error": """
        publish orders [PRODUCER]
          process orders [CONSUMER] ✗ no scale for tea
    """,
    "incoming_link": """
        publish orders [PRODUCER]
        process orders [CONSUMER]
    """,
    "request_reply": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            request prices [PRODUCER]
              process prices [CONSUMER]
                reply [PRODUCER]
            receive [CLIENT]
    """,
    "batch": """
        publish parcels [PRODUCER]
        process parcels [CONSUMER]
    """,
    "create_spans": """
        order [INTERNAL]
          create orders [PRODUCER]
          create orders [PRODUCER]
          publish orders [CLIENT]
        process orders [CONSUMER]
    """,
}

# FastStream has no requests for Kafka.
_ANSWERED_BY_TOPIC: Final = """
    publish prices [PRODUCER]
      process prices [CONSUMER]
        reply answers [PRODUCER]
          process answers [CONSUMER]
"""

# RabbitMQ's exchange puts an invoice into two queues.
_INVOICES_OF_QUEUES: Final = """
    publish orders [PRODUCER]
      process orders [CONSUMER]
        publish invoices [PRODUCER]
          process invoices:outbox [CONSUMER]
          process invoices:archive [CONSUMER]
"""

# What a broker records that is not as with the others, by broker and step.
DIFFERENT: Final[dict[tuple[str, str], str]] = {
    ("rabbit", "before"): """
        default.orders create [PRODUCER]
          default.orders publish [PRODUCER]
          default.orders process [CONSUMER]
            default.invoices publish [PRODUCER]
          default.invoices process [CONSUMER]
    """,
    ("rabbit", "mixed"): """
        publish orders [PRODUCER]
          default.orders process [CONSUMER]
            default.invoices publish [PRODUCER]
          process invoices [CONSUMER]
    """,
    ("rabbit", "both"): """
        default.orders create [PRODUCER]
          default.orders publish [PRODUCER]
            publish orders [CLIENT]
          process orders [CONSUMER]
          default.orders process [CONSUMER]
            default.invoices publish [PRODUCER]
              publish invoices [PRODUCER]
                process invoices [CONSUMER]
                default.invoices process [CONSUMER]
    """,
    ("rabbit", "reading"): _INVOICES_OF_QUEUES,
    ("rabbit", "reading_waiting"): _INVOICES_OF_QUEUES,
    ("rabbit", "reading_orphan"): """
        publish orders [PRODUCER]
        process invoices:outbox [CONSUMER]
        process invoices:archive [CONSUMER]
    """,
    ("kafka", "request_reply"): _ANSWERED_BY_TOPIC,
    ("confluent", "request_reply"): _ANSWERED_BY_TOPIC,
}
