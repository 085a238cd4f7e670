"""What a swarm is to do: how many bots, of which kinds, where, for how long.

Values only. Invariant: a plan that exists is one that can be run; a wrong one raises ValueError with a line for people.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import attrs

from client_bot.brains import find_brain
from client_bot.connection import Address
from server.wire.codec import CODECS
from server.wire.messages import SUBPROTOCOL_MSGPACK

DEFAULT_URL = "ws://127.0.0.1:8080/ws/bay"
DEFAULT_BRAINS = {"explorer": 3.0, "hoarder": 6.0, "brawler": 3.0, "trader": 3.0, "keeper": 3.0, "chatterbox": 2.0}


@attrs.frozen(kw_only=True)
class SwarmPlan:
    """One run of a swarm.

    Args:
        url: the world's WebSocket address.
        bots: how many.
        seconds: how long all of them play, after the ramp.
        ramp_s: over how long they join.
        seed: of every choice the bots make.
        brains: weight by name of behaviour (``client_bot.brains.find_brain``).
        rate_hz: commands per second and bot, at most.
        think_s: how long a bot rests after each time that it commands: at random, so long on the average.
        stay_s: how long a bot stays before it leaves for good and another comes in its place, likewise.
        subprotocols: encodings, dealt out to the bots in turn.
        radius: how far bots look, in world units; 0 takes the game's default.
        checkers: about how many bots compare digests; all of them when there are fewer than twice as many.
        resumes: bots come back to their session after a lost connection.
        grace_s: how long answers may take after the last command; what is missing then is lost.
        quiet_s: a view that did not change for so long is quiet.
        quiet_limit_s: how long to wait for all views to be quiet; a world that moves by itself never is.
        keeps_views: the result has every bot's entities, not only digests.
        keeps_diary: the result has every answer that a bot got.
        place, places: one of several swarms that share the plan's bots, and how many they are.
    """

    url: str = DEFAULT_URL
    bots: int = attrs.field(default=20, validator=attrs.validators.ge(1))
    seconds: float = attrs.field(default=10.0, validator=attrs.validators.ge(0))
    ramp_s: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))
    seed: int = 1
    brains: Mapping[str, float] = attrs.field(factory=lambda: dict(DEFAULT_BRAINS))
    rate_hz: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    think_s: float = attrs.field(default=0.0, validator=[attrs.validators.ge(0), attrs.validators.lt(math.inf)])
    stay_s: float = attrs.field(default=math.inf, validator=attrs.validators.gt(0))
    subprotocols: tuple[str, ...] = attrs.field(default=(SUBPROTOCOL_MSGPACK,))
    radius: float = attrs.field(default=0.0, validator=attrs.validators.ge(0))
    checkers: int = attrs.field(default=25, validator=attrs.validators.ge(1))
    resumes: bool = False
    grace_s: float = 10.0
    quiet_s: float = 0.5
    quiet_limit_s: float = 2.0
    keeps_views: bool = False
    keeps_diary: bool = False
    place: int = 0
    places: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    address: Address = attrs.field(init=False)

    @address.default
    def _parse_url(self) -> Address:
        return Address.parse(self.url)

    @brains.validator
    def _check_brains(self, _: object, brains: Mapping[str, float]) -> None:
        for name in brains:
            find_brain(name)
        if not 0 < sum(brains.values()) < math.inf or min(brains.values()) < 0:
            raise ValueError("the weights of the brains must be finite and not negative, and one must be positive")

    @subprotocols.validator
    def _check_subprotocols(self, _: object, subprotocols: tuple[str, ...]) -> None:
        if not subprotocols or not set(subprotocols) <= set(CODECS):
            raise ValueError(f"subprotocols must be some of {', '.join(CODECS)}")

    def checks_digests(self, number: int) -> bool:
        """Bot ``number`` (from 0) is one of those that compare digests."""
        return number % max(1, self.bots // self.checkers) == 0

    def numbers(self) -> range:
        """The bots of this swarm; they do the same in one swarm as in several."""
        return range(self.place, self.bots, self.places)

    def longest_s(self) -> float:
        """How long a run takes at most, until views have been compared."""
        return self.ramp_s + self.seconds + self.closing_s()

    def closing_s(self) -> float:
        """How long it may take from the end of the playing until then."""
        return self.grace_s + self.quiet_limit_s

    def cast(self) -> list[str]:
        """The behaviour of each bot: shares follow the weights as closely as whole bots allow, order is by seed."""
        weight = sum(self.brains.values())
        cast: list[str] = []
        reached = 0.0
        for name, share in self.brains.items():
            reached += share
            cast += [name] * (round(self.bots * reached / weight) - len(cast))
        random.Random(self.seed).shuffle(cast)
        return cast
