"""Tokens: the good ones name their player, all others are refused, and nothing of them is told."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import jwt
import pytest

from server.identity.keys import read_keys
from server.identity.passport import Anybody, Passport
from server.identity.tokens import BAD, EXPIRED, MAX_TOKEN_CHARS, MISSING, TokenAuthority
from shared_state.outcome import Rejection
from tests.unit.server.identity.issuer import SECRET, claims, curve_key, entry, jwks, public_pem, raw, rsa_key, sign

LEEWAY_S = 10.0
HEAD = {"alg": "HS256", "typ": "JWT"}


def authority(keys: bytes = SECRET.encode(), **settings: Any) -> TokenAuthority:
    """One that has the keys of a file."""
    read = read_keys(keys)
    return TokenAuthority(lambda: read, **{"leeway_s": LEEWAY_S, **settings})


SIGNED = {
    "HS256": (SECRET.encode(), sign()),
    "RS256": (public_pem(rsa_key()), sign(rsa_key(), "RS256")),
    "ES256": (public_pem(curve_key()), sign(curve_key(), "ES256")),
    "RS256 of a set": (
        jwks(entry(rsa_key(), kid="a"), entry(curve_key(), kid="b")),
        sign(rsa_key(), "RS256", {"kid": "a"}),
    ),
    "ES256 of a set": (
        jwks(entry(rsa_key(), kid="a"), entry(curve_key(), kid="b")),
        sign(curve_key(), "ES256", {"kid": "b"}),
    ),
    "HS256 of a set": (
        jwks(entry(SECRET, kid="a"), entry("x" * 32, kid="b")),
        sign(SECRET, "HS256", {"kid": "a"}),
    ),
    "no kid, one of the kind": (jwks(entry(rsa_key(), kid="a"), entry(curve_key(), kid="b")), sign(rsa_key(), "RS256")),
    "kid, key without name": (SECRET.encode(), sign(head={"kid": "2026-11"})),
}


@pytest.mark.parametrize(("keys", "token"), SIGNED.values(), ids=SIGNED.keys())
def test_a_good_token_names_its_player(keys: bytes, token: str) -> None:
    """Of each algorithm, with a lone key or one of a set."""
    assert authority(keys).judge(token) == Passport("ann")


def test_a_token_may_say_what_the_player_is_called() -> None:
    """If it is a text."""
    assert authority().judge(sign(name="Ann O'Hara")) == Passport("ann", "Ann O'Hara")
    assert authority().judge(sign(name=["Ann"])) == Passport("ann")


CONFUSED = {
    "none": raw({"alg": "none"}, claims(), b""),
    "None": raw({"alg": "None"}, claims(), b""),
    "no alg": raw({"typ": "JWT"}, claims()),
    "alg is a list": raw({"alg": ["HS256"]}, claims()),
    "alg is null": raw({"alg": None}, claims()),
    "HS384": sign(SECRET * 2, "HS384"),
    "RS256 for a secret": sign(rsa_key(), "RS256"),
    "another secret": sign("y" * 32),
    "key in the head": sign(curve_key("theirs"), "ES256", {"jwk": entry(curve_key("theirs"))}),
    "key by address": sign("y" * 32, head={"jku": "https://evil.example/jwks", "x5u": "https://evil.example/"}),
    "kid that climbs": sign("y" * 32, head={"kid": "../../dev/null"}),
    "crit": raw({**HEAD, "crit": ["x"]}, claims()),
    "no signature": ".".join(sign().split(".")[:2]) + ".",
    "another's claims": ".".join([sign().split(".")[0], sign(sub="bob").split(".")[1], sign().split(".")[2]]),
    "two parts": "a.b",
    "four parts": sign() + ".x",
    "spaces": " " + sign(),
    "bearer": "Bearer " + sign(),
    "noise": "\u0000é🦜...",
    "half a surrogate": "\ud800",
    "dots": "." * 4000,
    "deep head": raw(b"[" * 2000, claims()),
    "head of no map": raw(7, claims()),
    "head of 3000 digits": raw(b'{"alg":' + b"9" * 2500 + b"}", claims()),
    "oversized": sign(more="x" * MAX_TOKEN_CHARS),
}


@pytest.mark.parametrize("token", CONFUSED.values(), ids=CONFUSED.keys())
def test_a_forged_token_is_refused(token: str) -> None:
    """Algorithm confusion, ``none``, keys of the token's own choice, and what is no token."""
    assert authority().judge(token) == BAD


def test_a_public_key_is_nobodys_secret() -> None:
    """The classic: HS256 with the published key as the secret."""
    for key in (rsa_key(), curve_key()):
        pem = public_pem(key)
        for secret in (pem, pem.strip()):
            token = raw(HEAD, claims(), b"")
            forged = token.rpartition(".")[0]
            signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(forged.encode(), secret)
            body = jwt.utils.base64url_encode(signature).decode()
            assert authority(pem).judge(f"{forged}.{body}") == BAD
            assert authority(jwks(entry(key, kid="a"))).judge(f"{forged}.{body}") == BAD


def test_a_key_checks_only_tokens_that_name_it() -> None:
    """A token that names no key or another one is refused where there is a choice; so is one of a removed key."""
    keys = jwks(entry(rsa_key(), kid="a"), entry(rsa_key("next"), kid="b"))
    judge = authority(keys).judge
    assert judge(sign(rsa_key(), "RS256", {"kid": "a"})) == Passport("ann")
    assert judge(sign(rsa_key(), "RS256", {"kid": "b"})) == BAD
    assert judge(sign(rsa_key(), "RS256", {"kid": "c"})) == BAD
    assert judge(sign(rsa_key(), "RS256")) == BAD
    assert authority(jwks(entry(rsa_key("next"), kid="b"))).judge(sign(rsa_key(), "RS256", {"kid": "a"})) == BAD
    assert judge(raw({"alg": "RS256", "kid": 7}, claims())) == BAD
    assert judge(raw({"alg": "RS256", "kid": ["a"]}, claims())) == BAD


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"exp": -LEEWAY_S - 5}, EXPIRED),
        ({"exp": -LEEWAY_S + 5}, Passport("ann")),
        ({"nbf": LEEWAY_S + 5}, BAD),
        ({"nbf": LEEWAY_S - 5}, Passport("ann")),
        ({"iat": LEEWAY_S + 60}, BAD),
    ],
)
def test_clocks_may_be_a_little_apart(changed: dict[str, float], verdict: object) -> None:
    """A token counts from just before its time to just after it."""
    times = {name: int(time.time() + apart_s) for name, apart_s in changed.items()}
    assert authority().judge(sign(**times)) == verdict


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "no end": {"exp": None},
    "end is a text": {"exp": "tomorrow"},
    "end is a map": {"exp": {}},
    "end is infinite": {"exp": float("inf")},
    "end is NaN": {"exp": float("nan")},
    "no player": {"sub": None},
    "empty player": {"sub": ""},
    "player is a number": {"sub": 7},
    "player is a list": {"sub": ["ann"]},
    "long player": {"sub": "a" * 257},
    "player with a line break": {"sub": "ann\nbob"},
    "for others": {"aud": "another game"},
}


@pytest.mark.parametrize("changed", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_a_token_of_bad_claims_is_refused(changed: dict[str, Any]) -> None:
    """Also when the issuer really signed it."""
    body = json.dumps(claims(**changed)).encode()
    assert authority().judge(jwt.api_jws.encode(body, SECRET, "HS256")) == BAD


def test_audience_and_issuer_are_checked_where_they_are_set() -> None:
    """A token for another game, or of somebody else, is none."""
    strict = authority(audience="flotsam", issuer="https://id.example")
    good = {"aud": "flotsam", "iss": "https://id.example"}
    assert strict.judge(sign(**good)) == Passport("ann")
    assert strict.judge(sign(**{**good, "aud": ["chess", "flotsam"]})) == Passport("ann")
    for wrong in ({"aud": "chess"}, {"aud": None}, {"aud": []}, {"aud": 7}, {"iss": "https://evil"}, {"iss": None}):
        assert strict.judge(sign(**{**good, **wrong})) == BAD


def test_a_missing_token_is_told_from_a_bad_one() -> None:
    """So that a page can ask its player to log in; nobody has to where there are no keys."""
    assert authority().judge("") == MISSING
    assert Anybody().judge("whatever") == Passport()


def test_nothing_of_a_token_is_told() -> None:
    """Rejections are fixed texts."""
    told = {str(authority().judge(token)) for token in CONFUSED.values()}
    assert told == {str(BAD)}


def test_noise_is_only_ever_refused() -> None:
    """A good token with some characters changed is bad, and never an error."""
    chance, good, judge = random.Random(5), sign(), authority().judge
    for _ in range(3000):
        letters = list(good)
        for _ in range(chance.randint(1, 6)):
            letters[chance.randrange(len(letters))] = chr(chance.choice([*range(128), 233, 0xD800, 0x1F99C]))
        token = "".join(letters)
        if token != good:
            assert isinstance(judge(token), Rejection)
