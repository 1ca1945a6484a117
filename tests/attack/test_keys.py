"""Keys that anybody can sign for, or that two share."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.actions.gateways.gateways import WEAK_KEYS, add_gateway
from cloud_sync.errors import Conflict, Invalid
from cloud_sync.storage.database import Database


def written(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_the_neutral_point_as_a_key_is_good_for_a_signature_that_nobody_made() -> None:
    neutral = bytes([1]) + bytes(31)
    Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), b"whatever")  # raises nothing


@pytest.mark.parametrize("key", sorted(WEAK_KEYS), ids=lambda key: key.hex()[:8])
@pytest.mark.parametrize("sign_bit", [0, 0x80])
def test_weak_keys_are_refused(database: Database, key: bytes, sign_bit: int) -> None:
    weak = key[:-1] + bytes([key[-1] | sign_bit])
    with pytest.raises(Invalid, match="weak"):
        add_gateway(database, "gw-1", written(weak), actor="test")


def test_two_gateways_do_not_share_a_key(database: Database) -> None:
    key = written(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    add_gateway(database, "gw-1", key, actor="test")
    with pytest.raises(Conflict, match="gateway gw-1 has this public key"):
        add_gateway(database, "gw-2", key, actor="test")
