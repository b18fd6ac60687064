"""What the page on visualising says of its commands and pictures."""

from __future__ import annotations

from tests.docs.expected import EXPECTED

CHAIN = EXPECTED["chain"]
SERVICES = ["publisher", "first", "first", "second", "second", "third"]
