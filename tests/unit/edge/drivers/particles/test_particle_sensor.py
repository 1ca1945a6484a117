"""Plantower and Sensirion frames: published vectors, resynchronisation, and any bytes whatever."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.drivers.particles import plantower, sps30

VECTOR = bytes.fromhex("424d001c00000000000000000000000004b001540037000600010000000001f2")
PARTICLES = {
    "indicative_particles_0_3_um_per_m3": 12_000_000,
    "indicative_particles_0_5_um_per_m3": 3_400_000,
    "indicative_particles_1_um_per_m3": 550_000,
    "indicative_particles_2_5_um_per_m3": 60_000,
    "indicative_particles_5_um_per_m3": 10_000,
    "indicative_particles_10_um_per_m3": 0,
}


def particles(values: dict[str, float] | None) -> dict[str, float]:
    return {key: value for key, value in (values or {}).items() if "particles" in key}


def test_the_pms5003_vector() -> None:
    cut = plantower.cut_frames(VECTOR)
    assert particles(cut.values) == PARTICLES
    assert cut.torn == 0
    assert {key for key in cut.values or {} if key not in PARTICLES} == {
        "indicative_pm1_ugm3",
        "indicative_pm2_5_ugm3",
        "indicative_pm10_ugm3",
    }


def test_a_frame_of_thirty_bytes_followed_at_once_by_the_next_is_not_taken_and_the_next_is() -> None:
    torn = VECTOR[:18] + b"\xff\xff" + VECTOR[20:30]
    cut = plantower.cut_frames(torn + VECTOR)
    assert particles(cut.values) == PARTICLES and cut.torn == 1
    assert plantower.cut_frames(torn + VECTOR[:2]).values is None


@pytest.mark.parametrize("at", range(len(VECTOR)))
def test_one_wrong_byte_anywhere_makes_no_values(at: int) -> None:
    wrong = VECTOR[:at] + bytes([VECTOR[at] ^ 0x55]) + VECTOR[at + 1 :]
    assert plantower.cut_frames(wrong).values is None


@given(st.binary(max_size=40), st.integers(0, 32), st.binary(max_size=10))
def test_a_frame_is_found_in_whatever_noise_and_however_it_is_cut(before: bytes, cut_at: int, after: bytes) -> None:
    first = plantower.cut_frames(before.replace(b"B", b"") + VECTOR[:cut_at])
    second = plantower.cut_frames(first.rest + VECTOR[cut_at:] + after.replace(b"B", b""))
    assert particles(second.values or first.values) == PARTICLES


@given(st.binary(max_size=400))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    assert len(plantower.cut_frames(data).rest) <= plantower.FRAME_BYTES
    sps30.next_reply(data)


@pytest.mark.parametrize(
    ("frame", "command", "data"),
    [
        ("7E 00 00 02 01 03 F9 7E", sps30.START, bytes([1, 3])),
        ("7E 00 03 00 FC 7E", sps30.READ, b""),
        ("7E 00 01 00 FE 7E", sps30.STOP, b""),
    ],
)
def test_the_published_sps30_commands(frame: str, command: int, data: bytes) -> None:
    assert sps30.command_frame(command, data) == bytes.fromhex(frame)


def reply_of(data: bytes, command: int = 3, state: int = 0) -> bytes:
    body = bytes([0, command, state, len(data)]) + data
    return b"\x7e" + sps30.stuffed(body + sps30.checksum(body)) + b"\x7e"


NUMBERS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.5)
DATA = struct.pack(">10f", *NUMBERS)


def test_the_published_head_of_a_measurement() -> None:
    assert reply_of(DATA).startswith(bytes.fromhex("7E 00 03 00 28"))
    reply, rest = sps30.next_reply(reply_of(DATA))
    assert reply == sps30.Reply(3, 0, DATA) and rest == b""
    values = sps30.values_of(DATA)
    assert values is not None
    assert values["indicative_pm2_5_ugm3"] == 2.0
    assert values["indicative_particles_below_0_5_um_per_m3"] == 5_000_000
    assert values["indicative_typical_size_um"] == 0.5


@given(st.binary(max_size=60))
def test_bytes_with_a_meaning_survive_stuffing(data: bytes) -> None:
    frame = reply_of(data)
    assert not {0x7E, 0x11, 0x13} & set(frame[1:-1])
    reply, rest = sps30.next_reply(frame)
    assert reply == sps30.Reply(3, 0, data) and rest == b""


@given(st.data())
def test_one_wrong_byte_in_a_reply_never_makes_other_values(data: st.DataObject) -> None:
    frame = bytearray(reply_of(DATA))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    received = bytes(frame)
    for _ in range(8):
        found, received = sps30.next_reply(received)
        if isinstance(found, sps30.Reply):
            # The first byte, an address, is in the sum; two bytes that stuffing makes of one cannot hide in it.
            assert found.data == DATA or sps30.values_of(found.data) is None


def test_a_torn_reply_is_a_fault_and_the_next_one_is_found() -> None:
    fault, rest = sps30.next_reply(reply_of(DATA)[:20] + reply_of(DATA))
    assert isinstance(fault, str)
    reply, _ = sps30.next_reply(rest)
    assert reply == sps30.Reply(3, 0, DATA)


@pytest.mark.parametrize("data", [b"", DATA[:-1], struct.pack(">10f", *NUMBERS[:9], float("nan")), b"\xff" * 40])
def test_what_is_no_measurement_has_no_values(data: bytes) -> None:
    assert sps30.values_of(data) is None
