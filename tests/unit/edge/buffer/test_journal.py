"""The journal on a healthy disk: order, chains, budget, and who may open it."""

import sqlite3
from pathlib import Path

import pytest

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.opening import start_journal
from edge_agent.buffer.reader import FILE_NAME, JournalReader
from edge_agent.buffer.stored_batch import PAYLOAD_TARGET_BYTES
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Lane, Notice
from edge_agent.domain.wire.wire import NO_PREVIOUS, decode_batch
from edge_agent.errors import JournalError, JournalFull
from edge_agent.timekeeping.clock import ManualClock
from tests.support.journal_parts import (
    GATEWAY,
    IDENTITY,
    START,
    all_records,
    gaps_in,
    open_journal,
    reading,
    records_in,
    scan,
)

MUCH = {"bytes_max": 1 << 30, "batches_max": 10_000}


def test_records_come_out_as_they_went_in_with_numbers_that_run_per_lane(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        assert journal.append(Lane.SCANS, [scan(1)]) == range(1, 2)
        assert journal.append(Lane.READINGS, [reading(1), reading(2)]) == range(1, 3)
        assert journal.append(Lane.SCANS, [scan(2)]) == range(2, 3)
        scans = journal.pending(Lane.SCANS, **MUCH)
        assert [records_in(batch.raw) for batch in scans] == [[scan(1)], [scan(2)]]
        assert records_in(journal.pending(Lane.READINGS, **MUCH)[0].raw) == [reading(1), reading(2)]


def test_an_empty_append_writes_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        assert journal.append(Lane.SCANS, []) == range(0)
        assert journal.pending_records() == 0


def test_each_batch_names_the_one_before_even_when_that_was_acknowledged_and_the_file_reopened(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        journal.append(Lane.SCANS, [scan(1)])
        first = journal.pending(Lane.SCANS, **MUCH)[0]
        assert decode_batch(first.raw).header.previous == NO_PREVIOUS
        journal.acknowledge([first])
    with open_journal(tmp_path / "journal") as journal:
        assert journal.append(Lane.SCANS, [scan(2)]) == range(2, 3)
        second = journal.pending(Lane.SCANS, **MUCH)[0]
        assert decode_batch(second.raw).header.previous == first.digest
        assert journal.verify(IDENTITY.verify).faults == ()


def test_the_journal_keeps_its_id_over_a_restart(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        name = journal.journal
    with open_journal(tmp_path / "journal") as journal:
        assert journal.journal == name


def test_an_acknowledgement_that_comes_twice_deletes_nothing_else(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        journal.append(Lane.SCANS, [scan(1)])
        first = journal.pending(Lane.SCANS, **MUCH)
        journal.acknowledge(first)
        journal.append(Lane.SCANS, [scan(2)])
        assert journal.pending(Lane.SCANS, **MUCH)[0].id == first[0].id, "SQLite gives the row id again"
        journal.acknowledge(first)
        assert all_records(journal, "scans") == [scan(2)]


def test_pending_gives_the_newest_first_within_its_limits_and_always_one(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        for number in range(1, 6):
            journal.append(Lane.READINGS, [reading(number)])
        newest = journal.pending(Lane.READINGS, newest_first=True, bytes_max=1 << 20, batches_max=2)
        assert [batch.first for batch in newest] == [5, 4]
        assert [batch.first for batch in journal.pending(Lane.READINGS, bytes_max=1, batches_max=9)] == [1]
        size = len(newest[0].raw)
        few = journal.pending(Lane.READINGS, bytes_max=2 * size + size // 2, batches_max=9)
        assert [batch.first for batch in few] == [1, 2]


def test_many_records_become_several_batches_of_one_chain(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        many = [reading(number) for number in range(1, 6001)]
        assert journal.append(Lane.READINGS, many) == range(1, 6001)
        batches = journal.pending(Lane.READINGS, **MUCH)
        assert len(batches) > 1
        assert all(sum(map(len, decode_batch(b.raw).lines)) <= PAYLOAD_TARGET_BYTES for b in batches)
        assert all_records(journal, "readings") == many
        assert journal.verify(IDENTITY.verify).faults == ()


def test_a_record_too_large_for_the_wire_is_an_error_and_leaves_the_journal_usable(tmp_path: Path) -> None:
    import random
    from dataclasses import replace

    noise = random.Random(1).randbytes(1_200_000).hex()
    with open_journal(tmp_path / "journal") as journal:
        with pytest.raises(JournalError, match="too large"):
            journal.append(Lane.SCANS, [replace(scan(1), operator=noise)])
        assert journal.append(Lane.SCANS, [scan(1)]) == range(1, 2)
        assert journal.verify(IDENTITY.verify).faults == ()


def test_over_budget_the_oldest_readings_go_and_the_gap_says_exactly_which(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal", bytes_max=300_000) as journal:
        journal.append(Lane.SCANS, [scan(1), scan(2)])
        for number in range(1, 1001):
            journal.append(Lane.READINGS, [reading(number)])
        assert journal.status().used_bytes <= 300_000
        kept = all_records(journal, "readings")
        gaps = gaps_in(journal)
        assert gaps, "something must have been dropped"
        lost = [
            n for gap in gaps for n in range(int(gap.data["first"]), int(gap.data["first"]) + int(gap.data["count"]))
        ]
        assert [reading(n) for n in lost] + kept == [reading(n) for n in range(1, 1001)]
        assert {gap.data["journal"] for gap in gaps} == {journal.journal}
        assert gaps[0].data["from"] == "2026-03-01T08:00:01.000Z"
        assert [r for r in all_records(journal, "scans") if r.kind == "scan"] == [scan(1), scan(2)]
        assert len(gaps) < len(lost) / 5, "room is made in larger steps"
        assert journal.verify(IDENTITY.verify).faults == ()


def numbers_of(gap: Notice) -> range:
    first, count = gap.data["first"], gap.data["count"]
    assert isinstance(first, int)
    assert isinstance(count, int)
    return range(first, first + count)


def test_scans_are_never_dropped_and_a_full_journal_says_so_and_recovers(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal", bytes_max=200_000) as journal:
        for number in range(1, 101):
            journal.append(Lane.READINGS, [reading(number)])
        kept = fill_with_scans(journal)
        with pytest.raises(JournalFull, match=r"raise journal\.bytes_max"):
            journal.append(Lane.READINGS, [reading(number) for number in range(2000)])
        assert [r for r in all_records(journal, "scans") if r.kind == "scan"] == [scan(n) for n in range(1, kept + 1)]
        lost = sum(int(str(gap.data["count"])) for gap in gaps_in(journal))
        assert lost + len(all_records(journal, "readings")) == 100
        journal.acknowledge(journal.pending(Lane.SCANS, bytes_max=100_000, batches_max=50))
        journal.append(Lane.SCANS, [scan(kept + 1)])
        assert journal.verify(IDENTITY.verify).faults == ()


def fill_with_scans(journal: Journal) -> int:
    for number in range(1, 2000):
        try:
            journal.append(Lane.SCANS, [scan(number)])
        except JournalFull:
            return number - 1
    raise AssertionError("the journal takes more than its budget")


def test_a_refused_batch_is_kept_shown_and_not_sent_again(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        journal.append(Lane.SCANS, [scan(1)])
        journal.append(Lane.SCANS, [scan(2)])
        journal.set_aside(journal.pending(Lane.SCANS, bytes_max=1, batches_max=1), "refused", "unknown key")
        assert [b.first for b in journal.pending(Lane.SCANS, **MUCH)] == [2]
        status = journal.status()
        assert status.set_aside == (f"scans 1..1 of journal {journal.journal}: refused: unknown key",)
        assert (status.lanes[0].records, status.lanes[0].set_aside_batches) == (1, 1)
        assert all_records(journal, "scans") == [scan(1), scan(2)]


def test_status_tells_rows_bytes_and_ages_per_lane(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        journal.append(Lane.READINGS, [reading(1), reading(2)])
        journal.append(Lane.READINGS, [reading(3)])
        scans, readings = journal.status().lanes
        assert (scans.batches, scans.oldest, scans.last_seq) == (0, None, 0)
        assert (readings.batches, readings.records, readings.last_seq) == (2, 3, 3)
        assert (readings.oldest, readings.newest) == (reading(1).stamp.at, reading(3).stamp.at)
        assert readings.bytes == sum(len(b.raw) for b in journal.batches())


def test_a_reader_sees_what_is_written_beside_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal, JournalReader.open(tmp_path / "journal") as reader:
        journal.append(Lane.SCANS, [scan(1)])
        assert reader.status().lanes[0].records == 1
        assert reader.verify(IDENTITY.verify).faults == ()


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal"), pytest.raises(JournalError, match="in use by another edge-agent"):
        open_journal(tmp_path / "journal")
    open_journal(tmp_path / "journal").close()


def test_a_journal_of_another_gateway_is_not_continued(tmp_path: Path) -> None:
    open_journal(tmp_path / "journal").close()
    with pytest.raises(JournalError, match=r'write gateway\.name = "gw-test"'):
        start_journal(
            tmp_path / "journal", GatewayName("gw-other"), sign=IDENTITY.sign, verify=IDENTITY.verify,
            clock=ManualClock(START),
        )  # fmt: skip


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_journal(tmp_path / "journal").close()
    file = tmp_path / "journal" / FILE_NAME
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(JournalError, match="written by a newer Lotwarden"):
        open_journal(tmp_path / "journal")
    with pytest.raises(JournalError, match="written by a newer Lotwarden"):
        JournalReader.open(tmp_path / "journal")
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal", "journal.lock"]


def test_verify_sees_a_changed_byte_a_foreign_signature_and_a_broken_chain(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        for number in range(1, 4):
            journal.append(Lane.SCANS, [scan(number)])
        assert journal.verify(lambda _s, _b: False).faults[0].endswith("its signature is not by this gateway's key")
    file = tmp_path / "journal" / FILE_NAME
    with sqlite3.connect(file) as connection:
        raw = bytearray(connection.execute("SELECT raw FROM batch WHERE first = 2").fetchone()[0])
        raw[-1] ^= 1
        connection.execute("UPDATE batch SET raw = ? WHERE first = 2", (bytes(raw),))
    connection.close()
    with JournalReader.open(tmp_path / "journal") as reader:
        faults = reader.verify(IDENTITY.verify).faults
    assert [fault.split(": ")[1] for fault in faults] == ["its bytes have changed since they were written"]


def test_a_rotten_batch_is_declared_as_a_gap_and_does_not_block_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with open_journal(path) as journal:
        for number in range(1, 4):
            journal.append(Lane.READINGS, [reading(number)])
    with sqlite3.connect(path / FILE_NAME) as connection:
        connection.execute("UPDATE batch SET raw = zeroblob(length(raw)) WHERE first = 2")
    connection.close()
    with open_journal(path) as journal:
        assert [b.first for b in journal.pending(Lane.READINGS, **MUCH)] == [1, 3]
        (gap,) = gaps_in(journal)
        assert (gap.data["lane"], gap.data["first"], gap.data["count"]) == ("readings", 2, 1)
        assert journal.pending(Lane.READINGS, **MUCH) and len(gaps_in(journal)) == 1
        assert journal.status().lanes[1].set_aside_batches == 1


def test_a_missing_journal_is_named_to_a_reader(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="makes it on its first start"):
        JournalReader.open(tmp_path / "journal")


def test_the_gateway_of_a_journal_is_in_every_batch(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        journal.append(Lane.SCANS, [scan(1)])
        header = decode_batch(journal.pending(Lane.SCANS, **MUCH)[0].raw).header
        assert (header.gateway, header.journal) == (GATEWAY, journal.journal)
