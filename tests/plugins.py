"""What a pytest that a test starts does not import: most of its time would go there."""

from __future__ import annotations

from importlib.metadata import entry_points


def without_plugins(*but: str) -> list[str]:
    """Options of pytest that leave out all plugins that are installed but these."""
    installed = {each.name for each in entry_points(group="pytest11")}
    return [f"-pno:{name}" for name in sorted(installed.difference(but))]
