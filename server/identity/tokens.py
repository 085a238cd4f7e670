"""Players who prove who they are with a JSON Web Token: HS256, RS256 or ES256.

A token is a player's if a key of the file signed it, it has not expired, it is for this audience and from this issuer,
and it says who the player is (``sub``). ``name``, if it has one, is what the player is called.
Must not know: how the keys came. Invariant: what a rejection says holds nothing of the token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import jwt

from server.identity.keys import Key
from server.identity.passport import Passport
from shared_state.bans import is_player
from shared_state.outcome import Rejection

MAX_TOKEN_CHARS = 4096

MISSING = Rejection("credentials_missing", "this node asks for a token")
BAD = Rejection("credentials_bad", "the token is not valid here")
EXPIRED = Rejection("credentials_expired", "the token has expired")


@attrs.frozen
class TokenAuthority:
    """Judges tokens.

    Args:
        keys: those that count now.
        audience: what tokens must be for; empty: they may name none. issuer: who made them; empty: anybody.
        leeway_s: how far clocks may be apart.
    """

    keys: Callable[[], Sequence[Key]]
    audience: str = ""
    issuer: str = ""
    leeway_s: float = 10.0

    def judge(self, credentials: str) -> Passport | Rejection:
        """See ``Authority.judge``."""
        if not credentials:
            return MISSING
        if len(credentials) > MAX_TOKEN_CHARS:
            return BAD
        try:
            claims = self._verified(credentials)
        except jwt.ExpiredSignatureError:
            return EXPIRED
        except (jwt.InvalidTokenError, ValueError, TypeError, ArithmeticError, RecursionError):
            return BAD
        return _passport_of(claims)

    def _verified(self, token: str) -> dict[str, Any]:
        head = jwt.get_unverified_header(token)
        fitting = [key for key in self.keys() if key.fits(head.get("alg"), head.get("kid"))]
        if len(fitting) != 1:
            raise jwt.InvalidTokenError("no key, or more than one")
        key = fitting[0]
        return jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            audience=self.audience or None,
            issuer=self.issuer or None,
            leeway=self.leeway_s,
            options={"require": ["exp", "sub"]},
        )


def _passport_of(claims: dict[str, Any]) -> Passport | Rejection:
    player, name = claims["sub"], claims.get("name")
    if not is_player(player):
        return BAD
    return Passport(player, name if isinstance(name, str) else "")
