"""The commands of one stay: taken in order and within their rates, each answered exactly once.

A command becomes a job of the world's committer; its answer comes back synchronously when the job is settled. What a
rule does wrong is contained here. After a resume, commands that the client sent before get the answers that the
session's stored head remembers.
Must not know: the store, how answers travel. Invariant: at most ``WINDOW`` commands are unanswered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import assert_never

import attrs

from server.budget import Budget
from server.game import Actor, Command, CommandSpec
from server.session.client import Client
from server.session.deeds import obey
from server.session.room import Room
from server.session.stay import Stay
from server.session.undertaking import Undertaking
from server.wire import close_codes
from server.wire.codec import Codec
from server.wire.errors import ProtocolError
from server.wire.messages import Ack, Do
from shared_state.job import Job, advance_to
from shared_state.outcome import Busy, Committed, Fenced, Outcome, Rejected, Unknown
from shared_state.schema import MAX_WHOLE
from shared_state.session_row import WINDOW, SessionHead


@attrs.define(eq=False)
class Orders:
    """What one player commands.

    Args:
        stay: begun: it has an avatar, and the right to write.
        answer: takes each answer.
        complain: told, by code and text, of a command that cannot be answered as one.
    """

    room: Room
    codec: Codec
    client: Client
    stay: Stay
    answer: Callable[[Ack], None]
    complain: Callable[[str, str], None]
    _last_seq: int = 0
    _unanswered: int = 0
    _takes_any_step: bool = False
    _budgets: dict[str, Budget] = attrs.field(factory=dict)

    def resume(self, head: SessionHead, pending: Iterable[Do]) -> None:
        """Goes on from a stored head: ``pending``, in rising order, are commands that have no answer yet."""
        self._last_seq = head.seq
        for command in pending:
            self._takes_any_step = True
            if command.seq > head.seq:
                self.take(command)
            else:
                self._answer_again(command.seq, head)
        self._takes_any_step = True

    def take(self, message: Do) -> None:
        """Takes a command, unless its number is out of order or too many are unanswered."""
        if not self._may_follow(message.seq):
            self.complain("bad_seq", f"expected {self._last_seq + 1}, got {message.seq}")
        elif self._unanswered >= WINDOW:
            self.complain("too_many", f"{WINDOW} commands are unanswered")
            self.client.close(close_codes.TOO_SLOW, "too many unanswered commands")
        else:
            self._last_seq, self._takes_any_step = message.seq, False
            self._unanswered += 1
            self._look_up(message)

    def _look_up(self, message: Do) -> None:
        spec = self.room.game.commands.get(message.command)
        if spec is None:
            self._refuse(message.seq, "unknown_command", f"no command {message.command[:64]!r}")
        elif not self._budget(spec).take(self.room.now_s()):
            self._refuse(message.seq, "too_fast", f"{spec.name}: at most {spec.rate_hz:g} a second")
        else:
            self._decode(message, spec)

    def _may_follow(self, seq: int) -> bool:
        """Numbers rise by one; after a resume by any step once: refused commands may have been answered before."""
        return seq == self._last_seq + 1 or (self._takes_any_step and self._last_seq < seq <= MAX_WHOLE)

    def _decode(self, message: Do, spec: CommandSpec) -> None:
        try:
            command = spec.decode(self.codec, message.args)
        except ProtocolError as error:
            self._refuse(message.seq, "bad_arguments", error.text)
        else:
            self._submit(message.seq, spec, command)

    def _submit(self, seq: int, spec: CommandSpec, command: Command) -> None:
        actor = self.stay.actor
        assert actor is not None

        settle = self._done if spec.name not in self.room.game.actions else partial(self._begun, spec, actor, command)
        run = partial(obey, spec, actor, command)
        job = Job(run, partial(settle, seq), self.stay.writer, advance_to(seq), seq, strict=spec.strict)
        self.room.world.submit(job)

    def _begun(self, spec: CommandSpec, actor: Actor, command: Command, seq: int, outcome: Outcome) -> None:
        """The same as ``_done``, of a command that begins an action."""
        self._done(seq, outcome)
        if isinstance(outcome, Committed):
            action = self.room.game.actions[spec.name]
            self.room.start(Undertaking(self.room, self.stay, action, actor, command).run)

    def _done(self, seq: int, outcome: Outcome) -> None:
        match outcome:
            case Committed(version):
                self._acknowledge(Ack(seq, version))
            case Rejected(version, rejection):
                self._acknowledge(Ack(seq, version, rejection.code, rejection.text))
            case Busy(reason):
                self._refuse(seq, "busy", reason)
            case Fenced() | Unknown():  # what a session wrote is known from its row, unless that is another's
                self.client.close(close_codes.SESSION_MOVED, "the session is served elsewhere")
            case _:
                assert_never(outcome)

    def _answer_again(self, seq: int, head: SessionHead) -> None:
        self._unanswered += 1
        if head.took_effect(seq):
            self._acknowledge(Ack(seq, self.room.world.replica.version))
        else:
            self._refuse(seq, "refused", "it was refused before the connection was lost")

    def _refuse(self, seq: int, code: str, text: str) -> None:
        self._acknowledge(Ack(seq, self.room.world.replica.version, code, text))

    def _acknowledge(self, ack: Ack) -> None:
        self._unanswered -= 1
        self.answer(ack)

    def _budget(self, spec: CommandSpec) -> Budget:
        budget = self._budgets.get(spec.name)
        if budget is None:
            budget = self._budgets[spec.name] = Budget(spec.rate_hz, spec.burst)
        return budget
