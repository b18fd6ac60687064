"""What libraries print while the doctor works, without anything that may be secret."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# It logs each header that it cannot read, with its value.
_READER_OF_HEADERS: Final = "opentelemetry.util.re"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep values of headers and notes of gRPC out of what is printed meanwhile."""
    # It notes each connection that fails, in lines of its own. Read when it is loaded.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    logger = logging.getLogger(_READER_OF_HEADERS)
    logger.addFilter(_without_values)
    try:
        yield
    finally:
        logger.removeFilter(_without_values)


def _without_values(record: logging.LogRecord) -> bool:
    record.args = ("(not shown here)",) if record.args else ()
    return True
