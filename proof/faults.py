"""What is done to a cluster while bots play: kinds of faults, each on real processes, sockets and messages.

Invariant: when a fault's function returns, what it broke is whole again, or is being replaced; a fault that cannot be
done to this cluster is not in ``KINDS``.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeAlias

import attrs
import trio

from proof.scene import Scene

FIRST_S, LAST_S = 2.0, 6.0
MOST_GAP_S = 3.0

Target: TypeAlias = Literal["node", "link", "store", "proxy", "clients", "all nodes"]


@attrs.frozen
class Strike:
    """A fault at a time (seconds after the bots began), on one of the nodes where it concerns one.

    ``strength``: from 0 to 1, for what can be done more or less.
    """

    at_s: float
    kind: str
    place: int
    strength: float

    @property
    def target(self) -> str:
        """What it is done to, in words."""
        of = KINDS[self.kind].target
        name = f"node{self.place + 1}"
        return {"node": name, "link": f"{name}'s link to the store", "clients": "a third of the clients"}.get(of, of)


async def _kill_node(scene: Scene, strike: Strike) -> None:
    scene.node(strike.place).signal(signal.SIGKILL)
    await scene.restart_node(strike.place)


async def _freeze_node(scene: Scene, strike: Strike) -> None:
    """Longer than its leases and its players' patience last: it wakes up as somebody who was given up."""
    await _frozen(scene.node(strike.place).signal, 2.0 + 5.0 * strike.strength)


async def _drain_node(scene: Scene, strike: Strike) -> None:
    scene.node(strike.place).signal(signal.SIGTERM)
    await scene.restart_node(strike.place)


async def _drain_all(scene: Scene, _: Strike) -> None:
    """One after the other, as for a new version."""
    for place in range(len(scene.cluster.nodes)):
        scene.node(place).signal(signal.SIGTERM)
        await scene.restart_node(place)


async def _step_clock(scene: Scene, strike: Strike) -> None:
    there, back = signal.SIGUSR1, signal.SIGUSR2
    if strike.strength > 0.5:
        there, back = back, there
    scene.node(strike.place).signal(there)
    await trio.sleep(3.0)
    scene.node(strike.place).signal(back)


async def _restart_store(scene: Scene, _: Strike) -> None:
    await scene.store.kill()
    await trio.sleep(0.2)
    await scene.store.start()


async def _freeze_store(scene: Scene, strike: Strike) -> None:
    await _frozen(scene.store.signal, 0.5 + 2.5 * strike.strength)


async def _restart_proxy(scene: Scene, _: Strike) -> None:
    scene.cluster.proxy.signal(signal.SIGKILL)
    await scene.cluster.replace_proxy()


async def _freeze_proxy(scene: Scene, strike: Strike) -> None:
    await _frozen(scene.cluster.proxy.signal, 0.5 + 1.5 * strike.strength)


async def _cut_link(scene: Scene, strike: Strike) -> None:
    scene.relays[strike.place].cut(resets=strike.strength > 0.5)


async def _delay_link(scene: Scene, strike: Strike) -> None:
    relay = scene.relays[strike.place]
    relay.delay_s = 0.02 + 0.3 * strike.strength
    await trio.sleep(2.0)
    relay.delay_s = 0.0


async def _mute_link(scene: Scene, strike: Strike) -> None:
    """Longer than a lease, and players leave meanwhile: what the node wrote arrives when others have its rights."""
    relay = scene.relays[strike.place]
    relay.mute_until_s = trio.current_time() + 5.0 + 1.5 * strike.strength
    await trio.sleep(1.0)
    for link in scene.clients.all():
        await link.reset()
    await trio.sleep_until(relay.mute_until_s)


async def _hang_link(scene: Scene, strike: Strike) -> None:
    scene.relays[strike.place].hang()


async def _drop_deltas(scene: Scene, strike: Strike) -> None:
    scene.relays[strike.place].drops = 10 + int(40 * strike.strength)


async def _double_deltas(scene: Scene, strike: Strike) -> None:
    scene.relays[strike.place].doubles = 1 + int(20 * strike.strength)


async def _reset_clients(scene: Scene, _: Strike) -> None:
    for link in scene.clients.some():
        await link.reset()


async def _hang_clients(scene: Scene, _: Strike) -> None:
    for link in scene.clients.some():
        link.hangs = True


async def _stall_clients(scene: Scene, strike: Strike) -> None:
    until_s = trio.current_time() + 1.0 + 5.0 * strike.strength
    for link in scene.clients.some():
        link.stalled_until_s = until_s


async def _frozen(send: Callable[[signal.Signals], None], seconds: float) -> None:
    send(signal.SIGSTOP)
    await trio.sleep(seconds)
    send(signal.SIGCONT)


@attrs.frozen
class Kind:
    """A kind of fault: what it is done to, and how."""

    target: Target
    act: Callable[[Scene, Strike], Awaitable[None]]


KINDS: dict[str, Kind] = {
    "node-kill": Kind("node", _kill_node),
    "node-freeze": Kind("node", _freeze_node),
    "node-drain": Kind("node", _drain_node),
    "node-clock": Kind("node", _step_clock),
    "rolling-drain": Kind("all nodes", _drain_all),
    "store-restart": Kind("store", _restart_store),
    "store-freeze": Kind("store", _freeze_store),
    "proxy-restart": Kind("proxy", _restart_proxy),
    "proxy-freeze": Kind("proxy", _freeze_proxy),
    "link-cut": Kind("link", _cut_link),
    "link-delay": Kind("link", _delay_link),
    "link-mute": Kind("link", _mute_link),
    "link-hang": Kind("link", _hang_link),
    "delta-drop": Kind("link", _drop_deltas),
    "delta-double": Kind("link", _double_deltas),
    "client-reset": Kind("clients", _reset_clients),
    "client-hang": Kind("clients", _hang_clients),
    "client-stall": Kind("clients", _stall_clients),
}


def schedule(kinds: Sequence[str], seed: int, seconds: float, nodes: int) -> list[Strike]:
    """Strikes for a run, by seed alone: every kind in turn, in an order of chance, so close that all of them come."""
    chance = random.Random(f"faults {seed}")
    span_s = seconds - LAST_S - FIRST_S
    if not kinds or span_s <= 0:
        return []
    gap_s = min(MOST_GAP_S, span_s / len(kinds))
    order: list[str] = []
    places: dict[str, list[int]] = {kind: [] for kind in kinds}
    strikes: list[Strike] = []
    for number in range(int(span_s / gap_s)):
        order = order or chance.sample(list(kinds), len(kinds))
        kind = order.pop()
        # Each node in turn, too: what only shows on one of them is not left to luck.
        places[kind] = places[kind] or chance.sample(range(nodes), nodes)
        at_s = FIRST_S + gap_s * (number + chance.random())
        strikes.append(Strike(round(at_s, 2), kind, places[kind].pop(), round(chance.random(), 3)))
    return strikes


Told: TypeAlias = Callable[[Strike], None]


async def strike_all(scene: Scene, strikes: Sequence[Strike], began_s: float, told: Told) -> None:
    """Does them at their times; returns when all is whole again.

    One that comes while another is done to the same process waits for it.

    Args:
        began_s: what their times count from, on Trio's clock.
        told: is called with each as it happens.
    """
    async with trio.open_nursery() as nursery:
        for strike in strikes:
            await trio.sleep_until(began_s + strike.at_s)
            nursery.start_soon(_strike, scene, strike, told)


async def _strike(scene: Scene, strike: Strike, told: Told) -> None:
    kind = KINDS[strike.kind]
    async with scene.turn(kind.target, strike.place):
        told(strike)
        await kind.act(scene, strike)
