"""What a bot found wrong with what a node told it: gaps and divergences, counted, with a plain text for the first few.

A *gap* is a message that builds on something the bot was never told (a patch of an unknown entity, a version that goes
back). A *divergence* is content that is wrong though nothing is missing (a digest that does not match, values that do
not fit the schema). Knows no message and no connection. Invariant: counts are exact, texts are bounded.
"""

from __future__ import annotations

from typing import Literal

import attrs

KEPT_FINDINGS = 20

FindingKind = Literal["gap", "divergence"]


@attrs.frozen
class Finding:
    """One thing that was wrong, and the position of the view when it was noticed."""

    kind: FindingKind
    epoch: str
    version: int
    cell: int | None
    text: str

    def __str__(self) -> str:
        where = "" if self.cell is None else f" in cell {self.cell}"
        return f"{self.kind} at version {self.version}{where}: {self.text}"


@attrs.define(eq=False)
class Findings:
    """Everything one bot found wrong in its life, over all its connections."""

    gaps: int = 0
    divergences: int = 0
    first: list[Finding] = attrs.Factory(list)

    def add(self, finding: Finding) -> None:
        """Counts a finding and keeps it while there is room."""
        if finding.kind == "gap":
            self.gaps += 1
        else:
            self.divergences += 1
        if len(self.first) < KEPT_FINDINGS:
            self.first.append(finding)
