"""Looking at a picture of a trace, for the tests of what is drawn."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from faststream_otel._traces.model import RecordedSpan, Trace
from faststream_otel._traces.picture import draw

SVG = "{http://www.w3.org/2000/svg}"


def parse(*spans: RecordedSpan, title: str = "Orders") -> ET.Element:
    """The picture of these spans as elements."""
    drawn = draw(Trace(spans), title=title)
    return ET.fromstring(drawn)  # noqa: S314 - it is our own


def marked(element: ET.Element, name: str) -> list[ET.Element]:
    """All elements below that have the class `trace-{name}`."""
    return [
        child
        for child in element.iter()
        if f"trace-{name}" in child.get("class", "").split()
    ]


def the_text(element: ET.Element, name: str) -> str:
    """The words of the only element of that class."""
    (found,) = marked(element, name)
    return "".join(found.itertext())


def percent(element: ET.Element, attribute: str) -> float:
    """A length in per cent of the width."""
    number, sign, rest = element.attrib[attribute].partition("%")
    assert (sign, rest) == ("%", "")
    return float(number)


def alternative(picture: ET.Element) -> str:
    """What the picture's label refers to, as a screen reader puts it together."""
    elements = {element.get("id"): element for element in picture.iter()}
    names = picture.attrib["aria-labelledby"].split()
    return "\n".join("".join(elements[name].itertext()) for name in names)
