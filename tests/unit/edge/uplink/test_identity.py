"""The gateway's key: made once, private, and never half written."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge_agent.errors import ConfigError
from edge_agent.uplink.identity import KEY_FILE, Identity, is_signed_by


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = Identity.load_or_make(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data" / KEY_FILE).stat().st_mode) == 0o600
    assert Identity.load_or_make(tmp_path / "data").public_key == first.public_key
    assert Identity.load_or_make(tmp_path / "other").public_key != first.public_key
    assert [path.name for path in (tmp_path / "data").iterdir()] == [KEY_FILE]


def test_what_it_signs_is_verified_by_the_key_that_it_tells(tmp_path: Path) -> None:
    identity = Identity.load_or_make(tmp_path)
    public = base64.b64decode(identity.public_key)
    signature = identity.sign(b"said")
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"said")  # as the ledger does
    assert is_signed_by(public, signature, b"said")
    assert identity.verify(signature, b"said")
    assert not identity.verify(signature, b"not said")


@pytest.mark.parametrize("signature", [b"", b"short", bytes(64), bytes(65)])
def test_what_is_no_signature_at_all_is_not_by_anybody(tmp_path: Path, signature: bytes) -> None:
    assert not Identity.load_or_make(tmp_path).verify(signature, b"said")


def test_its_key_file_is_one_that_other_programs_read(tmp_path: Path) -> None:
    identity = Identity.load_or_make(tmp_path)
    key = load_pem_private_key((tmp_path / KEY_FILE).read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert base64.b64encode(public).decode() == identity.public_key


def test_a_key_file_of_another_make_is_read(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    _keep(tmp_path, b"# restored by amy\n" + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert Identity.load(tmp_path).public_key == base64.b64encode(public).decode()


def test_a_key_of_another_kind_is_named(tmp_path: Path) -> None:
    key = X25519PrivateKey.generate()
    _keep(tmp_path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigError, match="not an Ed25519 private key"):
        Identity.load(tmp_path)


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    Identity.load_or_make(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(ConfigError, match="run chmod 600"):
        Identity.load_or_make(tmp_path)


def test_a_broken_key_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("not a key")
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(ConfigError, match="restore it from a backup"):
        Identity.load_or_make(tmp_path)
    assert (tmp_path / KEY_FILE).read_text() == "not a key"


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"make gateway\.data_dir usable"):
        Identity.load_or_make(tmp_path / "file" / "below")


def _keep(folder: Path, pem: bytes) -> None:
    (folder / KEY_FILE).write_bytes(pem)
    (folder / KEY_FILE).chmod(0o600)
