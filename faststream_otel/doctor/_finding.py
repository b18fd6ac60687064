"""What the doctor finds, and the rules that it goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["error", "warning", "note"]

# From the worst on. Notes do not count: with notes alone the exit status is 0.
KINDS: Final[tuple[Kind, ...]] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong, or is likely to be.

    Attributes:
        code: Its name, such as `FSO101`, for the reference and for search.
        kind: `"error"`: telemetry is lost or wrong. `"warning"`: it probably is not
            what was meant. `"note"`: worth knowing.
        title: What is wrong, in one sentence.
        seen: What was seen.
        why: Why that matters.
        remedy: The line that mends it.
        where: The object that has it, such as `NatsBroker`; empty for the process.
    """

    code: str
    kind: Kind
    title: str
    seen: str
    why: str
    remedy: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was seen, for the summary.

    Attributes:
        name: What it is about, such as `Sampler`.
        text: What was seen, in one line.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A finding that the doctor can have.

    Texts may have gaps, as in `{broker}`, that each finding fills. The reference page
    shows the texts with their gaps.

    Attributes:
        code: As in a finding. 001 to 099 are about loading and brokers, 100s about
            recording, 200s context, 300s export, 400s metrics, 500s logs, 600s the
            environment, 700s versions. A code is never given to something else.
        kind: As in a finding.
        title: As in a finding.
        why: As in a finding.
        remedy: As in a finding.
    """

    code: str
    kind: Kind
    title: str
    why: str
    remedy: str

    def found(self, seen: str, *, where: str = "", **gaps: object) -> Finding:
        """Make a finding.

        Args:
            seen: What was seen. Never a secret.
            where: The object that has it.
            gaps: What the gaps of the texts are filled with.
        """
        return Finding(
            code=self.code,
            kind=self.kind,
            title=self.title.format(**gaps),
            seen=seen,
            why=self.why.format(**gaps),
            remedy=self.remedy.format(**gaps),
            where=where,
        )
