"""Each span of each broker has what OpenTelemetry's messaging conventions list for it.

`guide.conventions` has their tables, `guide.scenes` records the spans, and
`guide.gaps` says where they differ and why.
"""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from opentelemetry.semconv import schemas
from opentelemetry.semconv._incubating.attributes import messaging_attributes

from faststream_otel import _conventions
from guide import conventions
from guide.gaps import BEYOND, ROWS, UNKNOWN, UNTRIED, Gap
from guide.scenes import SCENES, Cell, everything, play
from guide.scenes.stage import OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.kinds import Kind

EACH = [(name, OF[kind]) for name, (_, kinds) in SCENES.items() for kind in kinds]


@pytest.mark.parametrize(
    ("name", "kind"), EACH, ids=[f"{name}-{kind}" for name, kind in EACH]
)
def test_each_span_is_as_the_table_says(name: str, kind: Kind) -> None:
    """Required, conditional and recommended attributes, their types, and no others."""
    faults = [fault for cell in play(name, kind) for fault in faults_of(cell)]
    assert not faults, "\n".join(faults)


def faults_of(cell: Cell) -> Iterator[str]:
    """Say what is wrong with a span."""
    table = conventions.table(cell.kind.system)
    for attribute, row in table.items():
        level = row.levels.get(cell.span, "opt-in")
        fault = "" if level == "opt-in" else presence(cell, attribute, row)
        if fault:
            condition = conventions.CONDITIONS.get(row.condition, "Always.")
            yield f"{cell}: {attribute} is {fault}, {level}: {condition}"
    for attribute, value in cell.attributes.items():
        if not listed(cell, attribute) and not covered(BEYOND, attribute, cell):
            yield f"{cell}: {attribute} is not in the table, and not in BEYOND"
        if attribute not in table:
            continue
        row = table[attribute]
        if type(value) is not row.type:
            yield f"{cell}: {attribute} is {value!r}, not of type {row.type.__name__}"
        if row.at_start and cell.start.get(attribute) != value:
            yield f"{cell}: {attribute} was not given at the start: no sampler sees it"


def presence(cell: Cell, attribute: str, row: conventions.Row) -> str:
    """Say what is wrong with the attribute being there, or not being there."""
    is_there = attribute in cell.attributes
    if row.condition and row.condition not in cell.facts:
        return "there" if is_there else ""
    gaps = [gap for gap in UNKNOWN if covered([gap], attribute, cell)]
    if gaps:
        is_there = is_there and not gaps[0].sometimes
        return "there, so take it out of UNKNOWN" if is_there else ""
    return "" if is_there else "missing"


def covered(gaps: Iterable[Gap], attribute: str, cell: Cell) -> bool:
    """Whether a span's attribute is one of `gaps`."""
    return any(gap.covers(attribute, cell.kind.name, cell.row) for gap in gaps)


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    """All recorded spans."""
    return list(everything())


@pytest.mark.parametrize("row", ROWS)
def test_no_cell_is_empty(row: str, cells: list[Cell]) -> None:
    """Each span that a broker has was recorded."""
    recorded = {cell.kind.name for cell in cells if cell.row == row}
    assert recorded == set(ROWS[row])


def test_no_row_is_forgotten(cells: list[Cell]) -> None:
    """What is recorded is in the table, whatever its operation."""
    assert {cell.row for cell in cells} == set(ROWS)
    operations = {str(cell.attributes["messaging.operation.name"]) for cell in cells}
    assert operations == {
        operation.name
        for operation in vars(_conventions).values()
        if isinstance(operation, _conventions.Operation)
    }


def test_types_are_the_conventions(cells: list[Cell]) -> None:
    """Each operation is of the type of the table's column that it is held against."""
    for cell in cells:
        kind = cell.span.removeprefix("client ")
        assert cell.attributes["messaging.operation.type"] == kind, str(cell)


def test_each_condition_was_true_once(cells: list[Cell]) -> None:
    """A condition that never holds would let its attribute be forgotten."""
    listed = {
        (span, row.condition)
        for table in (conventions.GENERAL, *conventions.TABLES.values())
        for row in table.values()
        for span in row.levels
        if row.condition
    }
    tried = {(cell.span, fact) for cell in cells for fact in cell.facts}
    assert listed - tried == set(UNTRIED)


def test_each_span_failed_once(cells: list[Cell]) -> None:
    """On each broker that has it."""
    failed = {(cell.kind.name, cell.row) for cell in cells if "failed" in cell.facts}
    every = {(kind, row) for row, kinds in ROWS.items() for kind in kinds}
    assert failed == {(kind, row) for kind, row in every if row != "create"}


@pytest.mark.parametrize("gap", UNKNOWN, ids=str)
def test_what_is_unknown_is_missed(gap: Gap, cells: list[Cell]) -> None:
    """No entry excuses what needs no excuse, or what the conventions require."""
    missed = set()
    for cell in cells:
        row = conventions.table(cell.kind.system).get(gap.attribute)
        if row is None or cell.span not in row.levels:
            continue
        assert row.levels[cell.span] != "required"
        assert row.condition != "failed"
        if gap.covers(gap.attribute, cell.kind.name, cell.row):
            missed.add((cell.kind.name, cell.row))
    assert missed == existing(gap)


@pytest.mark.parametrize("gap", BEYOND, ids=str)
def test_what_is_beyond_the_table_is_recorded(gap: Gap, cells: list[Cell]) -> None:
    """No entry allows what nobody does, or what the table lists anyway."""
    done = {
        (cell.kind.name, cell.row)
        for cell in cells
        if gap.attribute in cell.attributes
        and not listed(cell, gap.attribute)
        and gap.covers(gap.attribute, cell.kind.name, cell.row)
    }
    assert done == existing(gap)


def listed(cell: Cell, attribute: str) -> bool:
    """Whether the table has the attribute for such a span."""
    row = conventions.table(cell.kind.system).get(attribute)
    return row is not None and cell.span in row.levels


def existing(gap: Gap) -> set[tuple[str, str]]:
    """Give the kinds and rows of a gap that there are."""
    return {(kind, row) for row in gap.rows for kind in gap.kinds if kind in ROWS[row]}


def test_the_tables_are_those_of_our_version() -> None:
    """The spans say which conventions they follow."""
    assert _conventions.SCHEMA_URL.endswith(f"/{conventions.VERSION}")


def test_every_registered_attribute_is_known() -> None:
    """A new release's new attribute is either in a table or not for us."""
    newest = list(schemas.Schemas)[-1].value.rsplit("/", 1)[1]
    if version(newest) < version(conventions.VERSION):
        pytest.skip(f"the conventions installed here are {newest}")
    tables = (conventions.GENERAL, *conventions.TABLES.values())
    known = {
        name for table in tables for name in table if name.startswith("messaging.")
    }
    registered = set(registry())
    assert registered - known - conventions.NOT_OURS == set(), "new: read about them"
    assert known - registered == set(), "in no registry, or deprecated"
    assert conventions.NOT_OURS - registered == set(), "in no registry, or deprecated"
    assert known & conventions.NOT_OURS == set()


def version(text: str) -> tuple[int, ...]:
    """Read a version so that it can be compared."""
    return tuple(map(int, text.split(".")))


def registry() -> Iterator[str]:
    """Give the registered `messaging.*` attributes that are not deprecated."""
    body = ast.parse(inspect.getsource(messaging_attributes)).body
    for constant, described in pairwise(body):
        if isinstance(constant, ast.AnnAssign) and isinstance(described, ast.Expr):
            assert constant.value is not None
            words: str = ast.literal_eval(described.value)
            if not words.strip().startswith("Deprecated"):
                yield ast.literal_eval(constant.value)
