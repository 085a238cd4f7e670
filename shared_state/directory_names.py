"""Names that the directory adds to those of names.py: world kinds, nodes, reservations; and fresh world names.

Pure: randomness arrives as an argument. Invariant: no name holds a colon, which separates names in the store.
"""

from __future__ import annotations

import random
import re
from typing import NewType

from shared_state.errors import BadName
from shared_state.names import WorldName, checked_name

WorldKind = NewType("WorldKind", str)
NodeName = NewType("NodeName", str)
ReservationToken = NewType("ReservationToken", str)

_TOKEN = re.compile(r"[0-9a-f]{32}")
TOKEN_BITS = 128
SUFFIX_LETTERS = "23456789bcdfghjkmnpqrstvwxyz"
"""No characters that are easily read as others, and no vowels: a suffix spells no word."""
SUFFIX_LENGTH = 5

ADJECTIVES = (
    "amber", "autumn", "bold", "brave", "bright", "broad", "calm", "clear", "copper", "coral", "crisp", "dawn",
    "deep", "distant", "early", "emerald", "fair", "gentle", "golden", "green", "grey", "hidden", "high", "indigo",
    "jade", "keen", "late", "light", "long", "lucky", "merry", "misty", "noble", "northern", "old", "pale", "pearl",
    "proud", "quiet", "rapid", "red", "salty", "silent", "silver", "southern", "steady", "sunny", "swift", "tidal",
    "warm", "western", "white", "wide", "wild",
)  # fmt: skip
NOUNS = (
    "anchor", "bay", "beacon", "breeze", "buoy", "cape", "cove", "crane", "current", "delta", "dolphin", "dune",
    "ferry", "fjord", "gull", "harbour", "haven", "heron", "horizon", "inlet", "island", "isle", "jetty", "kelp",
    "keel", "lagoon", "lantern", "marlin", "mast", "moon", "mussel", "oar", "otter", "pebble", "pelican", "pier",
    "quay", "reef", "ripple", "sail", "sand", "seal", "shell", "shoal", "shore", "sloop", "sound", "spray", "star",
    "strait", "tern", "tide", "wave", "wharf",
)  # fmt: skip


def world_kind(text: str) -> WorldKind:
    """The text as a kind of world. Raises: BadName."""
    return WorldKind(checked_name(text, "world kind"))


def node_name(text: str) -> NodeName:
    """The text as the name of a node. Raises: BadName."""
    return NodeName(checked_name(text, "node"))


def reservation_token(text: str) -> ReservationToken:
    """The text, perhaps a client's, as the token of a reservation. Raises: BadName."""
    if not _TOKEN.fullmatch(text):
        raise BadName("a reservation token is 32 hexadecimal digits")
    return ReservationToken(text)


def fresh_token(rng: random.Random) -> ReservationToken:
    """A token that nobody can guess, if ``rng`` is a ``random.SystemRandom``."""
    return ReservationToken(f"{rng.getrandbits(TOKEN_BITS):032x}")


def fresh_world_name(rng: random.Random) -> WorldName:
    """A name for people, such as ``calm-otter-k7f2p``; whether it is free, the directory decides."""
    suffix = "".join(rng.choices(SUFFIX_LETTERS, k=SUFFIX_LENGTH))
    return WorldName(f"{rng.choice(ADJECTIVES)}-{rng.choice(NOUNS)}-{suffix}")
