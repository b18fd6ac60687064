"""Puts what runs programs where all versions of the published guide share it.

python -m packs.shared
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from mike import git_utils

from packs.fetched import MissingError
from packs.made import packs
from packs.manifest import SHARED as FOLDER
from packs.manifest import own, packed

if TYPE_CHECKING:
    from collections.abc import Mapping

BRANCH: Final = "gh-pages"
REMOTE: Final = "origin"


def named(described: Mapping[str, Any]) -> set[str]:
    """The files that a version's list names."""
    parts = [*described["python"].values(), *described["packs"].values()]
    return {each["file"] for each in parts}


def listed() -> list[str]:
    """All files of the branch, if there is one yet."""
    if not git_utils.has_branch(BRANCH):
        return []
    listing = ["git", "ls-tree", "-r", "--full-tree", "--name-only", BRANCH]
    done = subprocess.run(listing, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def share(wanted: Mapping[str, bytes]) -> list[str]:
    """Add what is not there yet, and remove what no version names; the changes."""
    git_utils.update_from_upstream(REMOTE, BRANCH)
    paths = listed()
    there = {path.partition("/")[2] for path in paths if path.startswith(f"{FOLDER}/")}
    used = {name for name in there if name.startswith("licences-")}.union(wanted)
    for path in paths:
        if path.endswith("/assets/run/programs.json"):
            used |= named(json.loads(git_utils.read_file(BRANCH, path)))
    new, old = sorted(set(wanted) - there), sorted(there - used)
    if new or old:
        with git_utils.Commit(
            BRANCH, "Share what runs programs in a browser"
        ) as commit:
            commit.delete_files([f"{FOLDER}/{name}" for name in old])
            for name in new:
                commit.add_file(git_utils.FileInfo(f"{FOLDER}/{name}", wanted[name]))
    return [*(f"+{name}" for name in new), *(f"-{name}" for name in old)]


if __name__ == "__main__":
    try:
        made = packs()
    except MissingError as reason:
        sys.exit(f"{reason}\nGUIDE_RUN= publishes a guide without Run buttons.")
    print(*share(packed(made, own())), sep="\n")
