"""The page about installing, followed to the letter for each broker."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import faststream_otel
from guide.places import TABS
from tests.docs.site import Page
from tests.own_project import Reader, guide_for, scripts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.index, pytest.mark.long]

# What only a machine with containers can start.
CONTAINERS = "/broker.sh"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page, of a guide that installs the wheel."""
    site = guide_for(tmp_path_factory.mktemp("guide"))
    return Page(site, site / "install" / "index.html")


def test_with_pip(page: Page, tmp_path: Path) -> None:
    """In one environment, the middleware of each broker is imported."""
    reader = Reader(tmp_path)
    project = reader.begin("project")
    for label, broker in TABS.items():
        followed = dict(scripts(page.as_read_with(label)))
        assert f"{broker}/install.sh" in followed
        made = followed.pop("shell/environment.sh")
        del followed["shell/environment_uv.sh"]
        if not (project / ".venv").exists():
            reader.run(made, project)
        for name, commands in followed.items():
            if not name.endswith(CONTAINERS):
                active = f"source .venv/bin/activate\n{commands}"
                last = reader.run(active, project).splitlines()[-1]
                assert last == faststream_otel.__version__, name


def test_with_uv(page: Page, tmp_path: Path) -> None:
    """The same commands work in an environment of uv's."""
    tools = tmp_path / "tools"
    subprocess.run([sys.executable, "-m", "venv", tools], check=True)
    subprocess.run([tools / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    on_path = tmp_path / "bin"
    on_path.mkdir()
    (on_path / "uv").symlink_to(tools / "bin" / "uv")

    reader = Reader(tmp_path, on_path)
    project = reader.begin("project")
    followed = dict(scripts(page.as_read_with("NATS")))
    commands = followed["shell/environment_uv.sh"] + followed["nats/install.sh"]
    last = reader.run(commands, project).splitlines()[-1]
    assert last == faststream_otel.__version__
    assert "uv" in (project / ".venv" / "pyvenv.cfg").read_text()
