"""Who this gateway is: an Ed25519 key pair made on the first start. The private key never leaves the machine."""

import base64
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge_agent.durable import sync_directory
from edge_agent.errors import ConfigError

KEY_FILE = "gateway.key"


class Identity:
    """The gateway's key pair. ``sign`` and ``verify`` fit ``edge_agent.domain.wire``."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key()

    @classmethod
    def load_or_make(cls, data_dir: Path) -> "Identity":
        """The key in ``data_dir/gateway.key``, made on the first call (mode 0600, durable before it is used).

        Raises ``ConfigError`` if the file cannot be made or read, or others than its owner may read it.
        """
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            if not (data_dir / KEY_FILE).exists():
                _make(data_dir / KEY_FILE)
        except OSError as error:
            raise _unusable(error) from error
        return cls.load(data_dir)

    @classmethod
    def load(cls, data_dir: Path) -> "Identity":
        """The key that is there. Raises ``ConfigError`` as :meth:`load_or_make`, and if there is none."""
        path = data_dir / KEY_FILE
        try:
            mode = path.stat().st_mode & 0o777
            pem = path.read_bytes()
        except OSError as error:
            raise _unusable(error) from error
        if mode & 0o077:
            raise ConfigError((f"{path} may be read by others (mode {mode:o}): run chmod 600 {path}",))
        return cls(_load(path, pem))

    @property
    def public_key(self) -> str:
        """The raw 32 byte public key as base64: what the ledger is told."""
        return base64.b64encode(self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, signed: bytes) -> bytes:
        """64 byte signature."""
        return self._private.sign(signed)

    def verify(self, signature: bytes, signed: bytes) -> bool:
        """Whether ``signature`` is by this very gateway."""
        return is_signed_by(self._public, signature, signed)


def is_signed_by(public: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether ``signature`` of ``signed`` is by the key behind ``public``."""
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _unusable(error: OSError) -> ConfigError:
    return ConfigError(
        (
            f"{error.filename}: {error.strerror}: make gateway.data_dir usable for the agent's user, or run this as "
            "that user (sudo -u lotwarden ...)",
        )
    )


def _make(path: Path) -> None:
    """A whole key appears under its name, or none: written aside, synced, then linked (which never replaces)."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        if os.geteuid() == 0:  # set up by root: the key belongs to the agent's user, as the directory does
            owner = path.parent.stat()
            os.fchown(file, owner.st_uid, owner.st_gid)
        os.write(file, pem)
        os.fsync(file)
    finally:
        os.close(file)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # another start was quicker; its key counts
    finally:
        fresh.unlink()
    sync_directory(path.parent)


def _load(path: Path, pem: bytes) -> Ed25519PrivateKey:
    try:
        private = load_pem_private_key(pem, password=None)
    except ValueError:
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigError(
            (f"{path} is not an Ed25519 private key: restore it from a backup, or move it away and register the new "
             "key at the ledger (edge-agent identity shows it)",)
        )  # fmt: skip
    return private
