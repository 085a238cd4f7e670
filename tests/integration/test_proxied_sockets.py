"""Quiet sockets, through HAProxy to a node: who lives stays, who is dead goes, whatever the timeouts (S18)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio

from server.launch.cluster import find_haproxy
from server.net.frames import PING, PONG
from server.net.http import Request, Response, Routes, explain
from server.net.limits import Limits
from tests.conformance.echo import EchoApp
from tests.integration.net_peer import Peer, eventually, join, serving
from tests.integration.proxied_nodes import CONFIG, derived_config, proxy_before, until
from tests.unit.net import masked

pytestmark = pytest.mark.integration

HTTP_TIMEOUT, TUNNEL_TIMEOUT = "150ms", "3s"
IDLE_S = 4.0
PINGS = Limits(ping_interval_s=1.0, ping_timeout_s=1.0)


async def ready(_request: Request) -> Response:
    """What HAProxy asks for."""
    return explain(200, "ready")


async def answer_pings(peer: Peer) -> None:
    """Listens, and gives the signs of life that it is asked for."""
    while True:
        opcode, payload = await peer.read_frame()
        if opcode == PING:
            await peer.send(masked.frame(PONG, payload))
        elif opcode != PONG:
            return


async def ping(peer: Peer) -> None:
    """Pings are all that it sends."""
    while True:
        await peer.send(masked.frame(PING, b"x"))
        await trio.sleep(0.5)


async def is_served(peer: Peer) -> bool:
    """Whether a message still comes back; before it, pings and pongs may."""
    await peer.send(masked.binary(b"ahoy"))
    opcode = PING
    while opcode in (PING, PONG):
        opcode, payload = await peer.read_frame()
    return payload == b"ahoy"


async def test_the_living_stay_and_the_dead_go(tmp_path: Path) -> None:
    """For longer than all timeouts one only listens, and one only pings; one that is gone without a word is given up by
    the node, and the proxy forgets it soon after."""
    app, routes = EchoApp(), Routes(exact={"/ready": ready})
    config = derived_config(tmp_path, client=HTTP_TIMEOUT, server=HTTP_TIMEOUT, tunnel=TUNNEL_TIMEOUT)
    with trio.fail_after(30):
        async with (
            serving(app, PINGS, routes=routes) as port,
            proxy_before([f"127.0.0.1:{port}"], str(find_haproxy()), tmp_path, config) as proxy,
        ):
            listener, pinger, _dead = [await join(proxy.port) for _ in range(3)]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(answer_pings, listener)
                nursery.start_soon(ping, pinger)
                await trio.sleep(IDLE_S)
                await eventually(lambda: len(app.ended) == 1)

                async def keeps_two() -> bool:
                    return (await proxy.row_of("BACKEND"))["scur"] == "2"

                await until(keeps_two)
                nursery.cancel_scope.cancel()
            assert [await is_served(peer) for peer in (listener, pinger)] == [True, True]


def test_the_proxy_waits_longer_than_nodes_ping_and_not_much() -> None:
    """Silence up to the node's own limit is no silence to the proxy; a peer that vanished is no ghost for long."""
    (minutes,) = re.findall(r"(?m)^ *timeout tunnel (\d+)m$", CONFIG.read_text())
    silence_s = Limits().ping_interval_s + Limits().ping_timeout_s
    assert silence_s * 1.25 <= int(minutes) * 60 <= silence_s * 2
