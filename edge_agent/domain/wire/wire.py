"""The batch: one journal row, one signed wire unit, one evidence row, byte for byte the same.

Layout, version 1::

    b"LWB1" | header length, 4 bytes big-endian | header, canonical JSON | payload | signature, 64 bytes

The payload is NDJSON (one record a line), compressed as ``header.codec`` says. The signature is Ed25519 over
everything before it. The digest of a batch is SHA-256 over the whole unit and is what the next batch of the same
lane names as ``previous``.

Signing and verifying are passed in: this module holds no keys.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge_agent.domain.wire.ids import GatewayName, JournalId
from edge_agent.domain.wire.protocol import PROTOCOLS_READ, version_in
from edge_agent.domain.wire.records import Envelope, Lane, Notice, Quality, Reading, Record, ScanTransaction

MAGIC = b"LWB1"
SIGNATURE_BYTES = 64
BATCH_BYTES_MAX = 1 << 20
PAYLOAD_BYTES_MAX = 8 << 20
"""What a payload may unpack to; a larger one is refused while it is unpacked."""
RECORD_BYTES_MAX = 1 << 20
"""Of one record; a payload unpacks to at most as many of these as its header announces."""
HEADER_BYTES_MAX = 4096
UNPACKED_AT_ONCE_BYTES = 1 << 16
RECORDS_MAX = 10_000
COMPRESSION_LEVEL = 4
"""A quarter faster than 6, and a tenth larger."""
NO_PREVIOUS = "0" * 64
"""``previous`` of the first batch of a lane."""

Sign = Callable[[bytes], bytes]
"""Signed bytes -> 64 byte Ed25519 signature."""
Verify = Callable[[bytes, bytes], bool]
"""(signature, signed bytes) -> whether it is genuine."""


class WireError(ValueError):
    """A batch that cannot be read as one. ``reason`` says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class VersionNotRead(WireError):
    """A batch of a version that is not read here. It may be sound: whoever has it keeps it until it can be read."""

    def __init__(self, version: int) -> None:
        read = ", ".join(map(str, PROTOCOLS_READ))
        super().__init__(f"batches of version {version} are not read yet, only {read}: upgrade this side")
        self.version = version


class BatchHeader(BaseModel):
    """Who says it, where it stands in the lane, and what came before.

    Records of the batch have the sequence numbers ``first`` .. ``first + count - 1`` of their lane.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    gateway: Annotated[GatewayName, Field(min_length=1, max_length=100)]
    journal: Annotated[JournalId, Field(pattern=r"^[0-9a-f-]{36}$")]
    lane: Lane
    first: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1, le=RECORDS_MAX)]
    previous: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    codec: Literal["zlib"] = "zlib"


@dataclass(frozen=True, slots=True)
class Batch:
    """A decoded batch. ``lines`` are the records, still as JSON bytes: an unreadable one must not spoil the rest."""

    header: BatchHeader
    lines: tuple[bytes, ...]
    raw: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the unit, 64 hex digits."""
        return digest_of(self.raw)

    def is_genuine(self, verify: Verify) -> bool:
        """Whether the signature is that of the key behind ``verify``."""
        return is_genuine(self.raw, verify)


def is_genuine(raw: bytes, verify: Verify) -> bool:
    """Whether the signature of a unit is that of the key behind ``verify``; nothing else of it is looked at."""
    return verify(raw[-SIGNATURE_BYTES:], raw[:-SIGNATURE_BYTES])


def digest_of(raw: bytes) -> str:
    """SHA-256 of a whole unit, 64 hex digits."""
    return hashlib.sha256(raw).hexdigest()


def encode_batch(header: BatchHeader, lines: Sequence[bytes], sign: Sign) -> bytes:
    """The unit for ``lines`` (from :func:`encode_record`), signed. Raises ``WireError`` if it would be too large."""
    if len(lines) != header.count:
        raise AssertionError(f"header.count is {header.count} but there are {len(lines)} records")
    payload = zlib.compress(b"\n".join(lines), COMPRESSION_LEVEL)
    head = json.dumps(header.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()
    signed = MAGIC + len(head).to_bytes(4, "big") + head + payload
    if len(signed) + SIGNATURE_BYTES > BATCH_BYTES_MAX:
        raise WireError(f"batch of {len(signed)} bytes is larger than {BATCH_BYTES_MAX}")
    return signed + sign(signed)


def decode_batch(raw: bytes, header: BatchHeader | None = None) -> Batch:
    """Header and record lines of a unit. Raises ``WireError``. The signature is not checked here: whoever takes units
    from strangers checks it first (:func:`is_genuine`), for unpacking is work.

    ``header`` is that of this very unit, if it was read before (:func:`header_of`).
    """
    head_end = _head_end(raw)
    header = header or _header(raw, head_end)
    lines = tuple(_unpack(raw[head_end:-SIGNATURE_BYTES], header.count).split(b"\n"))
    if len(lines) != header.count:
        raise WireError(f"header announces {header.count} records, payload has {len(lines)}")
    return Batch(header, lines, raw)


def header_of(raw: bytes) -> BatchHeader:
    """The header of a unit alone, its payload not unpacked. Raises ``WireError``. Nothing of it is proven yet."""
    return _header(raw, _head_end(raw))


def encode_record(record: Record) -> bytes:
    """One record as one JSON line, without the line end. Raises ``ValueError`` for what JSON cannot say (NaN)."""
    return encode_timed(record)[0]


def encode_timed(record: Record) -> tuple[bytes, int]:
    """As :func:`encode_record`, with the record's wall time in whole milliseconds since 1970 UTC."""
    if type(record) is Reading and record.quality is _GOOD and not record.detail and record.was is None:
        return _good_reading(record)
    line = json.dumps(_without_defaults(asdict(record)), separators=(",", ":"), default=_plain, allow_nan=False)
    return line.encode(), _ms_since_1970(record.stamp.at)


def decode_record(line: bytes) -> Record:
    """The record in one line. Raises ``WireError`` naming every fault in it."""
    try:
        return _RECORD.validate_json(line)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise WireError(f"unreadable record: {faults}") from error


def join_units(units: Iterable[bytes]) -> bytes:
    """Several units as one message: each with its length before it, 4 bytes big-endian."""
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def split_units(message: bytes, units_max: int | None = None) -> tuple[bytes, ...]:
    """The units of a message made by :func:`join_units`. Raises ``WireError`` if it is cut short.

    Of a message with more than ``units_max`` units, one more than that is returned.
    """
    units: list[bytes] = []
    at = 0
    while at < len(message) and (units_max is None or len(units) <= units_max):
        size = int.from_bytes(message[at : at + 4], "big")
        unit = message[at + 4 : at + 4 + size]
        if len(message) - at < 4 or len(unit) != size or size == 0:
            raise WireError(f"message is cut short at byte {at}")
        units.append(unit)
        at += 4 + size
    return tuple(units)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GOOD = Quality.GOOD
_RECORD: TypeAdapter[Record] = TypeAdapter(
    Annotated[Reading | Envelope | ScanTransaction | Notice, Field(discriminator="kind")]
)


def _head_end(raw: bytes) -> int:
    if len(raw) > BATCH_BYTES_MAX:
        raise WireError(f"batch of {len(raw)} bytes is larger than {BATCH_BYTES_MAX}")
    if raw[:3] == MAGIC[:3] and raw[3:4].isdigit() and raw[:4] != MAGIC:
        raise VersionNotRead(int(raw[3:4]))
    if raw[:4] != MAGIC:
        raise WireError(f"not a Lotwarden batch: starts with {raw[:4]!r}")
    header_bytes = int.from_bytes(raw[4:8], "big")
    if header_bytes > HEADER_BYTES_MAX:
        raise WireError(f"a header of {header_bytes} bytes is larger than {HEADER_BYTES_MAX}")
    head_end = 8 + header_bytes
    if len(raw) < head_end + SIGNATURE_BYTES:
        raise WireError("batch is cut short")
    return head_end


def _header(raw: bytes, head_end: int) -> BatchHeader:
    try:
        return BatchHeader.model_validate_json(raw[8:head_end])
    except ValidationError as error:
        version = version_in(raw[8:head_end])
        if version is not None and version not in PROTOCOLS_READ:
            raise VersionNotRead(version) from error
        raise WireError(f"unreadable header: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from error


def _unpack(payload: bytes, records: int) -> bytes:
    """The lines of ``records`` records. What is more than the header announces is given up as soon as it shows."""
    bytes_max = min(PAYLOAD_BYTES_MAX, records * RECORD_BYTES_MAX)
    unpacker = zlib.decompressobj()
    parts: list[bytes] = []
    size = line_ends = 0
    try:
        while payload and not unpacker.eof:
            part = unpacker.decompress(payload, UNPACKED_AT_ONCE_BYTES)
            payload = unpacker.unconsumed_tail
            parts.append(part)
            size += len(part)
            line_ends += part.count(b"\n")
            if line_ends >= records:
                raise WireError(f"header announces {records} records, payload has more")
            if size > bytes_max:
                raise WireError(f"payload unpacks to over {bytes_max} bytes")
    except zlib.error as error:
        raise WireError(f"payload does not unpack: {error}") from error
    if not unpacker.eof or unpacker.unused_data:
        raise WireError("payload is cut short, or has bytes after its end")
    return b"".join(parts)


def _good_reading(reading: Reading) -> tuple[bytes, int]:
    """The same line as for any record, written out by hand and in one go: nearly all lines are of this kind, and this
    is what bounds how many readings a small computer keeps."""
    stamp = reading.stamp
    since = stamp.at - _EPOCH
    ms = since.microseconds // 1000
    second_ms, second = _second(since.days, since.seconds)
    values = ""
    for metric, value in reading.values.items():
        # What is not finite has no difference of zero with itself; JSON cannot say it, and json.dumps objects.
        if value.__class__ is float and value - value == 0.0:
            values += f",{_quoted(metric)}:{value!r}"
        else:
            values += f",{_quoted(metric)}:{json.dumps(value, allow_nan=False)}"
    if values:
        values = f',"values":{{{values[1:]}}}'
    rest = _from_boot_to_quality(stamp.boot, stamp.synced, reading.device)
    line = f'{{"stamp":{{"at":"{second}.{_MS[ms]}Z","mono_ms":{stamp.mono_ms}{rest}{values},"kind":"reading"}}'
    return line.encode(), second_ms + ms


_MS = tuple(f"{ms:03d}" for ms in range(1000))


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return json.dumps(text)


@lru_cache(maxsize=4096)
def _from_boot_to_quality(boot: str, synced: bool, device: str) -> str:
    rest = json.dumps({"boot": boot, "synced": synced}, separators=(",", ":"))[1:]
    return f',{rest},"device":{json.dumps(device)},"quality":"good"'


def _instant(at: datetime) -> str:
    """``2026-03-01T08:00:00.207Z``: whole milliseconds, rounded down."""
    since = at - _EPOCH
    return f"{_second(since.days, since.seconds)[1]}.{_MS[since.microseconds // 1000]}Z"


def _ms_since_1970(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


@lru_cache(maxsize=1024)
def _second(days: int, seconds: int) -> tuple[int, str]:
    """The second as milliseconds since 1970, and as text."""
    return (days * 86_400 + seconds) * 1000, (_EPOCH + timedelta(days, seconds)).isoformat()[:19]


def _without_defaults(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", (), {})}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"no wire form for {type(value).__name__}")
