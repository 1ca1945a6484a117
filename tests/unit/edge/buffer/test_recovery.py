"""Journals that were torn, truncated or overwritten: set aside, searched, and never silently lost."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.reader import FILE_NAME, damaged_beside
from edge_agent.domain.wire.records import FORMER_JOURNALS, SEQ_END, Lane, Notice
from tests.support.journal_parts import IDENTITY, all_records, gaps_in, open_journal, reading, scan


def damage_in(journal: Journal) -> list[Notice]:
    return [gap for gap in gaps_in(journal) if gap.data["lane"] is None]


def holes_in(journal: Journal, lane: Lane) -> list[tuple[object, object, object]]:
    """Journal, first number and count of what is told to be lost for good."""
    said = [gap.data for gap in gaps_in(journal) if gap.data["lane"] == lane]
    return [(data["journal"], data["first"], data["count"]) for data in said]


def filled(path: Path) -> str:
    with open_journal(path) as journal:
        for number in range(1, 301):
            journal.append(Lane.READINGS, [reading(number)])
            if number % 10 == 0:
                journal.append(Lane.SCANS, [scan(number)])
        return journal.journal


def cut_in_half(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2 // 4096 * 4096)


def cut_to_an_odd_size(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 5000)


def cut_to_nothing(file: Path) -> None:
    file.write_bytes(b"")


def overwrite_the_start(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.write(b"\xff" * 200)


def overwrite_the_middle(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2 // 4096 * 4096)
        opened.write(b"\xa5" * 8192)


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    "damage",
    [cut_in_half, cut_to_an_odd_size, cut_to_nothing, overwrite_the_start, overwrite_the_middle, remove],
)
def test_a_damaged_journal_is_set_aside_and_a_new_one_says_so(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "journal"
    old = filled(path)
    damage(path / FILE_NAME)  # type: ignore[operator]
    left = (path / FILE_NAME).read_bytes() if (path / FILE_NAME).exists() else None
    with open_journal(path) as journal:
        assert journal.journal != old
        (aside,) = damaged_beside(path)
        assert left is None or (aside / FILE_NAME).read_bytes() == left, "nothing of the damaged file is changed"
        (gap,) = damage_in(journal)
        assert gap.subject == aside.name
        told = len(gaps_in(journal))
        assert journal.append(Lane.SCANS, [scan(999)]) == range(told + 1, told + 2)
        assert journal.verify(IDENTITY.verify).faults == ()
        assert journal.status().damaged_journals == (aside.name,)
    with open_journal(path) as journal:
        assert len(damage_in(journal)) == 1, "a journal is searched once"


def test_what_can_still_be_read_of_a_damaged_journal_is_sent_under_its_old_id(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    old = filled(path)
    overwrite_the_middle(path / FILE_NAME)
    with open_journal(path) as journal:
        saved = [batch for batch in journal.batches() if batch.journal == old]
        assert len(saved) > 150
        assert {batch.state for batch in saved} == {"pending"}
        records = all_records(journal, "readings")
        assert all(record in records for record in (reading(1), reading(300))), "both ends are read"
        (gap,) = damage_in(journal)
        assert gap.data["saved_batches"] == len(saved)
        waiting = journal.pending(Lane.READINGS, bytes_max=1 << 30, batches_max=1000)
        assert [b.first for b in waiting] == sorted(b.first for b in waiting), "in the order they were written"


def test_a_crash_between_setting_aside_and_searching_repeats_the_search(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    old = filled(path)
    path.rename(tmp_path / "journal-damaged-20260301T000000Z")
    with open_journal(path) as journal:
        saved = [batch for batch in journal.batches() if batch.journal == old]
        assert sum(batch.count for batch in saved) == 330
        assert len(damage_in(journal)) == 1


def test_a_chain_that_was_rolled_back_is_damage(tmp_path: Path) -> None:
    """The main file of an earlier day with the head of a later one, as a careless restore would leave it."""
    path = tmp_path / "journal"
    filled(path)
    with sqlite3.connect(path / FILE_NAME) as connection:
        connection.execute("UPDATE head SET seq = 5 WHERE lane = 'readings'")
    connection.close()
    with open_journal(path) as journal:
        assert len(damaged_beside(path)) == 1
        assert len(all_records(journal, "readings")) == 300


def test_a_beginning_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    open_journal(path).close()
    shutil.copytree(path, tmp_path / "journal.new")
    shutil.rmtree(path)
    cut_in_half(tmp_path / "journal.new" / FILE_NAME)
    with open_journal(path) as journal:
        assert journal.append(Lane.SCANS, [scan(1)]) == range(1, 2)
        assert damaged_beside(path) == []
    assert not (tmp_path / "journal.new").exists()


def test_a_batch_is_taken_over_if_its_own_bytes_prove_it_and_not_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    filled(path)
    with sqlite3.connect(path / FILE_NAME) as connection:
        connection.execute("UPDATE batch SET raw = zeroblob(length(raw)) WHERE lane = 'readings' AND first = 7")
        connection.execute("UPDATE batch SET first = 1000 WHERE lane = 'readings' AND first = 8")
    connection.close()
    path.rename(tmp_path / "journal-damaged-20260301T000000Z")
    with open_journal(path) as journal:
        (gap,) = damage_in(journal)
        assert (gap.data["saved_records"], gap.data["lost_batches"]) == (329, 1)
        assert reading(8) in all_records(journal, "readings"), "only a column beside it was wrong"
        assert reading(7) not in all_records(journal, "readings")
        assert journal.verify(IDENTITY.verify).faults == ()


def test_a_new_journal_names_the_one_it_follows_and_all_that_will_not_come_of_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    old = filled(path)
    with sqlite3.connect(path / FILE_NAME) as connection:
        connection.execute("DELETE FROM batch WHERE lane = 'readings' AND first <= 100")  # acknowledged
        connection.execute("UPDATE batch SET raw = zeroblob(9) WHERE lane = 'readings' AND first IN (150, 151)")
    connection.close()
    path.rename(tmp_path / "journal-damaged-20260301T000000Z")
    with open_journal(path) as journal:
        assert holes_in(journal, Lane.READINGS) == [(old, 1, 100), (old, 150, 2), (old, 301, SEQ_END - 301)]
        assert holes_in(journal, Lane.SCANS) == [(old, 31, SEQ_END - 31)]
        assert gaps_in(journal)[0].data["lane"] is None, "first that it was damaged at all"


def test_of_a_journal_whose_name_is_gone_everything_before_is_told_to_be_lost(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    filled(path)
    cut_to_nothing(path / FILE_NAME)
    with open_journal(path) as journal:
        assert holes_in(journal, Lane.READINGS) == [(FORMER_JOURNALS, 1, SEQ_END - 1)]
        assert holes_in(journal, Lane.SCANS) == [(FORMER_JOURNALS, 1, SEQ_END - 1)]
