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
    "before": """
        orders create [PRODUCER]
          orders publish [PRODUCER]
          orders process [CONSUMER]
            invoices publish [PRODUCER]
          invoices process [CONSUMER]
    """,
    "migrated": """
        publish orders [PRODUCER]
          process orders [CONSUMER]
            publish invoices [PRODUCER]
              process invoices [CONSUMER]
    """,
}

# What a broker records that is not as with the others, by broker and step.
DIFFERENT: Final[dict[tuple[str, str], str]] = {
    ("rabbit", "before"): """
        default.orders create [PRODUCER]
          default.orders publish [PRODUCER]
          default.orders process [CONSUMER]
            default.invoices publish [PRODUCER]
          default.invoices process [CONSUMER]
    """,
}
