"""Bytes of a serial line become scans, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.drivers.scanners.framing import SCAN_BYTES_MAX, BadFrame, Frame, Framer, Suffix

ENDS: dict[Suffix, tuple[bytes, bytes]] = {
    "cr": (b"", b"\r"),
    "lf": (b"", b"\n"),
    "crlf": (b"", b"\r\n"),
    "tab": (b"", b"\t"),
    "etx": (b"\x02", b"\x03"),
    "\x04": (b"", b"\x04"),
    "\x1c\r": (b"", b"\x1c\r"),
}
texts = st.lists(st.text(st.characters(min_codepoint=0x1D, max_codepoint=0x7E), min_size=1, max_size=30), max_size=5)


@given(scans=texts, suffix=st.sampled_from(list(ENDS)), cuts=st.lists(st.integers(1, 9), min_size=1))
def test_scans_survive_any_cutting_and_gluing(scans: list[str], suffix: Suffix, cuts: list[int]) -> None:
    before, after = ENDS[suffix]
    stream = b"".join(before + scan.encode() + after for scan in scans)
    framer = Framer(suffix)
    frames: list[Frame | BadFrame] = []
    at = turn = 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        frames.extend(framer.feed(stream[at : at + size]))
        at, turn = at + size, turn + 1
    assert frames == [Frame(scan) for scan in scans]
    assert not framer.is_waiting


@given(data=st.binary(max_size=400), suffix=st.sampled_from(list(ENDS)))
def test_whatever_bytes_come_a_scan_is_plain_text_and_the_rest_is_told(data: bytes, suffix: Suffix) -> None:
    framer = Framer(suffix)
    for found in (*framer.feed(data), *framer.quiet()):
        text = found.text if isinstance(found, Frame) else found.shown
        assert text.isascii()
        assert not isinstance(found, Frame) or text.encode() in data
    assert not framer.is_waiting


def test_a_separator_is_part_of_the_scan() -> None:
    assert Framer("cr").feed(b"]d210A\x1d21B\r") == (Frame("]d210A\x1d21B"),)


def test_a_scanner_that_ends_lines_otherwise_than_set_is_still_understood() -> None:
    framer = Framer("cr")
    assert framer.feed(b"A\r\nB\nC\r") == (Frame("A"), Frame("B"), Frame("C"))


@pytest.mark.parametrize("suffix", list(ENDS))
def test_bytes_that_are_no_text_are_told_and_the_next_scan_is_read(suffix: Suffix) -> None:
    before, after = ENDS[suffix]
    framer = Framer(suffix)
    (bad,) = framer.feed(before + b"AB\xff\x80" + after)
    assert isinstance(bad, BadFrame)
    assert "0xff at 2" in bad.reason
    assert bad.shown.isascii()
    assert framer.feed(before + b"OK" + after) == (Frame("OK"),)


@pytest.mark.parametrize("suffix", list(ENDS))
def test_endless_input_is_bounded_and_told_once(suffix: Suffix) -> None:
    before, after = ENDS[suffix]
    framer = Framer(suffix)
    assert framer.feed(before) == ()
    for _ in range(100):
        assert framer.feed(b"x" * 1000) == ()
    (bad,) = framer.feed(after.replace(b"\r\n", b"\r"))
    assert isinstance(bad, BadFrame)
    assert str(SCAN_BYTES_MAX) in bad.reason
    assert len(bad.shown) <= 400
    assert framer.feed(before + b"OK" + after) == (Frame("OK"),)


@pytest.mark.parametrize("suffix", list(ENDS))
def test_half_a_scan_is_not_glued_to_the_next(suffix: Suffix) -> None:
    before, after = ENDS[suffix]
    framer = Framer(suffix)
    framer.feed(before + b"HALF")
    assert framer.is_waiting
    (bad,) = framer.quiet()
    assert isinstance(bad, BadFrame) and bad.shown == "HALF"
    assert framer.quiet() == ()
    assert framer.feed(before + b"WHOLE" + after) == (Frame("WHOLE"),)


def test_without_an_end_mark_silence_ends_a_scan_and_a_line_end_does_too() -> None:
    framer = Framer("none")
    assert framer.feed(b"]d210A") == framer.feed(b"\x1d21B") == ()
    assert framer.quiet() == (Frame("]d210A\x1d21B"),)
    assert framer.quiet() == () and not framer.is_waiting
    assert framer.feed(b"C\r\nD") == (Frame("C"),)
    assert framer.quiet() == (Frame("D"),)
    framer.feed(b"A\xff")
    (bad,) = framer.quiet()
    assert isinstance(bad, BadFrame) and "0xff at 1" in bad.reason


def test_noise_between_marked_scans_is_told_and_not_read() -> None:
    framer = Framer("etx")
    bad, good = framer.feed(b"noise\x02A\x03")
    assert isinstance(bad, BadFrame)
    assert good == Frame("A")
    assert framer.feed(b"\r\n\x02B\x03") == (Frame("B"),)
    assert framer.feed(b"\x03") == ()


def test_a_new_start_mark_drops_the_scan_that_never_ended() -> None:
    bad, good = Framer("etx").feed(b"\x02HALF\x02WHOLE\x03")
    assert isinstance(bad, BadFrame)
    assert good == Frame("WHOLE")


def test_line_ends_behind_an_own_end_are_no_scans_of_their_own() -> None:
    assert Framer("tab").feed(b"A\t\r\nB\t\r\n") == (Frame("A"), Frame("B"))
