"""The desk on the disk: whole or empty, and never silent about its age."""

import os
from pathlib import Path

import pytest

from edge_agent.buffer.desk_store import FILE_NAME, DeskStore, said_age
from edge_agent.domain.stock.desk import DeskFault, DeskSnapshot, desk_json, desk_of
from edge_agent.timekeeping.clock import ManualClock
from tests.support.desk_parts import NOW, SITE, desk_from

OTHER_BOOT = "00000000-0000-4000-8000-000000000002"


def kept(tmp_path: Path) -> Path:
    DeskStore(tmp_path).keep(desk_from(SITE, ManualClock(NOW)))
    return tmp_path / FILE_NAME


def test_what_is_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    desk = desk_from(SITE, ManualClock(NOW))
    DeskStore(tmp_path).keep(desk)
    assert DeskStore(tmp_path).load() == (desk, "")
    assert os.stat(tmp_path / FILE_NAME).st_mode & 0o077 == 0


def test_no_file_is_no_desk_and_no_damage(tmp_path: Path) -> None:
    assert DeskStore(tmp_path).load() == (None, "")


@pytest.mark.parametrize("cut", [0, 1, 64, 65, 200, -1])
def test_a_torn_file_is_set_aside_and_the_desk_is_empty_and_says_so(tmp_path: Path, cut: int) -> None:
    path = kept(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    desk, damage = DeskStore(tmp_path).load()
    assert desk is None
    assert "set aside" in damage
    assert [found.name for found in tmp_path.glob("*.damaged-*")] == [f"{FILE_NAME}.damaged-000001"]
    DeskStore(tmp_path).keep(desk_from(SITE, ManualClock(NOW)))
    assert DeskStore(tmp_path).load()[0] is not None


def test_a_flipped_bit_inside_a_text_is_seen(tmp_path: Path) -> None:
    path = kept(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"outer box torn")] ^= 1
    path.write_bytes(raw)
    assert DeskStore(tmp_path).load()[0] is None


def test_a_write_that_was_cut_leaves_the_old_desk(tmp_path: Path) -> None:
    path = kept(tmp_path)
    path.with_name(FILE_NAME + ".new").write_bytes(b"half of someth")
    desk, damage = DeskStore(tmp_path).load()
    assert desk is not None
    assert (desk.snapshot, damage) == (SITE, "")


def test_only_a_few_damaged_files_are_kept(tmp_path: Path) -> None:
    for _ in range(6):
        kept(tmp_path).write_bytes(b"junk")
        DeskStore(tmp_path).load()
    assert len(list(tmp_path.glob("*.damaged-*"))) == 3


def test_the_age_survives_a_wall_clock_that_is_set_and_a_reboot() -> None:
    clock = ManualClock(NOW)
    desk = desk_from(SITE, clock)
    clock.advance(60)
    clock.step_wall(-86_400)
    assert desk.age_s(clock) == 60
    rebooted = ManualClock(clock.now(), boot=OTHER_BOOT)
    rebooted.step_wall(86_400 + 3600)
    assert desk.age_s(rebooted) == 3660
    rebooted.synced = False
    assert desk.age_s(rebooted) is None
    assert said_age(desk, rebooted) == "ledger data of 2026-11-21T08:00:00.000Z"


def test_time_never_runs_behind_the_ledgers_word() -> None:
    clock = ManualClock(NOW)
    desk = desk_from(SITE, clock)
    clock.advance(60)
    clock.step_wall(-365 * 86_400)
    assert desk.not_before(clock).isoformat() == "2026-11-21T08:01:00+00:00"


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"<html>", b'{"gateway":"g","site":"s","version":2}', b"\xff\xfe"])
def test_what_is_no_desk_is_refused(raw: bytes) -> None:
    with pytest.raises(DeskFault):
        desk_of(raw)


def test_unknown_hold_kinds_are_no_desk_rather_than_no_hold() -> None:
    raw = desk_json(SITE).replace(b'"manual"', b'"whim"')
    with pytest.raises(DeskFault, match="kind"):
        desk_of(raw)


def test_an_empty_desk_is_a_desk() -> None:
    assert desk_of(desk_json(DeskSnapshot("gw", "north"))).lots == ()
