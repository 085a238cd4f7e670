"""Values on a pipe, whole or not at all."""

from __future__ import annotations

import trio
from trio.testing import MemoryReceiveStream, memory_stream_one_way_pair

from client_bot.moment import Moment
from client_bot.parcels import NoRun, Parcels, send_parcel
from client_bot.result import SwarmResult
from tests.unit.client_bot.test_progress import MOMENT
from tests.unit.client_bot.test_report import result


def in_pieces(data: bytes, size: int) -> MemoryReceiveStream:
    """A pipe that brings the bytes a few at a time, and ends."""
    receiver = MemoryReceiveStream()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]

    async def bring() -> None:
        if pieces:
            receiver.put_data(pieces.pop(0))
        else:
            receiver.put_eof()

    receiver.receive_some_hook = bring
    return receiver


async def packed(*values: object) -> bytes:
    """The bytes of some parcels."""
    sender, receiver = memory_stream_one_way_pair()
    for value in values:
        await send_parcel(sender, value)
    await sender.aclose()
    return b"".join([bytes(piece) async for piece in receiver])


async def test_values_arrive_in_order_however_they_are_cut() -> None:
    """What members tell keeps all that is in it."""
    with trio.fail_after(10):
        data = await packed(NoRun("no server", True), MOMENT, result())
        parcels = Parcels(in_pieces(data, 7))
        assert await parcels.receive() == NoRun("no server", True)
        moment, told = await parcels.receive(), await parcels.receive()
        assert await parcels.receive() is None
    assert isinstance(moment, Moment)
    assert moment.last.took.quantile(0.5) == MOMENT.last.took.quantile(0.5)
    assert isinstance(told, SwarmResult)
    assert told.bots == result().bots
    assert told.plan == result().plan


async def test_a_parcel_that_is_cut_off_never_was() -> None:
    """A process that ends in the middle of a word has said nothing."""
    with trio.fail_after(10):
        data = await packed("ready", "start")
        parcels = Parcels(in_pieces(data[:-3], 5))
        assert [await parcels.receive(), await parcels.receive()] == ["ready", None]
