"""Who this gateway is: an Ed25519 key pair made on the first start. The private key never leaves the machine.

PyNaCl signs: ``cryptography`` brings all of OpenSSL along, which is 6 MB that a small computer can use better. It is
asked only for key files of another make than ours.
"""

import base64
import os
import re
import secrets
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from edge_agent.errors import ConfigError
from edge_agent.host.fsync import sync_directory

KEY_FILE = "gateway.key"


class Identity:
    """The gateway's key pair. ``sign`` and ``verify`` fit ``edge_agent.domain.wire``."""

    def __init__(self, seed: bytes) -> None:
        """``seed`` is the private key: 32 bytes (RFC 8032, section 5.1.5)."""
        self._private = SigningKey(seed)
        self._public = self._private.verify_key.encode()

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
        return base64.b64encode(self._public).decode()

    def sign(self, signed: bytes) -> bytes:
        """64 byte signature."""
        return self._private.sign(signed).signature

    def verify(self, signature: bytes, signed: bytes) -> bool:
        """Whether ``signature`` is by this very gateway."""
        return is_signed_by(self._public, signature, signed)


def is_signed_by(public: bytes, signature: bytes, signed: bytes) -> bool:
    """Whether ``signature`` of ``signed`` is by the key whose raw 32 public bytes are ``public``."""
    try:
        VerifyKey(public).verify(signed, signature)
    except (BadSignatureError, ValueError, TypeError):
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
    pem = _pem(SigningKey.generate().encode())
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


def _load(path: Path, pem: bytes) -> bytes:
    seed = _plain_key(pem) or _any_key(pem)
    if seed is None:
        raise ConfigError(
            (f"{path} is not an Ed25519 private key: restore it from a backup, or move it away and register the new "
             "key at the ledger (edge-agent identity shows it)",)
        )  # fmt: skip
    return seed


_PEM = re.compile(rb"\s*-----BEGIN PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*")
_ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
"""What an Ed25519 private key in PKCS#8 begins with (RFC 8410, section 10.3); its 32 bytes follow."""


def _pem(seed: bytes) -> bytes:
    """A key as other programs read it, too: PKCS#8 in PEM."""
    return b"-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n" % base64.b64encode(_ED25519_PKCS8 + seed)


def _plain_key(pem: bytes) -> bytes | None:
    """The seed in a key as :func:`_pem` writes it."""
    found = _PEM.fullmatch(pem)
    try:
        der = base64.b64decode(found[1]) if found else b""
    except ValueError:
        return None
    return der[16:] if len(der) == 48 and der.startswith(_ED25519_PKCS8) else None


def _any_key(pem: bytes) -> bytes | None:
    """The seed in a key of another make. Slow and large, and hardly ever needed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        return None
    return key.private_bytes_raw() if isinstance(key, Ed25519PrivateKey) else None
