"""A replica that tests change by deltas of their own, and viewers that keep what a fan-out writes to them."""

from __future__ import annotations

import struct
from typing import Any

import attrs

from client_bot.client import Client
from server.interest.fanout import Fanout
from server.interest.lookout import Lookout, Optics
from server.interest.sight import Sight
from server.interest.view import View
from server.wire import messages as wire
from server.wire.codec import Codec
from shared_state.cell import CellId
from shared_state.delta import Delta, EventOut, Record, Write
from shared_state.entity import EntityId
from shared_state.names import SessionId
from shared_state.position import NO_STAMP, Head
from shared_state.replica import Replica
from shared_state.schema import Kind
from shared_state.store import Snapshot
from tests.unit.server.harbour import Map, game
from tests.unit.server.quay import payloads_in

SECRET = frozenset[type[Kind]]([Map])


def new_replica() -> Replica:
    """A replica of an empty world at version 0."""
    replica = Replica(game.schema())
    replica.load(Snapshot(Head("e1", 0, NO_STAMP), {}, {}))
    return replica


def commit(replica: Replica, writes: dict[int, Kind | None], events: list[EventOut] | None = None) -> None:
    """Moves a replica on by one version with these writes; None deletes."""
    tag = (replica.version + 1).to_bytes(8, "big")
    rows = [Write(id_, None if value is None else replica.schema.encode(value)) for id_, value in writes.items()]
    record = Record(tag, "", 0, b"", rows, events or [])
    replica.apply(Delta(replica.epoch, replica.version + 1, replica.stamp, tag, [record]))


@attrs.define(eq=False)
class Spy:
    """A viewer that looks from a boat, or from the origin, and feeds all it gets to a client of the protocol."""

    replica: Replica
    codec: Codec
    session_id: SessionId = SessionId("spy")
    boat: int = 0
    view: View = attrs.field(factory=View)
    lookout: Lookout = attrs.field(factory=lambda: Lookout(Optics.of(game)))
    blocked: bool = False
    writes: list[bytes] = attrs.field(factory=list)
    bot: Client = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.lookout.follow(EntityId(self.boat))
        self.bot = Client(self.codec, "spy")
        self.bot.hello()
        welcome = wire.Welcome(
            self.session_id,
            "",
            self.boat,
            "sea",
            "n",
            game.wire_schema(),
            self.replica.epoch,
            self.replica.version,
            0,
            20,
        )
        self.bot.receive(self.codec.encode(welcome), 0.0)

    @property
    def centre(self) -> CellId:
        """Where it looks from."""
        return self.lookout.centre

    @property
    def here(self) -> CellId:
        """Where its boat is."""
        return self.lookout.here

    def look(self, radius: float) -> None:
        """Looks as far as this."""
        self.lookout.zoom(radius)

    def sight(self) -> Sight:
        """The cells around the boat."""
        return self.lookout.sight(self.replica)

    def frame(self, payload: bytes) -> bytes:
        """A frame of tests."""
        return struct.pack(">I", len(payload)) + payload

    def can_take(self) -> bool:
        """Unless it is blocked."""
        return not self.blocked

    def write(self, frames: bytes) -> None:
        """Takes a write in whole."""
        self.writes.append(frames)
        for payload in payloads_in(frames):
            self.bot.receive(payload, 0.0)

    def news(self) -> list[wire.ToClient]:
        """The messages since the last call."""
        writes, self.writes = self.writes, []
        return [self.codec.decode_to_client(payload) for frames in writes for payload in payloads_in(frames)]

    def held(self) -> dict[int, dict[int, list[Any]]]:
        """What the client holds, by cell and id."""
        assert self.bot.mirror is not None
        return {cell: {id_: e.values for id_, e in held.items()} for cell, held in self.bot.mirror.cells.items()}


def flush(fanout: Fanout, *viewers: Spy, digests: bool = False, now_s: float = 0.0) -> None:
    """One flush of all that happened since the last."""
    for viewer, frames in fanout.flush(viewers, fanout.replica.drain(), now_s, digests):
        viewer.write(frames)


def visible(replica: Replica, cells: Sight) -> dict[int, dict[int, list[Any]]]:
    """What a viewer of these cells should hold."""
    return {
        cell: {
            entity.id: [getattr(entity.value, name) for name in entity.value.__struct_fields__]
            for entity in replica.cells.get(cell, {}).values()
            if type(entity.value) not in SECRET
        }
        for cell in cells
    }
