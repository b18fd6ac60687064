"""`scripts/force`: what is not kept is said, and the guide's page shows the worst."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from guide import promises
from trials import __main__ as command
from trials.apart import FailedError, apart
from trials.scenarios import SCENARIOS
from trials.trial import Scenario, Trial

if TYPE_CHECKING:
    from pathlib import Path


def keeps(trial: Trial) -> None:
    """Keep a promise."""
    trial.check("spans", "all", 3, holds=True, rank=1, bare="0")


def breaks(trial: Trial) -> None:
    """Keep one, and not the other."""
    trial.check("spans", "all", 4, holds=True, rank=2)
    trial.figure("lost", 5, bare="6")
    trial.check("log lines", "none", 7, holds=False, own="9")


def fails(trial: Trial) -> None:
    """Come to no end."""
    raise RuntimeError("no server")


def nothing(trial: Trial) -> None:
    """Promise nothing."""
    trial.figure("doubled", 1, bare="1")


FOUR = tuple(
    Scenario(f"flight/{each.__name__}", "something happens", each)
    for each in (keeps, breaks, fails, nothing)
)


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have four scenarios."""
    monkeypatch.setattr(command, "SCENARIOS", FOUR)


def forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[str, object]:
    """Run the command; give what it printed and its exit code."""
    monkeypatch.setattr(sys, "argv", ["force", *words])
    try:
        command.main()
    except SystemExit as ending:
        return capsys.readouterr().out, ending.code
    return capsys.readouterr().out, 0


@pytest.mark.usefixtures("four")
def test_what_is_not_kept_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where a scenario fails, or promises nothing."""
    said, code = forced(monkeypatch, capsys)
    assert code == "Not kept: flight/breaks, flight/fails, flight/nothing"
    assert "flight/keeps                  holds  something happens" in said
    assert "    spans: 3 (bare 0); promised: all" in said
    assert "    DOES NOT HOLD: log lines: 7 (own 9); promised: none" in said
    assert "    lost: 5 (bare 6); not a promise" in said
    assert "RuntimeError: no server" in said


@pytest.mark.usefixtures("four")
def test_scenarios_are_chosen_by_how_their_names_begin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By whole parts; an unknown one is an error."""
    said, code = forced(monkeypatch, capsys, "flight/keeps")
    assert (code, said.count("flight/")) == (0, 1)
    assert forced(monkeypatch, capsys, "flight/keep")[1] == 2
    assert forced(monkeypatch, capsys, "--list", "flight")[0].count("flight/") == 4


@pytest.mark.usefixtures("four")
def test_the_page_shows_the_worst(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Of several scenarios with the same promise, and whether all kept it."""
    measured = tmp_path / "measured.json"
    forced(monkeypatch, capsys, "--json", str(measured))
    monkeypatch.setattr(promises, "MEASURED", measured)
    table = promises.table()
    assert "| Spans: all | 4 (`flight/breaks`) | 2/2 |" in table
    assert "| Log lines: none | 7, own 9 | **0/1** |" in table
    assert "| Lost | 5, bare 6 | not promised |" in table
    kept = promises.kept()
    assert "In 4 scenarios, **1 of 3 promises are kept**." in kept
    assert (
        "- Log lines: none. Not kept in 1 of 1 scenarios; "
        "at worst: 7, own 9 (`flight/breaks`, full run)."
    ) in kept
    assert "`flight/fails`" in kept


def test_a_family_of_scenarios_is_one_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It names each broker, and how it was run with that."""
    family = [
        Scenario(f"flight/{kind}/keeps", "it happens", keeps)
        for kind in ("kafka", "nats", "redis-list")
    ]
    monkeypatch.setattr(command, "SCENARIOS", family)
    monkeypatch.setattr(promises, "MEASURED", file := tmp_path / "measured.json")
    forced(monkeypatch, capsys, "--json", str(file))
    forced(monkeypatch, capsys, "--quick", "--json", str(file), "flight/nats")
    row = (
        "| `flight/BROKER/keeps` | It happens | full: kafka, redis-list; quick: nats |"
    )
    assert promises.faults().splitlines()[2:] == [row]


def test_names_are_unique_and_have_a_heading() -> None:
    """A page can show each of them."""
    names = [each.name for each in SCENARIOS]
    assert len(set(names)) == len(names)
    areas = {name.partition("/")[0] for name in names}
    assert areas == set(promises.AREAS)


def test_the_page_has_what_was_measured() -> None:
    """None of them has gone since, and none that is quick was never measured."""
    measured = json.loads(promises.MEASURED.read_text())["scenarios"]
    names = {each["name"]: each["quick"] for each in measured}
    known = {each.name: each.quick for each in SCENARIOS}
    assert {name for name, quick in known.items() if quick} <= names.keys()
    assert names.keys() <= known.keys()
    assert all(known[name] for name, quick in names.items() if quick)


@pytest.mark.usefixtures("four")
def test_a_run_replaces_what_it_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Others stay, if they were measured with the same versions; the page says how."""
    file = tmp_path / "measured.json"
    monkeypatch.setattr(promises, "MEASURED", file)
    forced(monkeypatch, capsys, "--json", str(file))
    again = ("--quick", "--json", str(file), "flight/keeps")
    forced(monkeypatch, capsys, *again)
    runs = [line.split(" | ")[-1] for line in promises.faults().splitlines()[2:]]
    assert runs == ["quick |", *["full |"] * 3]
    assert "3 scenarios in full, 1 by `--quick`" in promises.made_with()
    other = {**json.loads(file.read_text()), "python": "3.0"}
    file.write_text(json.dumps(other))
    forced(monkeypatch, capsys, *again)
    assert "0 scenarios in full, 1 by `--quick`" in promises.made_with()


def answer(number: int) -> dict[str, Any]:
    """Answer from another process."""
    return {"answer": number + 1}


def fail() -> dict[str, Any]:
    """Fail there."""
    raise ValueError("cannot")


def hang() -> dict[str, Any]:
    """Come to no end there."""
    time.sleep(60)
    return {}


def test_a_process_of_its_own() -> None:
    """Its result and its end come back; so does its failure."""
    before = time.monotonic()
    result = apart(answer, number=1)
    assert result["answer"] == 2
    assert before < result["ended"] <= time.monotonic()
    with pytest.raises(FailedError, match="ValueError: cannot"):
        apart(fail)
    with pytest.raises(FailedError, match="code -9"):
        apart(hang, within=0.5)
