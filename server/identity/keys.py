"""Keys that tokens are checked with, and how a file of them is read. Pure.

How it works: the file is a JWKS (it begins with ``{``), a public key in PEM (``-----BEGIN``), or else a secret.
A key's own type decides the one algorithm it is used with, so no token can choose another one for it.
Invariant: a private key, or a weak one, is never taken.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from server.errors import ServerError

Material: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | bytes

MIN_SECRET_BYTES = 32
"""As long as the digest of HS256: what RFC 7518 asks for."""
MIN_RSA_BITS = 2048


class BadKeys(ServerError):
    """A file of keys that cannot be used; the text says why and holds nothing of them."""


@attrs.frozen
class Key:
    """A key and the algorithm it is for; ``kid``: its name in a set."""

    algorithm: str
    material: Material = attrs.field(repr=False)
    kid: str | None = None

    def fits(self, algorithm: object, kid: object) -> bool:
        """Whether a token that names these may be checked with it; what has no name fits every name."""
        return algorithm == self.algorithm and (kid is None or self.kid is None or kid == self.kid)


def read_keys(data: bytes) -> tuple[Key, ...]:
    """The keys of a file's content. Raises: BadKeys."""
    text = data.strip()
    if text.startswith(b"{"):
        return _read_set(text)
    if text.startswith(b"-----BEGIN"):
        return (_key_of(_read_pem(text)),)
    return (_key_of(text),)


def _read_set(text: bytes) -> tuple[Key, ...]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BadKeys("it is no JWKS: no JSON") from None
    entries = document.get("keys")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadKeys('it is no JWKS: it has no list of "keys"')
    keys = tuple(_read_entry(entry) for entry in entries if _is_for_us(entry))
    if not keys:
        raise BadKeys("it has no key for HS256, RS256 or ES256")
    _check_names(keys)
    return keys


def _is_for_us(entry: dict[str, Any]) -> bool:
    """Sets of others hold keys for other uses and algorithms too."""
    kinds = {"oct": "HS256", "RSA": "RS256", "EC": "ES256"}
    algorithm = kinds.get(str(entry.get("kty")))
    is_curve = entry.get("kty") != "EC" or entry.get("crv") == "P-256"
    return entry.get("use", "sig") == "sig" and is_curve and entry.get("alg", algorithm) == algorithm is not None


def _read_entry(entry: dict[str, Any]) -> Key:
    if "d" in entry:
        raise BadKeys("it holds a private key: nodes are given public ones")
    try:
        material = jwt.PyJWK(entry).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise BadKeys("a key of the set is malformed") from None
    kid = entry.get("kid")
    return _key_of(material, kid if isinstance(kid, str) else None)


def _check_names(keys: Sequence[Key]) -> None:
    names = [key.kid for key in keys]
    if len(names) > 1 and (None in names or len(set(names)) < len(names)):
        raise BadKeys('keys of a set need a "kid" each, all different')


def _read_pem(text: bytes) -> Any:
    if b"PRIVATE KEY" in text:
        raise BadKeys("it holds a private key: nodes are given public ones")
    try:
        return load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        raise BadKeys("it is no public key in PEM") from None


def _key_of(material: Any, kid: str | None = None) -> Key:
    if isinstance(material, RSAPublicKey):
        if material.key_size < MIN_RSA_BITS:
            raise BadKeys(f"an RSA key needs {MIN_RSA_BITS} bits")
        return Key("RS256", material, kid)
    if isinstance(material, EllipticCurvePublicKey) and isinstance(material.curve, SECP256R1):
        return Key("ES256", material, kid)
    if not isinstance(material, bytes):
        raise BadKeys("it is a key for neither RS256 nor ES256")
    if len(material) < MIN_SECRET_BYTES:
        raise BadKeys(f"a secret needs {MIN_SECRET_BYTES} bytes")
    return Key("HS256", material, kid)
