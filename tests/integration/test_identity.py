"""Who may play, on whole nodes behind HAProxy: tokens, origins, bans that every node learns, and no secret in sight."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio

from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.ports import LOOPBACK, get
from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import MSGPACK
from shared_state.bans import Bans, Subject, address_subject, player_subject
from shared_state.embedded import embedded_store
from shared_state.redis.bans import RedisBans
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.e2e.stored_world import until_boats
from tests.integration.net_peer import HANDSHAKE, connect
from tests.integration.player import SocketPlayer, knock
from tests.unit.server.identity.issuer import SECRET, sign

pytestmark = pytest.mark.integration

PASSWORD = "tell-nobody-4711"
ORIGINS = "https://play.example,https://*.games.example"


@attrs.frozen
class Fortress:
    """Two nodes that ask for tokens, HAProxy, and all that they print."""

    cluster: Cluster
    keys: Path
    logs: Path

    def printed(self) -> str:
        """Everything so far."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.logs.iterdir()))


@asynccontextmanager
async def fortress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Fortress, None]:
    """Runs while the context is open; the store asks for a password."""
    keys = tmp_path / "keys"
    keys.write_text(SECRET)
    settings = {"IDENTITY_KEYS": str(keys), "ORIGINS": ORIGINS, "LOG_JSON": "1", "HAPROXY_LOG": "stdout"}
    settings |= {"DRAIN_LEAD_S": "0", "DRAIN_LIMIT_S": "0.1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"OARLOCK_{name}", value)
    async with embedded_store(tcp=True, options=["--requirepass", PASSWORD]) as store:
        url = store.tcp_url.replace("://", f"://:{PASSWORD}@")
        plan = ClusterPlan(nodes=2, port=0, store_url=url, log_directory=tmp_path / "logs")
        async with open_cluster(plan) as cluster:
            yield Fortress(cluster, keys, tmp_path / "logs")


async def come(port: int, token: str, world: str = "bay", *, secret: str = "", session: str = "") -> SocketPlayer:
    """A player who joins, or comes back; in the world, or closed."""
    player = await knock(port, world)
    player.bot.name, player.bot.credentials = "Ann", token
    player.bot.hello()
    resume = wire.Resume(session, secret) if session else None
    await player.say(MSGPACK.encode(wire.Join("Ann", token, resume=resume)))
    await player.listen_until(player.sees_itself)
    return player


@within(60)
async def test_no_secret_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the store's password, nor a key, a token good or bad, or a resume secret: not in a log of node or proxy, a
    metric, an answer or an error, whatever went wrong meanwhile (S33)."""
    good, forged, expired = sign(), sign("y" * 32), sign(exp=int(time.time()) - 99)
    told = []
    async with fortress(tmp_path, monkeypatch) as place:
        port = place.cluster.port
        player = await come(port, good)
        assert player.is_content()
        assert player.bot.welcome is not None
        session, secret = player.bot.welcome.session, player.bot.welcome.secret
        for token in (forged, expired, ""):
            refused = await come(port, token, session=session, secret=secret)
            assert refused.closed == close_codes.NOT_ADMITTED
        stolen = await come(port, sign(sub="ben"), session=session, secret=secret)
        assert stolen.bot.welcome is not None
        assert stolen.bot.welcome.session != session
        broken = [MSGPACK.encode_value({"type": "join", "credentials": [good], "name": secret}), good.encode(), b"\xc1"]
        for payload in broken:
            await player.say(payload)
        place.keys.write_text(PASSWORD[:4])  # Too short: a warning.
        await trio.sleep(1.5)
        told += [
            (await get(node.port, path))[1] for node in place.cluster.nodes for path in ("/metrics", "/ready", "/x")
        ]
        again = await come(port, sign(sub="ben"), session=session, secret="wrong")
        assert again.closed is None
        player.peer.reset()
    told += [place.printed(), *(repr(message) for message in player.facts + refused.facts + stolen.facts)]
    text = "\n".join(told)
    assert "no such session to resume" in text
    assert "keys not renewed" in text
    assert "101 -- connect=" in text
    secrets = [PASSWORD, SECRET, secret, *(token.split(".")[2] for token in (good, forged, expired))]
    assert [found for found in secrets if found in text] == []


@within(60)
async def test_pages_of_foreign_origins_stay_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through HAProxy as without: 403 before any game work, and a listed page or a client that is none plays (S27)."""
    async with fortress(tmp_path, monkeypatch) as place:
        for port in (place.cluster.port, place.cluster.nodes[0].port):
            foreign = [
                "Origin: https://evil.example", "Origin: null", "Origin: https://play.example.evil.example",
                "Origin: http://play.example", "Origin: https://play.example:444", f"Origin: http://{LOOPBACK}:{port}",
                "Origin: https://play.example\r\nOrigin: https://evil.example", "Origin: https://games.example",
                "Origin:",
            ]  # fmt: skip
            assert {header: await status_of(port, header) for header in foreign} == dict.fromkeys(foreign, 403)
            for header in ("Origin: https://play.example", "Origin: https://a.games.example", "X-Nothing: 1"):
                assert await status_of(port, header) == 101
        metrics = [(await get(node.port, "/metrics"))[1] for node in place.cluster.nodes]
        assert sum(int(float(re.findall(r"(?m)^oarlock_connections_total (\S+)", text)[0])) for text in metrics) == 6


async def status_of(port: int, header: str) -> int:
    """What a handshake with another header is answered."""
    peer = await connect(port)
    await peer.send(HANDSHAKE.replace(b"Host: node", f"Host: {LOOPBACK}:{port}\r\n{header}".encode()))
    head = await peer.read_head()
    peer.reset()
    return int(head.split(b" ")[1])


@within(60)
async def test_a_ban_reaches_all_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Players on both nodes are closed and gone within seconds, cannot resume, and come again when it is lifted; a
    banned address is answered 403; others notice nothing (S33)."""
    async with fortress(tmp_path, monkeypatch) as place, open_store(place.cluster.store_url) as store:
        bans: Bans = RedisBans(store.topology)
        ports = [node.port for node in place.cluster.nodes]
        anns = [await come(port, sign()) for port in ports]
        ben = await come(ports[0], sign(sub="ben"))
        await bans.ban(player_subject("ann"), "cheated")
        assert [await ann.read_close() for ann in anns] == [close_codes.NOT_ADMITTED] * 2
        await until_boats(place.cluster.store_url, 1)
        welcome = anns[0].bot.welcome
        assert welcome is not None
        for port in ports:
            again = await come(port, sign(), session=welcome.session, secret=welcome.secret)
            assert again.closed == close_codes.NOT_ADMITTED
        assert await forwarded(ports[0], "203.0.113.9") == 101
        await change_and_wait(bans, address_subject("203.0.113.0/24"), ports)
        assert [await forwarded(port, "203.0.113.9") for port in ports] == [403, 403]
        assert await forwarded(ports[0], "198.51.100.1") == 101
        await bans.lift(player_subject("ann"))
        await until_let_in(ports[0])
        assert (await ben.do("row", dx=1, dy=1)).code == ""
        assert ben.is_content()


async def until_let_in(port: int) -> None:
    """Waits until Ann may play again."""
    while (await come(port, sign())).closed is not None:  # noqa: ASYNC110  (other processes raise no event here)
        await trio.sleep(0.1)


async def change_and_wait(bans: Bans, subject: Subject, ports: list[int]) -> None:
    """Bans an address and waits until all nodes know."""
    await bans.ban(subject)
    for port in ports:
        while await forwarded(port, "203.0.113.9") != 403:  # noqa: ASYNC110  (see above)
            await trio.sleep(0.1)


async def forwarded(port: int, address: str) -> int:
    """What a handshake is answered that a proxy passes on for somebody."""
    return await status_of(port, f"Origin: https://play.example\r\nX-Forwarded-For: {address}")


@within(60)
async def test_new_keys_count_without_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of the new key are good soon, those of the old one are not, and who plays plays on."""
    async with fortress(tmp_path, monkeypatch) as place:
        port, renewed = place.cluster.nodes[0].port, "n" * 40
        player = await come(port, sign())
        place.keys.write_text(renewed)
        while (await come(port, sign(renewed))).closed is not None:  # noqa: ASYNC110  (see above)
            await trio.sleep(0.1)
        assert (await come(port, sign())).closed == close_codes.NOT_ADMITTED
        assert (await player.do("row", dx=1, dy=1)).code == ""
