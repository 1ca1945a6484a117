"""The file of a backup: frames in a compressed stream, encrypted with age (https://age-encryption.org/v1).

A frame is a letter, the length of what follows (4 bytes, big-endian), and that: ``J`` is a JSON object, ``D`` a part of
a table as COPY writes it. The first object tells of the backup; before the data of a table comes ``{"table": name}``,
after it ``{"rows": ..., "sha256": ...}``; the last object is ``{"rows": ...}`` of all. A file that was cut off has no
last one.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Any, BinaryIO, Protocol

import pyrage
from pyrage import x25519

from cloud_sync.errors import Invalid, NotFound

FORMAT = 1
SUFFIX = ".lwbackup.age"
FRAME_BYTES_MAX = 64 << 20
PARTS_WAITING_MAX = 16
"""Of decrypted data, so many parts wait for whoever reads."""
COMPRESSION_LEVEL = 6
HOW_TO_MAKE_A_KEY = "Make one: cloud-sync backup-key FILE"


class BackupUnusable(Invalid):
    """The file is no backup, was changed or cut off, or the key does not open it."""


class Source(Protocol):
    """What can be read like a file."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(slots=True)
class Written:
    """What was written to a file."""

    size_bytes: int = 0
    sha256: bytes = b""
    rows: int = 0


def new_key(path: Path) -> str:
    """Make a key file that nobody else may read; gives its public half. Raises ``Invalid`` if there is a file."""
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        with open(path, "x", encoding="ascii", opener=_for_owner_only) as file:
            file.write(f"# public key: {public}\n{identity}\n")
    except OSError as error:
        raise Invalid(f"{path} cannot be written ({error.strerror})", "Give the name of a new file.") from error
    return public


def read_key(path: Path) -> x25519.Identity:
    """The key in a file as age-keygen writes it. Raises ``NotFound`` or ``Invalid``."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"the key file {path} cannot be read ({error})", HOW_TO_MAKE_A_KEY) from error
    keys = [line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-")]
    try:
        return x25519.Identity.from_str(keys[0])
    except (IndexError, pyrage.IdentityError) as error:
        raise Invalid(f"{path} holds no key of age", HOW_TO_MAKE_A_KEY) from error


def recipient(text: str) -> x25519.Recipient:
    """A public key (``age1...``). Raises ``Invalid``."""
    try:
        return x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        raise Invalid(
            f"{text!r} is no public key of age", "cloud-sync backup-key FILE prints one: age1 and 58 characters."
        ) from error


def write_archive(frames: Iterable[bytes], file: BinaryIO, recipients: list[x25519.Recipient]) -> Written:
    """Write frames to ``file``; gives size and digest of what was written. Raises ``OSError``."""
    target, source = _Digesting(file), _Pulled(_compressed(frames))
    try:
        pyrage.encrypt_io(source, target, recipients)
    except pyrage.EncryptError as error:
        raise source.fault or target.fault or error from error
    return Written(target.size_bytes, target.digest.digest())


def frames_in(file: Source, key: x25519.Identity) -> Iterator[tuple[bytes, bytes]]:
    """The frames of a file, letter and content. Raises ``BackupUnusable``."""
    buffer = bytearray()
    parts = _decompressed(_decrypted(file, key))

    def fill(size: int) -> bool:
        while len(buffer) < size:
            part = next(parts, None)
            if part is None:
                return False
            buffer.extend(part)
        return True

    while fill(1):
        if not fill(5):
            raise _cut_off()
        kind, size = bytes(buffer[:1]), int.from_bytes(buffer[1:5], "big")
        if kind not in (b"J", b"D") or size > FRAME_BYTES_MAX:
            raise BackupUnusable("the file is no backup of Lotwarden", f"Give a file that ends in {SUFFIX}.")
        if not fill(5 + size):
            raise _cut_off()
        yield kind, bytes(buffer[5 : 5 + size])
        del buffer[: 5 + size]


def json_frame(said: dict[str, Any]) -> bytes:
    """A frame with an object."""
    raw = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return b"J" + len(raw).to_bytes(4, "big") + raw


def data_frame(raw: bytes) -> bytes:
    """A frame with a part of a table."""
    return b"D" + len(raw).to_bytes(4, "big") + raw


class _Digesting:
    """A file that knows the size and digest of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.fault: OSError | None = None
        self.size_bytes = 0
        self.digest = hashlib.sha256()

    def write(self, raw: bytes) -> int:
        self.size_bytes += len(raw)
        self.digest.update(raw)
        try:
            return self._file.write(raw)
        except OSError as error:
            self.fault = error
            raise

    def flush(self) -> None:
        self._file.flush()


class _Pulled:
    """Parts, read like a file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""
        self.fault: Exception | None = None
        """What the parts ended with; the encryption gives its text only."""

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            try:
                part = next(self._parts, None)
            except Exception as error:
                self.fault = error
                raise
            if part is None:
                return b""
            self._rest = part
        if size < 0:
            size = len(self._rest)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _compressed(frames: Iterable[bytes]) -> Iterator[bytes]:
    compressing = zlib.compressobj(COMPRESSION_LEVEL)
    for frame in frames:
        if part := compressing.compress(frame):
            yield part
    yield compressing.flush()


def _decompressed(parts: Iterator[bytes]) -> Iterator[bytes]:
    decompressing = zlib.decompressobj()
    try:
        for part in parts:
            yield decompressing.decompress(part)
        yield decompressing.flush()
    except zlib.error as error:
        raise BackupUnusable("the file is no backup of Lotwarden", f"Give a file that ends in {SUFFIX}.") from error
    if not decompressing.eof:
        raise _cut_off()


def _decrypted(file: Source, key: x25519.Identity) -> Iterator[bytes]:
    """age pushes what it decrypts; a thread turns that round, with few parts in between."""
    parts: Queue[bytes | Exception | None] = Queue(PARTS_WAITING_MAX)
    is_left = Event()

    class Sink:
        def write(self, raw: bytes) -> int:
            if is_left.is_set():
                raise OSError("nobody reads any longer")
            parts.put(bytes(raw))
            return len(raw)

        def flush(self) -> None:
            pass

    def decrypt() -> None:
        try:
            pyrage.decrypt_io(file, Sink(), [key])
            parts.put(None)
        except (pyrage.DecryptError, OSError) as error:
            parts.put(error)

    thread = Thread(target=decrypt, name="decrypting a backup", daemon=True)
    thread.start()
    try:
        while (part := parts.get()) is not None:
            if isinstance(part, Exception):
                raise _not_opened(part) from part
            yield part
    finally:
        is_left.set()
        while thread.is_alive():
            while not parts.empty():
                parts.get_nowait()
            thread.join(0.01)


def _not_opened(error: Exception) -> BackupUnusable:
    if isinstance(error, pyrage.DecryptError):
        return BackupUnusable(
            f"the key does not open this file ({error})", "Give the key that was in use when the backup was made."
        )
    return BackupUnusable(f"the file was changed or cut off ({error})", "Use another copy of it, or another backup.")


def _cut_off() -> BackupUnusable:
    return BackupUnusable("the file was cut off", "Use another copy of it, or another backup.")


def _for_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
