"""TLS to the store: certificates made here, on Debian's Redis (the wheel's Valkey is built without TLS)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
import trio
import trustme

from server.launch.ports import free_ports
from shared_state.embedded import embedded_store
from shared_state.errors import StoreUnavailable
from shared_state.names import world_name
from shared_state.redis.keys import world_keys
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.contract.servers import server_binary
from tests.contract.writer import Recorder, Writer

pytestmark = pytest.mark.integration

TIMES = LinkTimes(unavailable_after_s=0.5)
WORLD = world_name("bay")
LARGE = 3_000_000


@attrs.frozen
class Secured:
    """A server that wants client certificates, and the files of a client."""

    port: int
    ca_file: Path
    certificate_file: Path
    foreign_ca_file: Path

    def url(self, host: str = "localhost", *, ca_file: Path | None = None, certified: bool = True) -> str:
        """Where it is."""
        certificate = f"&ssl_certfile={self.certificate_file}" if certified else ""
        return f"rediss://{host}:{self.port}?ssl_ca_certs={ca_file or self.ca_file}{certificate}"


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Secured]:
    """A server with a certificate for localhost."""
    ca, foreign, port = trustme.CA(), trustme.CA(), free_ports(1)[0]
    server, client = ca.issue_cert("localhost"), ca.issue_cert("client")
    files = Secured(port, tmp_path / "ca.pem", tmp_path / "client.pem", tmp_path / "foreign.pem")
    ca.cert_pem.write_to_path(files.ca_file)
    foreign.cert_pem.write_to_path(files.foreign_ca_file)
    client.private_key_and_cert_chain_pem.write_to_path(files.certificate_file)
    server.private_key_pem.write_to_path(tmp_path / "server.key")
    server.cert_chain_pems[0].write_to_path(tmp_path / "server.pem")
    options = ["--tls-port", str(port), "--tls-cert-file", str(tmp_path / "server.pem")]
    options += ["--tls-key-file", str(tmp_path / "server.key"), "--tls-ca-cert-file", str(files.ca_file)]
    async with embedded_store(binary=server_binary("redis"), options=options):
        yield files


@within(30)
async def test_a_world_over_tls(secured: Secured) -> None:
    """Commits, deltas and answers of several records arrive whole."""
    async with open_store(secured.url(), times=TIMES) as store:
        recorder = Recorder()
        async with store.subscribe(WORLD, recorder):
            writer = await Writer.attach(store, WORLD)
            for number in range(20):
                await writer.put(number, bytes(LARGE // 20))
            await recorder.until(deltas=20)
            link = store.topology.link_for(WORLD)
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(link.call, "SPUBLISH", world_keys(WORLD).channel, bytes(LARGE))
            await recorder.until(deltas=23)
        assert recorder.deltas[-1] == bytes(LARGE)
        assert sum(map(len, (await store.snapshot(WORLD)).state.values())) > LARGE


@within(30)
async def test_a_connection_that_is_cut_is_made_again(secured: Secured) -> None:
    """As without TLS: the listener is told."""
    async with open_store(secured.url(), times=TIMES) as store:
        recorder = Recorder()
        async with store.subscribe(WORLD, recorder):
            await store.topology.link_for(WORLD).call("CLIENT", "KILL", "SKIPME", "no")
            await recorder.until(subscribed=2)
        assert (await store.head(WORLD)).version == 0


@within(30)
async def test_certificates_that_do_not_fit(secured: Secured) -> None:
    """Each is told apart: the server's signer, its name, the client's own."""
    mistakes = {
        "self-signed certificate in certificate chain": secured.url(ca_file=secured.foreign_ca_file),
        "IP address mismatch": secured.url("127.0.0.1"),
        "certificate required|closed the connection|reset": secured.url(certified=False),
        "WRONG_VERSION|closed the connection|reset": f"redis://localhost:{secured.port}",
    }
    for reason, url in mistakes.items():
        with pytest.raises(StoreUnavailable, match=reason):
            async with open_store(url, times=TIMES):
                raise AssertionError("opened")
    lenient = secured.url("127.0.0.1") + "&ssl_check_hostname=false"
    async with open_store(lenient, times=TIMES) as store:
        assert (await store.info()).kind == "redis"
