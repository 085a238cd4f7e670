"""Behaviours of bots: each looks at a sight and says which commands it would give. They do no I/O and keep no clock.

``BRAINS`` names them for plans and command lines.
"""

from __future__ import annotations

from collections.abc import Callable

from client_bot.brains.chatterbox import Chatterbox
from client_bot.brains.explorer import Explorer
from client_bot.brains.fuzzer import Fuzzer
from client_bot.brains.hoarder import Hoarder
from client_bot.brains.onlooker import Onlooker
from client_bot.brains.sight import Brain

BRAINS: dict[str, Callable[[], Brain]] = {
    "explorer": Explorer,
    "hoarder": Hoarder,
    "chatterbox": Chatterbox,
    "fuzzer": Fuzzer,
    "onlooker": Onlooker,
}
