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

from packs.made import folder  # noqa: E402 - it is found from here on
from packs.manifest import FROM_A_VERSION, manifest, own, packed  # noqa: E402
from servers.kept import cached  # noqa: E402

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
        listed = manifest(made, own_pack)
        if os.environ.get("MIKE_DOCS_VERSION"):
            # Versions share them: scripts/publish puts them there.
            listed["files"] = FROM_A_VERSION
        else:
            for name, content in packed(made, own_pack).items():
                place = f"{PLACE}/files/{name}"
                files.append(File.generated(config, place, content=content))
        place = f"{PLACE}/programs.json"
        text = json.dumps(listed, indent=1)
        files.append(File.generated(config, place, content=text))
    return files
