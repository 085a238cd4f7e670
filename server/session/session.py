"""The session state machine: messages in, jobs and answers out.

What the stay in the world is, ``stay.py`` knows; what becomes of commands, ``orders.py``. Here, ``on_message``
is called synchronously for each message and returns at once; answers wait in ``acks`` for the next flush, so that a
client sees what its command did before it hears that it was done. States: NEW until a join is accepted for work,
JOINING until it is committed, PLAYING, and GONE for good.
Must not know: sockets beyond ``Client``, the store. Invariant: nothing that a client sends raises out of here.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import assert_never

import attrs
import structlog

from server.budget import Budget
from server.identity.gate import Gate
from server.interest.lookout import MAX_CELLS, Lookout
from server.interest.sight import Sight
from server.interest.view import View
from server.session.boundary import Boundary
from server.session.client import Client
from server.session.orders import Orders
from server.session.room import Room, Unseated
from server.session.stay import Stay
from server.wire import close_codes
from server.wire.codec import Codec
from server.wire.errors import ProtocolError
from server.wire.messages import (
    MAX_NAME_CHARS,
    Ack,
    Digest,
    Do,
    Error,
    Join,
    Leave,
    Moving,
    Ping,
    Pong,
    Resume,
    ToClient,
    Welcome,
)
from server.wire.messages import View as Look
from shared_state.cell import CellId
from shared_state.entity import EntityId
from shared_state.job import SessionWriter
from shared_state.names import SessionId, is_session_id
from shared_state.outcome import Rejection
from shared_state.position import Position
from shared_state.schema import MAX_WHOLE
from shared_state.session_row import WINDOW, SessionHead

log = structlog.get_logger()

MAX_ERRORS = 20
MESSAGES_HZ = 100.0
MESSAGES_BURST = 200.0
REPORTS_HZ = 0.2
REPORTS_BURST = 5.0
"""Of wrong content: each costs the node a whole view."""


class State(Enum):
    """Where a session is in its life."""

    NEW = auto()
    JOINING = auto()
    PLAYING = auto()
    GONE = auto()


@attrs.define(eq=False)
class Session:
    """One player on one connection; also what the fan-out shows the world to.

    Args:
        room: the open world and what this node keeps of it.
        fresh_id, fresh_secret: for a new stay; the secret lets the player come back.
        gate: decides who may play.
    """

    client: Client
    codec: Codec
    room: Room
    fresh_id: SessionId
    fresh_secret: str
    gate: Gate
    player: str = ""
    view: View = attrs.field(factory=View)
    state: State = State.NEW
    _stay: Stay | None = None
    _orders: Orders | None = None
    _leaves: bool = False
    _lookout: Lookout = attrs.field(init=False)
    _boundary: Boundary = attrs.field(init=False)
    _resumes: Resume | None = None
    _errors: int = 0
    _reports: Budget = attrs.field(factory=lambda: Budget(REPORTS_HZ, REPORTS_BURST))
    _messages: Budget = attrs.field(factory=lambda: Budget(MESSAGES_HZ, MESSAGES_BURST))

    def __attrs_post_init__(self) -> None:
        self._lookout = Lookout(self.room.optics)
        self._boundary = Boundary(where=self._where)

    @property
    def session_id(self) -> SessionId:
        """The id of the stay; of a spectator, which has none, the fresh one."""
        return self._stay.session_id if self._stay else self.fresh_id

    @property
    def is_joining(self) -> bool:
        """Whether the player has asked to join, and the store has not answered yet."""
        return self.state is State.JOINING

    @property
    def may_come_back(self) -> bool:
        """Whether the player, once the connection is over, is away rather than gone."""
        return self._stay is not None and not self._leaves

    @property
    def writer(self) -> SessionWriter | None:
        """This node's right to write for the session."""
        return self._stay.writer if self._stay else None

    # ---- what the client sends ------------------------------------------------------------------------------------

    def on_message(self, payload: bytes) -> None:
        """Takes one message. Never raises."""
        with self._boundary:
            self._take(payload)
            return
        self._break_down()

    def on_drained(self) -> None:
        """The socket takes data again: the client gets what it missed."""
        if self.view.behind is not None or self.view.reset_reason:
            self.room.wake()

    def on_closed(self) -> None:
        """The connection is over: the player left, or may come back."""
        joined = self.state is State.PLAYING
        self.state = State.GONE
        if self._stay is not None:
            self._stay.end(for_good=self._leaves)
        if joined:
            self.room.farewell(self)

    def _take(self, payload: bytes) -> None:
        if self.state is State.GONE:
            return
        if not self._messages.take(self.room.now_s()):
            self._complain("too_fast", f"more than {MESSAGES_HZ:.0f} messages a second")
            return
        try:
            message = self.codec.decode_to_server(payload)
        except ProtocolError as error:
            self._object(error)
            return
        match message:
            case Do():
                self._do(message)
            case Join():
                self._join(message)
            case Ping():
                self._answer(Pong(message.clock_ms, self.room.clock_ms()))
            case Look():
                self._look(message)
            case Digest():
                self._check_content(message.ok)
            case Leave():
                self._leaves = True
                self.client.close(close_codes.NORMAL, "left")
            case _:
                assert_never(message)

    def _join(self, message: Join) -> None:
        if self.state is not State.NEW:
            self._complain("already_joined", "this connection has a session")
            return
        passport = self.gate.admit(message.credentials, self.client.peer)
        if isinstance(passport, Rejection):
            self.expel(passport)
            return
        self.player = passport.player
        called = passport.name or message.name
        name = "".join(char for char in called if char.isprintable()).strip()[:MAX_NAME_CHARS] or "anonymous"
        self.state = State.JOINING
        self._lookout.zoom(message.radius)
        if message.spectate:
            self.on_begun(None)
            return
        self._stay = Stay(self.room, self, self.fresh_id, self.fresh_secret, name, message.seat, self.player)
        if message.resume is None or not is_session_id(message.resume.session):
            self._stay.enter()
        else:
            self._resumes = message.resume
            self._stay.resume(SessionId(message.resume.session), message.resume.secret)

    def on_begun(self, resumed: SessionHead | None) -> None:
        """The player is in the world: shows it, and answers what was left open before."""
        with self._boundary:
            self._begin(resumed)
            return
        self._break_down()

    def _begin(self, resumed: SessionHead | None) -> None:
        self.state = State.PLAYING
        claim, self._resumes = (self._resumes if resumed else None), None
        pending = _in_order(claim.pending) if claim else []
        answered = pending[0].seq - 1 if pending else (resumed.seq if resumed else 0)
        came = {"player": self.player, "address": self.client.peer, "resumed": resumed is not None}
        log.info("player joined", **self._where(), **came)
        self._welcome(answered)
        if claim is not None:
            self._resume_view(claim)
        self.room.welcome(self, resumed is not None)
        if self._stay is None or self._stay.actor is None:
            return
        self._lookout.follow(self._stay.actor.entity)
        self._orders = Orders(self.room, self.codec, self.client, self._stay, self._acknowledge, self._complain)
        if resumed is not None:
            self._orders.resume(resumed, pending)

    def _resume_view(self, claim: Resume) -> None:
        """Goes on from what the client still holds, if that is of this history."""
        if 0 < len(claim.cells) <= MAX_CELLS and self.room.may_resume(Position(claim.epoch, claim.version)):
            self.view.resume(frozenset(map(CellId, claim.cells)), claim.version)
        else:
            self.view.reset_reason = "resume"

    def on_refused(self, rejection: Rejection) -> None:
        """The game does not let the player in."""
        log.info("join refused", **self._where(), code=rejection.code)
        self._answer(Error(rejection.code, rejection.text))
        self.client.close(close_codes.JOIN_REFUSED, rejection.code)

    def expel(self, reason: Rejection) -> None:
        """The player may not be here: it is told why, and its stay is over for good."""
        self._leaves = True
        log.info("player not admitted", **self._where(), player=self.player, code=reason.code)
        self._answer(Error(reason.code, reason.text))
        self.client.close(close_codes.NOT_ADMITTED, reason.code)

    def on_failed(self, reason: str) -> None:
        """The store could not be asked."""
        self.client.close(close_codes.STORE_AWAY, reason)

    def ask_to_move(self, after_s: float) -> None:
        """This node is going away: the player is to come back elsewhere in ``after_s`` seconds."""
        self._answer(Moving(after_s * 1000))

    def on_replaced(self, resumed: bool) -> None:
        """The session is served by another connection (``resumed``), or has been removed."""
        code = close_codes.SESSION_REPLACED if resumed else close_codes.SESSION_MOVED
        self.client.close(code, "the session goes on elsewhere" if resumed else "the session has ended")

    def on_unseated(self, why: Unseated) -> None:
        """There is no seat in the world, or none any more."""
        self._answer(Error(why.code, why.text))
        self.client.close(why.close_code, why.text)

    def on_kicked(self) -> None:
        """An operator puts the player out: the avatar leaves at once, however long the connection takes to close."""
        self._leaves = True
        if self._stay is not None:
            self._stay.end(for_good=True)
        self.client.close(close_codes.KICKED, "an operator ended your session")

    def _where(self) -> dict[str, str]:
        """What every log line of it says."""
        return {"world": self.room.world.name, "session": self.session_id}

    def _welcome(self, acknowledged: int) -> None:
        room, stay = self.room, self._stay
        self._say(
            Welcome(
                session=self.session_id,
                secret=stay.secret if stay else "",
                avatar=stay.actor.entity if stay and stay.actor else 0,
                world=room.world.name,
                node=room.node_name,
                schema=room.wire_schema,
                epoch=room.world.replica.epoch,
                version=room.world.replica.version,
                clock_ms=room.clock_ms(),
                flush_hz=room.flush_hz,
                acknowledged=acknowledged,
            )
        )

    def _do(self, message: Do) -> None:
        if self._orders is None:
            self._complain("not_playing", "join first")
            return
        self._orders.take(message)

    def _look(self, message: Look) -> None:
        """Looks as far as asked; a spectator also where."""
        place = message.x, message.y
        if self._stay is not None and (message.follow or place != (None, None)):
            self._complain("not_spectating", "the view goes with the avatar")
            return
        self._lookout.zoom(message.radius)
        if message.follow:
            self._lookout.follow(EntityId(message.follow))
        elif message.x is not None and message.y is not None:
            self._lookout.stand(message.x, message.y)
        self.room.wake()

    def _check_content(self, ok: bool) -> None:
        if self.state is not State.PLAYING:
            self._complain("not_playing", "join first")
        elif ok:
            self.room.want_digests()
        elif not self._reports.take(self.room.now_s()):
            self._complain("too_fast", "so much cannot be wrong")
        else:
            log.warning("client reports wrong content", **self._where())
            self.room.counts.divergences += 1
            self.view.reset_reason = "digest"
            self.room.wake()

    # ---- what becomes of it ---------------------------------------------------------------------------------------

    def _acknowledge(self, ack: Ack) -> None:
        self.view.acks.append(ack)
        self.room.wake()

    def _complain(self, code: str, text: str) -> None:
        self._errors += 1
        self.room.counts.client_errors += 1
        self._answer(Error(code, text))
        if self._errors >= MAX_ERRORS:
            self.client.close(close_codes.TOO_MANY_ERRORS, "too many errors")

    def _object(self, error: ProtocolError) -> None:
        """Answers what could not be read; a message of a later version of the protocol is no client's fault."""
        if error.code == "unknown_type":
            self._answer(Error(error.code, error.text))
        else:
            self._complain(error.code, error.text)

    def _answer(self, message: ToClient) -> None:
        """Sends at once, unless the client does not read: what it does not wait for is worth no queue."""
        if not self.client.blocked:
            self._say(message)

    def _say(self, message: ToClient) -> None:
        self.client.send(self.client.frame(self.codec.encode(message)))

    def _break_down(self) -> None:
        self.client.close(close_codes.INTERNAL_ERROR, "internal error")

    def has_lost_avatar(self) -> bool:
        """Whether the world no longer has what this player controls."""
        return self._stay is not None and self._stay.lost_avatar()

    # ---- as a viewer ----------------------------------------------------------------------------------------------

    @property
    def centre(self) -> CellId:
        """The cell that its sight spreads from."""
        return self._lookout.centre

    @property
    def here(self) -> CellId:
        """The cell that it always sees."""
        return self._lookout.here

    def sight(self) -> Sight:
        """The cells around the avatar, or where a spectator looks."""
        return self._lookout.sight(self.room.world.replica)

    def frame(self, payload: bytes) -> bytes:
        """A payload as a frame."""
        return self.client.frame(payload)

    def can_take(self) -> bool:
        """Whether the socket took everything so far."""
        return not self.client.blocked

    def write(self, frames: bytes) -> None:
        """Writes frames of a flush."""
        self.client.send(frames)


def _in_order(pending: list[Do]) -> list[Do]:
    """The commands of a resume that can be some, in rising order."""
    rising = sorted(pending, key=lambda command: command.seq)
    return [command for command in rising if 0 < command.seq <= MAX_WHOLE][:WINDOW]
