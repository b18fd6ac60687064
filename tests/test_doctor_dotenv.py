"""What the doctor says of a file `.env`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services import examined, recording, well

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import pytest

    from tests.kinds import Kind

TEXT = """
# OTEL_COMMENT=1
export OTEL_SERVICE_NAME=shop
OTEL_EXPORTER_OTLP_HEADERS="authorization=hunter2"
DATABASE=OTEL_NOT=1
"""


def service(kind: Kind) -> Any:
    """A service that is right."""
    recording()
    return well(kind)


def test_variables_that_nobody_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are named, without their values; it is a note."""
    monkeypatch.chdir(tmp_path)
    assert examined(service).codes == []
    (tmp_path / ".env").write_text(TEXT)
    report = examined(service)
    assert report.codes == ["FSO621"]
    assert report.findings[0].seen == "OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_HEADERS"
    assert report.is_well
    assert "hunter2" not in str(report)


def test_variables_that_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is of no interest then, nor without such variables."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("OTEL_SERVICE_NAME=shop\n")
    assert examined(service, environment={"OTEL_SERVICE_NAME": "shop"}).codes == []
    (tmp_path / ".env").write_text("DATABASE=x\n")
    assert examined(service).codes == []
