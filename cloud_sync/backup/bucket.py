"""A bucket of an S3-compatible object storage as a place for backups (extra ``lotwarden[s3]``).

An object appears whole or not at all, so a backup whose upload was cut off is none. What was uploaded is downloaded
again before it counts, like the file in a folder.
"""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Queue
from threading import Event, Thread
from typing import Any, BinaryIO, cast

from cloud_sync.backup.archive import SUFFIX, Source, Written
from cloud_sync.backup.bucket_client import BucketAddress, BucketClient, BucketFault
from cloud_sync.backup.places import PREFIX, TOLD_SUFFIX, Fill, Made, json_of
from cloud_sync.backup.settings import BucketSettings
from cloud_sync.errors import Invalid, LedgerError

PART_BYTES = 64 << 20
"""An upload has at most 10,000 parts, so a backup at most 640 GB; one part is in memory at a time."""
PIECES_WAITING_MAX = 16
READ_BYTES = 1 << 20
MISSING = (
    "there is no such backup",
    "cloud-sync backup tells which were made; give the whole name: s3://bucket/folder/NAME.",
)

log = logging.getLogger(__name__)


class Bucket:
    """A bucket, and the path in it below which backups lie."""

    def __init__(self, address: BucketAddress, settings: BucketSettings, *, part_bytes: int = PART_BYTES) -> None:
        """Nothing is asked yet. Raises ``Invalid`` without the extra or without credentials."""
        self._to = BucketClient(address, settings, missing=MISSING)
        self._bucket, self._client = address.bucket, self._to.minio
        self._part_bytes = part_bytes

    def write(self, name: str, fill: Fill) -> Written:
        """Upload in parts while it is made: nothing of it lies on this machine's disk."""
        with self._to.in_words():
            self._check_new(name)
            pipe = _Pipe(fill)
            try:
                self._client.put_object(
                    self._bucket, self._to.key(name), cast("BinaryIO", pipe), -1, part_size=self._part_bytes,
                    content_type="application/octet-stream",
                )  # fmt: skip
            finally:
                pipe.close()
            return pipe.written()

    @contextmanager
    def read(self, name: str) -> Iterator[Source]:
        """Download."""
        with self._to.in_words():
            response = self._client.get_object(self._bucket, self._to.key(name))
        source = _Download(self._to, response)
        try:
            yield source
        except Exception as error:
            if source.fault is not None and source.fault is not error:
                raise source.fault from error
            raise
        finally:
            response.close()
            response.release_conn()

    def publish(self, made: Made) -> None:
        """Put what is said of it beside it."""
        said = json_of(made)
        with self._to.in_words():
            self._client.put_object(
                self._bucket, self._to.key(made.name + TOLD_SUFFIX), io.BytesIO(said), len(said),
                content_type="application/json",
            )  # fmt: skip

    def discard(self, name: str) -> None:
        """Remove it, if it was uploaded and nothing is said of it."""
        with suppress(Exception):
            if self._to.key(name) in self._sizes() and self._to.key(name + TOLD_SUFFIX) not in self._sizes():
                self._client.remove_object(self._bucket, self._to.key(name))

    def told(self) -> Iterator[dict[str, Any]]:
        """From the objects beside them."""
        with self._to.in_words():
            sizes = self._sizes()
        for key in sizes:
            if not key.endswith(f"{SUFFIX}{TOLD_SUFFIX}"):
                continue
            with suppress(ValueError, KeyError, TypeError):
                said = json.loads(self._content(key))
                is_whole = sizes.get(self._to.key(said["name"])) == said["bytes"]
                if is_whole and key == self._to.key(said["name"] + TOLD_SUFFIX):
                    yield said

    def remove(self, name: str) -> bool:
        """First the backup: what is said of one that is gone counts for nothing."""
        try:
            with self._to.in_words():
                for each in (name, name + TOLD_SUFFIX):
                    self._client.remove_object(self._bucket, self._to.key(each))
        except BucketFault as fault:
            log.warning("the old backup %s cannot be removed: %s", name, fault)
            return False
        return True

    def _check_new(self, name: str) -> None:
        """A wrong bucket or key is told before the whole ledger is read."""
        if self._to.key(name) in self._sizes():
            raise Invalid(f"{name} is there already", "Wait a second, and make it again.")

    def _sizes(self) -> Mapping[str, int]:
        found = self._client.list_objects(self._bucket, prefix=self._to.key(PREFIX))
        return {str(each.object_name): int(each.size or 0) for each in found}

    def _content(self, key: str) -> bytes:
        with self._to.in_words():
            response = self._client.get_object(self._bucket, key)
            try:
                return response.read(READ_BYTES)
            finally:
                response.close()
                response.release_conn()


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A backup in a bucket."""

    bucket: Bucket
    name: str

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """Downloaded from its beginning."""
        with self.bucket.read(self.name) as source:
            yield source


def stored_object(text: str, settings: BucketSettings) -> StoredObject:
    """The backup at ``s3://bucket/folder/NAME``. Raises ``Invalid``."""
    address = BucketAddress.of(text)
    folder, _, name = address.key.rpartition("/")
    if not name.endswith(SUFFIX):
        raise Invalid(f"{text} is no backup", f"Give its whole name; it ends in {SUFFIX}.")
    return StoredObject(Bucket(BucketAddress(address.bucket, folder), settings), name)


class _Download:
    """An object as it comes. ``fault`` is what ended it, for those who read give its text only."""

    def __init__(self, to: BucketClient, response: Any) -> None:
        self._to = to
        self._response = response
        self.fault: LedgerError | None = None

    def read(self, size: int = -1, /) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            return bytes(self._response.read(READ_BYTES if size < 0 else size))
        except (HTTPError, OSError) as error:
            self.fault = self._to.lost(error)
            raise OSError(str(self.fault)) from error


class _Pipe:
    """Turns who writes into who is read from: ``fill`` writes in a thread of its own, a few pieces ahead."""

    def __init__(self, fill: Fill) -> None:
        self._pieces: Queue[bytes | None] = Queue(PIECES_WAITING_MAX)
        self._rest = b""
        self._is_left = Event()
        self._fault: Exception | None = None
        self._written: Written | None = None
        self._thread = Thread(target=self._run, args=(fill,), name="writing a backup", daemon=True)
        self._thread.start()

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, b"" at the end. Raises what ``fill`` raised."""
        if not self._rest:
            piece = self._pieces.get()
            if piece is None:
                self._pieces.put(None)
                if self._fault is not None:
                    raise self._fault
                return b""
            self._rest = piece
        if size < 0:
            size = len(self._rest)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def written(self) -> Written:
        """After the end."""
        assert self._written is not None  # noqa: S101 - read() has given its end
        return self._written

    def close(self) -> None:
        """Let the thread end, however far it is."""
        self._is_left.set()
        while self._thread.is_alive():
            while not self._pieces.empty():
                self._pieces.get_nowait()
            self._thread.join(0.01)

    def _run(self, fill: Fill) -> None:
        try:
            self._written = fill(cast("BinaryIO", _Writer(self._pieces, self._is_left)))
        except Exception as error:  # noqa: BLE001 - told to who reads
            self._fault = error
        self._pieces.put(None)


class _Writer:
    def __init__(self, pieces: Queue[bytes | None], is_left: Event) -> None:
        self._pieces = pieces
        self._is_left = is_left

    def write(self, raw: bytes) -> int:
        if self._is_left.is_set():
            raise OSError("the upload has ended")
        self._pieces.put(bytes(raw))
        return len(raw)

    def flush(self) -> None:
        pass
