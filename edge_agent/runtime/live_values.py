"""What the running agent heard last, for whoever stands before the gateway: ``edge-agent monitor`` reads it.

The agent itself tells, over a Unix socket in its data directory, so that looking costs no bus a question, takes no
connection from a sensor that has few, and waits for no disk. One connection, one JSON object, end.
"""

import asyncio
import json
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import Envelope, Notice, NoticeKind, Quality, Reading, Record, ScanTransaction
from edge_agent.drivers.base import Emit
from edge_agent.timekeeping.clock import Clock

FILE_NAME = "live.sock"
SNAPSHOT_BYTES_MAX = 4 << 20
ANSWER_S = 2.0

_log = logging.getLogger("edge_agent.live")


@dataclass(slots=True)
class Seen:
    """A device or scanner as it was heard last.

    ``every_s`` is how often it is polled, if it is; ``latency_ms`` how long its last answer took.
    """

    name: str
    every_s: float | None
    quality: str = "waiting"
    values: dict[str, float] = field(default_factory=dict)
    detail: str = ""
    records: int = 0
    errors: int = 0
    is_lost: bool = False
    latency_ms: float | None = None
    at_mono_s: float | None = None
    good_mono_s: float | None = None


class Live:
    """Listens in on what goes to the journal. Holds one entry for each device, contact and scanner configured."""

    def __init__(self, config: GatewayConfig, clock: Clock) -> None:
        self._gateway = config.gateway.name
        self._clock = clock
        self._started_s = clock.mono_s()
        self._seen: dict[str, Seen] = {}
        self.follow(config)

    def follow(self, config: GatewayConfig) -> None:
        """Have entries for what is configured now; what was heard of it before stays."""
        fresh = {device.name: Seen(device.name, device.poll_s) for device in config.device}
        fresh |= {sensor.name: Seen(sensor.name, sensor.poll_s) for sensor in config.particle_sensor}
        fresh |= {contact.name: Seen(contact.name, contact.poll_s) for contact in config.contact}
        fresh |= {scanner.name: Seen(scanner.name, None) for scanner in config.scanner}
        for name, seen in fresh.items():
            if name in self._seen:
                fresh[name] = replace(self._seen[name], every_s=seen.every_s)
        self._seen = fresh

    def listening_in(self, emit: Emit) -> Emit:
        """``emit`` that also remembers what was said."""

        async def emit_and_remember(record: Record) -> None:
            self.take(record)
            await emit(record)

        return emit_and_remember

    def take(self, record: Record) -> None:
        """Remember ``record`` as the latest of its device."""
        name = _device_of(record)
        seen = self._seen.get(name)
        if seen is None:
            return
        now_s = self._clock.mono_s()
        match record:
            case Reading():
                _take_reading(seen, record, now_s)
            case ScanTransaction():
                seen.quality, seen.detail = "good", f"{record.action} by {record.operator}"
                seen.records, seen.at_mono_s, seen.good_mono_s = seen.records + 1, now_s, now_s
            case Notice():
                _take_notice(seen, record, now_s)

    def answered(self, device: str, latency_s: float) -> None:
        """Remember how long the last answer of ``device`` took."""
        if seen := self._seen.get(device):
            seen.latency_ms = round(latency_s * 1000, 1)

    def snapshot(self) -> dict[str, Any]:
        """Everything, as JSON has it."""
        now_s = self._clock.mono_s()
        return {
            "gateway": self._gateway,
            "at": self._clock.now().isoformat(),
            "running_s": round(now_s - self._started_s, 1),
            "devices": [_entry(seen, now_s) for seen in self._seen.values()],
        }

    async def serve(self, data_dir: Path) -> None:
        """Answer whoever asks until cancelled. If the socket cannot be made, say so once and do without."""
        try:
            with short_path(data_dir) as path:
                path.unlink(missing_ok=True)
                server = await asyncio.start_unix_server(self._answer, path)
                (data_dir / FILE_NAME).chmod(0o660)
        except OSError as error:
            _log.warning("no live view for `edge-agent monitor`: %s: %s", data_dir / FILE_NAME, error.strerror or error)
            return
        try:
            async with server:
                await server.serve_forever()
        finally:
            with suppress(OSError):
                (data_dir / FILE_NAME).unlink()

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                writer.write(json.dumps(self.snapshot()).encode())
                await writer.drain()
        except (OSError, TimeoutError):
            pass  # who asked went away
        finally:
            writer.close()


async def ask_live(data_dir: Path) -> dict[str, Any] | None:
    """The snapshot of the agent that runs on ``data_dir``; None if none does, or it cannot be asked."""
    try:
        if not stat.S_ISSOCK((data_dir / FILE_NAME).stat().st_mode):
            return None
        async with asyncio.timeout(ANSWER_S):
            with short_path(data_dir) as path:
                reader, writer = await asyncio.open_unix_connection(path)
            try:
                answer = await _whole(reader)
            finally:
                writer.close()
        snapshot = json.loads(answer)
    except (OSError, TimeoutError, ValueError):
        return None
    return snapshot if isinstance(snapshot, dict) else None


@contextmanager
def short_path(data_dir: Path) -> Iterator[Path]:
    """The socket's path by way of its open directory: a Unix socket's own path may have 107 bytes only."""
    directory = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{directory}/{FILE_NAME}")
    finally:
        os.close(directory)


async def _whole(reader: asyncio.StreamReader) -> bytes:
    answer = bytearray()
    while part := await reader.read(65536):
        answer += part
        if len(answer) > SNAPSHOT_BYTES_MAX:
            raise ValueError("too long for a snapshot")
    return bytes(answer)


def _device_of(record: Record) -> str:
    match record:
        case Reading() | Envelope():
            return record.device
        case ScanTransaction():
            return record.scanner
        case Notice():
            return record.subject


def _take_reading(seen: Seen, reading: Reading, now_s: float) -> None:
    if reading.quality is Quality.GOOD:
        seen.values, seen.good_mono_s, seen.is_lost = dict(reading.values), now_s, False
    else:
        seen.errors += 1
    seen.quality, seen.detail = reading.quality.value, reading.detail
    seen.records, seen.at_mono_s = seen.records + 1, now_s


def _take_notice(seen: Seen, notice: Notice, now_s: float) -> None:
    if notice.notice is NoticeKind.DEVICE_LOST:
        seen.is_lost, seen.detail = True, notice.text
    elif notice.notice is NoticeKind.DEVICE_BACK:
        seen.is_lost, seen.detail = False, notice.text
    elif notice.notice is NoticeKind.SCAN_REFUSED:
        seen.errors, seen.detail = seen.errors + 1, notice.text
    seen.at_mono_s = now_s


def _entry(seen: Seen, now_s: float) -> dict[str, Any]:
    entry = asdict(seen)
    entry["age_s"] = _age(entry.pop("at_mono_s"), now_s)
    entry["good_age_s"] = _age(entry.pop("good_mono_s"), now_s)
    return entry


def _age(at_s: float | None, now_s: float) -> float | None:
    return None if at_s is None else round(now_s - at_s, 1)
