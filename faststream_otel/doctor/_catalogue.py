"""All rules, each declared where it is checked, in the order of their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from faststream_otel.doctor import (
    _brokers,
    _context,
    _dotenv,
    _environment,
    _export,
    _logs,
    _metrics,
    _options,
    _probe,
    _recording,
    _sampling,
    _versions,
)
from faststream_otel.doctor._finding import Fact, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faststream_otel.doctor._service import Service

    Check = Callable[[Service], Iterator[Finding | Fact]]

_TOPICS: Final = (
    _brokers,
    _recording,
    _context,
    _export,
    _probe,
    _metrics,
    _logs,
    _environment,
    _dotenv,
    _versions,
)
# What a topic examines by itself, with rules of its own.
_PARTS: Final = (_sampling, _options)
CHECKS: Final[tuple[Check, ...]] = tuple(topic.check for topic in _TOPICS)
CATALOGUE: Final[tuple[Rule, ...]] = tuple(
    sorted(
        {
            rule.code: rule
            for topic in (*_TOPICS, *_PARTS)
            for rule in vars(topic).values()
            if isinstance(rule, Rule)
        }.values(),
        key=lambda rule: rule.code,
    )
)
