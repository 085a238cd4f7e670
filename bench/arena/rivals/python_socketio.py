"""python-socketio on uvicorn, state in the store by scripts, a message a change. Arguments: port, store port."""

import random
import sys
from pathlib import Path
from typing import Any

import redis.asyncio
import socketio
import uvicorn

COINS, START, WIDTH = 50, 1000, 2000
LUA = Path(__file__).parent / "lua"
port, store_port = map(int, sys.argv[1:3])
url = f"redis://127.0.0.1:{store_port}"

server = socketio.AsyncServer(
    async_mode="asgi", client_manager=socketio.AsyncRedisManager(f"{url}/0"), transports=["websocket"]
)
store = redis.asyncio.Redis.from_url(url, decode_responses=True)
move_script = store.register_script((LUA / "move.lua").read_text())
grab_script = store.register_script((LUA / "grab.lua").read_text())


@server.event
async def connect(sid: str, _environment: object) -> None:
    await store.hset(f"p:{sid}", mapping={"x": START, "y": START, "score": 0})
    await store.sadd("players", sid)
    for coin in range(COINS):
        if await store.hsetnx(f"c:{coin}", "x", 10 * coin + 7):
            await store.hset(f"c:{coin}", "y", 5 * coin + 3)
    server.start_background_task(send_snapshot, sid)


async def send_snapshot(sid: str) -> None:
    ids = list(await store.smembers("players"))
    query = store.pipeline(transaction=False)
    for player in ids:
        query.hmget(f"p:{player}", "x", "y", "score")
    for coin in range(COINS):
        query.hmget(f"c:{coin}", "x", "y")
    rows = await query.execute()
    players = [[player, *row] for player, row in zip(ids, rows, strict=False)]
    await server.emit("state", {"p": players, "c": rows[len(ids) :]}, to=sid)


@server.event
async def move(sid: str, step: dict[str, Any]) -> None:
    if abs(step["dx"]) <= 5 and abs(step["dy"]) <= 5:
        x, y = await move_script(keys=[f"p:{sid}"], args=[step["dx"], step["dy"]])
        await server.emit("moved", {"id": sid, "x": x, "y": y})


@server.event
async def grab(sid: str, wish: dict[str, Any]) -> None:
    coin = wish["c"]
    if not 0 <= coin < COINS:
        return
    x, y = random.randrange(WIDTH), random.randrange(WIDTH)
    score = await grab_script(keys=[f"c:{coin}", f"p:{sid}"], args=[wish["x"], x, y])
    if score:
        await server.emit("grabbed", {"id": sid, "score": score, "c": coin, "x": x, "y": y})


@server.event
async def disconnect(sid: str, _reason: str | None = None) -> None:
    await store.delete(f"p:{sid}")
    await store.srem("players", sid)


uvicorn.run(socketio.ASGIApp(server), host="127.0.0.1", port=port, log_level="warning", access_log=False)
