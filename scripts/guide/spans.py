"""The reference page of spans: what is below what, and what links what, recorded."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from faststream import AckPolicy, Context
from opentelemetry import trace

from faststream_otel import _conventions as conventions
from guide.attributes import broker_of, labels
from guide.conventions import VERSION
from guide.gaps import ROWS
from guide.kinds import KINDS
from guide.scenes.particular import fetch
from guide.scenes.stage import (
    KAFKA,
    REQUESTS,
    SETTLES,
    TAKES_BATCHES,
    TRACEPARENT,
    Stage,
    echo,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from faststream_otel.testing import RecordedSpan, Trace

HEAD: Final = f"""\
---
description: Every kind of span, with its name, kind, parent, links and the option that switches it on.
---

<!-- Written by scripts/update. To change it, change scripts/guide/spans.py. -->

# Spans

A span is named after its operation and its destination, such as `publish orders`.
Kinds and types follow OpenTelemetry's semantic conventions for messaging, version {VERSION}.
The parents and links on this page come from recordings of each operation, on each broker that has it.
[Attributes](attributes.md) says which attributes a span has.
"""

WHEN: Final[dict[str, str]] = {
    "publish": "`broker.publish`, `publisher.publish`, `publish_batch`, `@publisher`: "
    "from the call until the client has accepted the message, or until the server "
    "has confirmed it, if the client waits for that.",
    "request": "`broker.request`: from the call until the answer has arrived.",
    "reply": "The answer to a request, or to any message with `reply_to`.",
    "process": "Handling a message or a batch: from before it is parsed until the "
    "handler's result has been published.",
    "receive": "Fetching a message: `get_one`, `async for` over a subscriber, and the "
    "answer that `request` returns. With a real broker, the span of an answer links "
    "to its `reply`.",
    "create": "The creation of one message of a batch, before the batch is sent.",
    "ack, nack, reject": "Acknowledging or rejecting a message or a batch: by "
    "FastStream after the handler, or by the handler itself.",
}

SWITCHED: Final = {"create": "create_spans", "ack": "settle_spans"}

NONE: Final = "none"
OWN: Final = "own"
FOREIGN: Final = "foreign"

# In the order of a message's way.
WORDS: Final = {
    NONE: "none",
    OWN: "a span of the application",
    "create": "`create`",
    "publish": "`publish`",
    "request": "`request`",
    "reply": "`reply`",
    "process": "`process`",
    FOREIGN: "the context that the caller wrote into the headers",
}

END: Final = """\
## Where a trace begins

A span without a parent is the root of a trace:

- the publish span of a message that is published outside any span;
- the process span of a message without a context, or with `incoming="link"` or `incoming="ignore"`;
- the process span of a batch: its messages may come from many traces, so it links to each of them.

If a parent is not sampled, the spans below it are not recorded either.
"""


class Seen:
    """What the spans of an operation were, were below, and linked."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.parents: set[str] = set()
        self.links: set[str] = set()


@cache
def recorded() -> Mapping[str, Seen]:
    """Play what can happen on every broker; give what was seen, by operation.

    The spans of a batch are an operation of their own: `process batch`.
    """
    seen: defaultdict[str, Seen] = defaultdict(Seen)
    for kind in KINDS:
        for play in plays(kind.name):
            stage = Stage(
                kind,
                settle_spans=play is a_settled_message,
                create_spans=play is a_batch_that_is_sent,
            )
            asyncio.run(play(stage))
            note(seen, stage.recorder.trace())
    return seen


def note(seen: Mapping[str, Seen], recording: Trace) -> None:
    """Add the spans of one play."""
    names = {span.span_id: operation(span) for span in recording.spans}
    for span in recording.spans:
        if names[span.span_id] == OWN:
            continue
        batch = " batch" if "messaging.batch.message_count" in span.attributes else ""
        found = seen[names[span.span_id] + batch]
        found.kinds.add(span.kind)
        parent = NONE if span.parent_id is None else names[span.parent_id]
        found.parents.add(parent)
        links = {names.get(link.span_id, FOREIGN) for link in span.links}
        found.links |= links or {NONE}


def operation(span: RecordedSpan) -> str:
    """Give the operation of a span; one without is the application's own."""
    return str(span.attributes.get("messaging.operation.name", OWN))


def plays(name: str) -> list[Any]:
    """Name what can happen on a kind of broker."""
    return [
        a_chain,
        a_publish_of_the_application,
        a_context_of_the_caller,
        a_fetched_message,
        a_reply,
        *([a_request] if name in REQUESTS else []),
        *([a_batch] if name in TAKES_BATCHES else []),
        *([a_batch_that_is_sent] if name in KAFKA else []),
        *([a_settled_message] if name in SETTLES else []),
    ]


async def a_chain(stage: Stage) -> None:
    """One message leads to the next."""

    @stage.subscriber()
    async def handle(message: str) -> None:
        await stage.publish(to="next")

    async with stage.running():
        await stage.publish()


@contextmanager
def own_span(stage: Stage) -> Iterator[None]:
    """Be in a span of the application."""
    provider = stage.broker.middlewares[0].telemetry.tracer_provider
    tracer = trace.get_tracer("shop", tracer_provider=provider)
    with tracer.start_as_current_span("open the shop"):
        yield


async def a_publish_of_the_application(stage: Stage) -> None:
    """Inside a span of its own."""
    with own_span(stage):
        async with stage.running():
            await stage.publish()


async def a_context_of_the_caller(stage: Stage) -> None:
    """He is the message's producer."""
    async with stage.running():
        await stage.publish(headers={"traceparent": TRACEPARENT})


async def a_fetched_message(stage: Stage) -> None:
    """By the application itself, outside any span and inside one."""
    fetched: list[Any] = []

    @stage.subscriber(AckPolicy.MANUAL)
    async def handle(body: str, message: Any = Context("message")) -> None:
        fetched.append(message.raw_message)

    async with stage.running() as deliveries:
        await stage.publish()
        await deliveries.settled()
        await fetch(stage, fetched[0])
        with own_span(stage):
            await fetch(stage, fetched[0])


async def a_reply(stage: Stage) -> None:
    """To a name."""

    @stage.kind.subscriber(stage.broker, "orders")
    async def handle(message: str) -> str:
        return message

    async with stage.running():
        await stage.publish(reply_to="answers")


async def a_request(stage: Stage) -> None:
    """And its answer; outside any span, and inside one."""
    stage.kind.subscriber(stage.broker, "orders")(echo)
    async with stage.running():
        await stage.kind.request(stage.broker, "x", "orders")
        with own_span(stage):
            await stage.kind.request(stage.broker, "x", "orders")


async def a_batch(stage: Stage) -> None:
    """Of one message: test brokers deliver no more."""
    stage.subscriber(batch=True)(echo)
    async with stage.running():
        await stage.publish()


async def a_batch_that_is_sent(stage: Stage) -> None:
    """With a create span a message; outside any span, and inside one."""

    @stage.subscriber()
    async def handle(message: str) -> None: ...

    async with stage.running():
        await stage.broker.publish_batch("x", "y", topic="orders")
        with own_span(stage):
            await stage.broker.publish_batch("x", "y", topic="orders")


async def a_settled_message(stage: Stage) -> None:
    """By FastStream, when the handler has run."""

    @stage.subscriber()
    async def handle(message: str) -> None: ...

    async with stage.running():
        await stage.publish()


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *map(entry, WHEN), END])


def entry(name: str) -> str:
    """Write what the spans of an operation are."""
    each = conventions_of(name)
    names = [f"`{one} {{destination}}`" for one in name.split(", ")]
    lines = [
        *(f"## {name}\n", f"{WHEN[name]}\n", "| What | Value |", "|---|---|"),
        f"| Name | {' or '.join(names)} |",
        f"| `messaging.operation.type` | `{each.type}` |",
    ]
    single, batch = (recorded().get(f"{each.name}{what}") for what in ("", " batch"))
    assert single is not None, f"nobody plays {name}"
    lines += [
        f"| Kind | {listed(single.kinds)} |",
        f"| Parent | {listed(single.parents)} |",
        f"| Links | {listed(single.links)} |",
    ]
    if batch:
        lines += [
            f"| Parent, of a batch | {listed(batch.parents)} |",
            f"| Links, of a batch | {listed(batch.links)} |",
        ]
    if each.name in SWITCHED:
        option = SWITCHED[each.name]
        lines.append(f"| Only with | [`{option}=True`](options.md#{option}) |")
    row = each.name if each.name in ROWS else each.type
    brokers = {broker_of(kind) for kind in ROWS[row]}
    lines.append(f"| Brokers | {'all' if len(brokers) == 6 else labels(brokers)} |")
    return "\n".join([*lines, ""])


def conventions_of(name: str) -> conventions.Operation:
    """Give what the conventions say of the operations under a heading."""
    first = name.split(", ", maxsplit=1)[0]
    return next(
        each
        for each in vars(conventions).values()
        if isinstance(each, conventions.Operation) and each.name == first
    )


def listed(names: set[str]) -> str:
    """Name parents, links or kinds."""
    known = (*WORDS, "PRODUCER", "CONSUMER", "CLIENT")
    assert names <= set(known), names
    return " or ".join(WORDS.get(name, f"`{name}`") for name in known if name in names)
