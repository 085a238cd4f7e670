"""What a node does on a store, so that a user who may not do all of it is refused at the start, not in the middle.

Must not know: how users are set up. Invariant: every command that the scripts or the link use stands here (a test
compares).
"""

from __future__ import annotations

from collections.abc import Iterator

from shared_state.errors import StoreError
from shared_state.redis import scripts
from shared_state.redis.durability import Durability, Level
from shared_state.redis.keys import BAN_STAMP, BANS, DIRECTORY, DIRECTORY_KEYS, world_keys
from shared_state.redis.link import Link

_WORLD = world_keys(DIRECTORY)
"""A user whose keys are bounded may at least do with the directory's what is done with a world's."""
_HASHES = (_WORLD.state, _WORLD.cells, _WORLD.meta, _WORLD.sessions, _WORLD.leases, DIRECTORY_KEYS.worlds, BANS)
_ON_HASHES = (
    *("HGET {} f", "HMGET {} f", "HGETALL {}", "HLEN {}", "HEXISTS {} f", "HSCAN {} 0"),
    *("HSET {} f v", "HDEL {} f", "HINCRBY {} f 1"),
)
_ON_SORTED_SETS = ("ZADD {} 1 m", "ZREM {} m", "ZRANGE {} 0 1", "ZSCORE {} m", "ZCARD {}")
_OTHERS = (
    *("EVAL s 0", "EVALSHA d 0", "PING", "INFO everything", "TIME"),
    *(f"XADD {_WORLD.log} * d v", f"XRANGE {_WORLD.log} - +", f"UNLINK {_WORLD.state}", f"EXPIRE {_WORLD.meta} 1"),
    *(f"GET {BAN_STAMP}", f"SET {BAN_STAMP} v"),
    *(f"SSUBSCRIBE {_WORLD.channel}", f"SUNSUBSCRIBE {_WORLD.channel}", f"SPUBLISH {_WORLD.channel} v"),
)


def needed_commands(durability: Durability, *, clustered: bool) -> Iterator[str]:
    """Every command that a node uses, with arguments like those that it will give."""
    yield from _OTHERS
    yield from (form.format(key) for key in _HASHES for form in _ON_HASHES)
    yield from (form.format(DIRECTORY_KEYS.names) for form in _ON_SORTED_SETS)
    if clustered:
        yield from ("ASKING", "CLUSTER SLOTS")
    if durability.level is not Level.MEMORY:
        hold = durability.hold(_WORLD.held)
        for command in (hold.mark, *(question.command for question in hold.questions)):
            yield " ".join(str(word) or "v" for word in command)


async def check_permissions(link: Link, durability: Durability, *, clustered: bool) -> None:
    """Refuses a user who may not do all that a node does. Raises: StoreError, naming what is missing."""
    commands = list(needed_commands(durability, clustered=clustered))
    places = await scripts.FORBIDDEN.run(link, (), *commands)
    if places:
        names = dict.fromkeys(commands[place - 1].partition(" ")[0] for place in places)
        raise StoreError(
            f"the store's user may not run {', '.join(names)} on keys and channels named oar:*: "
            "give it the permissions of docs/operations.md"
        )
