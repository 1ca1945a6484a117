"""Who this gateway is: an Ed25519 key pair made on the first start. The private key never leaves the machine."""

import base64
import os
import re
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

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
        return base64.b64encode(self._public.public_bytes_raw()).decode()

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
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

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
    private = _plain_key(pem) or _any_key(pem)
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigError(
            (f"{path} is not an Ed25519 private key: restore it from a backup, or move it away and register the new "
             "key at the ledger (edge-agent identity shows it)",)
        )  # fmt: skip
    return private


_PEM = re.compile(rb"\s*-----BEGIN PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*")
_ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
"""What an Ed25519 private key in PKCS#8 begins with (RFC 8410, section 10.3); its 32 bytes follow."""


def _plain_key(pem: bytes) -> Ed25519PrivateKey | None:
    """A key as :func:`_make` writes it. Read here, because the library's reader of all formats is a megabyte."""
    found = _PEM.fullmatch(pem)
    try:
        der = base64.b64decode(found[1]) if found else b""
    except ValueError:
        return None
    if len(der) != 48 or not der.startswith(_ED25519_PKCS8):
        return None
    return Ed25519PrivateKey.from_private_bytes(der[16:])


def _any_key(pem: bytes) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        return None
