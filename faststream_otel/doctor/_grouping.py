"""What was found out about exporters, in the words of findings: once per address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faststream_otel.doctor._address import PATHS, PORTS
from faststream_otel.doctor._described import sent_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from faststream_otel.doctor._examining import Outcome, Verdict
    from faststream_otel.doctor._finding import Finding, Rule


def findings(
    verdicts: Sequence[Verdict], rules: Mapping[Outcome, Rule]
) -> Iterator[Finding]:
    """Give a finding for each address at which something is wrong."""
    groups: dict[tuple[str, ...], list[Verdict]] = {}
    for each in verdicts:
        if each.outcome in rules:
            groups.setdefault(_place(each), []).append(each)
    for group in groups.values():
        yield _finding(group, rules)


def _place(verdict: Verdict) -> tuple[str, ...]:
    """What is one fault, not several: the same outcome at the same port."""
    address = verdict.task.address
    # Paths are of the signals, unless it is they that are wrong.
    path = address.path if verdict.outcome == "path" else ""
    return (verdict.outcome, address.protocol, address.host, str(address.port), path)


def _finding(group: Sequence[Verdict], rules: Mapping[Outcome, Rule]) -> Finding:
    first = group[0]
    address = first.task.address
    signals = list(dict.fromkeys(each.task.route.signal for each in group))
    addresses = dict.fromkeys(str(each.task.address) for each in group)
    kinds = dict.fromkeys(type(each.task.route.inner).__name__ for each in group)
    return rules[first.outcome].found(
        f"{_source(first)}: {_words(first)}.",
        where=", ".join(kinds),
        signals=listed(signals),
        address=listed(list(addresses)),
        host=address.host,
        bundle=address.overridden,
        off=", ".join(f"OTEL_{each.upper()}_EXPORTER=none" for each in signals),
        line=_line(first),
    )


def listed(words: Sequence[str]) -> str:
    """Give words as a list in a sentence."""
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def _source(verdict: Verdict) -> str:
    """Say who told the exporter to send there."""
    address = verdict.task.address
    if address.variable:
        return f"As {address.variable} says"
    return "By default" if address.is_default else "As the code says"


def _line(verdict: Verdict) -> str:
    """Give the line that sends to where it is likely to be right."""
    address, signal = verdict.task.address, verdict.task.route.signal
    path, port = PATHS[signal], PORTS[address.protocol]
    changes: dict[Outcome, dict[str, Any]] = {
        # The exporter is kept, so it is the port that has to change.
        "grpc": {"port": port},
        "http": {"port": port},
        "plain": {"tls": False},
        "tls": {"tls": True},
        "redirect": {"tls": True},
        "path": {"path": path},
        "scheme": {"tls": False, "path": path},
        "name": {"host": "the-name"},
    }
    other = {"host": "collector", "port": port}
    return address.line(signal, **changes.get(verdict.outcome, other))


def _words(verdict: Verdict) -> str:
    """Say what was seen."""
    seen, answer, sent = verdict.seen, verdict.answer, verdict.sent
    status = (answer and answer.status) or seen.status
    words: dict[Outcome, str] = {
        "unresolved": "the name could not be resolved",
        "unreachable": f"the system says {seen.words!r}",
        "refused": "the connection was refused",
        "silent": "no connection was made in time"
        if seen.words
        else "the connection was made, and no answer came",
        "closed": "the connection was made, and ended without an answer",
        "grpc": "the answer was HTTP/2, as gRPC has it",
        "http": f"the answer was HTTP/1.1, status {seen.status}",
        "plain": "the answer came without TLS",
        "tls": "a connection with TLS could be made, and without it none",
        "client": "TLS ended because no certificate was presented",
        "garbage": "the answer was neither HTTP nor gRPC",
        "page": f"the answer was text/html, status {seen.status}",
        "scheme": "there is no http:// or https:// in it",
        "authority": "TLS did not accept the certificate",
        "late": "the exporter was still trying",
    }
    if seen.words and verdict.outcome in {
        "authority",
        "bundle",
        "name",
        "expired",
        "certificate",
    }:
        return f"TLS says {seen.words!r}"
    if verdict.outcome in words:
        return words[verdict.outcome]
    found = f"the answer was {(answer and answer.code) or f'status {status}'}"
    if verdict.outcome == "refused_credentials":
        names = sent_headers(verdict.task.address)
        return f"{found}; headers sent: {', '.join(names) or 'none'}"
    if verdict.outcome == "failed":
        raised = f" and raised {sent.error}" if sent and sent.error else ""
        return f"the exporter failed{raised}"
    return found
