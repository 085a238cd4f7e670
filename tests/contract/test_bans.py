"""Bans: what one client bans every other one learns, until it is lifted or runs out."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest
import trio

from shared_state.bans import MOST_BANS, Ban, BanBook, Bans, Subject, address_subject, player_subject
from shared_state.embedded import EmbeddedStore
from shared_state.errors import BadName, StoreError
from shared_state.memory_bans import MemoryBans
from shared_state.redis.bans import RedisBans
from shared_state.redis.keys import BAN_KEYS, DIRECTORY
from shared_state.redis.store import RedisStore, open_store
from tests.contract.conftest import START_US
from tests.contract.deadline import within
from tests.contract.store_groups import StoreCluster

ANN, BOB = player_subject("ann"), player_subject("Bob é🦜 {x}:*")
NET = address_subject("10.1.0.0/16")
SHORT_S, PAST_SHORT_S = 0.05, 0.06


@attrs.frozen(eq=False)
class Court:
    """Two clients of one empty list, and its clock."""

    bans: Bans
    other: Bans
    pass_time: Callable[[float], Awaitable[None]]

    async def book(self) -> BanBook:
        """The whole list, as the other client sees it."""
        book = await self.other.changed("no stamp")
        assert book is not None
        return book

    async def subjects(self) -> set[Subject]:
        """Who is banned."""
        return {ban.subject for ban in (await self.book()).bans}


@pytest.fixture(params=["memory", "valkey", "redis", "cluster"])
async def court(request: pytest.FixtureRequest) -> AsyncIterator[Court]:
    """Each implementation in turn."""
    if request.param == "memory":
        clock_us = [START_US]

        async def pass_time(seconds: float) -> None:
            await trio.lowlevel.checkpoint()
            clock_us[0] += round(seconds * 1_000_000)

        bans = MemoryBans(lambda: clock_us[0])
        yield Court(bans, bans, pass_time)
        return
    server: EmbeddedStore | StoreCluster = request.getfixturevalue(f"{request.param}_server")
    async with open_store(server.url) as store, open_store(server.url) as other:
        await store.topology.link_for(DIRECTORY).call("DEL", *BAN_KEYS)
        yield Court(RedisBans(store.topology), RedisBans(other.topology), trio.sleep)


@within(20)
async def test_a_ban_is_known_to_all_until_it_is_lifted(court: Court) -> None:
    """With its reason, replaced by a second one; lifting says whether there was one (S33)."""
    assert await court.bans.ban(ANN, "cheated")
    assert await court.bans.ban(NET)
    assert await court.bans.ban(ANN, "cheated again é🦜")
    assert set((await court.book()).bans) == {Ban(ANN, "cheated again é🦜"), Ban(NET)}
    assert await court.other.lift(ANN)
    assert not await court.bans.lift(ANN)
    assert await court.subjects() == {NET}


@within(20)
async def test_the_list_is_sent_only_when_it_changed(court: Court) -> None:
    """Every change gives another stamp; with the newest one there is nothing to say."""
    assert await court.other.changed("") is None
    stamps = set()
    for change in (court.bans.ban(ANN), court.bans.ban(ANN, "why"), court.bans.ban(BOB), court.bans.lift(ANN)):
        await change
        book = await court.book()
        assert await court.other.changed(book.stamp) is None
        stamps.add(book.stamp)
    assert len(stamps) == 4


@within(20)
async def test_a_ban_for_a_time_runs_out(court: Court) -> None:
    """On the store's clock, and everyone learns of it; a longer one that replaces it does not run out with it."""
    await court.bans.ban(ANN, ttl_s=SHORT_S)
    await court.bans.ban(BOB, ttl_s=SHORT_S)
    await court.bans.ban(BOB, ttl_s=100.0)
    book = await court.book()
    assert {ban.subject: ban.until_ms > START_US // 10_000 for ban in book.bans} == {ANN: True, BOB: True}
    await court.pass_time(PAST_SHORT_S)
    changed = await court.other.changed(book.stamp)
    assert changed is not None
    assert [ban.subject for ban in changed.bans] == [BOB]
    await court.bans.ban(BOB)
    assert [ban.until_ms for ban in (await court.book()).bans] == [0]


@pytest.mark.parametrize("ttl_s", [0, -1, math.nan, math.inf])
@within(20)
async def test_a_ban_for_no_time_is_refused(court: Court, ttl_s: float) -> None:
    """And changes nothing."""
    with pytest.raises(ValueError, match="above zero"):
        await court.bans.ban(ANN, ttl_s=ttl_s)
    assert await court.subjects() == set()


@within(60)
async def test_the_list_has_an_end(court: Court) -> None:
    """A new ban is refused then, a known one can be changed, and a lifted one makes room."""
    if not isinstance(court.bans, MemoryBans):
        assert isinstance(court.bans, RedisBans)
        filler = [text for number in range(MOST_BANS - 1) for text in (f"player:p{number}", "")]
        await court.bans.topology.link_for(DIRECTORY).call("HSET", BAN_KEYS[0], *filler)
    else:
        for number in range(MOST_BANS - 1):
            await court.bans.ban(player_subject(f"p{number}"))
    assert await court.bans.ban(ANN)
    assert not await court.bans.ban(BOB)
    assert await court.bans.ban(ANN, "more")
    assert await court.bans.lift(ANN)
    assert await court.bans.ban(BOB)
    assert len((await court.book()).bans) == MOST_BANS


@pytest.mark.parametrize("damaged", range(len(BAN_KEYS)))
@within(20)
async def test_a_damaged_key_refuses_the_whole_call(real_store: RedisStore, damaged: int) -> None:
    """Nothing is half done, whichever key has another type (S21)."""
    bans, link = RedisBans(real_store.topology), real_store.topology.link_for(DIRECTORY)
    await link.call("DEL", *BAN_KEYS)
    await link.call("RPUSH", BAN_KEYS[damaged], "x")
    for call in (bans.ban(ANN, ttl_s=5.0), bans.lift(ANN), bans.changed("x")):
        with pytest.raises(StoreError):
            await call
    assert await link.call("EXISTS", *BAN_KEYS) == 1
    await link.call("DEL", *BAN_KEYS)


def test_who_is_banned_is_found_by_player_and_by_address() -> None:
    """Networks cover their addresses, the narrowest ban counts, an IPv6 address stands for its /64, and IPv4 in IPv6
    is IPv4; who is nobody in particular is not banned."""
    wide, narrow, six = address_subject("10.0.0.0/8"), address_subject("10.1.2.3"), address_subject("2001:db8::1")
    book = BanBook("1", (Ban(ANN, "a"), Ban(wide, "wide"), Ban(narrow, "narrow"), Ban(six), Ban(Subject("future:x"))))
    assert book.of_player("ann") == Ban(ANN, "a")
    assert book.of_player("") is book.of_player("Ann") is book.of_player("player:ann") is None
    reasons = {
        "10.1.2.3": "narrow", "10.1.2.4": "wide", "::ffff:10.1.2.3": "narrow", "2001:db8::beef": "",
        "fe80::1%eth0": None, "2001:db8:0:1::1": None, "11.0.0.1": None, "": None, "unix": None,
    }  # fmt: skip
    found = {address: book.of_address(address) for address in reasons}
    assert {address: ban and ban.reason for address, ban in found.items()} == reasons


@pytest.mark.parametrize("wrong", ["", "10.0.0.0/33", "everybody", "10.0.0.1/8/8", "1.2.3", "*"])
def test_what_is_nobody_cannot_be_banned(wrong: str) -> None:
    """Addresses have to be some, and identities printable and short."""
    with pytest.raises(BadName):
        address_subject(wrong)
    for player in ("", "x" * 257, "a\nb"):
        with pytest.raises(BadName):
            player_subject(player)
