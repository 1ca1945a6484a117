"""One file of the archive: what a gateway's channels measured in a month, as Parquet, sorted by channel and time.

A row group is of one channel and has ``PART_ROWS`` rows at most, so that a day of a channel is fetched, checked and
read without the rest of the file. Columns: ``channel_id``, ``device``, ``metric``, ``at`` (microseconds, UTC),
``value``, ``seq`` (number of the record in its journal) and ``evidence_id`` (the batch, a row of ``evidence``).
"""

import hashlib
import io
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from cloud_sync.errors import Invalid

PART_ROWS = 44_640
"""A minute's readings of 31 days."""
FOOTER_END_BYTES = 8
"""Length of the footer, and ``PAR1``."""
FOOTERS_CACHED = 64
COMPRESSION_LEVEL = 9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Reading = tuple[int, int, float, int]
"""When (microseconds since 1970, UTC), number in its journal, value, id of its batch."""


@dataclass(frozen=True, slots=True)
class Part:
    """A row group: what it holds, where its bytes are, and their hash."""

    number: int
    channel_id: int
    first_at: datetime
    last_at: datetime
    row_count: int
    byte_offset: int
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A whole file, as it was written."""

    size_bytes: int
    footer_bytes: int
    sha256: bytes
    footer_sha256: bytes
    parts: tuple[Part, ...]

    @property
    def row_count(self) -> int:
        """Readings in it."""
        return sum(part.row_count for part in self.parts)


@dataclass(slots=True)
class ParquetWriter:
    """Writes a file; call :meth:`add` for each channel in turn, then :meth:`close`."""

    path: Path
    about: Mapping[str, str]
    _channels: list[tuple[int, Sequence[Reading]]] = field(default_factory=list)
    _writer: Any = None

    def add(self, channel_id: int, device: str, metric: str, rows: Sequence[Reading]) -> None:
        """Readings of a channel, in the order of time."""
        pa, _ = _arrow()
        for start in range(0, len(rows), PART_ROWS):
            part = rows[start : start + PART_ROWS]
            if self._writer is None:
                self._writer = self._opened()
            columns = [
                pa.array([channel_id] * len(part), pa.int64()),
                *(pa.array([name] * len(part), pa.string()) for name in (device, metric)),
                pa.array([row[0] for row in part], pa.int64()).cast(pa.timestamp("us", tz="UTC")),
                pa.array([row[2] for row in part], pa.float64()),
                pa.array([row[1] for row in part], pa.int64()),
                pa.array([row[3] for row in part], pa.int64()),
            ]
            table = pa.Table.from_arrays(columns, schema=self._writer.schema)
            self._writer.write_table(table, row_group_size=PART_ROWS)
            self._channels.append((channel_id, part))

    def close(self) -> WrittenFile | None:
        """End the file; None if nothing was added, and there is no file then."""
        if self._writer is None:
            return None
        _, pq = _arrow()
        self._writer.close()
        raw = self.path.read_bytes()
        footer_bytes = int.from_bytes(raw[-FOOTER_END_BYTES:-4], "little") + FOOTER_END_BYTES
        metadata = pq.read_metadata(io.BytesIO(raw))
        parts = tuple(
            _part(number, channel_id, rows, metadata.row_group(number), raw)
            for number, (channel_id, rows) in enumerate(self._channels)
        )
        digests = hashlib.sha256(raw).digest(), hashlib.sha256(raw[-footer_bytes:]).digest()
        return WrittenFile(len(raw), footer_bytes, *digests, parts)

    def _opened(self) -> Any:
        pa, pq = _arrow()
        fields = [
            ("channel_id", pa.int64()), ("device", pa.string()), ("metric", pa.string()),
            ("at", pa.timestamp("us", tz="UTC")), ("value", pa.float64()), ("seq", pa.int64()),
            ("evidence_id", pa.int64()),
        ]  # fmt: skip
        return pq.ParquetWriter(
            self.path,
            pa.schema(fields, metadata=dict(self.about)),
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=["channel_id", "device", "metric", "value"],
            column_encoding=dict.fromkeys(("at", "seq", "evidence_id"), "DELTA_BINARY_PACKED"),
            write_statistics=["at"],
            store_schema=False,
        )


def _part(number: int, channel_id: int, rows: Sequence[Reading], group: Any, raw: bytes) -> Part:
    columns = [group.column(at) for at in range(group.num_columns)]
    starts = [min(each.data_page_offset, each.dictionary_page_offset or each.data_page_offset) for each in columns]
    begins = min(starts)
    ends = max(start + each.total_compressed_size for start, each in zip(starts, columns, strict=True))
    return Part(
        number, channel_id, instant(rows[0][0]), instant(rows[-1][0]), len(rows), begins, ends - begins,
        hashlib.sha256(raw[begins:ends]).digest(),
    )  # fmt: skip


def microseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant(at_us: int) -> datetime:
    """From microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at_us)


@dataclass(frozen=True, slots=True)
class FetchedPart:
    """A row group's bytes and its file's footer, which the caller has held against their hashes."""

    number: int
    byte_offset: int
    raw: bytes
    footer: bytes
    file_bytes: int


def read_part(part: FetchedPart, within: tuple[datetime, datetime] | None = None) -> list[Reading]:
    """The readings of a row group; only those ``within`` the first and last of these instants, if they are given.

    Raises ``ValueError`` if it is no Parquet after all.
    """
    return _columns(part, within, "seq", "value", "evidence_id")


def read_values(part: FetchedPart, within: tuple[datetime, datetime] | None = None) -> list[tuple[int, float]]:
    """The same, only when (microseconds since 1970, UTC) and what."""
    return _columns(part, within, "value")


def _columns(part: FetchedPart, within: tuple[datetime, datetime] | None, *names: str) -> list[Any]:
    pa, pq = _arrow()
    footer_at = part.file_bytes - len(part.footer)
    source = _Sparse(part.file_bytes, {part.byte_offset: part.raw, footer_at: part.footer})
    try:
        file = pq.ParquetFile(source, metadata=_FOOTERS.of(part.footer, part.file_bytes), pre_buffer=False)
        table = file.read_row_group(part.number, columns=["at", *names], use_threads=False)
    except (pa.ArrowException, OSError, IndexError) as error:
        raise ValueError(str(error)) from error
    at_us = table["at"].cast(pa.int64())
    named = [table[name] for name in names]
    if within is not None:
        first_us, last_us = (microseconds(each) for each in within)
        known = at_us.combine_chunks()
        start, end = _first_from(known, first_us), _first_from(known, last_us + 1)
        at_us, named = at_us.slice(start, end - start), [each.slice(start, end - start) for each in named]
    return list(zip(at_us.to_pylist(), *(each.to_pylist() for each in named), strict=True))


def _first_from(at_us: Any, wanted: int) -> int:
    """The place of the first instant from one on, in the order of time."""
    return bisect_left(range(len(at_us)), wanted, key=lambda place: at_us[place].as_py())


class _Footers:
    """Footers that were read lately, by their bytes' hash: what has been parsed need not be again."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Any] = OrderedDict()
        self._lock = Lock()

    def of(self, footer: bytes, file_bytes: int) -> Any:
        _, pq = _arrow()
        key = hashlib.sha256(footer).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        parsed = pq.read_metadata(_Sparse(file_bytes, {file_bytes - len(footer): footer}))
        with self._lock:
            self._known[key] = parsed
            if len(self._known) > FOOTERS_CACHED:
                self._known.popitem(last=False)
        return parsed


_FOOTERS = _Footers()


class _Sparse(io.RawIOBase):
    """A file of which only some stretches are here. What lies between was not fetched: zeros, which are no Parquet."""

    def __init__(self, size: int, stretches: Mapping[int, bytes]) -> None:
        super().__init__()
        self._size, self._stretches, self._at = size, stretches, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        ends = self._size if size is None or size < 0 else min(self._size, self._at + size)
        found = bytearray(max(0, ends - self._at))
        for begins, stretch in self._stretches.items():
            first, last = max(begins, self._at), min(begins + len(stretch), ends)
            if first < last:
                found[first - self._at : last - self._at] = stretch[first - begins : last - begins]
        self._at += len(found)
        return bytes(found)


def _arrow() -> tuple[Any, Any]:
    """pyarrow, which only the archive needs. Raises ``Invalid`` where it is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise Invalid(
            "the archive needs the package pyarrow, which is not installed", "Run: pip install 'lotwarden[archive]'"
        ) from error
    return pyarrow, parquet
