"""The archive of readings: bytes a reading in its files, and one channel's day read across the border.

Ten channels of one gateway, a reading a minute with a jitter, in hundredths of a degree, of batches of a hundred, three
months: two of them are archived. A day is read as a chart asks for it, and beside it the same from the database.
"""

import random
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time

from cloud_sync.actions.monitoring.archiving import archive_readings
from cloud_sync.actions.monitoring.measurements import readings_of
from cloud_sync.actions.monitoring.retention import make_months
from cloud_sync.archive.stores import FolderStore
from tests.bench.figure import Figure
from tests.bench.ledger import new_database
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
CHANNELS, DAYS, ARCHIVED_DAYS, LOOKS = 10, 92, 61, 200
READINGS = """
    INSERT INTO reading (channel_id, at, seq, value, evidence_id)
    SELECT c.id, %(first)s::timestamptz + n * interval '1 minute' + (hashint4(n) %% 900) * interval '1 ms', n,
           round((5 + 1.5 * sin(n / 300.0 + c.id) + (hashint4(n * 31 + c.id::integer) %% 40) / 100.0)::numeric, 2),
           n / 100
    FROM channel c CROSS JOIN generate_series(1, %(count)s) AS n"""


def _filled() -> Ledger:
    ledger = ledger_with_two_fridges(new_database("archive"), GatewayWithKey())
    for number in range(CHANNELS):
        ledger.put_probe("fridge-a", f"bench-{number}")
    with ledger.database.transaction() as connection:
        make_months(connection, FIRST, FIRST + timedelta(days=DAYS))
    ledger.run(READINGS, {"first": FIRST, "count": DAYS * 1440})
    return ledger


def _day_ms(ledger: Ledger, chance: random.Random) -> tuple[float, float, float]:
    """Median and least by the clock, and the median of what this process computed."""
    channels = [row["id"] for row in ledger.rows("SELECT id FROM channel ORDER BY id")]
    took, computed = [], []
    for _ in range(LOOKS):
        channel, day = chance.choice(channels), FIRST + timedelta(days=chance.randrange(1, ARCHIVED_DAYS - 1))
        began, cpu_began = perf_counter(), thread_time()
        found = readings_of(ledger.database, channel, day, day + timedelta(days=1), rows_max=10_000)
        took.append((perf_counter() - began) * 1000)
        computed.append((thread_time() - cpu_began) * 1000)
        assert 1430 < len(found) < 1450
    return median(took), min(took), median(computed)


@cache
def _measured() -> dict[str, float]:
    ledger = _filled()
    here_ms, _, _ = _day_ms(ledger, random.Random(7))
    with tempfile.TemporaryDirectory() as folder:
        at = FIRST + timedelta(days=DAYS)
        began = perf_counter()
        done = list(archive_readings(ledger.database, FolderStore(Path(folder)), months=1, at=at, actor="bench"))
        took_s = perf_counter() - began
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
        readings = sum(each.readings for each in done)
        _day_ms(ledger, random.Random(8))  # footers are known then, as they are to a ledger that runs
        day_ms, least_ms, computed_ms = _day_ms(ledger, random.Random(7))
        return {"bytes": size / readings, "day_ms": day_ms, "least_ms": least_ms, "computed_ms": computed_ms,
                "here_ms": here_ms, "readings": readings, "readings_a_s": readings / took_s}  # fmt: skip


def cluster_archive_bytes_per_reading() -> Figure:
    """Size of the files, footers included, by the readings in them."""
    found = _measured()
    note = f"{found['readings']:.0f} readings of {CHANNELS} channels; {found['readings_a_s']:.0f} a second"
    return Figure("cluster_archive_bytes_per_reading", found["bytes"], "B", 10, note=note)


def cluster_archive_day_ms() -> Figure:
    """One channel's day, as a chart asks for it: fetched, held against its hash and read; the median."""
    found = _measured()
    note = f"{LOOKS} days of 1440 readings; least {found['least_ms']:.1f}, {found['computed_ms']:.1f} ms of processor"
    peer = "the same from the database"
    return Figure("cluster_archive_day_ms", found["day_ms"], "ms", 20, against=found["here_ms"], peer=peer, note=note)


FIGURES = {
    "cluster_archive_bytes_per_reading": cluster_archive_bytes_per_reading,
    "cluster_archive_day_ms": cluster_archive_day_ms,
}
