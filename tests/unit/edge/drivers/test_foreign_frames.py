"""Every wired decoder against the real frames of all others, and against any bytes whatever: nothing but its own
becomes a reading."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.dock.non_gs1 import parse_foreign
from edge_agent.domain.barcodes.command_codes import is_code
from edge_agent.domain.barcodes.gs1 import parse
from edge_agent.domain.barcodes.ppn import is_format_06, parse_format_06
from edge_agent.domain.barcodes.proof_card import CARD, read_card
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.drivers.modbus.modbus_framing import Ascii, Rtu, Whole
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.particles import plantower, sps30
from edge_agent.drivers.scanners.framing import Frame, Framer
from edge_agent.drivers.scanners.hid_keys import KeyDecoder
from edge_agent.drivers.scanners.hid_layouts import LAYOUTS

TODAY = date(2026, 11, 28)
ASK = Request(4, 1, 2)
FRAMES = {
    "modbus-rtu": bytes.fromhex("01 04 04 01 31 02 22 2A CE"),
    "modbus-ascii": b":01040401310222A1\r\n",
    "modbus-tcp": bytes.fromhex("0007 0000 0007 01 04 04 0131 0222"),
    "plantower": bytes.fromhex("424d001c00000000000000000000000004b001540037000600010000000001f2"),
    "sps30": sps30.command_frame(0x03),
    "gs1": b"]d2010031234567890617261231\x1d10ABC123\r",
    "hibc": b"]C0+A99912345/$$52001510X33\r",
    "ifa": b"]d1[)>\x1e06\x1d9N110375286414\x1d1TABC\x1e\x04\r",
    "command": b"]C0LW.COMMIT\r",
    "card": f"]d2{CARD}\r".encode(),
}
"""One real frame of each family with a wire."""


def _rtu(data: bytes) -> bool:
    return isinstance(Rtu().cut(data, 1, ASK), Whole)


def _ascii(data: bytes) -> bool:
    return isinstance(Ascii().cut(data, 1, ASK), Whole)


def _plantower(data: bytes) -> bool:
    return plantower.cut_frames(data).values is not None


def _sps30(data: bytes) -> bool:
    reply, _ = sps30.next_reply(data)
    return isinstance(reply, sps30.Reply) and sps30.values_of(reply.data) is not None


def _scans(data: bytes) -> list[str]:
    return [one.text for one in Framer("cr").feed(data) if isinstance(one, Frame)]


def _is_understood(data: bytes, reader: Callable[[str], object]) -> bool:
    for text in _scans(data):
        try:
            if reader(text):
                return True
        except ScanRejected:
            continue
    return False


def _gs1(text: str) -> bool:
    symbol = symbol_of(text)
    is_other = is_code(symbol) or read_card(symbol) is not None or parse_foreign(symbol, today=TODAY) is not None
    return not is_other and bool(parse(symbol, today=TODAY).elements)


DECODERS: dict[str, Callable[[bytes], bool]] = {
    "modbus-rtu": _rtu,
    "modbus-ascii": _ascii,
    "plantower": _plantower,
    "sps30": _sps30,
    "gs1": lambda data: _is_understood(data, _gs1),
    "hibc": lambda data: _is_understood(
        data, lambda text: (found := parse_foreign(symbol_of(text), today=TODAY)) and "hibc:" in "".join(found.codes)
    ),
    "ifa": lambda data: _is_understood(
        data, lambda text: is_format_06(symbol_of(text)) and parse_format_06(symbol_of(text), today=TODAY)
    ),
    "command": lambda data: _is_understood(data, lambda text: is_code(symbol_of(text))),
    "card": lambda data: _is_understood(data, lambda text: read_card(symbol_of(text))),
}


@pytest.mark.parametrize("family", sorted(set(DECODERS) - {"sps30"}))
def test_each_decoder_understands_its_own_frame(family: str) -> None:
    assert DECODERS[family](FRAMES[family])


@pytest.mark.parametrize("family", sorted(DECODERS))
@pytest.mark.parametrize("other", sorted(FRAMES))
def test_no_frame_of_another_family_becomes_a_reading(family: str, other: str) -> None:
    if other != family:
        assert not DECODERS[family](FRAMES[other])


@given(st.binary(max_size=200))
def test_any_bytes_whatever_end_in_an_answer_or_a_refusal(data: bytes) -> None:
    for decode in DECODERS.values():
        decode(data)


@given(st.binary(max_size=24 * 40), st.sampled_from(sorted(LAYOUTS)))
def test_any_key_events_whatever_type_bytes(data: bytes, layout: str) -> None:
    typed = KeyDecoder(layout=layout).feed(data)
    assert isinstance(typed, bytes)


@given(st.text(max_size=80))
def test_any_text_whatever_is_an_ifa_label_or_refused(text: str) -> None:
    symbol = symbol_of("]d1[)>\x1e06\x1d" + text)
    try:
        scanned = parse_format_06(symbol, today=TODAY)
    except ScanRejected:
        return
    assert scanned.names
