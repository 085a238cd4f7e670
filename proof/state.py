"""All of a world at one version, as a value; from and to a replica. Pure."""

from __future__ import annotations

import msgspec

from server.game import Game
from shared_state.entity import NO_TAG
from shared_state.position import NO_STAMP, Head
from shared_state.replica import Replica
from shared_state.store import Snapshot


class WorldState(msgspec.Struct, array_like=True, frozen=True):
    """What the store held at a version: the content of each entity. Version 0 is a world before its first commit."""

    world: str
    epoch: str = ""
    version: int = 0
    stamp: bytes = NO_STAMP
    entities: dict[int, bytes] = {}


def state_of(replica: Replica, world: str) -> WorldState:
    """What a replica holds."""
    entities = {int(id_): replica.schema.encode(entity.value) for id_, entity in replica.entities.items()}
    return WorldState(world, replica.epoch, replica.version, replica.stamp, entities)


def replica_of(state: WorldState, game: Game) -> Replica:
    """A replica that holds a state. Raises: UndecodableDelta."""
    replica = Replica(game.schema())
    head = Head(state.epoch, state.version, state.stamp)
    replica.load(Snapshot(head, {id_: NO_TAG + blob for id_, blob in state.entities.items()}, {}))
    replica.drain()
    return replica
