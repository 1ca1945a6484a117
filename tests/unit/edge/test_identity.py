"""The gateway's key: made once, private, and never half written."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

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
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(identity.public_key))
    signature = identity.sign(b"said")
    assert is_signed_by(public, signature, b"said")
    assert identity.verify(signature, b"said")
    assert not identity.verify(signature, b"not said")


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
