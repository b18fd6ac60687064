"""The headers of a message as input from outside: names in any case, checked values.

What is not well formed is not there: a library that parses it would work on it for
long, or write it to the log. All bounds are in bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from opentelemetry.propagators.textmap import Getter

from faststream_otel._conventions import HEADER_PREFIX
from faststream_otel._text import LONGEST_TEXT, bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from faststream_otel._destination import Attributes

# W3C Baggage allows 8192 bytes and 180 entries; nothing that is propagated is longer.
LONGEST: Final = 8192
_MOST_ENTRIES: Final = 180
_LONGEST_ENTRY: Final = 4096
# W3C Trace Context: a version that is not known yet may add to it.
_LONGEST_TRACEPARENT: Final = 512
_MOST_MEMBERS: Final = 32

_SPACE: Final = " \t"
_NAME: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_VALUE: Final = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_PROPERTY: Final = rf";[ \t]*{_NAME}(?:[ \t]*=[ \t]*{_VALUE})?[ \t]*"
# One match of an entry costs a tenth of one per property, of which there may be many.
_ENTRY: Final = re.compile(
    rf"[ \t]*({_NAME})[ \t]*=[ \t]*({_VALUE})[ \t]*((?:{_PROPERTY})*)"
)
_TRACEPARENT: Final = re.compile(
    "(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_MEMBER: Final = re.compile(
    r"(?:[a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)


class HeaderGetter(Getter["Mapping[Any, Any]"]):
    """Reads the headers of one message for a propagator, and never raises.

    It remembers which headers were read: these are the ones that a message carries
    context in, which the propagator's `fields` do not always say (B3, Jaeger).

    Args:
        accepts: Which baggage keys are accepted; None for all.
    """

    __slots__ = ("_accepts", "_other_case", "read")

    def __init__(self, accepts: Callable[[str], bool] | None = None) -> None:
        self._accepts = accepts
        self._other_case: list[Any] | None = None
        self.read: set[str] = set()

    def get(self, carrier: Mapping[Any, Any], key: str) -> list[str] | None:
        """Give the one value of a header, None if there is none that can be used."""
        name = key.lower()
        self.read.add(name)
        value = carrier.get(name)
        if value is None:
            value = self._in_another_case(carrier, name)
        checked = self._checked(name, value)
        return None if checked is None else [checked]

    def keys(self, carrier: Mapping[Any, Any]) -> list[str]:
        """Give the names of all headers."""
        return [key for key in carrier if isinstance(key, str)]

    def _in_another_case(self, carrier: Mapping[Any, Any], name: str) -> object:
        if self._other_case is None:
            self._other_case = [
                key for key in carrier if isinstance(key, str) and not key.islower()
            ]
        if not self._other_case:
            return None
        found = {
            text
            for key in self._other_case
            if key.lower() == name and (text := text_of(carrier[key])) is not None
        }
        if len(found) > 1 and name == "traceparent":
            found = {
                text for text in found if _TRACEPARENT.fullmatch(text.strip(_SPACE))
            }
        # Those that contradict each other say nothing.
        return found.pop() if len(found) == 1 else None

    def _checked(self, name: str, value: object) -> str | None:
        text = None if value is None else text_of(value)
        if text is None or _bytes_of(text) > LONGEST:
            return None
        text = text.strip(_SPACE)
        if name == "baggage":
            return baggage(text, self._accepts)
        if name == "tracestate":
            return _tracestate(text)
        longest = _LONGEST_TRACEPARENT if name == "traceparent" else LONGEST
        fits = len(text) <= longest and text.isprintable() and text.isascii()
        return text if fits else None


def _bytes_of(text: str) -> int:
    # A text that has too many characters need not be encoded.
    if text.isascii() or len(text) > LONGEST:
        return len(text)
    return len(text.encode(errors="replace"))


def text_of(value: object) -> str | None:
    """Give a header, key or identifier as text; None if it has no such form."""
    if isinstance(value, list) and value:
        # Kafka has headers that stand there twice. The last one counts, as in Java.
        value = value[-1]
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    return None


def collected(pairs: Iterable[Any]) -> dict[str, Any]:
    """Give headers with a list where one stands there several times.

    Args:
        pairs: Names and values, as the client has them.
    """
    headers: dict[str, Any] = {}
    for name, value in pairs:
        if name not in headers:
            headers[name] = value
        elif isinstance(headers[name], list):
            headers[name].append(value)
        else:
            headers[name] = [headers[name], value]
    return headers


def baggage(text: str, accepts: Callable[[str], bool] | None = None) -> str | None:
    """Give a baggage header with the entries that are well formed and accepted.

    Args:
        text: The header's value.
        accepts: Which keys are accepted; None for all.

    Returns:
        None if there are no such entries.
    """
    # One part more than there may be is whatever is left, and is not looked at.
    entries = text.split(",", _MOST_ENTRIES)[:_MOST_ENTRIES]
    return ",".join(_entries(entries, accepts)) or None


def _entries(
    entries: Iterable[str], accepts: Callable[[str], bool] | None
) -> Iterator[str]:
    for each in entries:
        if len(each) > _LONGEST_ENTRY:
            continue
        entry = _ENTRY.fullmatch(each)
        if entry is None:
            continue
        key, value, properties = entry.groups()
        if properties:
            properties = ";".join(
                [part.strip(_SPACE) for part in properties.split(";")]
            )
        if accepts is None or accepts(unquote_plus(key).strip()):
            yield f"{key}={value}{properties}"


def _tracestate(text: str) -> str | None:
    # One member that is wrong spoils them all: so the convention says.
    members = [part.strip(_SPACE) for part in text.split(",", _MOST_MEMBERS)]
    members = [member for member in members if member]
    if len(members) > _MOST_MEMBERS or not all(map(_MEMBER.fullmatch, members)):
        return None
    keys = {member.partition("=")[0] for member in members}
    return ",".join(members) if len(keys) == len(members) > 0 else None


def attribute_of(header: str) -> str:
    """Name the attribute that a header is recorded as, as OpenTelemetry's Java agent.

    Args:
        header: The header's name, in any case.
    """
    return f"{HEADER_PREFIX}{header.lower().replace('-', '_')}"


def captured(names: Mapping[str, str], headers: Mapping[Any, Any]) -> Attributes:
    """Give the headers that are to be recorded, each as a list of its values.

    All values of a header are together no longer than one may be; the first ones count.

    Args:
        names: The attribute of each header, by the header's name in lower case.
        headers: The headers of a message, of any type.
    """
    found: dict[str, list[str]] = {}
    left: dict[str, int] = {}
    for header, value in headers.items():
        attribute = names.get(header.lower()) if isinstance(header, str) else None
        if attribute is None:
            continue
        for each in value if isinstance(value, (list, tuple)) else (value,):
            text = str(each) if isinstance(each, (int, float)) else text_of(each)
            if text is None:
                continue
            text = bounded(text)
            values = found.setdefault(attribute, [])
            left[attribute] = left.get(attribute, LONGEST_TEXT) - len(text.encode()) - 1
            if values and left[attribute] < 0:
                break
            values.append(text)
    return {**found}


def fingerprints(headers: Mapping[Any, Any]) -> set[int]:
    """Tell the headers of a message apart from all others, in little memory.

    A header that a handler passes on has the same name, in any case, and value.
    """
    return {
        fingerprint(name, each)
        for name, value in headers.items()
        for each in (value if isinstance(value, list) else (value,))
    }


def fingerprint(name: object, value: object) -> int:
    """Give a number that is the same for the same header."""
    text = text_of(value)
    return hash((str(name).lower(), str(value) if text is None else text))
