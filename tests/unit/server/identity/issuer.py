"""Whoever makes tokens, the honest ones and the others."""

from __future__ import annotations

import base64
import json
import time
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET = "0123456789abcdef0123456789abcdef"


@lru_cache
def rsa_key(name: str = "ours", bits: int = 2048) -> rsa.RSAPrivateKey:
    """A private key; one for each name."""
    assert name
    return rsa.generate_private_key(65537, bits)


@lru_cache
def curve_key(name: str = "ours", curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """A private key; one for each name."""
    assert name
    return ec.generate_private_key(ec.SECP256R1() if curve == "P-256" else ec.SECP384R1())


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """What a node is given."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """What no node is to be given."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def entry(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | str, **more: Any) -> dict[str, Any]:
    """A key as it stands in a JWKS."""
    if isinstance(key, str):
        return {"kty": "oct", "k": base64url(key.encode()), **more}
    if isinstance(key, rsa.RSAPrivateKey):
        return {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), **more}
    return {**jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True), **more}


def jwks(*entries: dict[str, Any]) -> bytes:
    """A set of keys."""
    return json.dumps({"keys": entries}).encode()


def claims(**more: Any) -> dict[str, Any]:
    """A player's claims, good for a day; None takes one away."""
    all_claims = {"sub": "ann", "exp": int(time.time()) + 86_400, **more}
    return {name: value for name, value in all_claims.items() if value is not None}


def sign(key: Any = SECRET, algorithm: str = "HS256", head: dict[str, Any] | None = None, **more: Any) -> str:
    """A token."""
    return jwt.encode(claims(**more), key, algorithm, headers=head)


def raw(head: Any, body: Any, signature: bytes = b"x" * 32) -> str:
    """A token of any parts; bytes stand as they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (head, body)]
    return ".".join(base64url(part) for part in (*parts, signature))


def base64url(data: bytes) -> str:
    """As in tokens."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
