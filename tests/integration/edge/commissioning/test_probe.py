"""Probing real sockets: what is right is proven, what is wrong is refused with what would be right."""

import asyncio
import socket
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_agent.commissioning.assessment import Sense
from edge_agent.commissioning.identification import Budget, Report, Target, identify, probe
from edge_agent.commissioning.target import Place, all_profiles, bus_at
from edge_agent.commissioning.transcript import ExchangeOutcome, TranscriptLine
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.drivers.modbus.register_decode import Variant
from edge_agent.drivers.proof_records import read_records
from edge_agent.runtime.config_loader import load_config
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator, SimulatedDevice
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.running_bus import sensor

PROFILES = ("comet-t3510", "ee-ee210", "vaisala-hmp", "xy-md02")
SERIAL = {"serial number": "12345678"}


async def probed(
    devices: Sequence[SimulatedDevice],
    profile: str,
    unit: int,
    variant: Variant | None = None,
    seen: dict[str, str] | None = None,
    timeout_s: float = 0.1,
) -> Report:
    async with ModbusTcpSimulator(devices) as simulator:
        bus = bus_at(Place("127.0.0.1", simulator.port, timeout_s=timeout_s))
        target = Target(unit, load_profile(profile), variant or Variant())
        with TranscriptLine(bus, [target.profile]) as line:
            return await probe(line, target, all_profiles(None), seen or {}, Budget(20))


@pytest.mark.parametrize("name", PROFILES)
async def test_each_model_is_found_to_be_what_it_is(name: str) -> None:
    async with ModbusTcpSimulator([sensor(name, 7, temp_c=5.2, rh_pct=51.0)]) as simulator:
        with TranscriptLine(bus_at(Place("127.0.0.1", simulator.port, timeout_s=0.1)), attempts=1) as line:
            candidates = await identify(line, 7, all_profiles(None), {}, Budget(20))
    assert candidates[0].profile.name == name
    assert {shown.name: float(shown.shown) for shown in candidates[0].values} == {"temp_c": 5.2, "rh_pct": 51.0}


async def test_known_values_prove_a_model_without_anybody_looking() -> None:
    report = await probed([sensor("vaisala-hmp", 240, 5.2)], "vaisala-hmp", 240)
    assert report.judgement.sense is Sense.PROVEN
    assert not report.others and not report.advice


async def test_sensible_numbers_alone_prove_nothing() -> None:
    report = await probed([sensor("ee-ee210", 242, 5.2)], "ee-ee210", 242)
    assert report.judgement.sense is Sense.PLAUSIBLE


async def test_a_serial_number_read_on_the_type_plate_proves_it_and_a_wrong_one_refuses_it() -> None:
    report = await probed([sensor("ee-ee210", 242, 5.2)], "ee-ee210", 242, seen=SERIAL)
    assert report.judgement.sense is Sense.PROVEN
    report = await probed([sensor("ee-ee210", 242, 5.2)], "ee-ee210", 242, seen={"serial number": "12345679"})
    assert report.judgement.sense is Sense.WRONG
    assert "the device has 12345679 on it" in report.judgement.reasons[0]


@pytest.mark.parametrize("name", ["vaisala-hmp", "ee-ee210"])
async def test_a_wrong_word_order_is_never_called_good_and_the_right_one_is_shown(name: str) -> None:
    device = sensor(name, 3, 22.0, rh_pct=40.0)  # both orders of 22.0 and 40.0 are finite: the trap
    report = await probed([device], name, 3, Variant(word_order="high_first"), seen=SERIAL)
    assert report.judgement.sense < Sense.PLAUSIBLE
    assert report.others[0].profile.name == name
    assert report.others[0].variant.word_order is None  # as the profile says
    report = await probed([sensor(name, 3, 22.0, 40.0, word_order="high_first")], name, 3, seen=SERIAL)
    assert report.judgement.sense < Sense.PLAUSIBLE
    assert report.others[0].variant.word_order == "high_first"


class Lax(SimulatedDevice):
    """A device that answers every address, as many do: nothing is illegal, what is not there is 0."""

    def registers(self, fault: object = None) -> dict[tuple[int, int], int]:
        zeros = {(function, at): 0 for function in (3, 4) for at in range(0x2000)}
        return {**zeros, **super().registers(None)}


@pytest.mark.parametrize(("true_offset", "wrong_offset"), [(0, -1), (-1, 0), (1, 0)])
async def test_a_wrong_offset_is_refused_by_the_serial_number_and_the_right_one_is_shown(
    true_offset: int, wrong_offset: int
) -> None:
    device = Lax(load_profile("comet-t3510"), 1, lambda: {"temp_c": 22.0, "rh_pct": 22.0}, address_offset=true_offset)
    report = await probed([device], "comet-t3510", 1, Variant(wrong_offset), seen=SERIAL)
    assert report.judgement.sense is Sense.WRONG
    assert report.others[0].variant.address_offset == true_offset
    assert report.others[0].sense is Sense.PROVEN


async def test_another_model_is_recognised() -> None:
    report = await probed([sensor("vaisala-hmp", 1, 5.0)], "xy-md02", 1)
    assert report.judgement.sense is Sense.WRONG
    assert (report.others[0].profile.name, report.others[0].sense) == ("vaisala-hmp", Sense.PROVEN)


@pytest.mark.parametrize(
    "kind", [FaultKind.NAN, FaultKind.EXCEPTION, FaultKind.SHORT, FaultKind.CORRUPT, FaultKind.SWAPPED]
)
async def test_a_device_that_misbehaves_is_never_called_good(kind: FaultKind) -> None:
    device = sensor("vaisala-hmp", 240, 5.0)
    device.misbehave(kind)
    report = await probed([device], "vaisala-hmp", 240)
    assert report.judgement.sense < Sense.PLAUSIBLE
    assert report.judgement.reasons


async def test_a_dead_unit_points_to_the_unit_that_answers() -> None:
    report = await probed([sensor("xy-md02", 1, 5.0)], "xy-md02", 7)
    assert report.is_silent
    assert "unit 7 is silent, but unit 1 answers" in report.advice[0]


async def test_a_dead_line_points_to_unit_id_settings_and_wires() -> None:
    device = sensor("xy-md02", 7, 5.0)
    device.misbehave(FaultKind.DEAD)
    report = await probed([device], "xy-md02", 7)
    told = " ".join(report.advice)
    assert "edge-agent scan --host 127.0.0.1:" in told and "as delivered it has 1" in told
    assert "9600 baud, 8N1; 8E1 and 8O1 were seen, too" in told and "A and B may be swapped" in told


async def test_garbage_points_to_two_units_with_one_id() -> None:
    device = sensor("xy-md02", 7, 5.0)
    device.misbehave(FaultKind.GARBAGE)
    report = await probed([device], "xy-md02", 7)
    assert "two devices may both be unit 7" in report.advice[0]


async def test_one_missed_answer_is_not_held_against_a_device() -> None:
    device = sensor("vaisala-hmp", 240, 5.2)
    device.misbehave(FaultKind.DEAD, times=1)
    report = await probed([device], "vaisala-hmp", 240)
    assert report.judgement.sense is Sense.PROVEN
    assert [exchange.outcome for exchange in report.exchanges][:2] == [ExchangeOutcome.SILENT, ExchangeOutcome.ANSWERED]


async def test_every_byte_is_kept_as_it_went() -> None:
    report = await probed([sensor("xy-md02", 1, 30.5, 54.6)], "xy-md02", 1)
    asked, answered = report.exchanges[0].frames
    assert (asked.sent, asked.data.hex(" ")) == (True, "00 01 00 00 00 06 01 04 00 01 00 02")
    assert (answered.sent, answered.data.hex(" ")) == (False, "00 01 00 00 00 07 01 04 04 01 31 02 22")


async def test_an_answer_in_two_pieces_is_kept_once_and_whole() -> None:
    device = sensor("xy-md02", 1, 30.5, 54.6)
    device.misbehave(FaultKind.SPLIT)
    report = await probed([device], "xy-md02", 1)
    received = [frame.data.hex(" ") for frame in report.exchanges[0].frames if not frame.sent]
    assert received == ["00 01 00 00 00 07 01 04 04 01 31 02 22"]


async def test_a_closed_port_and_an_unknown_name_are_told_apart() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        said = await edge_agent("probe", "--host", f"127.0.0.1:{taken.getsockname()[1]}", "--profile", "xy-md02")
    assert said.code == 1
    assert "nothing listens on port" in said.words
    said = await edge_agent("probe", "--host", "no-such-sensor.invalid", "--profile", "xy-md02")
    assert "the name no-such-sensor.invalid cannot be resolved" in said.words


async def test_the_command_shows_bytes_values_and_verdict_and_its_json_is_complete() -> None:
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.25)]) as simulator:
        at = ("--host", f"127.0.0.1:{simulator.port}", "--profile", "vaisala-hmp")
        said, as_json = await asyncio.gather(edge_agent("probe", *at), edge_agent("probe", *at, "--json"))
        wrong = await edge_agent("probe", *at, "--word-order", "high_first")
    assert said.code == 0 and "VERIFIED" in said.out
    assert "> 00 01 00 00 00 06 f0 03 00 00 00 04" in said.out
    assert as_json.data["verdict"] == "proven"
    assert as_json.data["values"][1]["shown"] == "5.25"
    assert as_json.data["exchanges"][0]["frames"][0]["hex"].startswith("00 01 00 00")
    assert wrong.code == 1 and "WRONG" in wrong.out and "This makes sense instead" in wrong.out


async def test_what_is_missing_is_said() -> None:
    said = await edge_agent("probe", "--host", "127.0.0.1")
    assert said.code == 1 and "--profile is missing: one of" in said.words
    said = await edge_agent("probe", "--host", "127.0.0.1", "--profile", "xy-md2")
    assert "did you mean 'xy-md02'?" in said.words


async def test_a_device_with_ethernet_that_calls_itself_unit_0_is_found_and_no_baud_rate_is_blamed() -> None:
    report = await probed([sensor("xy-md02", 0, 22.0)], "xy-md02", 1)
    assert report.is_silent
    assert "unit 1 is silent, but unit 0 answers" in report.advice[0] and "--unit 0" in report.advice[0]
    assert not any("baud rate" in advice for advice in report.advice)
    report = await probed([sensor("xy-md02", 0, 22.0)], "xy-md02", 0)
    assert report.judgement.sense >= Sense.PLAUSIBLE


async def test_an_input_of_a_board_is_probed_by_its_number_and_the_report_says_when_and_by_whom(
    tmp_path: Path,
) -> None:
    board = SimulatedDevice(load_profile("mb8art"), 1, dict, inputs={3: lambda: {"temp_c": 4.6}})
    path = config_in(tmp_path)
    async with ModbusTcpSimulator([board]) as simulator:
        where = ("--host", f"127.0.0.1:{simulator.port}", "--profile", "mb8art", "-c", path)
        whole = await edge_agent("add", "fridge-a/probe", *where, "-y")
        added = await edge_agent("add", "fridge-a/probe", *where, "--input", "3", "--by", "Amy", "-y")
        again = await edge_agent("add", "fridge-b/probe", *where, "--input", "3", "-y")
        empty = await edge_agent("probe", *where, "--input", "4")
        later = await edge_agent("probe", "fridge-a/probe", "--by", "Ben", "-c", path)
    assert whole.code == 1 and "each a device of its own: give --input N" in whole.words
    assert added.code == 0, added.err
    (section,) = tomllib.loads(path.read_text())["device"]
    assert (section["unit"], section["input"], section["proof"]["by"]) == (1, 3, "Amy")
    assert section["proof"]["profile"] == load_profile("mb8art").fingerprint
    assert again.code == 1 and "unit 1, input 3, of bus" in again.words
    assert empty.code == 1 and "status 'sensor connected' is 0x0" in empty.words
    assert later.code == 0 and "VERIFIED" in later.words
    records = read_records(load_config(path).gateway.data_dir)
    assert [(one.what, one.by, one.device, one.verdict) for one in records] == [
        ("add", "Amy", "fridge-a/probe", "proven"),
        ("probe", "Ben", "fridge-a/probe", "proven"),
    ]
    assert records[0].saw == {"equipment type": "57", "measuring range": "0"}
