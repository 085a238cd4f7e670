"""Messages between a client and a node, by direction (docs/protocol.md is the reader's version).

Both encodings carry the same maps: a message is a map whose ``type`` names it; unknown fields are ignored,
missing optional ones take the default. The inner rows of hot messages are arrays, to keep frames small.
Owns the shapes only: no I/O, no game rule. Invariant: every field is JSON-representable.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

MAX_NAME_CHARS = 64
SUBPROTOCOL_MSGPACK = "oarlock.v1.msgpack"
SUBPROTOCOL_JSON = "oarlock.v1.json"

# ---- to the server -------------------------------------------------------------------------------------------------


class Do(msgspec.Struct, tag="do", tag_field="type", frozen=True):
    """A command: takes effect once, in order of ``seq`` (whole numbers from 1, without holes)."""

    seq: int
    command: str
    args: msgspec.Raw = msgspec.Raw()


class Resume(msgspec.Struct, frozen=True):
    """What a returning client knows of its session: which commands were not answered, and what it still sees.

    ``cells`` are those that it holds, as of ``version``: if there are none, it is shown everything anew.
    """

    session: str
    secret: str
    epoch: str = ""
    version: int = 0
    pending: list[Do] = []
    cells: list[int] = []


class Join(msgspec.Struct, tag="join", tag_field="type", frozen=True):
    """First message of a connection: enter the world named by the path, or come back to a session.

    ``seat`` is the token of a reserved seat, from ``/api/join``; without one a free seat is taken.
    """

    name: str = ""
    credentials: str = ""
    radius: float = 0.0
    spectate: bool = False
    resume: Resume | None = None
    seat: str = ""


class View(msgspec.Struct, tag="view", tag_field="type", frozen=True):
    """Change how far the client looks: ``radius`` in world units around its avatar; 0 takes the game's default.

    A spectator may also say where: at the entity ``follow``, or else at the point ``x``, ``y``.
    """

    radius: float
    x: float | None = None
    y: float | None = None
    follow: int = 0


class Ping(msgspec.Struct, tag="ping", tag_field="type", frozen=True):
    """Measure latency and clock; ``clock_ms`` is the client's and comes back unchanged."""

    clock_ms: float = 0.0


class Digest(msgspec.Struct, tag="digest", tag_field="type", frozen=True):
    """Ask for content checks with the next flush (``ok``), or report that one failed (not ``ok``): a reset follows."""

    ok: bool = True


class Leave(msgspec.Struct, tag="leave", tag_field="type", frozen=True):
    """End the session: the avatar leaves the world at once."""


ToServer: TypeAlias = Join | Do | View | Ping | Digest | Leave

# ---- to the client -------------------------------------------------------------------------------------------------


class FieldInfo(msgspec.Struct, array_like=True, frozen=True):
    """A field of a kind or command: name, type (``int``, ``float``, ``str``, ``bool``, ``ref`` or ``any``), bounds."""

    name: str
    type: str
    low: float | None = None
    high: float | None = None


class KindInfo(msgspec.Struct, array_like=True, frozen=True):
    """A kind of entity; its number on the wire is its place in the schema."""

    name: str
    fields: list[FieldInfo]


class CommandInfo(msgspec.Struct, array_like=True, frozen=True):
    """A command and the arguments it takes."""

    name: str
    fields: list[FieldInfo]


class Schema(msgspec.Struct, frozen=True):
    """What a client must know to play a game that it has never seen."""

    game: str
    kinds: list[KindInfo]
    commands: list[CommandInfo]
    events: list[str]
    cell_size: float
    bounds: tuple[float, float, float, float]


class Welcome(msgspec.Struct, tag="welcome", tag_field="type", frozen=True):
    """The session is open. ``acknowledged`` is the last sequence number whose answer the node knows to be given."""

    session: str
    secret: str
    avatar: int
    world: str
    node: str
    schema: Schema
    epoch: str
    version: int
    clock_ms: float
    flush_hz: float
    acknowledged: int = 0


class EntityRow(msgspec.Struct, array_like=True, frozen=True):
    """A whole entity: id, kind number, field values in schema order."""

    id: int
    kind: int
    values: Any


class PatchRow(msgspec.Struct, array_like=True, frozen=True):
    """Changed fields of an entity: bit *i* of ``mask`` is field *i*; ``values`` hold them in rising order."""

    id: int
    mask: int
    values: list[Any]


class CellContent(msgspec.Struct, array_like=True, frozen=True):
    """A cell that came into view, with all that is in it; replaces what the client held of it."""

    cell: int
    entities: list[EntityRow]


class CellChange(msgspec.Struct, array_like=True, frozen=True):
    """What changed in a cell since the last flush.

    ``gone`` lists deleted entities, ``moved`` those that went to another cell: if that is in view, they are put there.
    ``digest`` is, when given, the sum of ``entity_digest`` over the cell after this change (modulo 2**32).
    """

    cell: int
    puts: list[EntityRow]
    patches: list[PatchRow]
    gone: list[int]
    moved: list[int]
    digest: int | None = None


class Cells(msgspec.Struct, tag="cells", tag_field="type", frozen=True):
    """Cells that entered and left the view, at ``version``."""

    version: int
    entered: list[CellContent]
    left: list[int]


class Delta(msgspec.Struct, tag="delta", tag_field="type", frozen=True):
    """All changes of the cells in view up to ``version``: after it the view is whole at that version."""

    version: int
    cells: list[CellChange]


class Ack(msgspec.Struct, array_like=True, frozen=True):
    """The answer to one command: committed at ``version`` (empty ``code``), or refused with a code and a text."""

    seq: int
    version: int
    code: str = ""
    text: str = ""


class Done(msgspec.Struct, tag="done", tag_field="type", frozen=True):
    """Answers to commands, in order."""

    acks: list[Ack]


class EventRow(msgspec.Struct, array_like=True, frozen=True):
    """One event: name, cell it happened in (0: the whole world, or only this player), content."""

    name: str
    cell: int
    body: Any


class Events(msgspec.Struct, tag="event", tag_field="type", frozen=True):
    """Things that happened and leave no state: chat, effects."""

    version: int
    events: list[EventRow]


class Reset(msgspec.Struct, tag="reset", tag_field="type", frozen=True):
    """Forget the whole view: the state of (``epoch``, ``version``) follows as ``cells``.

    With ``keep``, only the position is to be forgotten: what differs from the view follows as ``delta``.
    """

    epoch: str
    version: int
    reason: str
    keep: bool = False


class Moving(msgspec.Struct, tag="moving", tag_field="type", frozen=True):
    """This node is going away: reconnect (any node) after ``after_ms``."""

    after_ms: float


class Pong(msgspec.Struct, tag="pong", tag_field="type", frozen=True):
    """Answer to ``ping``: the client's clock as sent, the node's in milliseconds since 1970."""

    clock_ms: float
    server_ms: float


class Error(msgspec.Struct, tag="error", tag_field="type", frozen=True):
    """Something the client sent was not understood or not allowed."""

    code: str
    text: str


ToClient: TypeAlias = Welcome | Cells | Delta | Done | Events | Reset | Moving | Pong | Error
