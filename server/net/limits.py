"""Bounds of the network front: sizes, times and counts. A value only.

Invariant: every queue and every wait of the package has its bound here.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Limits:
    """What one node grants its clients.

    Args:
        head_bytes: size of a request head. head_timeout_s: time to send the first one.
        handshake_timeout_s: time from the request to the open WebSocket.
        body_bytes: size of the body of a POST.
        idle_timeout_s: time between two requests of a plain HTTP client. max_requests: how many it may make.
        response_timeout_s: time a client may take to fetch a response.
        max_connections: clients at once; more are answered 503.
        max_per_address: clients at once from one address; more are answered 429.
        requests_per_s, requests_burst: HTTP requests, handshakes too, from one address; more are answered 429.
        post_cost: how many requests a POST counts as: it makes the store write.
        max_handshakes: clients at once that are no WebSocket yet; over it the oldest is dropped.
        max_message_bytes: payload of one message from a client, fragments together.
        max_backlog_bytes: what is kept for a client whose socket is full, before it is closed as too slow.
        close_timeout_s: time from the decision to close to the closed socket.
        ping_interval_s: silence after which a client is pinged. ping_timeout_s: further silence that ends it.
        max_controls_per_s: control frames a client may send in a second.
        receive_pause_s: least time between two receiving rounds under load; 0 for none.
        trusted_proxies: networks whose word on a client's address is believed.
    """

    head_bytes: int = 8192
    head_timeout_s: float = 5.0
    body_bytes: int = 4096
    handshake_timeout_s: float = 4.0
    idle_timeout_s: float = 5.0
    max_requests: int = 100
    response_timeout_s: float = 10.0
    max_connections: int = 10_000
    max_per_address: int = 500
    requests_per_s: float = 50.0
    requests_burst: float = 400.0
    post_cost: float = 10.0
    max_handshakes: int = 1_000
    max_message_bytes: int = 65_536
    max_backlog_bytes: int = 1 << 20
    close_timeout_s: float = 2.5
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    max_controls_per_s: int = 1_000
    receive_pause_s: float = 0.0
    trusted_proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
