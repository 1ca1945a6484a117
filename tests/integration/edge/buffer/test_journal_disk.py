"""A disk that is full or read-only: an error with a remedy, nothing half done, and on it goes when there is room."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.domain.wire.records import Lane, Notice, NoticeKind, ScanTransaction
from edge_agent.errors import JournalError
from tests.support.journal_parts import IDENTITY, all_records, open_journal, reading, scan


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 2 MB; where we may not mount one, the tests with a size limit still run."""
    path = Path(tempfile.mkdtemp(prefix="lotwarden-disk-"))
    mounted = (
        os.geteuid() == 0
        and shutil.which("mount")
        and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], check=False, capture_output=True)
    )
    if not mounted or mounted.returncode:
        path.rmdir()
        pytest.skip("MAY NOT MOUNT A SMALL DISK HERE: run as root; the tests with a size limit still ran")
    yield path
    subprocess.run(["umount", "-l", path], check=True)
    path.rmdir()


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def appended_until_refused(append: Callable[[int], object]) -> tuple[int, JournalError]:
    for number in range(1, 100_000):
        try:
            append(number)
        except JournalError as error:
            return number - 1, error
    raise AssertionError("the disk never got full")


def test_a_full_disk_is_an_error_and_the_journal_goes_on_when_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_200_000))
    with open_journal(small_disk / "journal") as journal:
        kept, error = appended_until_refused(lambda n: journal.append(Lane.SCANS, [scan(n)]))
        assert kept > 10
        assert "disk" in str(error)
        with pytest.raises(JournalError):
            journal.append(Lane.READINGS, [reading(n) for n in range(5000)])
        assert all_records(journal, "scans") == [scan(n) for n in range(1, kept + 1)]
        ballast.unlink()
        assert journal.append(Lane.SCANS, [scan(kept + 1)]) == range(kept + 1, kept + 2)
        assert journal.verify(IDENTITY.verify).faults == ()
    with open_journal(small_disk / "journal") as journal:
        assert all_records(journal, "scans") == [scan(n) for n in range(1, kept + 2)]


def test_a_journal_that_cannot_be_made_for_want_of_room_says_so_and_leaves_nothing_behind(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(2 * 1024 * 1024 - 16_384))
    with pytest.raises(JournalError, match="disk"):
        open_journal(small_disk / "journal")
    (small_disk / "ballast").unlink()
    with open_journal(small_disk / "journal") as journal:
        assert journal.append(Lane.SCANS, [scan(1)]) == range(1, 2)


def test_a_file_that_may_not_grow_is_an_error_and_the_journal_goes_on_when_it_may(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        with files_limited_to(400_000):
            kept, error = appended_until_refused(lambda n: journal.append(Lane.SCANS, [scan(n)]))
        assert kept > 10
        assert "disk" in str(error)
        assert all_records(journal, "scans") == [scan(n) for n in range(1, kept + 1)]
        assert journal.append(Lane.SCANS, [scan(kept + 1)]) == range(kept + 1, kept + 2)
    with open_journal(tmp_path / "journal") as journal:
        assert all_records(journal, "scans") == [scan(n) for n in range(1, kept + 2)]
        assert journal.verify(IDENTITY.verify).faults == ()


def test_a_disk_that_turns_read_only_is_an_error_that_says_so(small_disk: Path) -> None:
    open_journal(small_disk / "journal").close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(JournalError, match=r"(?i)read-only|writable"):
        open_journal(small_disk / "journal")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    with open_journal(small_disk / "journal") as journal:
        assert journal.append(Lane.SCANS, [scan(1)]) == range(1, 2)


def test_a_damaged_journal_too_large_to_be_saved_now_is_saved_at_a_later_start(small_disk: Path) -> None:
    path = small_disk / "journal"
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    with open_journal(path) as journal:
        for number in range(1, 501):
            journal.append(Lane.SCANS, [scan(number)])
    path.rename(small_disk / "journal-damaged-20260301T000000Z")
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize
    ballast.write_bytes(bytes(free - 300_000))
    with open_journal(path) as journal:
        assert journal.append(Lane.SCANS, [scan(5000)]) == range(1, 2), "it records all the same"
        assert all_records(journal, "scans") == [scan(5000)]
    ballast.unlink()
    with open_journal(path) as journal:
        records = all_records(journal, "scans")
        assert sum(isinstance(record, ScanTransaction) for record in records) == 500 + 1, "saved, and new"
        notices = [record for record in records if isinstance(record, Notice)]
        assert {notice.notice for notice in notices} == {NoticeKind.GAP}, "what came of it, and what will not come"
        assert journal.verify(IDENTITY.verify).faults == ()
