"""Worlds: made, found, listed page by page, changed, removed."""

from __future__ import annotations

import pytest
import trio

from shared_state.directory import EXAMINED_PER_PAGE, Directory
from shared_state.directory_entry import (
    NameTaken,
    Reservation,
    Scalar,
    TooManyWorlds,
    WorldEntry,
    WorldFilter,
    WorldSpec,
)
from shared_state.directory_names import world_kind
from shared_state.errors import BadName
from shared_state.names import WorldName, world_name
from tests.contract.deadline import within
from tests.contract.directory.conftest import BAY, Harbour, bay

EVERYTHING = WorldFilter(include_private=True)


async def names(directory: Directory, wanted: WorldFilter, limit: int = 50) -> list[str]:
    """All worlds that fit, through as many pages as it takes."""
    found: list[str] = []
    cursor = ""
    while True:
        page = await directory.list_worlds(wanted, cursor, limit)
        assert len(page.entries) <= limit
        found += [entry.name for entry in page.entries]
        cursor = page.cursor
        if not cursor:
            return found


@within(20)
async def test_a_made_world_is_found_by_all(harbour: Harbour) -> None:
    """What was asked for is what every client reads."""
    made = await harbour.make("quay", 7, metadata={"region": "eu"}, private=True, persistent=True)
    assert made == WorldEntry(WorldName("quay"), BAY, 7, 0, {"region": "eu"}, True, True)
    assert await harbour.other.get(world_name("quay")) == made
    assert await harbour.other.get(world_name("reef")) is None


@within(20)
async def test_a_name_is_given_once(harbour: Harbour) -> None:
    """The second maker is told, and the first world is untouched."""
    made = await harbour.make("quay", 7)
    refused = await harbour.other.create(bay(9), world_name("quay"))
    assert refused == NameTaken(world_name("quay"))
    assert await harbour.directory.get(world_name("quay")) == made


@within(20)
async def test_of_many_makers_at_once_one_succeeds(harbour: Harbour) -> None:
    """Creation is atomic."""
    made: list[WorldEntry | NameTaken] = []

    async def make(directory: Directory, seats: int) -> None:
        made.append(await directory.create(bay(seats), world_name("quay")))

    async with trio.open_nursery() as nursery:
        for seats in range(1, 41):
            nursery.start_soon(make, harbour.clients[seats % len(harbour.clients)], seats)
    (winner,) = [entry for entry in made if isinstance(entry, WorldEntry)]
    assert await harbour.directory.get(world_name("quay")) == winner


@within(20)
async def test_worlds_without_a_name_get_readable_ones(harbour: Harbour) -> None:
    """Each is different, and can be told over a telephone."""
    made = [await harbour.directory.create(bay()) for _ in range(20)]
    found = {entry.name for entry in made if isinstance(entry, WorldEntry)}
    assert len(found) == 20
    assert all(len(name.split("-")) == 3 for name in found)


VALUES: list[Scalar] = [
    "",
    'é\u2028\x00"\\',
    0,
    -1,
    2**53 - 1,
    10**14 + 1,
    3.99,
    0.1 + 0.2,
    1e300,
    5e-324,
    True,
    False,
    None,
]


@within(20)
async def test_metadata_comes_back_as_it_was(harbour: Harbour) -> None:
    """S09: large numbers, fractions, empty and odd text, booleans and null pass through the store unchanged."""
    metadata = {f"value {place}": value for place, value in enumerate(VALUES)} | {"": "no name"}
    await harbour.make("quay", metadata=metadata)
    entry = await harbour.other.get(world_name("quay"))
    assert entry is not None
    assert {name: repr(value) for name, value in entry.metadata.items()} == {
        name: repr(value) for name, value in metadata.items()
    }


@within(20)
async def test_numbers_of_a_world_come_back_as_they_were(harbour: Harbour) -> None:
    """S09: the largest number of seats and the longest lives are exact; no metadata is an empty mapping."""
    await harbour.make("quay", 1_000_000, empty_ttl_s=1e9 + 0.123456)
    reserved = await harbour.hold("quay", 999_999, ttl_s=1e9 + 0.123456)
    entry = await harbour.other.get(world_name("quay"))
    assert entry is not None
    assert (entry.seats, entry.used, entry.free, entry.metadata) == (1_000_000, 999_999, 1, {})
    assert await harbour.other.cancel(reserved.token)
    assert await harbour.used("quay") == 0


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (WorldFilter(), ["c", "a", "b", "d"]),
        (WorldFilter(include_private=True), ["c", "a", "b", "d", "secret"]),
        (WorldFilter(kind=BAY), ["a", "b", "d"]),
        (WorldFilter(kind=world_kind("ba")), []),
        (WorldFilter(with_free_seats=True), ["c", "a", "d"]),
        (WorldFilter(metadata={"level": 1}), ["a", "b"]),
        (WorldFilter(metadata={"level": True}), ["d"]),
        (WorldFilter(metadata={"level": 1, "mode": "calm"}), ["a"]),
        (WorldFilter(metadata={"none": None}), []),
        (WorldFilter(BAY, True, {"level": 1.0}), ["a"]),
    ],
)
@within(20)
async def test_worlds_are_listed_by_what_they_are(harbour: Harbour, wanted: WorldFilter, found: list[str]) -> None:
    """All conditions hold, private worlds are left out unless asked for, the order is that of ``kind:name``."""
    await harbour.make("d", metadata={"level": True})
    await harbour.make("b", 1, metadata={"level": 1})
    await harbour.make("a", metadata={"level": 1.0, "mode": "calm"})
    await harbour.make("secret", private=True, metadata={"level": 2})
    await harbour.directory.create(WorldSpec(world_kind("bay.far"), 4), world_name("c"))
    await harbour.hold("b")
    assert await names(harbour.other, wanted) == found
    assert await names(harbour.other, wanted, limit=1) == found


@within(30)
async def test_paging_lists_each_world_once_while_others_come_and_go(harbour: Harbour) -> None:
    """Worlds that stay are neither repeated nor skipped when those around the cursor, or under it, change."""
    staying = [f"stay-{number:02}" for number in range(20)]
    for name in staying:
        await harbour.make(name)
    found: list[str] = []
    cursor, turn = "", 0
    while cursor or not turn:
        page = await harbour.directory.list_worlds(WorldFilter(), cursor, 3)
        found += [entry.name for entry in page.entries]
        cursor, turn = page.cursor, turn + 1
        await harbour.make(f"stay-{turn:02}-new", 1)
        await harbour.make(f"passing-{turn:02}")
        for name in [name for name in found if "new" in name]:
            await harbour.other.remove(WorldName(name))
    assert [name for name in found if name in staying] == staying
    assert len(set(found)) == len(found)


@within(30)
async def test_a_rare_filter_looks_at_a_bounded_number_of_worlds(harbour: Harbour) -> None:
    """Pages without a match end early and say where to go on; the match is found all the same."""
    for number in range(600):
        await harbour.make(f"bay-{number:03}", metadata={"rare": number == 599})
    first = await harbour.directory.list_worlds(WorldFilter(metadata={"rare": True}))
    assert first.entries == []
    assert first.cursor == f"bay:bay-{EXAMINED_PER_PAGE - 1}"
    assert await names(harbour.directory, WorldFilter(metadata={"rare": True})) == ["bay-599"]


@pytest.mark.parametrize("cursor", ["x", ":", "bay:", "a:b:c", "bay:B", "-", "[bay:a", "reef:a"])
@within(20)
async def test_a_cursor_that_no_page_gave_is_refused(harbour: Harbour, cursor: str) -> None:
    """Nothing of it reaches the store."""
    with pytest.raises(BadName):
        await harbour.directory.list_worlds(WorldFilter(kind=BAY), cursor)


@pytest.mark.parametrize("limit", [0, -1, 101])
@within(20)
async def test_a_page_has_a_bound(harbour: Harbour, limit: int) -> None:
    """No page without entries, none without end."""
    with pytest.raises(ValueError, match="page"):
        await harbour.directory.list_worlds(WorldFilter(), "", limit)


@within(20)
async def test_metadata_is_replaced_whole(harbour: Harbour) -> None:
    """The new values stand alone; seats are untouched; a world that is not there has none."""
    await harbour.make("quay", metadata={"level": 1, "mode": "calm"})
    await harbour.hold("quay")
    assert await harbour.directory.replace_metadata(world_name("quay"), {"level": 2})
    entry = await harbour.other.get(world_name("quay"))
    assert entry is not None
    assert (entry.metadata, entry.used, entry.kind) == ({"level": 2}, 1, BAY)
    assert not await harbour.directory.replace_metadata(world_name("reef"), {"level": 2})
    assert await harbour.other.get(world_name("reef")) is None


@within(20)
async def test_a_removed_world_is_gone_for_all(harbour: Harbour) -> None:
    """It is not found, not listed and not joined, and its name is not given before its keys are deleted."""
    await harbour.make("quay")
    assert await harbour.directory.remove(world_name("quay"))
    assert not await harbour.other.remove(world_name("quay"))
    assert await harbour.other.get(world_name("quay")) is None
    assert await names(harbour.other, EVERYTHING) == []
    assert (await harbour.other.join_or_create(bay(), 10)).created
    assert await harbour.directory.create(bay(), world_name("quay")) == NameTaken(world_name("quay"))
    assert await harbour.other.sweep() == ["quay"]
    await harbour.other.forget([world_name("quay")])
    await harbour.make("quay")


@within(20)
async def test_other_names_may_contain_each_other(harbour: Harbour) -> None:
    """Kinds and names that are prefixes of others, or look like keys of the store, are kept apart."""
    specs = {"a": "b", "a.b": "b", "b": "a.b", "dir": "dir", "worlds": "b-", "0000003": "b.0000003"}
    for name, kind in specs.items():
        await harbour.directory.create(WorldSpec(world_kind(kind), 3), world_name(name))
    for name, kind in specs.items():
        assert name in await names(harbour.other, WorldFilter(kind=world_kind(kind)))
        joined = await harbour.other.join_or_create(WorldSpec(world_kind(kind), 3), 10)
        entry = await harbour.other.get(joined.world)
        assert entry is not None
        assert (entry.kind, joined.created) == (kind, False)


@within(20)
async def test_there_are_only_so_many_worlds(harbour: Harbour) -> None:
    """The next one is refused, by name and by kind; one that is there has its seats, and an ended one makes room."""
    client = harbour.bounded(2)
    await client.create(bay(1), world_name("quay"))
    await client.create(bay(1), world_name("reef"))
    assert await client.create(bay(1)) == TooManyWorlds(2)
    assert await client.create(bay(1), world_name("quay")) == NameTaken(world_name("quay"))
    joined = [await client.join_or_create(bay(1), 10) for _ in range(3)]
    assert [isinstance(one, Reservation) for one in joined] == [True, True, False]
    assert joined[2] == TooManyWorlds(2)
    assert await client.remove(world_name("reef"))
    assert (await client.join_or_create(bay(1), 10)).created
