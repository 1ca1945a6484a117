"""The power fails at any instant: what the journal said it kept is there at the next start."""

import os
import random
from pathlib import Path

import pytest

from edge_agent.buffer.reader import FILE_NAME
from edge_agent.domain.wire.records import Lane
from tests.simulation.disk import Event, Recording, crash_image
from tests.simulation.power_cuts import cut_power, recorded_run
from tests.support.journal_parts import IDENTITY, open_journal, scan

CUTS = int(os.environ.get("LOTWARDEN_POWER_CUTS", "100"))


@pytest.fixture(scope="module", params=[600, None], ids=["thinning", "dropping"])
def recording(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Recording:
    return recorded_run(tmp_path_factory.mktemp("run"), steps=500, seed=1, thin_window_s=request.param)


def test_nothing_that_was_kept_is_lost_doubled_or_out_of_its_chain(recording: Recording) -> None:
    found = cut_power(recording, CUTS // 2, seed=CUTS)
    assert (found.lost, found.duplicates, found.faults) == (0, 0, [])
    assert found.cuts == CUTS // 2
    assert found.checked > found.cuts * 100
    assert found.thinned + found.dropped > 0, "room was made as well"


def test_the_run_went_through_all_that_a_journal_does(recording: Recording) -> None:
    """Otherwise the cuts would prove little."""
    writes = {event.file for event in recording.events if event.what == "write"}
    assert writes == {FILE_NAME, f"{FILE_NAME}-wal"}, "the log was folded into the file"
    log_heads = [e for e in recording.events if e.what == "write" and e.file.endswith("-wal") and e.offset == 0]
    assert len(log_heads) > 2, "the log was begun anew"
    marks = recording.marks_until(len(recording.events))
    assert {mark[0] for mark in marks} == {"scan", "readings", "acknowledged"}


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_a_journal_that_did_not_wait_for_the_disk_would_be_caught(tmp_path: Path, synchronous: str) -> None:
    recording = recorded_run(tmp_path, steps=120, seed=2, synchronous=synchronous)
    assert cut_power(recording, 60, seed=3).lost > 0


def test_a_cut_while_the_journal_is_being_made_leaves_no_half_of_one(tmp_path: Path) -> None:
    open_journal(tmp_path / "journal").close()
    whole = (tmp_path / "journal" / FILE_NAME).read_bytes()
    for size in (0, 100, 512, 1024, len(whole) // 2):
        home = tmp_path / f"cut-{size}"
        (home / "journal.new").mkdir(parents=True)
        (home / "journal.new" / FILE_NAME).write_bytes(whole[:size])
        with open_journal(home / "journal") as journal:
            assert journal.append(Lane.SCANS, [scan(1)]) == range(1, 2)
            assert journal.verify(IDENTITY.verify).faults == ()
        assert sorted(path.name for path in home.iterdir()) == ["journal", "journal.lock"]


def test_a_crash_image_keeps_what_was_synced_and_may_lose_or_tear_the_rest() -> None:
    events = [
        Event("write", "f", 0, b"a" * 1024),
        Event("sync", "f"),
        Event("write", "f", 1024, b"b" * 1024),
        Event("write", "g", 0, b"c"),
    ]
    recording = Recording({}, events)
    images = [crash_image(recording, len(events), random.Random(seed)) for seed in range(200)]
    assert all(image["f"][:1024] == b"a" * 1024 for image in images)
    tails = {image["f"][1024:] for image in images}
    assert {b"", b"b" * 1024, bytes(512) + b"b" * 512, b"b" * 512} <= tails
    assert {"g" in image for image in images} == {True, False}
