"""trio-websocket used plainly: state in the store by scripts, every change published and relayed to every client.

The store's client is coredis, which supports Trio. Arguments: port, store port.
"""

import json
import random
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import coredis
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

COINS, START, WIDTH = 50, 1000, 2000
LUA = Path(__file__).parent / "lua"
port, store_port = map(int, sys.argv[1:3])
clients: set[WebSocketConnection] = set()


async def serve_player(store: Any, scripts: dict[str, Any], request: WebSocketRequest) -> None:
    socket = await request.accept()
    player = uuid.uuid4().hex[:12]
    await store.hset(f"p:{player}", {"x": START, "y": START, "score": 0})
    await socket.send_message(json.dumps({"t": "welcome", "id": player}))
    clients.add(socket)
    try:
        while True:
            await act(scripts, player, json.loads(await socket.get_message()))
    except ConnectionClosed:
        pass
    finally:
        clients.discard(socket)
        with trio.CancelScope(shield=True):
            await store.delete([f"p:{player}"])


async def act(scripts: dict[str, Any], player: str, message: dict[str, Any]) -> None:
    if message["t"] == "move" and abs(message["dx"]) <= 5 and abs(message["dy"]) <= 5:
        await scripts["move"](keys=[f"p:{player}"], args=[message["dx"], message["dy"], player])
    elif message["t"] == "grab" and 0 <= (coin := message["c"]) < COINS:
        place = [random.randrange(WIDTH), random.randrange(WIDTH)]
        await scripts["grab"](keys=[f"c:{coin}", f"p:{player}"], args=[message["x"], *place, player, coin])


async def relay(store: Any) -> None:
    async with store.pubsub(channels=["arena"]) as subscription:
        async for message in subscription:
            if message["type"] == "message":
                for socket in list(clients):
                    await send(socket, message["data"])


async def send(socket: WebSocketConnection, text: str) -> None:
    try:
        await socket.send_message(text)
    except ConnectionClosed:
        clients.discard(socket)


async def main() -> None:
    async with coredis.Redis(host="127.0.0.1", port=store_port, decode_responses=True) as store:
        scripts = {name: store.register_script((LUA / f"{name}_pub.lua").read_text()) for name in ("move", "grab")}
        for coin in range(COINS):
            if await store.hsetnx(f"c:{coin}", "x", 10 * coin + 7):
                await store.hset(f"c:{coin}", {"y": 5 * coin + 3})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(relay, store)
            await serve_websocket(partial(serve_player, store, scripts), "127.0.0.1", port, ssl_context=None)


trio.run(main)
