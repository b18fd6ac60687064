"""The site has what runs its programs in a browser, if `scripts/playground` fetched it.

`GUIDE_RUN=` builds the guide without: then no program has a button.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

SCRIPTS: Final = Path(__file__).parents[1] / "scripts"
if str(SCRIPTS) not in sys.path:
    sys.path.append(str(SCRIPTS))

from packs.made import digested, folder  # noqa: E402 - it is found from here on
from packs.manifest import manifest, own  # noqa: E402
from servers.programs import cached  # noqa: E402

PLACE: Final = "assets/run"

log = logging.getLogger("mkdocs.hooks.playground")


def on_files(files: Any, *, config: Any, **_: Any) -> Any:
    """Add the packs, and the list of the programs that run."""
    made = folder()
    if not os.environ.get("GUIDE_RUN", "yes"):
        log.info("Programs get no Run button, as GUIDE_RUN asks.")
    elif not cached(made):
        log.info(
            "Programs get no Run button: scripts/playground fetches what runs them."
        )
    else:
        own_pack = own()
        listed = json.dumps(manifest(made, own_pack), indent=1)
        files.append(File.generated(config, f"{PLACE}/programs.json", content=listed))
        name = f"{PLACE}/files/{digested('own', own_pack)}"
        files.append(File.generated(config, name, content=own_pack))
        for path in sorted(made.iterdir()):
            if path.suffix in {".pack", ".js", ".txt"}:
                name = f"{PLACE}/files/{path.name}"
                files.append(File.generated(config, name, abs_src_path=str(path)))
    return files
