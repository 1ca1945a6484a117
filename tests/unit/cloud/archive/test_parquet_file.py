"""Parquet files of the archive: what is written is read, in few bytes, and any part without the rest of the file."""

import random
from pathlib import Path

from cloud_sync.archive.parquet_file import (
    PART_ROWS,
    FetchedPart,
    ParquetWriter,
    Reading,
    instant,
    read_part,
    read_values,
)

MONTH_US = 1_772_323_200_000_000
"""2026-03-01 in microseconds since 1970."""


def a_month(seed: int, rows: int = 31 * 1440) -> list[Reading]:
    """A minute's readings with a jitter, in hundredths, of batches of sixty."""
    chance, found, value = random.Random(seed), [], 5.0
    for number in range(rows):
        value += chance.gauss(0, 0.02)
        at_us = MONTH_US + number * 60_000_000 + chance.randrange(2000)
        found.append((at_us, 2 * number, round(value, 2), 100 + number // 60))
    return found


def test_a_part_is_read_without_the_rest_in_at_most_ten_bytes_a_reading(tmp_path: Path) -> None:
    months = {7: a_month(1), 9: a_month(2, PART_ROWS + 10)}
    path = tmp_path / "a.parquet"
    writer = ParquetWriter(path, {"gateway": "gw-1"})
    for channel_id, rows in months.items():
        writer.add(channel_id, f"probe-{channel_id}", "temp_c", rows)
    written = writer.close()
    assert written is not None and [part.channel_id for part in written.parts] == [7, 9, 9]
    raw = path.read_bytes()
    assert written.size_bytes == len(raw) <= 10 * written.row_count
    back: dict[int, list[Reading]] = {7: [], 9: []}
    for part in written.parts:
        stretch = raw[part.byte_offset : part.byte_offset + part.size_bytes]
        fetched = FetchedPart(part.number, part.byte_offset, stretch, raw[-written.footer_bytes :], len(raw))
        back[part.channel_id] += read_part(fetched)
        day = instant(months[7][1440][0]), instant(months[7][2880][0])
        if part.channel_id == 7:
            assert read_values(fetched, day) == [(at_us, value) for at_us, _, value, _ in months[7][1440:2881]]
    assert back == months
    assert written.parts[0].last_at == instant(months[7][-1][0])


def test_nothing_written_is_no_file(tmp_path: Path) -> None:
    assert ParquetWriter(tmp_path / "a.parquet", {}).close() is None and list(tmp_path.iterdir()) == []
