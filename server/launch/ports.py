"""Free ports and what answers on a port."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from ipaddress import ip_address

import trio

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback interface that were free a moment ago."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def why_not_listen(host: str, port: int) -> str:
    """What keeps a port from being listened on, in the system's words; empty when nothing does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


async def get(port: int, path: str) -> tuple[int, str]:
    """Status and body of a GET on the loopback interface; status 0: nobody answers."""
    request = f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}:{port}\r\nconnection: close\r\n\r\n"
    try:
        stream = await trio.open_tcp_stream(LOOPBACK, port)
        async with stream:
            await stream.send_all(request.encode())
            answer = b"".join([chunk async for chunk in stream])
    except (OSError, trio.BrokenResourceError):
        return 0, ""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    return (int(status[0]) if status else 0), body.decode(errors="replace")
