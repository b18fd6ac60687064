"""What the page "Baggage" says of its programs, and of limits."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import baggage, context

from faststream_otel import Baggage
from guide.fresh import a_new_process
from guide.places import BROKERS
from guide.programs import ALL, Program

OF_THE_PAGE = [
    program for program in ALL if program.step in {"baggage", "baggage_batch", "tenant"}
]


@pytest.mark.parametrize("broker", BROKERS)
def test_baggage_needs_no_provider(
    broker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It travels where nothing is recorded."""
    program = Program(broker, "baggage")
    with a_new_process():
        asyncio.run(program.play(program.load()))
    assert capsys.readouterr().out.splitlines() == [
        "{'tenant': 'north', 'tier': 'free'}",
        "gold",
        "tea: {}",
    ]


@pytest.mark.parametrize("program", OF_THE_PAGE, ids=str)
def test_it_is_not_recorded(program: Program) -> None:
    """No span has it, but for the one entry that a hook puts there."""
    told = {
        f"{name}={value!s}"
        for span in program.record().spans
        for name, value in span.attributes.items()
        if any(each in str(value) for each in ("north", "free", "gold"))
    }
    assert told == ({"app.tenant=north"} if program.step == "tenant" else set())


@pytest.mark.parametrize("broker", BROKERS)
def test_the_hook_is_for_handlers(broker: str) -> None:
    """The publish span has no such attribute."""
    publish, process = Program(broker, "tenant").record().spans
    assert process.attributes["app.tenant"] == "north"
    assert "app.tenant" not in publish.attributes


def test_of_one_key_the_last_message_counts() -> None:
    """What `get_all` gives of a batch."""
    headers = [{"baggage": "tier=free,a=1"}, {"baggage": "tier=gold"}]
    message: Any = SimpleNamespace(batch_headers=headers)
    merged = Baggage.from_msg(message)
    assert merged.get_all() == {"tier": "gold", "a": "1"}
    assert merged.get_all_batch() == [{"tier": "free", "a": "1"}, {"tier": "gold"}]


def test_values_are_sent_as_text() -> None:
    """Whatever they were."""
    assert arrives({"n": 1}) == {"n": "1"}


def arrives(entries: dict[str, Any]) -> dict[str, Any]:
    """What is left of entries that were sent."""
    return Baggage.from_headers(Baggage(entries).to_headers()).get_all()


def test_entries() -> None:
    """The first 180 are sent."""
    entries = {f"k{number}": "v" for number in range(181)}
    assert list(arrives(entries)) == list(entries)[:180]


def test_the_size_of_an_entry() -> None:
    """One that is larger is left out, and the others are sent."""
    fits = {"k": "v" * (4096 - len("k="))}
    assert arrives({**fits, "other": "1"}) == {**fits, "other": "1"}
    assert arrives({"k": fits["k"] + "v", "other": "1"}) == {"other": "1"}


def test_the_size_of_all() -> None:
    """What does not fit is left out."""
    entries = {f"k{number}": "v" * 4000 for number in range(3)}
    assert list(arrives(entries)) == ["k0", "k1"]


def test_a_longer_header_is_not_read() -> None:
    """Nothing of it, from whoever sends it."""
    header = ",".join(f"k{number:02}={'v' * 96}" for number in range(82))
    assert len(header) > 8192
    assert Baggage.from_headers({"baggage": header}).get_all() == {}
    assert len(Baggage.from_headers({"baggage": header[:8190]}).get_all()) == 82


def test_a_message_goes_on_without_what_does_not_fit() -> None:
    """It is handled, with the rest."""
    program = Program("nats", "baggage")
    got: list[dict[str, Any]] = []
    with a_new_process():
        module = program.load()

        @module.broker.subscriber("large")
        @module.broker.publisher("next")
        async def handle(text: str) -> str:
            entries = baggage.set_baggage("large", "v" * 5000)
            context.attach(baggage.set_baggage("small", "1", entries))
            return text

        @module.broker.subscriber("next")
        async def follow(text: str) -> None:
            got.append(dict(baggage.get_all()))

        @module.app.after_startup
        async def start() -> None:
            await module.broker.publish("hello", "large")

        asyncio.run(program.play(module))
    assert got == [{"small": "1"}]
