"""Python's packages that are had beside those of the checkout's environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from servers.kept import made, run
from servers.programs import cache

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv"


@dataclass(frozen=True)
class Packages:
    """An environment with what a file pins, beside what the checkout's has."""

    pins: Path

    def missing(self) -> str:
        """Say what makes the checkout's environment, or nothing."""
        return "" if self.settings.exists() else "scripts/test"

    @property
    def settings(self) -> Path:
        """Says of which Python the checkout's environment is."""
        return ENVIRONMENT / "pyvenv.cfg"

    @property
    def folder(self) -> Path:
        """Where it is."""
        python = self.settings.read_text() if self.settings.exists() else ""
        return cache("packages", self.pins.read_text(), python, str(ENVIRONMENT))

    def get(self) -> Path:
        """Give its interpreter."""

        def install(folder: Path) -> None:
            python = str(ENVIRONMENT / "bin" / "python")
            run([python, "-m", "venv", str(folder)], folder)
            (theirs,) = folder.glob("lib/python*/site-packages")
            (ours,) = ENVIRONMENT.glob("lib/python*/site-packages")
            line = f"import site; site.addsitedir({str(ours)!r})\n"
            (theirs / "beside.pth").write_text(line)
            python = str(folder / "bin" / "python")
            pip = [python, "-m", "pip", "install", "--quiet", "-r", str(self.pins)]
            run(pip, folder)

        return made(self.folder, install) / "bin" / "python"
