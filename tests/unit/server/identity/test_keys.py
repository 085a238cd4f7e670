"""What can be a file of keys, and what cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.errors import UsageError
from server.identity import key_file
from server.identity.key_file import KeyFile
from server.identity.keys import BadKeys, read_keys
from tests.unit.server.identity.issuer import (
    SECRET,
    curve_key,
    entry,
    jwks,
    private_pem,
    public_pem,
    rsa_key,
)

PRIVATE = {**json.loads(jwks(entry(rsa_key())))["keys"][0], "d": "AQAB"}


def algorithms(data: bytes) -> list[tuple[str, str | None]]:
    """What the keys of a file are for, and what they are called."""
    return [(key.algorithm, key.kid) for key in read_keys(data)]


def test_each_kind_of_key_is_for_one_algorithm() -> None:
    """Whatever a token may say later."""
    assert algorithms(f"{SECRET}\n".encode()) == [("HS256", None)]
    assert algorithms(public_pem(rsa_key())) == [("RS256", None)]
    assert algorithms(b"\n" + public_pem(curve_key())) == [("ES256", None)]


def test_a_set_holds_keys_of_all_kinds() -> None:
    """Those for other uses, curves and algorithms are passed over."""
    data = jwks(
        entry(rsa_key(), kid="r"),
        entry(curve_key(), kid="e", use="sig"),
        entry(SECRET, kid="s", alg="HS256"),
        entry(curve_key("large", "P-384"), kid="x1"),
        entry(rsa_key("other"), kid="x2", use="enc"),
        entry(rsa_key("other"), kid="x3", alg="RS512"),
        {"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "x4"},
    )
    assert algorithms(data) == [("RS256", "r"), ("ES256", "e"), ("HS256", "s")]


def test_a_lone_key_of_a_set_needs_no_name() -> None:
    """There is nothing to choose."""
    assert algorithms(jwks(entry(rsa_key()))) == [("RS256", None)]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "32 bytes"),
        (b"too short to be secret", "32 bytes"),
        (b"{", "no JSON"),
        (b'{"keys":' + b"[" * 100_000, "no JSON"),
        (b"{}", "no list"),
        (b'{"keys": [7]}', "no list"),
        (b'{"keys": []}', "no key for"),
        (jwks(entry(curve_key("large", "P-384"))), "no key for"),
        (jwks({"kty": "RSA", "n": 5, "e": "AQAB"}), "malformed"),
        (jwks({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), "malformed"),
        (jwks({"kty": "oct", "k": "AAAA"}), "32 bytes"),
        (jwks(entry(rsa_key("weak", 1024))), "2048 bits"),
        (jwks(PRIVATE), "private"),
        (jwks(entry(rsa_key(), kid="a"), entry(rsa_key("other"))), '"kid"'),
        (jwks(entry(rsa_key(), kid="a"), entry(curve_key(), kid="a")), '"kid"'),
        (public_pem(rsa_key("weak", 1024)), "2048 bits"),
        (public_pem(curve_key("large", "P-384")), "neither"),
        (public_pem(Ed25519PrivateKey.generate()), "neither"),
        (private_pem(rsa_key()), "private"),
        (private_pem(curve_key()), "private"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public key"),
        (b"-----BEGIN RUBBISH", "no public key"),
    ],
)
def test_what_cannot_be_used_is_refused(data: bytes, fault: str) -> None:
    """With a reason that shows nothing of the keys."""
    with pytest.raises(BadKeys) as refused:
        read_keys(data)
    assert fault in str(refused.value)
    assert len(str(refused.value)) < 80


@pytest.mark.parametrize("content", [None, b"short"])
async def test_a_node_does_not_start_without_good_keys(tmp_path: Path, content: bytes | None) -> None:
    """A file that is not there, or holds none, is told by name."""
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
    with trio.fail_after(10), pytest.raises(UsageError, match=f"keys in {path}"):
        await KeyFile(path).load()


async def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    """New keys count, also with the old size and time; a bad or missing file leaves those before."""
    path = tmp_path / "keys"
    path.write_text("a" * 32)
    keys = KeyFile(path)
    with trio.fail_after(10):
        await keys.load()
        for content, counts in (("b" * 32, "b" * 32), ("short", "b" * 32), (None, "b" * 32), ("c" * 40, "c" * 40)):
            _replace(path, content)
            assert bool(await keys.look_again()) == (content != counts)
            assert [key.material for key in keys.keys] == [counts.encode()]


def _replace(path: Path, content: str | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_text(content)


async def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    """Somebody gave the wrong file."""
    path = tmp_path / "keys"
    path.write_bytes(b"a" * (key_file.MAX_FILE_BYTES + 1))
    with trio.fail_after(10), pytest.raises(UsageError, match="too large"):
        await KeyFile(path).load()


def test_a_key_does_not_show_itself() -> None:
    """Not in a log line, nor in an error."""
    (key,) = read_keys(SECRET.encode())
    assert SECRET not in repr(key)
