"""A scenario: something is done to a service, and each promise is looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Check:
    """A promise, and what was measured.

    Attributes:
        what: What is looked at, in a few words.
        promised: Which values keep the promise; nothing where none is made.
        ours: What was measured with this package.
        holds: Whether the promise is kept.
        bare: What was measured without telemetry, where it was.
        own: What was measured with FastStream's own, where it was.
        rank: The more, the worse: of several scenarios the guide shows the worst.
    """

    what: str
    promised: str
    ours: str
    holds: bool
    bare: str = ""
    own: str = ""
    rank: float = 0.0


@dataclass
class Trial:
    """What is written down while a scenario runs."""

    quick: bool
    checks: list[Check] = field(default_factory=list)

    def check(
        self,
        what: str,
        promised: str,
        ours: Any,
        *,
        holds: bool,
        rank: float = 0.0,
        **others: str,
    ) -> None:
        """Write down a promise, and whether it is kept: see `Check`."""
        check = Check(what, promised, str(ours), holds, rank=rank, **others)
        self.checks.append(check)

    def figure(self, what: str, ours: Any, *, rank: float = 0.0, bare: str) -> None:
        """Write down what depends on chance, so that nothing is promised for it."""
        self.check(what, "", ours, holds=True, rank=rank, bare=bare)

    @property
    def holds(self) -> bool:
        """Whether all promises are kept, of which there is one at least."""
        promises = [check for check in self.checks if check.promised]
        return bool(promises) and all(check.holds for check in promises)


@dataclass(frozen=True)
class Scenario:
    """A fault by its name, and what does it.

    Attributes:
        name: Its area, and what is in it, with slashes between.
        fault: What is done, as a reader reads it.
        run: Does it, and writes down what was measured.
        quick: Whether CI runs it.
        needs: The servers whose programs it starts.
    """

    name: str
    fault: str
    run: Callable[[Trial], None]
    quick: bool = True
    needs: tuple[str, ...] = ()

    def told(self, trial: Trial) -> dict[str, Any]:
        """Give what was measured as data."""
        return {
            "name": self.name,
            "fault": self.fault,
            "quick": trial.quick,
            "checks": [asdict(check) for check in trial.checks],
        }
