"""`mkdocs serve` watches directories, not each of the hundreds of files in them.

The plugin that includes files has each of them watched, and MkDocs gives each a thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.plugins import event_priority


# Before the plugin's own.
@event_priority(100)
def on_serve(server: Any, *, config: Any, **_: Any) -> Any:
    """Let a file be watched only if it is in none of the directories that are."""
    folders = [Path(each).resolve() for each in (config.docs_dir, *config.watch)]
    watch, unwatch = server.watch, server.unwatch

    def is_covered(path: str) -> bool:
        return any(Path(path).resolve().is_relative_to(folder) for folder in folders)

    def watch_new(path: str, *, recursive: bool = True) -> None:
        if recursive or not is_covered(path):
            watch(path, recursive=recursive)

    def unwatch_new(path: str) -> None:
        if not is_covered(path):
            unwatch(path)

    server.watch, server.unwatch = watch_new, unwatch_new
    return server
