"""The journal's limits: thinning before dropping, the disk reserve, wear, and files of older versions."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.opening import start_journal
from edge_agent.buffer.queries import SCHEMA, SCHEMA_VERSION
from edge_agent.buffer.reader import FILE_NAME, JournalReader, free_bytes
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Envelope, Lane, Notice, NoticeKind, Quality, Reading
from edge_agent.errors import JournalFull
from edge_agent.timekeeping.clock import ManualClock
from tests.support.journal_parts import (
    GATEWAY,
    IDENTITY,
    START,
    all_records,
    gaps_in,
    open_journal,
    reading,
    scan,
    stamp_of,
)
from tests.support.paths import DATA, ROOT

WARM_C = 8.0


def warm(record: Reading) -> bool:
    return record.values.get("temp_c", 0.0) > WARM_C


def room_journal(path: Path, **limits: int) -> Journal:
    return start_journal(
        path, GATEWAY, sign=IDENTITY.sign, verify=IDENTITY.verify, clock=ManualClock(START), must_keep=warm,
        **limits,
    )  # fmt: skip


def poll(number: int, device: int) -> Reading:
    """One of ten devices, polled every 10 s; device 3 gets warm for two minutes now and then."""
    temp_c = 9.0 if device == 3 and number % 100 < 12 else 5.0 + (number * 7 + device) % 50 / 100
    return Reading(stamp_of(number * 10), DeviceName(f"fridge-{device}"), Quality.GOOD, {"temp_c": temp_c})


def fill(journal: Journal, polls: int) -> list[Reading]:
    given = []
    for number in range(polls):
        group = [poll(number, device) for device in range(10)]
        journal.append(Lane.READINGS, group)
        given += group
    return given


def notices(journal: Journal, kind: NoticeKind) -> list[Notice]:
    return [r for r in all_records(journal, "scans") if isinstance(r, Notice) and r.notice == kind]


def numbers(notice: Notice) -> range:
    first, count = int(str(notice.data["first"])), int(str(notice.data["count"]))
    return range(first, first + count)


def held(journal: Journal) -> Iterator[int]:
    for batch in journal.batches():
        if batch.lane is Lane.READINGS:
            yield from range(batch.first, batch.first + batch.count)


def test_the_oldest_readings_become_envelopes_and_nothing_outside_its_limits_is_lost(tmp_path: Path) -> None:
    with room_journal(tmp_path / "journal", bytes_max=250_000, thin_window_s=600) as journal:
        journal.append(Lane.SCANS, [scan(1)])
        given = fill(journal, 1000)
        assert journal.status().used_bytes <= 250_000
        assert gaps_in(journal) == [], "there was enough to thin"
        left = all_records(journal, "readings")
        envelopes = [record for record in left if isinstance(record, Envelope)]
        readings = [record for record in left if isinstance(record, Reading)]
        assert envelopes
        assert len(left) < len(given)
        there = {(record.device, record.stamp.at) for record in readings}
        assert {(r.device, r.stamp.at) for r in given if warm(r)} <= there
        assert all_records(journal, "scans")[0] == scan(1)
        assert journal.verify(IDENTITY.verify).faults == ()


def test_thinned_notices_name_every_number_that_is_gone_and_what_stands_for_it(tmp_path: Path) -> None:
    with room_journal(tmp_path / "journal", bytes_max=250_000, thin_window_s=600) as journal:
        given = fill(journal, 1000)
        thinned = notices(journal, NoticeKind.THINNED)
        replaced = [number for notice in thinned for number in numbers(notice)]
        assert sorted([*replaced, *held(journal)]) == list(range(1, journal.status().lanes[1].last_seq + 1))
        assert {notice.data["journal"] for notice in thinned} == {journal.journal}
        assert {notice.data["lane"] for notice in thinned} == {"readings"}
        by_number = {
            batch.first + i: record
            for batch in journal.batches()
            if batch.lane is Lane.READINGS
            for i, record in enumerate(all_records_of(batch.raw))
        }
        steps = {(int(str(n.data["by_first"])), int(str(n.data["by_count"])), n.data["by_kept"]) for n in thinned}
        for first, count, kept_count in steps:
            gone = {number for n in thinned if n.data["by_first"] == first for number in numbers(n)}
            standing = [by_number[number] for number in range(first, first + count)]
            kept = [record for record in standing if isinstance(record, Reading)]
            assert len(kept) == kept_count
            assert {record.was for record in kept} <= gone
            taken = sum(r.count for r in standing if isinstance(r, Envelope))
            assert taken <= len(gone) <= taken + len(kept)
        originals = {int(str(r.was)): r for r in by_number.values() if isinstance(r, Reading) and r.was}
        assert set(originals) <= set(replaced), "a reading is under its old number or its new one, never both"
        assert len(given) > len(by_number)


def all_records_of(raw: bytes) -> list[object]:
    from tests.support.journal_parts import records_in

    return list(records_in(raw))


def test_when_thinning_is_not_enough_the_oldest_go_and_every_number_is_accounted_for(tmp_path: Path) -> None:
    with room_journal(tmp_path / "journal", bytes_max=150_000, thin_window_s=120) as journal:
        fill(journal, 3000)
        assert journal.status().used_bytes <= 150_000
        assert notices(journal, NoticeKind.THINNED)
        gone = {n for kind in (NoticeKind.THINNED, NoticeKind.GAP) for x in notices(journal, kind) for n in numbers(x)}
        assert gaps_in(journal)
        assert gone.isdisjoint(held(journal))
        assert gone | set(held(journal)) == set(range(1, journal.status().lanes[1].last_seq + 1))
        assert journal.verify(IDENTITY.verify).faults == ()


def test_readings_that_cannot_be_made_smaller_are_dropped_and_not_tried_again(tmp_path: Path) -> None:
    with room_journal(tmp_path / "journal", bytes_max=300_000, thin_window_s=1) as journal:
        for number in range(1, 1000):
            journal.append(Lane.READINGS, [reading(number)])
        assert not notices(journal, NoticeKind.THINNED)
        assert gaps_in(journal)
        assert journal.verify(IDENTITY.verify).faults == ()


def test_a_batch_that_has_rotted_is_not_thinned_into_something_that_looks_good(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with room_journal(path) as journal:
        fill(journal, 200)
    with sqlite3.connect(path / FILE_NAME) as connection:
        connection.execute("UPDATE batch SET raw = zeroblob(length(raw)) WHERE first = 11")
    connection.close()
    used = JournalReader.open(path).status().used_bytes
    with room_journal(path, bytes_max=used + 1000, thin_window_s=600) as journal:
        journal.append(Lane.READINGS, [reading(number) for number in range(100)])
        gone = [n for kind in (NoticeKind.THINNED,) for x in notices(journal, kind) for n in numbers(x)]
        assert gone
        assert 11 not in gone


def test_readings_leave_the_disk_reserve_alone_and_scans_may_use_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with room_journal(path) as journal:
        fill(journal, 1500)
        file_bytes = (path / FILE_NAME).stat().st_size
    reserve = free_bytes(tmp_path) + 10_000_000
    with room_journal(path, reserve_bytes=reserve, thin_window_s=600) as journal:
        for number in range(2000, 2600):
            journal.append(Lane.READINGS, [poll(number, device) for device in range(10)])
        assert notices(journal, NoticeKind.THINNED), "older readings made room for newer ones"
        grown = (path / FILE_NAME).stat().st_size - file_bytes
        assert grown <= 64 * 1024, "the file did not take what the reserve should keep"
        assert max(r.stamp.at for r in all_records(journal, "readings")) == poll(2599, 0).stamp.at
        assert journal.append(Lane.SCANS, [scan(1)])
        assert journal.verify(IDENTITY.verify).faults == ()


def test_at_the_reserve_with_nothing_to_thin_readings_are_refused_with_a_remedy_and_scans_are_not(
    tmp_path: Path,
) -> None:
    with room_journal(tmp_path / "journal", reserve_bytes=free_bytes(tmp_path) + 10_000_000) as journal:
        with pytest.raises(JournalFull, match=r"journal\.reserve_bytes"):
            journal.append(Lane.READINGS, [reading(1)])
        assert journal.append(Lane.SCANS, [scan(1)]) == range(1, 2)


def test_what_is_written_to_the_disk_is_counted_over_restarts() -> None:
    home = Path(os.environ.get("LOTWARDEN_TEST_DISK", ROOT / ".pytest_cache"))
    home.mkdir(exist_ok=True)
    path = home / f"wear-{os.getpid()}"
    try:
        with open_journal(path / "journal") as journal:
            journal.append(Lane.SCANS, [scan(1)])
            first = journal.status().written_bytes
            if not first:
                pytest.skip(
                    "NO BYTES WRITTEN ARE COUNTED by this file system or kernel: wear over restarts was not tried"
                )
            journal.append(Lane.SCANS, [scan(2)])
            second = journal.status().written_bytes
            assert first < second < first + 200_000
        with open_journal(path / "journal") as journal:
            assert journal.status().written_bytes >= second
        with JournalReader.open(path / "journal") as reader:
            assert reader.status().written_bytes >= second
            assert reader.status().free_bytes > 0
    finally:
        shutil.rmtree(path)


def old_journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal"
    path.mkdir()
    shutil.copy(DATA / "journal_v1" / FILE_NAME, path / FILE_NAME)
    return path


def test_a_journal_of_version_1_opens_with_all_it_holds_and_goes_on(tmp_path: Path) -> None:
    path = old_journal(tmp_path)
    with open_journal(path) as journal:
        assert all_records(journal, "scans") == [scan(1), scan(2), scan(3)]
        assert all_records(journal, "readings") == [reading(number) for number in range(11, 41)]
        assert journal.status().set_aside == (f"scans 2..2 of journal {journal.journal}: refused: unknown key",)
        assert journal.append(Lane.READINGS, [reading(41)]) == range(41, 42)
        assert journal.append(Lane.SCANS, [scan(4)]) == range(4, 5)
        assert journal.verify(IDENTITY.verify).faults == ()
        assert not list(tmp_path.glob("*damaged*"))


def test_a_reader_looks_into_a_journal_of_version_1_without_changing_it(tmp_path: Path) -> None:
    path = old_journal(tmp_path)
    before = (path / FILE_NAME).read_bytes()
    with JournalReader.open(path) as reader:
        assert reader.status().lanes[1].records == 30
        assert reader.status().written_bytes == 0
        assert reader.verify(IDENTITY.verify).faults == ()
    assert (path / FILE_NAME).read_bytes() == before


def test_a_migrated_journal_has_the_schema_of_a_fresh_one(tmp_path: Path) -> None:
    open_journal(path := old_journal(tmp_path)).close()
    with sqlite3.connect(path / FILE_NAME) as migrated, sqlite3.connect(":memory:") as fresh:
        fresh.executescript(SCHEMA)
        assert shape_of(migrated) == shape_of(fresh)
        assert migrated.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    migrated.close()
    fresh.close()


def shape_of(connection: sqlite3.Connection) -> dict[str, list[object]]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema ORDER BY name")]
    return {name: connection.execute(f"PRAGMA table_xinfo({name})").fetchall() for name in names}


def test_records_can_be_looked_at_by_their_number(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        for start in range(1, 31, 10):
            journal.append(Lane.READINGS, [reading(number) for number in range(start, start + 10)])
        found = list(journal.records_from(Lane.READINGS, 15))
        assert [number for number, _ in found] == list(range(15, 31))
        assert b'"temp_c":4.015' in found[0][1]
