"""Behaviours of bots: each looks at a sight and says which commands it would give. They do no I/O and keep no clock.

``BRAINS`` names those that are here; another one is named ``module:Class``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from client_bot.brains.brawler import Brawler
from client_bot.brains.chatterbox import Chatterbox
from client_bot.brains.explorer import Explorer
from client_bot.brains.flapper import Flapper
from client_bot.brains.fuzzer import Fuzzer
from client_bot.brains.griefer import Griefer
from client_bot.brains.hoarder import Hoarder
from client_bot.brains.idler import Dawdler, Idler, Onlooker
from client_bot.brains.keeper import Keeper
from client_bot.brains.sight import Brain, Order, Point, Sight
from client_bot.brains.trader import Trader

__all__ = ["BRAINS", "Brain", "Order", "Point", "Sight", "find_brain"]

BRAINS: dict[str, type[Brain]] = {
    "explorer": Explorer,
    "hoarder": Hoarder,
    "brawler": Brawler,
    "trader": Trader,
    "keeper": Keeper,
    "chatterbox": Chatterbox,
    "griefer": Griefer,
    "idler": Idler,
    "flapper": Flapper,
    "dawdler": Dawdler,
    "onlooker": Onlooker,
    "fuzzer": Fuzzer,
}


def find_brain(name: str) -> Callable[[], Brain]:
    """The behaviour of a name, or of ``module:Class``. Raises: ValueError."""
    module_name, _, class_name = name.partition(":")
    if not class_name:
        if name not in BRAINS:
            raise ValueError(
                f"no brain is called {name!r}; there are {', '.join(BRAINS)}, and your own as module:Class"
            )
        return BRAINS[name]
    try:
        module = importlib.import_module(module_name)
    except (ImportError, ValueError) as error:
        raise ValueError(f"brain {name!r}: {error}") from None
    brain = getattr(module, class_name, None)
    if not isinstance(brain, type) or not issubclass(brain, Brain):
        raise ValueError(f"brain {name!r}: {module_name} has no Brain named {class_name!r}")
    return brain
