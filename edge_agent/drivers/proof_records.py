"""What was proven on this gateway, when and by whom: one line of JSON for each probe, add and proof card, in
``commissioning.ndjson`` of the data directory. Lines are only added. The commissioning report is made of them, and the
agent knows by them that a profile which was edited has been proven again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

FILE_NAME = "commissioning.ndjson"
BYTES_MAX = 16 << 20
"""A file that is larger is not read: probes are made by people."""


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """One look at one device. ``verdict`` is proven, plausible, not proven, odd, wrong, silent or understood;
    ``profile`` the fingerprint of the register map it was looked at with; ``saw`` what proof registers showed.
    """

    at: str
    by: str
    what: str
    device: str
    where: str
    model: str
    verdict: str
    reasons: tuple[str, ...] = ()
    saw: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    profile: str = ""

    @property
    def is_proof(self) -> bool:
        """Whether nothing was left open."""
        return self.verdict in ("proven", "understood")


def now_text(now: datetime) -> str:
    """A time as records have it: UTC, whole seconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def append_record(data_dir: Path, record: ProofRecord) -> str:
    """Add ``record``. Why it could not be written, in words; '' if it was."""
    line = json.dumps(asdict(record), ensure_ascii=False) + "\n"
    try:
        handle = os.open(data_dir / FILE_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.geteuid() == 0:  # a technician with sudo: the agent has to read it, and to go on writing
                owner = data_dir.stat()
                os.fchown(handle, owner.st_uid, owner.st_gid)
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        return f"{data_dir / FILE_NAME} cannot be written ({error.strerror})"
    return ""


def read_records(data_dir: Path) -> tuple[ProofRecord, ...]:
    """All records, oldest first; lines that are none are left out. Nothing if the file is not there."""
    try:
        path = data_dir / FILE_NAME
        if path.stat().st_size > BYTES_MAX:
            return ()
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(_records_in(lines))


def is_proven_with(records: tuple[ProofRecord, ...], device: str, profile: str) -> bool:
    """Whether the last look at ``device`` with this very register map proved it."""
    own = [one for one in records if one.device == device and one.profile == profile]
    return bool(own) and own[-1].is_proof


def _records_in(lines: list[str]) -> Iterator[ProofRecord]:
    for line in lines:
        try:
            raw = json.loads(line)
            yield ProofRecord(**{**raw, "reasons": tuple(raw.get("reasons", ()))})
        except (ValueError, TypeError):
            continue
