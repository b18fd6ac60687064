"""Text that came with a message, as telemetry may hold it.

A lone surrogate makes an exporter refuse the whole batch, and one identifier of a
megabyte fills a whole request. So every text that a sender chose passes through here
before it enters a span, a metric or a log event.
"""

from __future__ import annotations

import re
from typing import Final

# In bytes of UTF-8. `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` can make it smaller.
LONGEST_TEXT: Final = 4096
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_CUT: Final = "..."


def bounded(text: str, longest: int = LONGEST_TEXT) -> str:
    """Make text that UTF-8 can encode, and cut it where it is too long.

    Args:
        text: What a sender wrote.
        longest: The most that is kept, in bytes.
    """
    if type(text) is not str:
        # An enumeration's member has another text, and any subclass may have.
        text = str.__str__(text)
    if text.isascii():
        return text if len(text) <= longest else text[: longest - len(_CUT)] + _CUT
    # A character takes a byte at least: what is beyond need not be looked at.
    text = _SURROGATES.sub("\ufffd", text[: longest + 1])
    encoded = text.encode()
    if len(encoded) <= longest:
        return text
    return encoded[: longest - len(_CUT)].decode(errors="ignore") + _CUT
