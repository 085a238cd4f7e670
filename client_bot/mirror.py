"""A client's copy of the part of the world it sees, kept only by what the node sends.

Owns entities by cell and the checks that a right copy passes: every change must build on something held, every entity
stands in one cell, versions never go back within an epoch, digests match. Knows no bytes, connection, clock or game.
Invariant: no message raises; one that does not fit is a finding, and the copy is *suspect* until the node resets it.
While suspect nothing more is counted: one cause is one finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from client_bot.findings import Finding, FindingKind, Findings
from client_bot.lexicon import Lexicon
from server.wire.digest import cell_digest, entity_digest
from server.wire.messages import CellChange, CellContent, Cells, Delta, EntityRow, PatchRow


@attrs.define(eq=False)
class Entity:
    """An entity in view: kind number and field values in schema order."""

    kind: int
    values: list[Any]


@attrs.define(eq=False)
class Mirror:
    """The entities in view, at one position.

    Args:
        lexicon: the names of the game.
        epoch, version: position of the view.
        findings: where what is wrong is written down; outlives the mirror.
        checks_digests: digests are compared when the node sends them (costs a pass over the cell).
    """

    lexicon: Lexicon
    epoch: str
    version: int
    findings: Findings = attrs.field(factory=Findings)
    checks_digests: bool = True
    suspect: bool = attrs.field(default=False, init=False)
    begun_at: int = attrs.field(init=False)
    """The version of the last reset: until a later one, what it announced may not be here."""
    digests_checked: int = attrs.field(default=0, init=False)
    cells: dict[int, dict[int, Entity]] = attrs.field(factory=dict, init=False)
    _where: dict[int, int] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.begun_at = self.version

    # ---- what the node says --------------------------------------------------------------------------------------

    def reset(self, epoch: str, version: int, keep: bool = False) -> None:
        """Forgets the view, unless it is to ``keep`` it; what follows belongs to (epoch, version)."""
        if epoch == self.epoch and version < self.version:
            self._find("gap", f"reset goes back to version {version}")
        self.epoch, self.version, self.begun_at = epoch, version, version
        if keep:
            return
        self.suspect = False
        self.cells.clear()
        self._where.clear()

    def apply_cells(self, message: Cells) -> None:
        """Takes up cells that entered and drops those that left."""
        if not self._move_on(message.version):
            return
        for cell in message.left:
            self._drop(cell)
        for content in message.entered:
            self._enter(content)

    def apply_delta(self, message: Delta) -> None:
        """Brings the whole view to the version of the message."""
        if not self._move_on(message.version):
            return
        for change in message.cells:
            held = self.cells.get(change.cell)
            if held is None:
                self._find("gap", "a change of a cell that is not in view", change.cell)
            else:
                self._change(change, held)

    # ---- what is in view -----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._where)

    def get(self, entity_id: int) -> Entity | None:
        """An entity by id; None when it is not in view."""
        cell = self._where.get(entity_id)
        return None if cell is None else self.cells[cell].get(entity_id)

    def find(self, kind: str) -> Iterator[tuple[int, Entity]]:
        """The entities of a kind, by its name, with their ids."""
        number = self.lexicon.kinds.get(kind)
        for held in self.cells.values():
            yield from (item for item in held.items() if item[1].kind == number)

    def value(self, entity: Entity, field: str) -> Any:
        """A field of an entity, by its name; None when its kind has no such field."""
        place = self.lexicon.place(entity.kind, field)
        return None if place is None else entity.values[place]

    def digest(self, cell: int) -> int:
        """Digest of what is held of a cell in view."""
        return cell_digest(entity_digest(id_, e.kind, e.values) for id_, e in self.cells[cell].items())

    # ---- cells ---------------------------------------------------------------------------------------------------

    def _enter(self, content: CellContent) -> None:
        self._drop(content.cell)
        held = self.cells[content.cell] = {}
        for row in content.entities:
            self._put(row, content.cell, held)

    def _drop(self, cell: int) -> None:
        for entity_id in self.cells.pop(cell, ()):
            self._forget(entity_id, cell)

    def _change(self, change: CellChange, held: dict[int, Entity]) -> None:
        for row in change.puts:
            self._put(row, change.cell, held)
        for patch in change.patches:
            self._patch(patch, change.cell, held)
        for entity_id in change.gone:
            self._remove(entity_id, change.cell, held, "deleted")
        for entity_id in change.moved:
            self._remove(entity_id, change.cell, held, "moved")
        if change.digest is not None and self.checks_digests:
            self._check_digest(change.cell, change.digest)

    def _check_digest(self, cell: int, expected: int) -> None:
        self.digests_checked += 1
        actual = self.digest(cell)
        if actual != expected:
            self._find("divergence", f"digest is {actual:08x}, the node's is {expected:08x}", cell)

    # ---- entities ------------------------------------------------------------------------------------------------

    def _put(self, row: EntityRow, cell: int, held: dict[int, Entity]) -> None:
        width = self.lexicon.width(row.kind)
        if not isinstance(row.values, list) or len(row.values) != width:
            self._find("divergence", f"entity {row.id} does not fit kind {row.kind} of the schema", cell)
            return
        held[row.id] = Entity(row.kind, row.values)
        self._where[row.id] = cell

    def _patch(self, row: PatchRow, cell: int, held: dict[int, Entity]) -> None:
        entity = held.get(row.id)
        if entity is None:
            self._find("gap", f"a patch of entity {row.id}, which is not held", cell)
            return
        mask = row.mask
        if mask < 0 or mask >> len(entity.values) or mask.bit_count() != len(row.values):
            self._find("divergence", f"a patch of entity {row.id} does not fit its kind", cell)
            return
        values = entity.values
        for value in row.values:
            lowest = mask & -mask
            values[lowest.bit_length() - 1] = value
            mask ^= lowest

    def _remove(self, entity_id: int, cell: int, held: dict[int, Entity], what: str) -> None:
        if held.pop(entity_id, None) is None:
            self._find("gap", f"entity {entity_id}, {what}, was not held", cell)
        self._forget(entity_id, cell)

    def _forget(self, entity_id: int, cell: int) -> None:
        # An entity that crossed a border may already stand in its new cell: messages are applied cell by cell.
        if self._where.get(entity_id) == cell:
            del self._where[entity_id]

    # ---- checks --------------------------------------------------------------------------------------------------

    def _move_on(self, version: int) -> bool:
        if version < self.version:
            self._find("gap", f"version goes back to {version}")
            return False
        # One version may come in several messages (a delta, then cells), and only after the last is each entity in one
        # place: the check waits until the next version begins.
        if version > self.version and len(self._where) != sum(map(len, self.cells.values())):
            self._find("divergence", "an entity stands in two cells")
        self.version = version
        return True

    def _find(self, kind: FindingKind, text: str, cell: int | None = None) -> None:
        if not self.suspect:
            self.findings.add(Finding(kind, self.epoch, self.version, cell, text))
        self.suspect = True
