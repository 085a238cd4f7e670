"""The API that games are written on. A game module imports from here and from nowhere else in Oarlock."""

from server.game.action import Action, Look
from server.game.actor import Actor
from server.game.command import Command, CommandSpec
from server.game.game import Game, Invariant, TimedRule
from server.game.world_kind import WorldKind
from shared_state.entity import EntityId
from shared_state.outcome import Rejection
from shared_state.schema import Counter, Kind
from shared_state.transaction import Transaction

__all__ = [
    "Action",
    "Actor",
    "Command",
    "CommandSpec",
    "Counter",
    "EntityId",
    "Game",
    "Invariant",
    "Kind",
    "Look",
    "Rejection",
    "TimedRule",
    "Transaction",
    "WorldKind",
]
