"""Levels of durability: read, asked for, and refused where the store cannot keep them."""

from __future__ import annotations

import pytest

from shared_state.errors import StoreError
from shared_state.redis.durability import Durability, Level, check_durability

VALKEY = {"redis_version": "7.2.4", "valkey_version": "9.1.2", "aof_enabled": "1", "connected_slaves": "1"}


@pytest.mark.parametrize(
    ("text", "level", "replicas"),
    [
        ("memory", Level.MEMORY, 0),
        ("replica", Level.REPLICA, 1),
        ("replica:2", Level.REPLICA, 2),
        ("disk", Level.DISK, 0),
        ("disk:1", Level.DISK, 1),
    ],
)
def test_levels(text: str, level: Level, replicas: int) -> None:
    """A name, and a number of replicas where it means something."""
    assert Durability.parse(text) == Durability(level, replicas)
    assert Durability.parse(str(Durability.parse(text))) == Durability(level, replicas)


@pytest.mark.parametrize("text", ["", "tape", "memory:1", "replica:0", "replica:", "disk:-1", "disk:x", "Disk"])
def test_what_is_no_level(text: str) -> None:
    """The error says what there is."""
    with pytest.raises(StoreError, match="memory, replica"):
        Durability.parse(text)


def test_questions() -> None:
    """Replicas are asked for with WAIT, the primary's disk with WAITAOF; a mark goes before."""
    hold = Durability.parse("disk:2").hold("oar:{bay}:held")
    assert hold.mark[:2] == ("SET", "oar:{bay}:held")
    assert [question.command[:-1] for question in hold.questions] == [("WAITAOF", 1, 0), ("WAIT", 2)]
    disk, replicas = hold.questions
    assert (disk.shortfall([1, 0]), replicas.shortfall(2), replicas.shortfall(3)) == ("", "", "")
    assert "0 of 1 disks" in disk.shortfall([0, 5])
    assert "1 of 2 replicas" in replicas.shortfall(1)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"redis_version": "7.0.15"}, "WAITAOF"),
        ({"redis_version": "7.1"}, "WAITAOF"),
        ({"aof_enabled": "0"}, "appendonly yes"),
    ],
)
def test_a_store_without_a_lasting_disk(more: dict[str, str], reason: str) -> None:
    """Redis before 7.2 cannot tell what is on disk, and without a log nothing is; the other levels do not mind."""
    with pytest.raises(StoreError, match=reason):
        check_durability(Durability(Level.DISK), VALKEY | more)
    assert check_durability(Durability(Level.REPLICA, 1), VALKEY | more) == ""


def test_replicas_that_are_not_there_are_worth_a_warning() -> None:
    """They may be on their way; until then no commit is acknowledged."""
    assert check_durability(Durability(Level.DISK, 1), VALKEY) == ""
    assert "1 replicas" in check_durability(Durability(Level.REPLICA, 2), VALKEY)
