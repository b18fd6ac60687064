"""The page of attributes says what is recorded, and no more."""

from __future__ import annotations

import pytest

from guide.attributes import PAGE, SECTIONS, page, recorded, section
from guide.places import BROKERS
from guide.sources import SOURCES


def test_every_attribute_has_its_sources() -> None:
    """What is recorded is on the page, and what is on the page is recorded."""
    assert set(SOURCES) == set(recorded())


@pytest.mark.parametrize("attribute", SOURCES)
def test_each_broker_that_records_it_has_a_source(attribute: str) -> None:
    """And no other broker has one."""
    assert set(SOURCES[attribute]) == set(recorded()[attribute])
    assert set(SOURCES[attribute]) <= set(BROKERS)
    assert all(SOURCES[attribute].values())


def test_each_section_has_attributes() -> None:
    """A heading with nothing below it is not on the page."""
    assert {section(attribute) for attribute in SOURCES} == set(SECTIONS)


def test_the_page_is_up_to_date() -> None:
    """What is recorded today stands there."""
    assert PAGE.read_text() == page(), "run scripts/update"
