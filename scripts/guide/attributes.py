"""The reference page of span attributes: which spans have them, and where from.

Which spans have an attribute is recorded; where it comes from is in `SOURCES`.

    python -m guide.attributes update
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Final

from faststream_otel import _conventions
from guide.conventions import VERSION
from guide.gaps import ROWS, UNKNOWN
from guide.places import BROKERS, DOCS, TABS
from guide.scenes import everything
from guide.sources import HEADER, KAFKA, SOURCES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

PAGE = DOCS / "reference" / "attributes.md"

HEAD: Final = f"""\
---
description: Which spans have which attributes, and where each value comes from.
search:
  boost: 2
---

<!-- Written by scripts/update. To change it, change scripts/guide/attributes.py. -->

# Attributes

Spans follow OpenTelemetry's semantic conventions for messaging, version {VERSION}.
This page comes from recordings of each kind of span, on each broker.

## Spans

A span is named after its operation and its destination: `publish orders`.
If the subscriber declared a pattern, the pattern takes the place of the destination.
A temporary or anonymous destination is left out of the name.
"""

SPANS: Final = """\
The kind of a publish span is `CLIENT` if its message already has a context:
one that the caller wrote, or that of its create span.

Below, *settle* means `ack`, `nack` or `reject`;
*single* means a span of one message, and *batch* a span of a batch.
Some spans exist only on some brokers:
"""

SECTIONS: Final = {
    "All brokers": "",
    "Some brokers": "",
    "Kafka": "With aiokafka and with Confluent:",
    "RabbitMQ": "",
    "Not registered": "OpenTelemetry has no names for these.",
}

GAPS: Final = "The conventions also define these attributes."


WEAVER: Final = """\
## Check a service in CI

[Weaver](https://github.com/open-telemetry/weaver) is OpenTelemetry's checker.
Its *live check* receives what a service exports,
and compares it with a registry of names.
This package brings the registry of its own names, on top of OpenTelemetry's:

```bash title="shell/weaver.sh"
{! include "../../docs_src/shell/weaver.sh" !}
```

Start it, run the service's tests with its OTLP exporter, and stop it.
It then exits with 0, or lists what the registry does not know.
Add your own names in a registry of your own that depends on this one.
"""


def broker_of(kind: str) -> str:
    """Give the broker of a kind: channels, lists and streams are all of Redis."""
    return kind.partition("-")[0]


@cache
def recorded() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Give the spans that have each attribute, by their broker."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for cell in everything():
        for name in cell.attributes:
            is_header = name.startswith(_conventions.HEADER_PREFIX)
            attribute = HEADER if is_header else name
            found[attribute][broker_of(cell.kind.name)].add(cell.row)
    return {
        attribute: {broker: frozenset(rows) for broker, rows in by_broker.items()}
        for attribute, by_broker in found.items()
    }


def rows_of(brokers: Iterable[str]) -> set[str]:
    """Give the spans that some of `brokers` have."""
    return {
        row
        for row, kinds in ROWS.items()
        if not {broker_of(kind) for kind in kinds}.isdisjoint(brokers)
    }


def page() -> str:
    """Write the page."""
    parts = [HEAD, operations(), SPANS, missing_spans()]
    for title, words in SECTIONS.items():
        entries = [entry(name) for name in SOURCES if section(name) == title]
        parts += [f"## {title}\n", *([f"{words}\n"] if words else []), *entries]
    parts += ["## Not recorded\n", f"{GAPS}\n", *gaps(), WEAVER]
    return "\n".join(parts).rstrip() + "\n"


def operations() -> str:
    """Write the operations, with the kind and type of their spans."""
    rows = [
        f"| `{operation.name}` | `{operation.kind.name}` | `{operation.type}` |\n"
        for operation in vars(_conventions).values()
        if isinstance(operation, _conventions.Operation)
    ]
    return "".join(["| Operation | Kind | Type |\n", "| --- | --- | --- |\n", *rows])


def missing_spans() -> str:
    """Say which brokers have the spans that not all have."""
    lines = []
    for row, kinds in ROWS.items():
        brokers = {broker_of(kind) for kind in kinds}
        if brokers != set(BROKERS):
            name, _, batch = row.partition(" ")
            lines.append(f"- {'batch ' * bool(batch)}{name}: {labels(brokers)}\n")
    return "".join(lines)


def section(attribute: str) -> str:
    """Give the section that an attribute belongs to."""
    brokers = set(SOURCES[attribute])
    if attribute in {HEADER, _conventions.FASTSTREAM_DECISION}:
        return "Not registered"
    if brokers == set(BROKERS):
        return "All brokers"
    if brokers == set(KAFKA):
        return "Kafka"
    return "RabbitMQ" if brokers == {"rabbit"} else "Some brokers"


def entry(attribute: str) -> str:
    """Write where an attribute comes from, and which spans have it."""
    where: dict[str, list[str]] = defaultdict(list)
    for broker, words in SOURCES[attribute].items():
        where[words].append(broker)
    spans = f"On {'; '.join(spans_with(attribute))}."
    if len(where) == 1:
        (words,) = where
        said = f":   {words}\n    {spans}\n"
    else:
        each_broker = (
            f"    - {labels(brokers)}: {words}\n" for words, brokers in where.items()
        )
        said = "".join([f":   {spans}\n\n", *each_broker])
    anchor = attribute.replace("<name>", "name")
    return f"`{attribute}` {{ #{anchor} }}\n{said}"


def spans_with(attribute: str) -> Iterator[str]:
    """Name the spans that have an attribute, and the brokers if that differs."""
    groups: list[dict[str, frozenset[str]]] = []
    for broker, rows in recorded()[attribute].items():
        for group in groups:
            together = {**group, broker: rows}
            union = frozenset[str]().union(*together.values())
            if all(has == union & rows_of([one]) for one, has in together.items()):
                group[broker] = rows
                break
        else:
            groups.append({broker: rows})
    for group in groups:
        rows = frozenset[str]().union(*group.values())
        of = f" of {labels(group)}" if len(groups) > 1 else ""
        yield f"{in_words(rows, rows_of(group))}{of}"


def in_words(rows: Collection[str], among: Collection[str]) -> str:
    """Name spans, of all that there are."""
    names = join(each(rows, among)) if set(among) - set(rows) else "all"
    return f"{names} spans"


def each(rows: Collection[str], among: Collection[str]) -> Iterator[str]:
    """Name spans, and say where only those of one message or of a batch are meant."""
    for row in (row for row in ROWS if not row.endswith(" batch")):
        batch = f"{row} batch"
        if row in rows and batch in among and batch not in rows:
            yield f"single {row}"
        elif row in rows:
            yield row
        elif batch in rows:
            yield f"batch {row}"


def labels(brokers: Collection[str]) -> str:
    """Name brokers as the tabs do."""
    return join(label for label, broker in TABS.items() if broker in brokers)


def join(words: Iterable[str]) -> str:
    """Write an enumeration."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def gaps() -> Iterator[str]:
    """Write what is not recorded, and why."""
    why: dict[str, list[str]] = defaultdict(list)
    for gap in UNKNOWN:
        brokers = list(dict.fromkeys(map(broker_of, gap.kinds)))
        among = rows_of(brokers)
        spans = in_words(among & set(gap.rows), among)
        of = "" if set(brokers) == set(BROKERS) else f" of {labels(brokers)}"
        why[gap.attribute].append(f"On {spans}{of}.\n    {gap.why}")
    for attribute, reasons in why.items():
        yield "\n".join([f"`{attribute}`", *(f":   {reason}\n" for reason in reasons)])


def main() -> None:
    """Write the page anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["update"])
    parser.parse_args()
    PAGE.write_text(page())
    print(f"wrote {PAGE.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
