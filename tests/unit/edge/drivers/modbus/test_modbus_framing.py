"""RTU and ASCII frames: the makers' printed ones, good and bad, and any bytes whatever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.drivers.modbus.modbus_framing import Ascii, Framing, Rtu, Whole
from edge_agent.drivers.modbus.pdu import Request, Write, fault_in_pdu, pdu_of, words_of
from edge_agent.simulators.modbus_line import crc16, lrc

REQUESTS = [
    ("01 04 00 01 00 01 60 0A", 1, Request(4, 1, 1)),
    ("01 04 00 01 00 02 20 0B", 1, Request(4, 1, 2)),
    ("E7 03 03 EA 00 02 F3 BD", 0xE7, Request(3, 0x3EA, 2)),
    ("41 03 03 EA 00 02 EB 7B", 0x41, Request(3, 0x3EA, 2)),
    ("F5 03 00 19 00 02 00 B8", 0xF5, Request(3, 0x19, 2)),
]
ANSWERS = [
    ("01 04 02 01 31 79 74", 1, Request(4, 1, 1), (0x0131,)),
    ("01 04 02 02 22 38 49", 1, Request(4, 2, 1), (0x0222,)),
    ("01 04 02 FF 33 B8 D5", 1, Request(4, 1, 1), (0xFF33,)),
    ("01 04 04 01 31 02 22 2A CE", 1, Request(4, 1, 2), (0x0131, 0x0222)),
    ("E7 03 04 A1 06 41 D7 CE 0E", 0xE7, Request(3, 0x3EA, 2), (0xA106, 0x41D7)),
    ("41 03 04 38 5F 41 D5 77 4A", 0x41, Request(3, 0x3EA, 2), (0x385F, 0x41D5)),
]
FRAMINGS: list[Framing] = [Rtu(), Ascii()]


@pytest.mark.parametrize(("frame", "unit", "request_"), REQUESTS)
def test_requests_are_those_of_the_makers(frame: str, unit: int, request_: Request) -> None:
    assert Rtu().frame(unit, pdu_of(request_)).hex(" ").upper() == frame


@pytest.mark.parametrize(("frame", "unit", "request_", "words"), ANSWERS)
def test_answers_are_read_as_the_makers_print_them(
    frame: str, unit: int, request_: Request, words: tuple[int, ...]
) -> None:
    whole = Rtu().cut(bytes.fromhex(frame), unit, request_)
    assert isinstance(whole, Whole) and whole.unit == unit
    assert fault_in_pdu(whole.pdu, request_) is None
    assert words_of(whole.pdu, request_) == words


def test_the_answer_that_the_ee660_manual_prints_with_a_wrong_checksum_is_refused() -> None:
    printed = bytes.fromhex("41 03 04 38 5F 41 D5 0A E3")
    assert "checksum is wrong" in str(Rtu().cut(printed, 0x41, Request(3, 0x3EA, 2)))


def test_the_request_that_the_ee160_manual_prints_has_a_wrong_checksum_and_is_never_sent() -> None:
    assert Rtu().frame(0xF5, pdu_of(Request(3, 0x19, 2))) != bytes.fromhex("F5 03 00 19 00 02 01 0F")


@pytest.mark.parametrize(
    ("write", "pdu"),
    [
        (Write(5, 1, (0,)), "05 0001 0000"),
        (Write(5, 0, (1,)), "05 0000 FF00"),
        (Write(6, 24, (0xFFFF,)), "06 0018 FFFF"),
        (Write(16, 2, (1, 2)), "10 0002 0002 04 0001 0002"),
    ],
)
def test_writes_are_as_the_standard_says_and_so_are_their_answers(write: Write, pdu: str) -> None:
    asked = pdu_of(write)
    assert asked == bytes.fromhex(pdu)
    assert fault_in_pdu(asked[:5], write) is None
    assert "another write" in str(fault_in_pdu(asked[:2] + b"\x07" + asked[3:5], write))


def test_coils_come_lowest_bit_first() -> None:
    assert words_of(bytes.fromhex("01 02 CD 01"), Request(1, 0, 10)) == (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)


requests = st.builds(Request, st.sampled_from([3, 4]), st.integers(0, 65000), st.integers(1, 20))
units = st.integers(1, 247)


def answer_of(request: Request, data: bytes) -> bytes:
    body = data[: 2 * request.count].ljust(2 * request.count, b"\x5a")
    return bytes([request.function, len(body)]) + body


@given(st.sampled_from(FRAMINGS), units, requests, st.binary(max_size=40), st.integers(0, 200))
def test_an_answer_is_found_however_it_is_cut(
    framing: Framing, unit: int, request_: Request, data: bytes, cut_at: int
) -> None:
    pdu = answer_of(request_, data)
    frame = framing.frame(unit, pdu)
    assert framing.cut(frame, unit, request_) == Whole(unit, pdu, len(frame))
    if cut_at < len(frame):
        assert framing.cut(frame[:cut_at], unit, request_) is None


@given(st.sampled_from(FRAMINGS), units, requests, st.data())
def test_one_wrong_bit_is_never_an_answer(framing: Framing, unit: int, request_: Request, data: st.DataObject) -> None:
    pdu = answer_of(request_, b"")
    frame = bytearray(framing.frame(unit, pdu))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    found = framing.cut(bytes(frame), unit, request_)
    is_other_case = isinstance(framing, Ascii) and bytes(frame).upper() == framing.frame(unit, pdu)
    if isinstance(found, Whole) and not is_other_case:
        assert found.unit != unit or fault_in_pdu(found.pdu, request_) is not None


@given(st.sampled_from(FRAMINGS), st.binary(max_size=600))
def test_no_bytes_whatever_raise(framing: Framing, data: bytes) -> None:
    framing.cut(data, 1, Request(4, 1, 2))


@given(st.binary(min_size=2, max_size=100))
def test_checksums_agree_with_those_of_the_simulator(data: bytes) -> None:
    assert Rtu().frame(data[0], data[1:])[-2:] == crc16(data)
    assert bytes.fromhex(Ascii().frame(data[0], data[1:])[-4:-2].decode()) == lrc(data)
