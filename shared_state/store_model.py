"""The executable specification of the stored world: what each Lua script does, in plain Python.

How to read it: ``ModelStore`` has one method per script, and ``commit`` is the protocol that consistency rests on.
Each method is one atomic step. Deltas are built byte for byte as the commit scripts build them; the contract suite
runs both side by side.
Must not know: trio, sockets, a clock of its own. Invariant: a transaction is applied wholly or leaves no trace.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from typing import Any

import attrs

from shared_state.batch import (
    COMMITTED,
    CONFLICT,
    GUARD_LOST,
    NONE_ADDED,
    SESSION_MOVED,
    TARGET_GONE,
    Batch,
    CommitReply,
    TxOp,
)
from shared_state.entity import NO_TAG, Tag
from shared_state.errors import EpochChanged, IncompatibleWorld, UnknownIncarnation, WorldGone
from shared_state.names import LeaseName, SessionId, WorldName
from shared_state.position import NO_STAMP, Head
from shared_state.session_row import HEAD_BYTES, SessionHead, unpack_head
from shared_state.store import (
    FORMAT,
    GONE_KEPT_S,
    LEASES_MOST,
    SALT_DIGITS,
    WRITERS_KEPT,
    WRITERS_MOST,
    Attachment,
    IdBlock,
    LeaseGrant,
    Snapshot,
)

START_OF_2026_S = 1_767_225_600
TAG_BYTES = 8
SALTS: int = 10**SALT_DIGITS


@attrs.frozen
class Lease:
    """A row of the leases: it stays when expired, until there are many; it goes when released."""

    token: int
    expiry_us: int
    owner: str
    ttl_us: int = 0


@attrs.frozen
class Answer:
    """The last batch of one writer, by number, and what it was told."""

    number: int
    reply: CommitReply | None

    @property
    def version(self) -> int:
        """Of the world, when it was told; 0: it was told nothing."""
        return self.reply.version if self.reply else 0


@attrs.define(eq=False)
class ModelWorld:
    """One world, key by key: entities and cells by their decimal names, as in the store."""

    epoch: str
    schema: str
    format: int = FORMAT
    version: int = 0
    stamp: bytes = NO_STAMP
    incarnation: int = 0
    next_id: int = 1
    answers: dict[int, Answer] = attrs.field(factory=dict)
    state: dict[str, bytes] = attrs.field(factory=dict)
    cells: dict[str, bytes] = attrs.field(factory=dict)
    sessions: dict[str, bytes] = attrs.field(factory=dict)
    log: list[tuple[int, bytes]] = attrs.field(factory=list)

    @property
    def head(self) -> Head:
        """Where this world stands."""
        return Head(self.epoch, self.version, self.stamp)

    def admit(self, incarnation: int) -> None:
        """Remembers a new writer; of too many, those that committed last."""
        if len(self.answers) >= WRITERS_MOST:
            ordered = sorted(self.answers, key=lambda writer: (self.answers[writer].version, writer))
            for writer in ordered[:-WRITERS_KEPT]:
                del self.answers[writer]
        self.incarnation = incarnation
        self.answers[incarnation] = Answer(0, None)

    def take_ids(self, count: int) -> IdBlock:
        """Entity ids that nobody had before."""
        first = self.next_id
        self.next_id = first + count
        return IdBlock(first, self.next_id)


@attrs.define(eq=False)
class ModelStore:
    """All worlds of one store.

    Args:
        now_us: the store's clock, microseconds since 1970.
        new_epoch: a name for a new history of a world, never given twice.
        new_salt: the end of a lease's token, never given twice.
    """

    now_us: Callable[[], int]
    new_epoch: Callable[[], str]
    new_salt: Callable[[], int] = attrs.field(factory=lambda: itertools.count().__next__)
    worlds: dict[WorldName, ModelWorld] = attrs.field(factory=dict)
    leases: dict[tuple[WorldName, LeaseName], Lease] = attrs.field(factory=dict)
    highest: dict[WorldName, int] = attrs.field(factory=dict)
    """The highest token, without its salt, of a lease whose row went."""
    gone: dict[WorldName, int] = attrs.field(factory=dict)
    """Deleted worlds, and until when that is remembered (microseconds)."""

    def attach(self, name: WorldName, schema: str, ids: int, *, again: bool = False) -> Attachment:
        """Makes the caller a writer (attach.lua). Raises: IncompatibleWorld, WorldGone."""
        world = self.worlds.get(name)
        if world is None:
            if again:
                self._refuse_gone(name)
            self.gone.pop(name, None)
            world = self.worlds[name] = ModelWorld(self.new_epoch(), schema)
        if world.format != FORMAT:
            raise IncompatibleWorld(f"world {name} has format {world.format}, this is format {FORMAT}")
        if world.schema != schema:
            raise IncompatibleWorld(f"world {name} has schema {world.schema}, not {schema}")
        self._forget_leases(name)
        world.admit(max(world.incarnation + 1, self._clock_ms()))
        return Attachment(world.head, world.incarnation, world.take_ids(ids))

    def commit(self, name: WorldName, batch: Batch) -> tuple[CommitReply, bytes | None]:
        """Applies a batch (commit_each.lua; commit_whole.lua does the same where all commits).

        Returns: the answer; the delta to publish, None when the batch changed nothing.

        Raises:
            EpochChanged: the batch was made for another history.
            UnknownIncarnation: the writer is not attached, or its batch numbers do not follow on.
        """
        world = self.worlds.get(name)
        if world is None or world.epoch != batch.epoch:
            raise EpochChanged(world.epoch if world else "")
        writer = batch.incarnation
        last = world.answers.get(writer)
        if last is not None and last.reply is not None and last.number == batch.number:
            return last.reply, None
        if last is None or last.number != batch.number - 1:
            raise UnknownIncarnation(f"writer {writer} is not attached to world {name}")
        reply, delta = self._run(name, world, batch)
        world.answers[writer] = Answer(batch.number, reply)
        return reply, delta

    def snapshot(self, name: WorldName) -> Snapshot:
        """Everything at one version (snapshot.lua). Raises: WorldGone."""
        world = self.worlds.get(name)
        if world is None:
            return Snapshot(self.head(name), {}, {})
        state = {int(entity): value for entity, value in world.state.items()}
        return Snapshot(world.head, state, {int(cell): Tag(tag) for cell, tag in world.cells.items()})

    def log_after(self, name: WorldName, version: int, limit: int) -> list[bytes]:
        """Logged deltas after a version, oldest first."""
        world = self.worlds.get(name)
        log = world.log if world else []
        return [delta for at, delta in log if at > version][:limit]

    def head(self, name: WorldName) -> Head:
        """Where a world stands. Raises: WorldGone."""
        self._refuse_gone(name)
        world = self.worlds.get(name)
        return world.head if world else Head("", 0, NO_STAMP)

    def renew_epoch(self, name: WorldName, head: Head) -> Head:
        """A new epoch for a world that still stands at a head (renew_epoch.lua). Raises: WorldGone."""
        world = self.worlds.get(name)
        if world is not None and world.head == head:
            world.epoch = self.new_epoch()
            world.log.clear()
        return self.head(name)

    def reserve_ids(self, name: WorldName, epoch: str, count: int) -> IdBlock:
        """Ids for one writer (reserve_ids.lua). Raises: EpochChanged."""
        world = self.worlds.get(name)
        if world is None or world.epoch != epoch:
            raise EpochChanged(world.epoch if world else "")
        return world.take_ids(count)

    def session_row(self, name: WorldName, session: SessionId) -> bytes:
        """The row of a session, empty when there is none."""
        world = self.worlds.get(name)
        return world.sessions.get(session, b"") if world else b""

    def session_rows(self, name: WorldName) -> dict[SessionId, bytes]:
        """The rows of all sessions."""
        world = self.worlds.get(name)
        return {SessionId(name): row for name, row in world.sessions.items()} if world else {}

    def delete_world(self, name: WorldName) -> None:
        """Leaves nothing of a world but that it is gone (delete_world.lua)."""
        self.worlds.pop(name, None)
        self.leases = {key: lease for key, lease in self.leases.items() if key[0] != name}
        self.highest.pop(name, None)
        self.gone[name] = self.now_us() + GONE_KEPT_S * 1_000_000

    def take_lease(self, world: WorldName, name: LeaseName, owner: str, ttl_us: int) -> int | None:
        """The fencing token (lease_take.lua); None while another owner holds the lease, or the world is gone."""
        now_us = self.now_us()
        if self.gone.get(world, 0) > now_us:
            return None
        row = self.leases.get((world, name), Lease(0, 0, ""))
        if row.expiry_us > now_us and row.owner != owner:
            # A clock that went back does not make a dead owner's lease longer than one term.
            self.leases[world, name] = attrs.evolve(row, expiry_us=min(row.expiry_us, now_us + row.ttl_us))
            return None
        number = max(row.token // SALTS + 1, self.highest.get(world, 0) + 1, now_us)
        token = number * SALTS + self.new_salt()
        self.leases[world, name] = Lease(token, now_us + ttl_us, owner, ttl_us)
        return token

    def renew_lease(self, world: WorldName, grant: LeaseGrant, ttl_us: int) -> bool:
        """Extends a lease under its token (lease_renew.lua)."""
        if not self._held(world, grant.name, grant.token):
            return False
        self.leases[world, grant.name] = Lease(grant.token, self.now_us() + ttl_us, grant.owner, ttl_us)
        return True

    def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """Frees a lease under its token (lease_release.lua)."""
        if not self._held(world, grant.name, grant.token):
            return False
        self._forget_lease(world, grant.name)
        return True

    def _forget_leases(self, world: WorldName) -> None:
        """Takes away the rows that ran out, if there are many (attach.lua)."""
        rows = {name: lease for (in_world, name), lease in self.leases.items() if in_world == world}
        if len(rows) + (world in self.highest) > LEASES_MOST:
            for name, lease in rows.items():
                if lease.expiry_us <= self.now_us():
                    self._forget_lease(world, name)

    def _forget_lease(self, world: WorldName, name: LeaseName) -> None:
        number = self.leases.pop((world, name)).token // SALTS
        self.highest[world] = max(number, self.highest.get(world, 0))

    def _refuse_gone(self, name: WorldName) -> None:
        if self.gone.get(name, 0) > self.now_us():
            raise WorldGone(f"world {name} was deleted")

    def _clock_ms(self) -> int:
        """Milliseconds since 2026."""
        return self.now_us() // 1000 - START_OF_2026_S * 1000

    def _run(self, name: WorldName, world: ModelWorld, batch: Batch) -> tuple[CommitReply, bytes | None]:
        """Judges each transaction on what the ones before it left; those that hold become the next version."""
        codes: list[str] = []
        heads: dict[int, SessionHead | None] = {}
        records: list[bytes] = []
        certain = batch.certain == world.stamp
        for place, op in enumerate(batch.txs):
            code = COMMITTED if certain else self._judge(name, world, op)
            codes.append(code)
            if code == COMMITTED and op.record:
                records.append(_apply(world, op))
            elif code == SESSION_MOVED:
                heads[place] = unpack_head(world.sessions.get(op.session, b""))
        delta = _publish(world, batch, records) if records else None
        return CommitReply(world.version, "".join(codes), heads), delta

    def _judge(self, name: WorldName, world: ModelWorld, op: TxOp) -> str:
        if op.session and world.sessions.get(op.session, b"")[:HEAD_BYTES] != op.expect:
            return SESSION_MOVED
        if not all(self._held(name, LeaseName(lease), int(token)) for lease, token in _pairs(op.guards)):
            return GUARD_LOST
        if any(world.state.get(entity, NO_TAG)[:TAG_BYTES] != tag for entity, tag in _pairs(op.reads)):
            return CONFLICT
        if any(world.cells.get(cell, NO_TAG) != tag for cell, tag in _pairs(op.scans)):
            return CONFLICT
        if any(entity not in world.state for entity in op.adds[::8]):
            return TARGET_GONE
        return COMMITTED

    def _held(self, world: WorldName, name: LeaseName, token: int) -> bool:
        row = self.leases.get((world, name))
        return row is not None and row.token == token and row.expiry_us > self.now_us()


def _apply(world: ModelWorld, op: TxOp) -> bytes:
    """Writes what a transaction says. Returns: its record, complete."""
    if op.session:
        _move_session(world, op)
    for entity, value in _pairs(op.writes):
        if value:
            world.state[entity] = value
        else:
            world.state.pop(entity, None)
    added = _add_all(world, op) if op.adds else NONE_ADDED
    world.cells.update(dict.fromkeys(op.cells, op.tag))
    return op.record + added


def _move_session(world: ModelWorld, op: TxOp) -> None:
    if not op.become:
        world.sessions.pop(op.session, None)
        return
    tail = op.tail or world.sessions.get(op.session, b"")[HEAD_BYTES:]
    world.sessions[op.session] = op.become + tail


def _add_all(world: ModelWorld, op: TxOp) -> bytes:
    """Adds to counters within their bounds. Returns: the record's last field, what it left."""
    added = [_array(len(op.adds) // 8)]
    for start in range(0, len(op.adds), 8):
        entity, offset, delta, low, high, seen, tag, other_tag = op.adds[start : start + 8]
        value = world.state[entity]
        at = TAG_BYTES + offset
        total = min(max(struct.unpack_from(">d", value, at)[0] + delta, low), high)
        left = tag if value[:TAG_BYTES] == seen else other_tag
        blob = value[TAG_BYTES:at] + struct.pack(">d", total) + value[at + 8 :]
        world.state[entity] = left + blob
        added.append(b"\x93" + _whole(int(entity)) + _bin(left) + _bin(blob))
    return b"".join(added)


def _publish(world: ModelWorld, batch: Batch, records: list[bytes]) -> bytes:
    """The next version: logged, and returned to be published."""
    previous, world.stamp = world.stamp, batch.stamp
    world.version += 1
    epoch = world.epoch.encode()
    head = b"\x95\xd9" + bytes((len(epoch),)) + epoch + _whole(world.version) + _bin(previous) + _bin(batch.stamp)
    delta = b"".join((head, _array(len(records)), *records))
    world.log.append((world.version, delta))
    del world.log[: -batch.log_length]
    return delta


def _pairs(flat: list[Any]) -> list[tuple[str, Any]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _whole(number: int) -> bytes:
    return b"\xcf" + number.to_bytes(8, "big")


def _bin(value: bytes) -> bytes:
    return b"\xc6" + len(value).to_bytes(4, "big") + value


def _array(length: int) -> bytes:
    return b"\xdd" + length.to_bytes(4, "big")
