"""What runs under callgrind: `python -m cost.program HELPER BROKER MESSAGES LAYOUTS`.

It reads from its standard input what to measure, a JSON list of
`[scene, mode, contender]`.
Each is run in processes of its own, forked when all is imported and nothing has run:
so no contender finds what another left in the interpreter's caches. Each process
prints its id, by which callgrind names its counts.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import random
import sys
from contextvars import ContextVar

from cost.contenders import KINDS, MODES, Kind
from cost.scenes import SCENES, repeat

# The interpreter specialises its code while it runs: until then counts differ.
_WARM_UP = 100
# Python hashes context variables by their addresses, and finds methods in a cache by
# version numbers of types and addresses of names. What collides there is chance, and
# another chance in each layout of memory: so each is measured in several.


def _lay_out(layout: int) -> list[ContextVar[None]]:
    """Move what is made from now on, and number all types anew."""
    modified = ctypes.pythonapi.PyType_Modified
    modified.argtypes = [ctypes.py_object]
    modified.restype = None

    class Type:
        attribute = None

    for _ in range(97 * layout):
        modified(Type)
        assert Type.attribute is None  # a look-up gives a type its number
    modified(object)
    return [ContextVar("unused") for _ in range(7 * layout)]


async def _run(
    helper: ctypes.CDLL,
    kind: Kind,
    wanted: tuple[str, str, str],
    messages: int,
) -> int:
    scene, mode, contender = wanted
    async with SCENES[scene](kind, contender, MODES[mode]()) as work:
        await repeat(work, _WARM_UP)
        gc.collect()
        gc.freeze()
        gc.disable()
        # Ids of traces are of the same digits in each run.
        random.seed(0)
        helper.begin()
        sent = await repeat(work, messages)
        helper.finish()
        return sent


def main() -> None:
    """Fork once for each thing that is to be measured, and each layout."""
    helper = ctypes.CDLL(sys.argv[1])
    kind = KINDS[sys.argv[2]]
    messages, layouts = map(int, sys.argv[3:])
    kind.load()
    for wanted in json.load(sys.stdin):
        for layout in range(layouts):
            child = os.fork()
            if not child:
                held = _lay_out(layout)
                sent = asyncio.run(_run(helper, kind, wanted, messages))
                print(json.dumps([*wanted, os.getpid(), sent]), flush=True)
                del held
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if status:
                sys.exit(f"{wanted} on {kind.module}: exit status {status}")


if __name__ == "__main__":
    main()
