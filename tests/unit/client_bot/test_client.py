"""The client's state machine: joining, commands and their answers, resets, coming back."""

from __future__ import annotations

import msgspec
import pytest

from client_bot.client import Client, NotAllowedError, State
from client_bot.facts import Answered, AskedToMove, Blamed, Heard, Joined
from client_bot.inflight import MAX_IN_FLIGHT
from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK, Codec
from tests.unit.client_bot import bay

EMPTY_CELL = wire.Cells(0, [wire.CellContent(10, [])], [])


@pytest.fixture(params=[MSGPACK, JSON], ids=["msgpack", "json"])
def codec(request: pytest.FixtureRequest) -> Codec:
    """Each encoding."""
    codec: Codec = request.param
    return codec


@pytest.fixture
def client(codec: Codec) -> Client:
    """A client that joined and views an empty cell."""
    client = Client(codec, "Ada", resumes=True)
    client.hello()
    tell(client, bay.welcome(), EMPTY_CELL)
    return client


def tell(client: Client, *messages: wire.ToClient, now_s: float = 0.0) -> list[object]:
    """Hands messages to the client; returns all facts."""
    return [fact for message in messages for fact in client.receive(client.codec.encode(message), now_s)]


def sent(client: Client, payload: bytes) -> wire.ToServer:
    """What a node would read."""
    return client.codec.decode_to_server(payload)


def test_joining_opens_a_session(codec: Codec) -> None:
    """The hello is a join with the player's wishes; the welcome makes the client able to command."""
    client = Client(codec, "Ada", radius=250.0)
    assert sent(client, client.hello()) == wire.Join(name="Ada", radius=250.0)
    assert not client.can_command
    assert tell(client, bay.welcome()) == [Joined(resumed=False)]
    assert client.can_command
    assert client.avatar == 1


def test_a_spectator_cannot_command(codec: Codec) -> None:
    """Without an avatar there is nobody to command."""
    client = Client(codec, "Eve", spectate=True)
    client.hello()
    tell(client, bay.welcome(avatar=0))
    with pytest.raises(NotAllowedError):
        client.command("row", {}, 0.0)


def test_commands_are_numbered_from_one(client: Client) -> None:
    """Numbers rise by one; arguments arrive as they were given."""
    first = sent(client, client.command("row", {"dx": 3, "dy": -4}, 0.0))
    second = sent(client, client.command("shout", {"text": "Ahoy"}, 0.0))
    assert isinstance(first, wire.Do)
    assert isinstance(second, wire.Do)
    assert (first.seq, second.seq) == (1, 2)
    module = msgspec.json if client.codec.is_text else msgspec.msgpack
    assert module.decode(first.args) == {"dx": 3, "dy": -4}


def test_answers_meet_their_commands(client: Client) -> None:
    """A commit, a rejection and a busy are told apart and timed."""
    for at_s in (1.0, 2.0, 3.0):
        client.command("row", {}, at_s)
    done = wire.Done([wire.Ack(1, 7), wire.Ack(2, 7, "too_far", "no"), wire.Ack(3, 7, "busy")])
    facts = tell(client, wire.Delta(7, []), done, now_s=4.0)
    answers = [fact for fact in facts if isinstance(fact, Answered)]
    assert [(answer.sent.seq, answer.is_commit, answer.took_s) for answer in answers] == [
        (1, True, 3.0),
        (2, False, 2.0),
        (3, False, 1.0),
    ]
    tally = client.tally
    assert (tally.sent, tally.acknowledged, tally.rejected, tally.busy, tally.doubled) == (3, 1, 1, 1, 0)
    assert tally.rejections == {"too_far": 1}
    assert tally.stale_acks == 0


@pytest.mark.parametrize("seq", [1, 2, 0, -1])
def test_an_answer_to_no_waiting_command_is_doubled(client: Client, seq: int) -> None:
    """Answers to commands already answered, never sent or impossible are counted, and are no facts."""
    client.command("row", {}, 0.0)
    tell(client, wire.Done([wire.Ack(1, 0)]))
    assert tell(client, wire.Done([wire.Ack(seq, 0)])) == []
    assert client.tally.doubled == 1


def test_a_commit_must_not_be_acknowledged_before_it_is_visible(client: Client) -> None:
    """An acknowledgement with a version that the view has not reached is stale; a rejection is not."""
    client.command("row", {}, 0.0)
    client.command("row", {}, 0.0)
    tell(client, wire.Done([wire.Ack(1, 7), wire.Ack(2, 7, "no")]))
    assert client.tally.stale_acks == 1


def test_at_most_64_commands_wait(client: Client) -> None:
    """The bound holds until an answer makes room."""
    for _ in range(MAX_IN_FLIGHT):
        client.command("row", {}, 0.0)
    assert not client.can_command
    with pytest.raises(NotAllowedError):
        client.command("row", {}, 0.0)
    tell(client, wire.Done([wire.Ack(1, 0)]))
    assert client.can_command


def test_a_divergence_is_reported_once_and_ends_with_the_reset(client: Client) -> None:
    """The client asks for a reset once, however much follows, and again only after another divergence."""
    wrong = wire.CellChange(10, [], [], [], [], digest=1)
    tell(client, wire.Delta(1, [wrong]), wire.Delta(2, [wrong]))
    assert [sent(client, reply) for reply in client.replies()] == [wire.Digest(ok=False)]
    assert client.replies() == []
    reset = wire.Reset("e1", 3, "digest")
    tell(client, reset, wire.Cells(3, [wire.CellContent(10, [])], []), wire.Delta(4, [wrong]))
    assert len(client.replies()) == 1
    assert client.findings.divergences == 2
    assert client.tally.resyncs == 1


def test_messages_before_the_welcome_are_gaps(codec: Codec) -> None:
    """A node that shows a world before opening the session is found out, and nothing raises."""
    client = Client(codec, "Ada")
    client.hello()
    tell(client, wire.Delta(1, []), wire.Done([]), wire.Reset("e", 1, ""))
    assert client.findings.gaps == 3


def test_a_sign_of_life_may_come_before_the_welcome(codec: Codec) -> None:
    """A client that waits long asks whether the node lives, and a busy node answers that first: no gap."""
    client = Client(codec, "Ada")
    client.hello()
    tell(client, wire.Pong(1.0, 2.0))
    assert client.findings.gaps == 0
    tell(client, bay.welcome())
    assert client.is_joined


def test_a_second_welcome_is_a_gap(client: Client) -> None:
    """A welcome that no join asked for does not replace the session."""
    tell(client, bay.welcome(session="other"))
    assert client.findings.gaps == 1
    assert client.welcome is not None
    assert client.welcome.session == "s1"


def test_events_errors_and_moves_are_told(client: Client) -> None:
    """What is no state reaches the owner as facts."""
    row = wire.EventRow("shout", 10, {"text": "Ahoy"})
    facts = tell(client, wire.Events(1, [row]), wire.Error("rate", "slow down"), wire.Pong(1.0, 2.0), wire.Moving(1500))
    assert facts == [Heard([row]), Blamed("rate", "slow down"), AskedToMove(1.5)]
    assert client.state is State.MOVING
    assert client.can_command


def test_a_client_comes_back_as_itself(client: Client) -> None:
    """After a lost connection the join carries session, secret, position and what was not answered, in order."""
    client.command("row", {"dx": 1}, 0.0)
    client.command("row", {"dx": 2}, 0.0)
    tell(client, wire.Delta(5, []), wire.Done([wire.Ack(1, 5)]))
    client.disconnected()
    join = sent(client, client.hello())
    assert isinstance(join, wire.Join)
    resume = join.resume
    assert resume is not None
    assert (resume.session, resume.secret, resume.epoch, resume.version) == ("s1", "secret", "e1", 5)
    assert [do.seq for do in resume.pending] == [2]
    assert tell(client, bay.welcome(node="b", version=5)) == [Joined(resumed=True)]
    facts = tell(client, wire.Delta(6, []), wire.Done([wire.Ack(2, 6)]))
    assert len(facts) == 1
    assert client.tally.acknowledged == 2
    assert client.tally.unresolved == 0


def test_a_new_session_starts_over(client: Client) -> None:
    """When the node opens another session, waiting commands are unresolved, numbers and view start anew."""
    client.command("row", {}, 0.0)
    client.disconnected()
    client.hello()
    assert tell(client, bay.welcome(session="s2", version=2)) == [Joined(resumed=False)]
    assert client.tally.unresolved == 1
    do = sent(client, client.command("row", {}, 0.0))
    assert isinstance(do, wire.Do)
    assert do.seq == 1
    assert client.mirror is not None
    assert not client.mirror.cells
    assert client.mirror.version == 2
