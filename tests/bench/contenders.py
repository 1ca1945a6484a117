"""What the journal is measured against, each in a process of its own: the same readings, on the same disk.

``python -m tests.bench.contenders NAME DIRECTORY COUNT`` keeps COUNT readings and prints seconds and bytes written.
"""

import asyncio
import gc
import json
import os
import random
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.opening import start_journal
from edge_agent.buffer.recorder import READINGS_PER_COMMIT_MAX, Recorder
from edge_agent.buffer.stored_batch import line_of
from edge_agent.domain.wire.ids import BootId, DeviceName, GatewayName
from edge_agent.domain.wire.records import Lane, Quality, Reading, Stamp
from edge_agent.timekeeping.clock import SystemClock
from edge_agent.uplink.identity import Identity

PEERS = Path(sys.prefix) / "peers"
"""Where ``./dev bench`` puts peers: apart, because one of them ships another library under the name ``paho``."""
DEVICES = 50
PERIOD_S = 10
LIVE_S = 30
START = datetime(2026, 3, 1, tzinfo=UTC)

Result = dict[str, float]


def readings(count: int) -> list[Reading]:
    """Fifty refrigerators with temperature and humidity, each polled every 10 s, a little unevenly."""
    chance = random.Random(1)
    boot = BootId("4f1c2d9e-6a3b-4c57-9f10-2b8de0a7c611")
    made = []
    for number in range(count):
        device = number % DEVICES
        ms = number // DEVICES * PERIOD_S * 1000 + device * 37 + chance.randrange(15)
        values = {
            "temp_c": round(4 + device / 20 + chance.gauss(0, 0.05), 2),
            "rh_pct": round(50 + chance.gauss(0, 0.5), 1),
        }
        at = Stamp(START + timedelta(milliseconds=ms), 86_400_123 + ms, boot, True)
        made.append(Reading(at, DeviceName(f"fridge-{device:02}/probe-1"), Quality.GOOD, values))
    return made


def journal(home: Path, count: int) -> Result:
    """Ours: encoded, compressed, chained, signed, and on the disk (fsync) after each group."""
    given = readings(count)
    kept = open_journal(home)
    with measured() as result:
        for start in range(0, count, READINGS_PER_COMMIT_MAX):
            kept.append_lines(Lane.READINGS, [line_of(r) for r in given[start : start + READINGS_PER_COMMIT_MAX]])
        result.stop()
        kept.close()
    return result.values(count)


def journal_live(home: Path, _count: int) -> Result:
    """Ours as the agent runs it: readings as they come, a commit every 5 s."""
    return asyncio.run(_journal_live(home))


async def _journal_live(home: Path) -> Result:
    thread = JournalThread()
    kept = await thread.call(open_journal, home)
    recorder = Recorder(kept, thread, SystemClock())
    running = asyncio.create_task(recorder.run())
    count = 0
    with measured() as result:
        for reading in _live():
            await asyncio.sleep(PERIOD_S / DEVICES)
            await recorder.record(reading)
            count += 1
        recorder.stop()
        await running
        result.stop()
        await thread.call(kept.close)
    return result.values(count)


def thingsboard(home: Path, count: int) -> Result:
    """thingsboard-gateway's SQLite storage with its own settings (writing_batch_size 1000, WAL, synchronous=NORMAL:
    it does not wait for the disk). Each reading is made into text as its service does it, put, and waited for."""
    given, put, storage = _thingsboard(home, count)
    with measured() as result:
        for reading in given:
            put(reading)
        _until_stored(storage, count)
        result.stop()
        _stop_thingsboard(storage)
    return result.values(count)


def thingsboard_full(home: Path, count: int) -> Result:
    """The same made to wait for the disk on each commit, as ours does: synchronous=FULL on its connection."""
    given, put, storage = _thingsboard(home, count)
    storage._SQLiteEventStorage__write_database.db.connection.execute("PRAGMA synchronous=FULL")
    with measured() as result:
        for reading in given:
            put(reading)
        _until_stored(storage, count)
        result.stop()
        _stop_thingsboard(storage)
    return result.values(count)


def thingsboard_live(home: Path, _count: int) -> Result:
    """The same, with readings as they come."""
    given, put, storage = _thingsboard(home, DEVICES * LIVE_S // PERIOD_S)
    with measured() as result:
        for reading in given:
            time.sleep(PERIOD_S / DEVICES)
            put(reading)
        _until_stored(storage, len(given))
        result.stop()
        _stop_thingsboard(storage)
    return result.values(len(given))


def sqlite_rows(home: Path, count: int) -> Result:
    """One row a value, in WAL with synchronous=FULL, committed in the same groups as ours."""
    given = readings(count)
    connection = sqlite3.connect(home / "rows.db", isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE value (id INTEGER PRIMARY KEY, at TEXT, mono_ms INTEGER, device TEXT, metric TEXT, value REAL)"
    )
    with measured() as result:
        for start in range(0, count, READINGS_PER_COMMIT_MAX):
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO value (at, mono_ms, device, metric, value) VALUES (?, ?, ?, ?, ?)",
                [
                    (r.stamp.at.isoformat(), r.stamp.mono_ms, r.device, metric, value)
                    for r in given[start : start + READINGS_PER_COMMIT_MAX]
                    for metric, value in r.values.items()
                ],
            )
            connection.execute("COMMIT")
        result.stop()
        connection.close()
    return result.values(count)


def tinydb(home: Path, count: int) -> Result:
    """TinyDB with its own JSON file, which it writes anew each time and does not sync."""
    sys.path.append(str(PEERS))
    from tinydb import TinyDB

    given = readings(count)
    database = TinyDB(home / "tiny.json")
    with measured() as result:
        for start in range(0, count, 100):
            database.insert_multiple(
                {**asdict(r), "stamp": {**asdict(r.stamp), "at": r.stamp.at.isoformat()}}
                for r in given[start : start + 100]
            )
        result.stop()
        database.close()
    return result.values(count)


CONTENDERS: dict[str, Callable[[Path, int], Result]] = {
    function.__name__: function
    for function in (journal, journal_live, thingsboard, thingsboard_full, thingsboard_live, sqlite_rows, tinydb)
}


def open_journal(home: Path) -> Journal:
    """A fresh journal below ``home``."""
    identity = Identity(secrets.token_bytes(32))
    return start_journal(
        home / "journal", GatewayName("gw-bench"), sign=identity.sign, verify=identity.verify, clock=SystemClock()
    )


class measured:  # noqa: N801 - reads as a word at its place of use
    """Seconds until :meth:`stop`, and bytes written until the end, closing included."""

    def __enter__(self) -> "measured":
        gc.collect()
        gc.freeze()  # the readings made beforehand are nobody's load
        self._bytes = _written_bytes()
        self._began_s = time.perf_counter()
        return self

    def stop(self) -> None:
        """All is kept now; what follows is tidying up."""
        self._took_s = time.perf_counter() - self._began_s

    def __exit__(self, *_: object) -> None:
        self._bytes = _written_bytes() - self._bytes

    def values(self, count: int) -> Result:
        """What this process has to tell."""
        return {"count": count, "seconds": self._took_s, "bytes": self._bytes}


def _written_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def _live() -> list[Reading]:
    return readings(DEVICES * LIVE_S // PERIOD_S)


def _thingsboard(home: Path, count: int) -> tuple[Sequence[Any], Callable[[Any], None], Any]:
    sys.path.append(str(PEERS))
    import logging

    import simplejson
    from thingsboard_gateway.gateway.entities.converted_data import ConvertedData
    from thingsboard_gateway.gateway.entities.telemetry_entry import TelemetryEntry
    from thingsboard_gateway.storage.sqlite.sqlite_event_storage import SQLiteEventStorage

    logger = logging.getLogger("storage")
    logger.setLevel(logging.CRITICAL)
    logger.trace = logger.debug  # type: ignore[attr-defined] # its own logging adds this method
    storage = SQLiteEventStorage({"data_file_path": f"{home}/"}, logger, Event())
    given = []
    for reading in readings(count):
        data = ConvertedData(device_name=reading.device, device_type="default")
        data.add_to_telemetry(TelemetryEntry(dict(reading.values), int(reading.stamp.at.timestamp() * 1000)))
        given.append(data)

    def put(data: Any) -> None:
        # TBGatewayService.__send_data_pack_to_storage
        text = simplejson.dumps(data.to_dict(False), separators=(",", ":"), skipkeys=True, ignore_nan=True)
        assert storage.put(text)

    return given, put, storage


def _until_stored(storage: Any, count: int) -> None:
    while storage.write_queue.qsize() or storage.len() < count:
        time.sleep(0.005)


def _stop_thingsboard(storage: Any) -> None:
    storage.stop()
    storage._SQLiteEventStorage__write_database.join(timeout=10)


if __name__ == "__main__":
    name, directory, wanted = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](Path(directory), int(wanted))))
    sys.stdout.flush()
    os._exit(0)  # a peer's threads may linger
