"""What W3C's test suites for trace context and baggage ask, as headers and answers.

https://github.com/w3c/trace-context/tree/main/test and
https://github.com/w3c/baggage/tree/main/test, without what a message's headers cannot
have: a name twice.
"""

from __future__ import annotations

from typing import Final

ID: Final = "5bd66ef5095369c7b0d1f8f4bd33716a"
SPAN: Final = "c532cb4098ac3dd2"
GOOD: Final = f"00-{ID}-{SPAN}-01"

# Headers, and whether the trace goes on.
TRACES: Final[tuple[tuple[dict[str, str], bool], ...]] = (
    ({}, False),
    ({"traceparent": GOOD}, True),
    *(({name: GOOD}, False) for name in ("trace-parent", "trace.parent")),
    *(({name: GOOD}, True) for name in ("TraceParent", "tRaCePaReNt", "TRACEPARENT")),
    *(
        ({"traceparent": value}, goes_on)
        for value, goes_on in (
            (f"{GOOD}.", False),
            (f"{GOOD}-and-more", False),
            (f"cc-{ID}-{SPAN}-01", True),
            (f"cc-{ID}-{SPAN}-01-and-more", True),
            (f"cc-{ID}-{SPAN}-01.and-more", False),
            (f"ff-{ID}-{SPAN}-01", False),
            (f".0-{ID}-{SPAN}-01", False),
            (f"0.-{ID}-{SPAN}-01", False),
            (f"000-{ID}-{SPAN}-01", False),
            (f"0000-{ID}-{SPAN}-01", False),
            (f"0-{ID}-{SPAN}-01", False),
            (f"00-{'0' * 32}-{SPAN}-01", False),
            (f"00-.{ID[1:]}-{SPAN}-01", False),
            (f"00-{ID[:-1]}.-{SPAN}-01", False),
            (f"00-{ID}a-{SPAN}-01", False),
            (f"00-{ID[:-1]}-{SPAN}-01", False),
            (f"00-{ID}-{'0' * 16}-01", False),
            (f"00-{ID}-.{SPAN[1:]}-01", False),
            (f"00-{ID}-{SPAN[:-1]}.-01", False),
            (f"00-{ID}-{SPAN}a-01", False),
            (f"00-{ID}-{SPAN[:-1]}-01", False),
            (f"00-{ID}-{SPAN}-.0", False),
            (f"00-{ID}-{SPAN}-0.", False),
            (f"00-{ID}-{SPAN}-001", False),
            (f"00-{ID}-{SPAN}-1", False),
            (f" {GOOD}", True),
            (f"\t{GOOD}", True),
            (f"{GOOD} ", True),
            (f"{GOOD}\t", True),
            (f"\t {GOOD} \t", True),
        )
    ),
)

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
_VISIBLE: Final = "".join(
    character for character in map(chr, range(0x20, 0x7F)) if character not in ",="
)
_MANY: Final = [f"key{number:02}={number}" for number in range(1, 34)]

# The header `tracestate`, and what of it goes on.
STATES: Final[tuple[tuple[dict[str, str], dict[str, str]], ...]] = (
    ({"tracestate": "a=1"}, {"a": "1"}),
    *(({name: "a=1"}, {}) for name in ("trace-state", "trace.state")),
    *(({name: "a=1"}, {"a": "1"}) for name in ("TraceState", "TRACESTATE")),
    *(
        ({"tracestate": value}, wanted)
        for value, wanted in (
            ("", {}),
            ("a=1,b=2,c=3", {"a": "1", "b": "2", "c": "3"}),
            ("a=1,", {"a": "1"}),
            (f"{_LETTERS}={_VISIBLE.strip()}", {_LETTERS: _VISIBLE.strip()}),
            (f"{_LETTERS}@{_LETTERS[:14]}=1", {f"{_LETTERS}@{_LETTERS[:14]}": "1"}),
            ("a=1 \t , \t b=2, \t c=3", {"a": "1", "b": "2", "c": "3"}),
            ("a=1\t \t,\t \tb=2", {"a": "1", "b": "2"}),
            (" a=1", {"a": "1"}),
            ("\ta=1", {"a": "1"}),
            ("a=1 ", {"a": "1"}),
            ("a=1\t", {"a": "1"}),
            ("\t a=1 \t", {"a": "1"}),
            ("a =1", {}),
            ("A=1", {}),
            ("a.b=1", {}),
            ("@a=1,b=2", {}),
            (",".join(_MANY[:32]), dict(each.split("=") for each in _MANY[:32])),
            (",".join(_MANY), {}),
            (f"a=1,{'z' * 256}=1", {"a": "1", "z" * 256: "1"}),
            (f"a=1,{'z' * 257}=1", {}),
            ("a=1=2", {}),
            ("a=,b=3", {}),
        )
    ),
)

_ODD: Final = "\t \"';=asdf!@#$%^&*()"
_ENCODED: Final = "%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29"
_LONG: Final = "0123456789" * 819

# The header `baggage`, and what handlers get.
BAGGAGE: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("Key=Value", {"Key": "Value"}),
    ("Key=Value;Prop,Key2=Value2;Prop=1", {"Key": "Value", "Key2": "Value2"}),
    (
        "Key \t = \t Value \t ; \t Prop \t , \t Key2 \t = \t Value2 \t ; \t Prop=1",
        {"Key": "Value", "Key2": "Value2"},
    ),
    ("Key=Value=equals", {"Key": "Value=equals"}),
    (f"Key={_ENCODED}", {"Key": _ODD}),
    (f"Key \t = \t {_ENCODED} \t ", {"Key": _ODD}),
    ("Key=Value;Prop", {"Key": "Value"}),
    ("Key=Value;Prop;Second=1", {"Key": "Value"}),
    ("Key=Value;Prop;Prop=1;Prop=2", {"Key": "Value"}),
    ("Key=Value;Prop=1", {"Key": "Value"}),
    ("Key \t = \t Value \t ", {"Key": "Value"}),
    ("Key \t = \t Value \t ; \t Prop", {"Key": "Value"}),
    (f"Key=Value;Prop={_ENCODED}", {"Key": "Value"}),
    ("Key=Value;Prop%20%09%20%3D%20%09%20Val", {"Key": "Value"}),
    (
        ",".join(f"key{number}=value" for number in range(64)),
        {f"key{number}": "value" for number in range(64)},
    ),
    (f"a={_LONG}", {"a": _LONG}),
)
