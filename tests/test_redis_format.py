"""The headers of FastStream's binary format are read as FastStream reads them."""

from __future__ import annotations

import asyncio

from faststream.redis.parser import BinaryMessageFormatV1
from hypothesis import given
from hypothesis import strategies as st

from faststream_otel import redis

HEADERS = st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=8)


def message(headers: dict[str, str], body: str) -> bytes:
    """Write a message as FastStream does."""
    return asyncio.run(
        BinaryMessageFormatV1.encode(
            message=body, reply_to=None, headers=headers, correlation_id="1"
        )
    )


@given(HEADERS.filter(lambda headers: all(map(str.isascii, headers.values()))))
def test_headers_are_read_as_faststream_reads_them(headers: dict[str, str]) -> None:
    """Those that it writes, too."""
    headers = {name: text for name, text in headers.items() if name.isascii()}
    data = message(headers, "body")
    read = redis._headers(data, [BinaryMessageFormatV1])
    assert read == BinaryMessageFormatV1.parse(data)[1]
    assert {**read, **headers} == read


@given(
    st.one_of(
        st.binary(),
        st.binary().map(lambda rest: BinaryMessageFormatV1.IDENTITY_HEADER + rest),
        st.builds(
            lambda at, cut: message({"traceparent": "00", "a": "b"}, "x")[at:cut],
            st.integers(0, 3),
            st.integers(0, 90),
        ),
        st.sampled_from([b'{"data": "", "headers": {"a": "b"}}', b"[]", b"plain"]),
    )
)
def test_any_bytes_can_be_read(data: bytes) -> None:
    """What is not of this format has the headers that FastStream finds, or none."""
    read = redis._headers(data, [BinaryMessageFormatV1])
    assert not read or read == BinaryMessageFormatV1.parse(data)[1]
