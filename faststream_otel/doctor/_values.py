"""What values of environment variables may be. Each check says what is wrong, if any.

No check repeats a value that may be secret: what it says is shown.
"""

from __future__ import annotations

import math
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from opentelemetry.util.re import parse_env_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[str], str]

_PLAIN: Final = re.compile(r"[\w./%+*-]{1,40}")
_LETTERS: Final = re.compile(r"[A-Za-z0-9]")
_SCHEMES: Final = ("http", "https")
_MOST_PORTS: Final = 65_535


def shown(value: str) -> str:
    """Give a value that is a plain word; what may be more than that is not shown."""
    return repr(value) if _PLAIN.fullmatch(value) else "it"


def anything(value: str) -> str:
    """Take any value."""
    del value
    return ""


def boolean(value: str) -> str:
    """Take what the SDK takes: all but `true` is false."""
    if value.strip().lower() in {"true", "false"}:
        return ""
    return f"{shown(value)} means false: only true means true"


def number(least: float = 0.0, most: float = math.inf, *, whole: bool = False) -> Check:
    """Take numbers between two bounds."""
    kind = "a whole number" if whole else "a number"

    def check(value: str) -> str:
        try:
            found = int(value) if whole else float(value)
        except ValueError:
            return f"{shown(value)} is not {kind}"
        if not least <= found <= most:
            bounds = f"from {least:g}" + (f" to {most:g}" if most < math.inf else " on")
            return f"{shown(value)} is not {kind} {bounds}"
        return ""

    return check


def port(value: str) -> str:
    """Take a port."""
    return number(0, _MOST_PORTS, whole=True)(value)


def limit(value: str) -> str:
    """Take a limit, which may be none."""
    if value.strip().lower() in {"", "unset"}:
        return ""
    return number(whole=True)(value)


def one_of(*allowed: str) -> Check:
    """Take one of several words, in any case."""

    def check(value: str) -> str:
        if value.strip().lower() in allowed:
            return ""
        return f"{shown(value)} is none of {', '.join(allowed)}"

    return check


def address(value: str) -> str:
    """Take an address with its scheme."""
    parts = urlsplit(value.strip())
    try:
        has_port = parts.port is None or parts.port >= 0
    except ValueError:
        has_port = False
    if not has_port:
        return "the port is not a number"
    if parts.scheme in _SCHEMES:
        return "" if parts.hostname else "there is no host in it"
    # For one without a scheme there is a finding of its own.
    return "" if without_scheme(value) else "its scheme is neither http nor https"


def without_scheme(value: str) -> bool:
    """Whether an address has no scheme, as in `collector:4317`."""
    return "://" not in value and bool(value.strip())


def headers(value: str) -> str:
    """Take what exporters take: `name=value,name=value`."""
    for position, pair in enumerate(filter(None, map(str.strip, value.split(",")))):
        if not _parses(pair):
            which = f"header {position + 1}"
            if "=" not in pair:
                return f"{which} has no = between its name and its value"
            return f"{which} has a character that must be written as % and two digits"
    return ""


def _parses(pair: str) -> bool:
    # It logs what it does not understand, value and all; so what it would refuse is
    # asked without the value's letters.
    name, found, content = pair.partition("=")
    blank = _LETTERS.sub("x", content)
    if not found or not name.strip() or set(name.strip()) & set(' "(),/:;<=>?@[\\]{}'):
        return False
    return not set(blank) & set('",;\\') and blank.isascii() and blank.isprintable()


def names_of_headers(value: str) -> list[str]:
    """Name the headers that a value has; those that cannot be read are left out."""
    pairs = [each for each in value.split(",") if _parses(each.strip())]
    return sorted(parse_env_headers(",".join(pairs), liberal=True))


def attributes(value: str) -> str:
    """Take `name=value,name=value`."""
    for position, pair in enumerate(filter(None, map(str.strip, value.split(",")))):
        name, found, _ = pair.partition("=")
        if not found:
            return f"attribute {position + 1} has no = between its name and its value"
        if not name.strip():
            return f"attribute {position + 1} has no name"
    return ""


def file(value: str) -> str:
    """Take a file that is there."""
    return "" if Path(value).is_file() else f"there is no file {shown(value)}"


def installed(group: str, *known: str, several: bool = True) -> Check:
    """Take names for which something is installed."""

    def check(value: str) -> str:
        there = {each.name for each in entry_points(group=group)} | set(known)
        asked = value.split(",") if several else [value]
        missing = [each.strip() for each in asked if each.strip() not in there]
        if not any(missing):
            return ""
        names = ", ".join(shown(each) for each in missing if each)
        return f"nothing is installed for {names}; there is {', '.join(sorted(there))}"

    return check
