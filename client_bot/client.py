"""The client's side of the protocol as a state machine: payloads in, facts and payloads out, no I/O.

    OFFLINE -- hello() --> JOINING -- welcome --> JOINED -- moving --> MOVING
       ^______________________ disconnected() _________________________|

Asked to move, it plays on until its owner has another connection for it.

Owns the session, the commands in flight and the mirror, over all connections. Must not know sockets or a clock: time is
an argument. Invariant: whatever bytes arrive, ``receive`` does not raise; what a right node would not have said is
counted in ``findings`` (content) or ``tally`` (answers).
"""

from __future__ import annotations

import enum
from typing import Any

import attrs
import msgspec

from client_bot.facts import Answered, AskedToMove, Blamed, Fact, Heard, Joined, Sent
from client_bot.findings import Finding, FindingKind, Findings
from client_bot.inflight import InFlight
from client_bot.lexicon import Lexicon
from client_bot.mirror import Mirror
from client_bot.tally import Tally
from server.wire import messages as wire
from server.wire.codec import Codec
from server.wire.errors import ProtocolError


class State(enum.Enum):
    """Where a client is in the life of a connection."""

    OFFLINE = enum.auto()
    JOINING = enum.auto()
    JOINED = enum.auto()
    MOVING = enum.auto()


class NotAllowedError(Exception):
    """The owner asked for something that the client's state does not allow: a bug of the owner."""


@attrs.define(eq=False)
class Client:
    """One player's side of the protocol, over all its connections.

    Args:
        codec: the encoding of its frames.
        name: what the player is called. credentials: what proves who it is, where a node asks for that.
        radius: how far to look, in world units; 0 takes the game's default.
        spectate: look only, without an avatar.
        resumes: come back to the session after a lost connection, instead of opening a new one.
        checks_digests: see ``Mirror``.
        seat: token of a reserved seat; empty: any free one.
    """

    codec: Codec
    name: str
    credentials: str = attrs.field(default="", repr=False, kw_only=True)
    radius: float = 0.0
    spectate: bool = False
    resumes: bool = False
    checks_digests: bool = True
    seat: str = ""
    state: State = attrs.field(default=State.OFFLINE, init=False)
    welcome: wire.Welcome | None = attrs.field(default=None, init=False)
    mirror: Mirror | None = attrs.field(default=None, init=False)
    findings: Findings = attrs.field(factory=Findings, init=False)
    tally: Tally = attrs.field(factory=Tally, init=False)
    in_flight: InFlight = attrs.field(init=False)
    _replies: list[bytes] = attrs.field(factory=list, init=False)
    _complained: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.in_flight = InFlight(self.tally)

    # ---- to the node ---------------------------------------------------------------------------------------------

    def hello(self) -> bytes:
        """The first payload of a connection. Raises: NotAllowedError when one is open."""
        self._require(State.OFFLINE)
        self.state = State.JOINING
        join = wire.Join(self.name, self.credentials, self.radius, self.spectate, self._resume(), self.seat)
        return self.codec.encode(join)

    @property
    def avatar(self) -> int:
        """The entity that is this player; 0 for none."""
        return self.welcome.avatar if self.welcome else 0

    @property
    def is_joined(self) -> bool:
        """The node has welcomed it, and the connection still stands."""
        return self.state in (State.JOINED, State.MOVING)

    @property
    def can_command(self) -> bool:
        """A command may be sent now: joined, with an avatar, and not too many waiting."""
        return self.is_joined and self.avatar != 0 and self.in_flight.has_room

    def command(self, name: str, args: dict[str, Any], now_s: float) -> bytes:
        """The payload of the next command, which from now on waits for its answer.

        Raises: NotAllowedError unless ``can_command``.
        """
        if not self.can_command:
            raise NotAllowedError(f"no command while {self.state.name}")
        sent = self.in_flight.send(name, self.codec.encode_value(args), now_s)
        return self.codec.encode(_do(sent))

    def ask_digest(self) -> bytes:
        """The payload that asks for content checks with the next flush. Raises: NotAllowedError unless joined."""
        self._require(State.JOINED, State.MOVING)
        return self.codec.encode(wire.Digest())

    def ping(self, now_s: float) -> bytes:
        """The payload that asks for a sign of life."""
        return self.codec.encode(wire.Ping(now_s * 1000))

    def goodbye(self) -> bytes:
        """The payload that ends the session. Raises: NotAllowedError unless joined."""
        self._require(State.JOINED, State.MOVING)
        return self.codec.encode(wire.Leave())

    def disconnected(self) -> None:
        """Notes that the connection is gone; session, view and waiting commands are kept."""
        self.state = State.OFFLINE
        self._replies.clear()

    # ---- from the node -------------------------------------------------------------------------------------------

    def receive(self, payload: bytes, now_s: float) -> list[Fact]:
        """Takes one payload in; returns what happened, oldest first."""
        try:
            message = self.codec.decode_to_client(payload)
        except ProtocolError as error:
            if error.code == "unknown_type":
                return []  # A later node may say more.
            self._find("divergence", f"a message that cannot be read: {error.text}")
            return []
        match message:
            case wire.Welcome():
                return self._take_welcome(message)
            case wire.Error():
                self.tally.blamed += 1
                return [Blamed(message.code, message.text)]
            case wire.Pong():
                return []  # Also before the welcome, which a busy node may give later.
            case wire.Moving():
                # Before the welcome it means: try later.
                self.state = State.MOVING if self.is_joined else self.state
                return [AskedToMove(message.after_ms / 1000)]
        if self.mirror is None or not self.is_joined:
            self._find("gap", f"{type(message).__name__} before welcome")
            return []
        return self._take(message, self.mirror, now_s)

    def replies(self) -> list[bytes]:
        """Payloads that the client owes the node since the last call, to be sent in order."""
        replies, self._replies = self._replies, []
        return replies

    def _take(self, message: wire.ToClient, mirror: Mirror, now_s: float) -> list[Fact]:
        match message:
            case wire.Delta():
                mirror.apply_delta(message)
                self._complain(mirror)
            case wire.Done():
                return self._take_done(message, mirror, now_s)
            case wire.Cells():
                mirror.apply_cells(message)
                self._complain(mirror)
            case wire.Events():
                self.tally.events += len(message.events)
                self.tally.heard.update(event.name for event in message.events)
                return [Heard(message.events)]
            case wire.Reset():
                self._take_reset(message, mirror)
        return []

    def _take_welcome(self, welcome: wire.Welcome) -> list[Fact]:
        if self.state is not State.JOINING:
            self._find("gap", "a welcome that no join asked for")
            return []
        before, self.welcome, self.state = self.welcome, welcome, State.JOINED
        self.tally.connections += 1
        resumed = before is not None and before.session == welcome.session
        if not resumed or self.mirror is None:
            self.in_flight.start_over()
            lexicon = Lexicon(welcome.schema)
            self.mirror = Mirror(lexicon, welcome.epoch, welcome.version, self.findings, self.checks_digests)
            self._complained = False
        elif before is not None and before.schema != welcome.schema:
            # A newer node: the reset that follows brings entities of the new schema.
            self.mirror.lexicon = Lexicon(welcome.schema)
        return [Joined(resumed)]

    def _take_done(self, done: wire.Done, mirror: Mirror, now_s: float) -> list[Fact]:
        facts: list[Fact] = []
        for ack in done.acks:
            sent = self.in_flight.answer(ack)
            if sent is None:
                continue
            if not ack.code and ack.version > mirror.version:
                self.tally.stale_acks += 1
            facts.append(Answered(sent, ack, now_s - sent.sent_s))
        return facts

    def _take_reset(self, reset: wire.Reset, mirror: Mirror) -> None:
        self.tally.resyncs += 1
        mirror.reset(reset.epoch, reset.version, reset.keep)
        self._complained = mirror.suspect

    # ---- inside --------------------------------------------------------------------------------------------------

    def _complain(self, mirror: Mirror) -> None:
        if mirror.suspect and not self._complained:
            self._complained = True
            self._replies.append(self.codec.encode(wire.Digest(ok=False)))

    def _resume(self) -> wire.Resume | None:
        if not self.resumes or self.welcome is None or self.mirror is None:
            return None
        pending = [_do(sent) for sent in self.in_flight.waiting.values()]
        known, mirror = self.welcome, self.mirror
        # What may be wrong is worth no catch-up.
        cells = [] if mirror.suspect else list(mirror.cells)
        return wire.Resume(known.session, known.secret, mirror.epoch, mirror.version, pending, cells)

    def _require(self, *states: State) -> None:
        if self.state not in states:
            raise NotAllowedError(f"not while {self.state.name}")

    def _find(self, kind: FindingKind, text: str) -> None:
        epoch, version = (self.mirror.epoch, self.mirror.version) if self.mirror else ("", 0)
        self.findings.add(Finding(kind, epoch, version, None, text))


def _do(sent: Sent) -> wire.Do:
    return wire.Do(sent.seq, sent.command, msgspec.Raw(sent.args))
