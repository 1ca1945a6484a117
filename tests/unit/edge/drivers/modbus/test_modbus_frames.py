"""What is seen in the bytes of a Modbus TCP answer, and the RTU frames that the notes print."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from edge_agent.drivers.modbus.modbus import Asked, fault_in_answer
from edge_agent.drivers.modbus.pdu import Request
from tests.support.paths import ROOT

ASKED = Asked(7, 1, Request(4, 1, 2))
ANSWER = bytes.fromhex("0007 0000 0007 01 04 04 0131 0222")


NOTES = sorted((ROOT / "firmware_notes").glob("*.md"))
FRAME = re.compile(r"^(?:>|<|!) ((?:[0-9A-F]{2} ?)+)", re.MULTILINE)
"""Frames in the notes: ``>`` sent, ``<`` received, ``!`` printed in a manual with a wrong checksum."""


def is_whole_rtu(frame: bytes) -> bool:
    return FramerRTU.compute_CRC(frame[:-2]).to_bytes(2, "big") == frame[-2:]


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.stem)
def test_frames_in_the_notes_have_the_checksum_that_the_notes_say(note: Path) -> None:
    for found in FRAME.finditer(note.read_text()):
        assert is_whole_rtu(bytes.fromhex(found[1])) == (found[0][0] != "!"), found[0]


def test_the_notes_print_the_published_frames_good_and_bad() -> None:
    signs = [found[0][0] for note in NOTES for found in FRAME.finditer(note.read_text())]
    assert (signs.count(">"), signs.count("<"), signs.count("!")) == (12, 17, 2)


@pytest.mark.parametrize("cut", range(len(ANSWER) + 1))
def test_an_answer_is_no_fault_however_it_is_cut_into_segments(cut: int) -> None:
    assert fault_in_answer(ANSWER[:cut], ASKED, ()) is None


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        ("0007 DEAD 0007 01 04 04 0131 0222", "not a Modbus TCP header"),
        ("0007 0000 0002 01 04", "cannot have 2 bytes"),
        ("0007 0000 FFFF 01 04", "cannot have 65535 bytes"),
        ("0008 0000 0007 01 04 04 0131 0222", "never made (transaction 8)"),
        ("0000 0000 0007 01 04 04 0131 0222", "never made (transaction 0)"),
        ("0007 0000 0007 02 04 04 0131 0222", "unit 2 answers for unit 1"),
        ("0007 0000 0007 01 03 04 0131 0222", "function 3, but 4 was asked"),
        ("0007 0000 0005 01 04 02 0131", "3 bytes, but 5 were asked"),
        ("0007 0000 0007 01 04 02 0131 0222", "5 bytes, but 5 were asked"),
        ("0007 0000 0003 01 84 02", None),
        ("0007 0000 0004 01 84 02 00", "2 bytes, but 1 were asked"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(frame: str, fault: str | None) -> None:
    found = fault_in_answer(bytes.fromhex(frame), ASKED, ())
    assert found is None if fault is None else found is not None and fault in found


def test_a_late_answer_is_skipped_and_the_one_behind_it_is_looked_at() -> None:
    late = b"\x00\x06" + ANSWER[2:]
    assert fault_in_answer(late + ANSWER, ASKED, {6}) is None
    assert fault_in_answer(late, None, {6}) is None
    assert "never made" in (fault_in_answer(late + ANSWER, ASKED, ()) or "")
    wrong = ANSWER[:6] + b"\x09" + ANSWER[7:]
    assert fault_in_answer(late + wrong, ASKED, {6}) == "unit 9 answers for unit 1"


def test_bytes_while_nothing_is_asked_are_a_fault() -> None:
    assert fault_in_answer(ANSWER, None, ()) is not None


@given(st.binary(max_size=600))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    assert isinstance(fault_in_answer(data, ASKED, {6}), str | None)


@given(st.integers(0, 8 * 9 - 1))
def test_one_wrong_bit_before_the_values_is_seen_or_waited_out(bit: int) -> None:
    spoilt = bytearray(ANSWER)
    spoilt[bit // 8] ^= 1 << bit % 8
    announced_bytes = 6 + int.from_bytes(spoilt[4:6], "big")
    is_refusal = spoilt[7] == 0x84  # then it is five bytes too long for one
    fault = fault_in_answer(bytes(spoilt), ASKED, ())
    assert fault is not None or announced_bytes > len(spoilt)
    assert not is_refusal or fault is not None
