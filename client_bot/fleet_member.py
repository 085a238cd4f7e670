"""One process of a fleet: runs its part of the bots as it is told through its pipes.

    fleet:   the plan ... START ... (STOP) ... the end of the pipe: leave
    member:  READY ... moments ... the result, or why there was no run

Invariant: it ends soon after its pipe does, so that none outlives its fleet. Nothing else writes to its pipe: what a
brain prints goes where errors go.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import attrs
import trio

from client_bot.connection import UnreachableError
from client_bot.moment import Moment
from client_bot.parcels import READY, START, STOP, NoRun, Parcels, send_parcel
from client_bot.plan import SwarmPlan
from client_bot.result import SwarmResult
from client_bot.swarm import SHOW_EVERY_S, run_swarm


@attrs.define(eq=False)
class Member:
    """The swarm of this process, and the pipes to its fleet. To its swarm it is what a run is shown to."""

    _orders: Parcels
    _words: trio.abc.SendStream
    _speaking: trio.Lock = attrs.field(factory=trio.Lock)
    _latest: Moment | None = None
    _stop: trio.Event = attrs.field(factory=trio.Event)
    _dismissed: trio.Event = attrs.field(factory=trio.Event)

    async def run(self) -> None:
        """Plays its part of a plan. Raises: trio.BrokenResourceError when the fleet is gone."""
        plan: SwarmPlan = await self._orders.receive()
        await self._say(READY)
        if await self._orders.receive() != START:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._obey)
            nursery.start_soon(self._tell_often)
            await self._play(plan)
            nursery.cancel_scope.cancel()

    def show(self, moment: Moment) -> None:
        """Keeps the moment, to be told soon."""
        self._latest = moment

    def note(self, at_s: float, text: str) -> None:
        """Does nothing: what happens to the run happens to the fleet."""

    async def _play(self, plan: SwarmPlan) -> None:
        try:
            await run_swarm(plan, self, stop=self._stop, inspect=self._inspect)
        except UnreachableError as error:
            await self._say(NoRun(str(error), error.may_pass))

    async def _inspect(self, collect: Callable[[], SwarmResult]) -> SwarmResult:
        """Hands the result in, and stays: no bot leaves before all views of the fleet are taken."""
        result = collect()
        await self._say(result)
        await self._dismissed.wait()
        return result

    async def _obey(self) -> None:
        while await self._orders.receive() == STOP:
            self._stop.set()
        self._stop.set()
        self._dismissed.set()

    async def _tell_often(self) -> None:
        while True:
            await trio.sleep(SHOW_EVERY_S)
            if self._latest is not None:
                await self._say(self._latest)

    async def _say(self, value: object) -> None:
        async with self._speaking:
            await send_parcel(self._words, value)


async def _serve(orders: int, words: int) -> None:
    async with trio.lowlevel.FdStream(orders) as source, trio.lowlevel.FdStream(words) as sink:
        await Member(Parcels(source), sink).run()


def main() -> None:
    """Serves the fleet whose pipes are standard input and output."""
    # Ctrl-C goes to all processes of a terminal; the fleet tells its members what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    words = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        trio.run(_serve, os.dup(sys.stdin.fileno()), words)
    except* trio.BrokenResourceError:
        sys.exit(1)


if __name__ == "__main__":
    main()
