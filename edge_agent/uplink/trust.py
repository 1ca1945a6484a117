"""Which ledger a gateway believes: the keys whose receipts let it forget a batch.

A gateway learns the key when it enrols, or by hand. Over HTTPS, where the ledger has proven by its certificate who it
is, a gateway that knows none yet learns it with the first answer. A broker proves nothing about the ledger behind it:
over MQTT no key is ever learned.
"""

import base64
import binascii
import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from edge_agent.domain.seal.notes import Checkpoint, NoteSignature, key_id
from edge_agent.domain.wire.receipts import handover_words, receipts_words
from edge_agent.errors import ConfigError
from edge_agent.host.fsync import sync_directory
from edge_agent.uplink.identity import is_signed_by

KEYS_FILE = "ledger.keys"
KEYS_MAX = 20
KEY_BYTES = 32
HOW_TO_TRUST = (
    "run edge-agent enroll --code CODE --url https://THE-LEDGER, or edge-agent trust-ledger --key KEY with the key "
    "that cloud-sync ledger-key show prints"
)

_log = logging.getLogger("edge_agent.uplink")


class LedgerTrust:
    """The ledger's public keys, the latest last, as ``data_dir/ledger.keys`` has them, one a line."""

    def __init__(self, keys: Sequence[str] = (), path: Path | None = None) -> None:
        """Without a ``path`` they are kept in memory only."""
        self._keys = list(keys)
        self._path = path
        self._changed_ns = 0

    @classmethod
    def load(cls, data_dir: Path) -> "LedgerTrust":
        """What is known so far. Raises ``ConfigError`` if the file is there and cannot be read."""
        path = data_dir / KEYS_FILE
        try:
            lines = path.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return cls((), path)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError((f"{path} cannot be read ({error}): {HOW_TO_TRUST}",)) from error
        for line in lines:
            if public_key_of(line) is None:
                raise ConfigError((f"{path}: {line[:60]!r} is not a key: {HOW_TO_TRUST}",))
        return cls(lines[-KEYS_MAX:], path)

    @classmethod
    def load_or_none(cls, data_dir: Path) -> "LedgerTrust":
        """As :meth:`load`, but a file that cannot be read is as good as none: its keys are about to be replaced."""
        try:
            return cls.load(data_dir)
        except ConfigError:
            return cls((), data_dir / KEYS_FILE)

    @property
    def keys(self) -> tuple[str, ...]:
        """Base64, the latest last."""
        return tuple(self._keys)

    def reread(self) -> None:
        """Look whether a person has enrolled this gateway anew, or told it another key, since."""
        if self._path is None:
            return
        with suppress(OSError):
            changed_ns = self._path.stat().st_mtime_ns
            if changed_ns != self._changed_ns:
                self._changed_ns = changed_ns
                self._keys = [line for line in self._path.read_text().split() if public_key_of(line)][-KEYS_MAX:]

    def believe_only(self, key: str) -> None:
        """Forget all others. Raises ``ConfigError`` for what is no key, or if it cannot be kept."""
        if public_key_of(key) is None:
            raise ConfigError((f"{key[:60]!r} is not an Ed25519 public key in base64, 44 characters: {HOW_TO_TRUST}",))
        self._keep([key])

    def learn(self, key: str) -> None:
        """The first key of a ledger that has proven by its certificate who it is."""
        if not self._keys and public_key_of(key) is not None:
            self._keep([key])
            _log.warning("from now on only receipts of the ledger with key %s are believed", key)

    def follow(self, key: str, by: str, signature: str) -> None:
        """A handover: believed if a key signed it that is. Both count from then on: receipts may be on their way."""
        if by in self._keys and key not in self._keys and _is_signed(by, signature, handover_words(key, by)):
            self._keep([by, key])
            _log.warning("the ledger has a new key %s, handed over by %s", key, by)

    def is_genuine(self, receipts: Iterable[tuple[str, str, str]], key: str, signature: str) -> bool:
        """Whether an answer with these receipts (digest, outcome, reason) is the ledger's own."""
        return key in self._keys and _is_signed(key, signature, receipts_words(receipts))

    def has_said(self, words: bytes, by: str, signature: str) -> bool:
        """Whether the ledger has signed these words with a key that is believed."""
        return by in self._keys and _is_signed(by, signature, words)

    def has_signed(self, checkpoint: Checkpoint, signatures: Iterable[NoteSignature]) -> bool:
        """Whether one of these signatures of a checkpoint is the ledger's own."""
        known = [(raw, key_id(checkpoint.origin, raw)) for key in self._keys if (raw := public_key_of(key))]
        return any(
            each.name == checkpoint.origin
            and each.key_id == identity
            and is_signed_by(raw, each.signature, checkpoint.body.encode())
            for each in signatures
            for raw, identity in known
        )

    def _keep(self, keys: list[str]) -> None:
        if self._path is not None:
            try:
                _write(self._path, "".join(f"{key}\n" for key in keys))
            except OSError as error:
                raise ConfigError((f"{self._path} cannot be written ({error.strerror}): make it writable",)) from error
        self._keys = keys


def forged_words(where: str, digests: Sequence[str]) -> str:
    """What to tell people of receipts that are not the ledger's own; "" of none."""
    if not digests:
        return ""
    return (
        f"{where}: {len(digests)} receipts are not signed by the ledger that this gateway knows, the first is for "
        f"{digests[0][:12]}...: nothing is deleted for them. Find out who sends them; if the ledger was set up again, "
        f"{HOW_TO_TRUST}"
    )


def public_key_of(text: str) -> bytes | None:
    """The 32 bytes of the key in 44 characters of base64, None if there is none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == KEY_BYTES else None


def _is_signed(key: str, signature: str, words: bytes) -> bool:
    public = public_key_of(key)
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return public is not None and is_signed_by(public, raw, words)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        if os.geteuid() == 0:  # by root: it belongs to the agent's user, as the directory does
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)
