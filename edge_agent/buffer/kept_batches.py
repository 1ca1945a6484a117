"""Batches that the ledger has acknowledged, kept for a while: a ledger that is restored from a backup is older than its
receipts, and asks for them again.

Files of an hour each in ``data_dir/kept``, only ever appended to and removed whole. They are a second copy: written
before a batch leaves the journal, and brought to the disk at least once a minute rather than each time, which spares
the card.
"""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from edge_agent.buffer.stored_batch import StoredBatch
from edge_agent.domain.wire.ids import JournalId
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import digest_of
from edge_agent.timekeeping.clock import Clock

DIRECTORY = "kept"
SUFFIX = ".kept"
FILE_S = 3600.0
SYNC_EVERY_S = 60.0
HEAD_BYTES_MAX = 4096
RAW_BYTES_MAX = 4 << 20
Numbers = tuple[int, int]
"""The first and the last of consecutive numbers."""

_log = logging.getLogger("edge_agent.kept")


class KeptBatches:
    """The store. ``hours`` 0 keeps nothing. For the one thread that also has the journal."""

    def __init__(self, data_dir: Path, clock: Clock, *, hours: float, bytes_max: int) -> None:
        self._folder = data_dir / DIRECTORY
        self._clock = clock
        self._kept_s = hours * 3600
        self._bytes_max = bytes_max
        self._file: BinaryIO | None = None
        self._began_s = self._synced_s = clock.mono_s()
        self._fails = False

    def keep(self, batches: Iterable[StoredBatch]) -> None:
        """Keep these. A disk that does not take them is told once: the ledger has them, and the journal goes on."""
        if not self._kept_s:
            return
        try:
            self._keep(batches)
        except OSError as error:
            self.close()
            if not self._fails:
                _log.error("acknowledged batches cannot be kept in %s: %s", self._folder, error.strerror)
            self._fails = True
        else:
            self._fails = False

    def find(self, journal: JournalId, wanted: Mapping[Lane, Sequence[Numbers]], bytes_max: int) -> list[StoredBatch]:
        """Batches of ``journal`` with any of these numbers, as far as ``bytes_max`` goes, but at least one."""
        found: dict[str, StoredBatch] = {}
        size = 0
        for batch in self._batches():
            if batch.journal != journal or batch.digest in found or not touches(batch, wanted.get(batch.lane, ())):
                continue
            if found and size + len(batch.raw) > bytes_max:
                break
            found[batch.digest] = batch
            size += len(batch.raw)
        return list(found.values())

    def close(self) -> None:
        """Bring what was written to the disk, and let go of the file."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                _log.warning("the last acknowledged batches may not be kept: %s", error.strerror)
            finally:
                file.close()

    def _keep(self, batches: Iterable[StoredBatch]) -> None:
        now_s = self._clock.mono_s()
        if self._file is None or now_s - self._began_s >= FILE_S:
            self.close()
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._remove_old()
            name = f"{int(self._clock.now().timestamp() * 1000):015d}-{os.urandom(4).hex()}{SUFFIX}"
            self._file = (self._folder / name).open("xb")
            self._began_s = self._synced_s = now_s
        for batch in batches:
            self._file.write(_framed(batch))
        self._file.flush()
        if now_s - self._synced_s >= SYNC_EVERY_S:
            os.fsync(self._file.fileno())
            self._synced_s = now_s

    def _remove_old(self) -> None:
        """By the names' times, and the oldest first when there is too much. Times in the future are a clock's error."""
        now_s = self._clock.now().timestamp()
        left = self._bytes_max
        for path in reversed(self._paths()):
            age_s = now_s - int(path.name.partition("-")[0]) / 1000
            left -= path.stat().st_size
            if left < 0 or abs(age_s) > self._kept_s + FILE_S:
                path.unlink()

    def _paths(self) -> list[Path]:
        return sorted(path for path in self._folder.glob(f"*{SUFFIX}") if path.name[:15].isdigit())

    def _batches(self) -> Iterator[StoredBatch]:
        if self._file is not None:
            self._file.flush()
        for path in self._paths():
            try:
                with path.open("rb") as file:
                    yield from _read(file)
            except OSError as error:
                _log.warning("%s cannot be read: %s", path, error.strerror)


def touches(batch: StoredBatch, spans: Sequence[Numbers]) -> bool:
    """Whether any of the numbers of a batch is in these spans."""
    last = batch.first + batch.count - 1
    return any(first <= last and batch.first <= until for first, until in spans)


def _framed(batch: StoredBatch) -> bytes:
    head = json.dumps(
        {"journal": batch.journal, "lane": batch.lane.value, "first": batch.first, "count": batch.count,
         "from_ms": batch.from_ms, "until_ms": batch.until_ms, "digest": batch.digest}
    ).encode()  # fmt: skip
    return len(head).to_bytes(4, "big") + len(batch.raw).to_bytes(4, "big") + head + batch.raw


def _read(file: BinaryIO) -> Iterator[StoredBatch]:
    """Up to the end, or to where a power cut tore the file. What has rotted is passed over."""
    while len(sizes := file.read(8)) == 8:
        head_bytes, raw_bytes = int.from_bytes(sizes[:4], "big"), int.from_bytes(sizes[4:], "big")
        if head_bytes > HEAD_BYTES_MAX or raw_bytes > RAW_BYTES_MAX:
            return
        head, raw = file.read(head_bytes), file.read(raw_bytes)
        if len(raw) < raw_bytes:
            return
        try:
            said = json.loads(head)
            batch = StoredBatch(
                id=0, journal=JournalId(said["journal"]), lane=Lane(said["lane"]), first=said["first"],
                count=said["count"], from_ms=said["from_ms"], until_ms=said["until_ms"], digest=said["digest"],
                state="pending", reason="", raw=raw,
            )  # fmt: skip
        except (ValueError, KeyError, TypeError):
            continue
        if digest_of(raw) == batch.digest:
            yield batch
