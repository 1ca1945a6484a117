"""Every published Bluetooth frame on the air of a byte-level BlueZ, and what the real agent tells the ledger of it."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.config.model import BleFormat
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.ess import HUMIDITY_UUID, TEMPERATURE_UUID
from edge_agent.simulators.ble import FakeBlueZ, Said, private_bus
from tests.support.gateway_process import GatewayProcess, section
from tests.support.paths import ROOT

BTHOME_MAC, BTHOME_KEY = "54:48:E6:8F:80:A5", "231d39c1d7cc1ab1aee224cd096db932"
XIAOMI, RUUVI = "A4:C1:38:02:83:F4", "CB:B8:33:4C:88:4F"
PVVX_MAC, PVVX_KEY = "A4:C1:38:8D:18:B2", "b9ea895fac7eea6d30532432a516f3a3"
DROPPED, NOTHING = "dropped", "nothing"
Values = dict[str, float]


@dataclass(frozen=True)
class Vector:
    """What a device says, in hexadecimal, and what must come of it: values, a quality, or nothing at all."""

    expect: Values | Quality | str
    company: int = 0
    data: str = ""
    service: int = 0
    service_data: str = ""
    name: str = ""

    def said(self, address: str) -> Said:
        """The advertisement."""
        return Said(
            address,
            {self.company: bytes.fromhex(self.data)} if self.data else {},
            {self.service: bytes.fromhex(self.service_data)} if self.service_data else {},
            self.name,
            rssi_dbm=-61,
        )


def maker(company: int, data: str, expect: Values | Quality | str, name: str = "") -> Vector:
    return Vector(expect, company, data, name=name)


def service(uuid: int, data: str, expect: Values | Quality | str) -> Vector:
    return Vector(expect, service=uuid, service_data=data)


def th(temp_c: float, rh_pct: float, battery_pct: float | None = None) -> Values:
    values = {"temp_c": temp_c, "rh_pct": rh_pct}
    return values if battery_pct is None else {**values, "battery_pct": battery_pct}


SEALED = th(25.06, 50.55)
DEVICES: dict[str, tuple[BleFormat, str, str, list[Vector]]] = {
    # name: format, address (made here where "" is written), bindkey, what is said one after the other
    "ruuvi": ("ruuvi", RUUVI, "", [
        maker(0x0499, "057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F", Quality.RANGE),
        maker(0x0499, "058001000000008001800180010000000000CBB8334C884F", Quality.RANGE),
        maker(0x0499, "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F",
              {**th(24.3, 53.49), "p_pa": 100044, "battery_v": 2.977}),
    ]),
    "ruuvi-invalid": ("ruuvi", "", "", [maker(0x0499, "058000" + "FF" * 4 + "8000" * 3 + "FF" * 11, Quality.FAULT)]),
    "bthome-plain": ("bthome", "", "", [service(0xFCD2, "40 02CA09 03BF13", SEALED)]),
    "bthome-packet": ("bthome", "", "", [service(0xFCD2, "40 0009 015D 025D09 03B718", th(23.97, 63.27, 93))]),
    "bthome-shelly": ("bthome", "", "", [service(0xFCD2, "40 00 2E 01 64 1E 01 2E 34 45 16 01", th(27.8, 52, 100))]),
    "bthome-unknown": ("bthome", "", "", [service(0xFCD2, "40 FE CA09", NOTHING)]),
    "bthome-sealed": ("bthome", BTHOME_MAC, BTHOME_KEY, [
        service(0xFCD2, "41 E445F3C9962B 33221100 6C7C4519", SEALED),
        service(0xFCD2, "41 723D3035FB88 32221100 9E7414C0", DROPPED),
        service(0xFCD2, "41 3E932CC7175F 34221100 553876AF", SEALED),
        service(0xFCD2, "41 A47266C95F73 00112233 78237214", SEALED),
    ]),
    "bthome-mac": ("bthome", "", BTHOME_KEY, [
        service(0xFCD2, "43 A5808FE64854 F196C06FFB49 00112233 F08ECBDE", SEALED),
    ]),
    "bthome-wrong-key": ("bthome", "", "814aac74c4f17b6c1581e1ab87816b99", [
        service(0xFCD2, "43 A5808FE64854 F196C06FFB49 00112233 F08ECBDE", Quality.CRC),
    ]),
    "bthome-downgrade": ("bthome", "", BTHOME_KEY, [service(0xFCD2, "40 02CA09 03BF13", Quality.FAULT)]),
    "atc1441": ("atc1441", XIAOMI, "", [
        service(0x181A, "A4C1380283F4 00A2 2F 5F 0BF8 19", {**th(16.2, 47, 95), "battery_v": 3.064}),
    ]),
    "pvvx-sealed": ("pvvx", PVVX_MAC, PVVX_KEY, [
        service(0x181A, "11d603fbfa7b6dfb1e26fd", {**th(23.45, 41.73, 61), "reed_bool": 0}),
    ]),
    "govee-1": ("govee", "", "", [maker(0xEC88, "000341C26400", th(21.3, 44.2, 100))]),
    "govee-2": ("govee", "", "", [maker(0xEC88, "00034DB26400", th(21.6, 49.8, 100))]),
    "govee-3": ("govee", "", "", [maker(0xEC88, "00030FC93500", th(20.0, 64.9, 53))]),
    "govee-below": ("govee", "", "", [maker(0xEC88, "0080C5126400", th(-5.0, 45.0, 100))]),
    "govee-h5074": ("govee", "", "", [maker(0xEC88, "00E609BC126402", th(25.34, 47.96, 100))]),
    "govee-spoilt": ("govee", "", "", [
        maker(0xEC88, "00BC00043E27", Quality.RANGE), maker(0xEC88, "004A00283B00", Quality.RANGE),
    ]),
    "switchbot": ("switchbot", "", "", [
        Vector(th(24.6, 53, 100), 0x0969, "D7C17D5DEB43DE03069835", 0xFD3D, "5400E4069835"),
    ]),
    "switchbot-outdoor": ("switchbot", "", "", [
        Vector(th(24.6, 53, 100), 0x0969, "AABBCCDDEEFFE00F06983500", 0xFD3D, "7700E4"),
    ]),
    "switchbot-empty": ("switchbot", "", "", [service(0xFD3D, "540000000000", NOTHING)]),
    "inkbird": ("inkbird", "", "", [maker(2044, "C71200C83D5606", th(20.44, 48.07, 86), "sps")]),
    "inkbird-th2": ("inkbird", "", "", [maker(2120, "000000C66E0D06", {"temp_c": 21.2, "battery_pct": 13}, "tps")]),
    "mibeacon": ("mibeacon", "58:2D:34:3B:2E:BF", "", [
        service(0xFE95, "5020AA01A3BF2E3B342D580D1004B40095020A10013B", th(18.0, 66.1, 59)),
    ]),
    "ela-t": ("ela", "", "", [maker(0x0757, "12850A", {"temp_c": 26.93})]),
    "ela-rht": ("ela", "", "", [maker(0x0757, "213012B80A", th(27.44, 48))]),
    "ela-battery": ("ela", "", "", [maker(0x0757, "F145", {"battery_pct": 69})]),
    "ela-volts": ("ela", "", "", [maker(0x0757, "F2AC0B", {"battery_v": 2.988})]),
    "efento": ("efento", "", "", [
        maker(0x026C, "0205090100002C07803C0001020645C1003D0E8000005D5D", {**th(28.57, 61), "battery_low_bool": 0}),
    ]),
    "efento-response": ("efento", "", "", [
        maker(0x026C, "040145C102003D0327955D5D", {**th(28.57, 61), "p_pa": 101330}),
    ]),
    "sensirion": ("sensirion", "", "", [maker(0x06D5, "0006E2E7036A1C65", th(27.47, 43.37))]),
}  # fmt: skip
SAME_ADDRESS: dict[str, tuple[BleFormat, str, str, list[Vector]]] = {
    # These have the MAC address of others in their frames.
    "pvvx": ("pvvx", XIAOMI, "", [
        service(0x181A, "F4830238C1A4 A906 6911 B60B 58 F7 0D",
                {**th(17.05, 44.57, 88), "battery_v": 2.998, "reed_bool": 1}),
    ]),
}  # fmt: skip
MIBEACON_SEALED: dict[str, tuple[BleFormat, str, str, list[Vector]]] = {
    "mibeacon-sealed": ("mibeacon", XIAOMI, "e9ea895fac7cca6d30532432a516f3a8", [
        service(0xFE95, "58585B0550F4830238C1A495EF58763C26000097E2ABB5", {"rh_pct": 46}),
    ]),
}  # fmt: skip


@pytest.fixture
async def air() -> AsyncIterator[tuple[FakeBlueZ, str]]:
    async with private_bus() as address, FakeBlueZ(address) as bluez:
        yield bluez, address


@pytest.mark.parametrize("devices", [DEVICES, SAME_ADDRESS, MIBEACON_SEALED], ids=["all", "pvvx", "mibeacon"])
async def test_published_frames_reach_the_ledger_as_their_makers_say(
    devices: dict[str, tuple[BleFormat, str, str, list[Vector]]], tmp_path: Path, air: tuple[FakeBlueZ, str]
) -> None:
    bluez, bus_address = air
    addresses = {name: own or f"C0:FF:EE:00:00:{at:02X}" for at, (name, (_, own, _, _)) in enumerate(devices.items())}
    sections = [section("bus", name="air", kind="ble")]
    for name, (form, _, key, _) in devices.items():
        keyed = {"bindkey": key} if key else {}
        sections.append(
            section("device", name=name, bus="air", format=form, address=addresses[name], poll_s=0.1, **keyed)
        )
    told: dict[str, list[tuple[Quality, Values]]] = {name: [] for name in devices}
    async with GatewayProcess(tmp_path, "".join(sections), {"DBUS_SYSTEM_BUS_ADDRESS": bus_address}) as gateway:
        await gateway.until(lambda _: bluez.is_discovering or bluez.is_monitoring, "a scan")
        for step in range(max(len(vectors) for *_, vectors in devices.values())):
            wanted: dict[str, int] = {}
            for name, (*_, vectors) in devices.items():
                if step < len(vectors):
                    assert bluez.say(vectors[step].said(addresses[name]))
                    wanted[name] = sum(vector.expect not in (DROPPED, NOTHING) for vector in vectors[: step + 1])
            await gateway.until(_has(wanted), f"step {step}")
        for name in devices:
            told[name] = [(r.quality, r.values) for r in gateway.readings(name) if "not heard" not in r.detail]
    for name, (*_, vectors) in devices.items():
        outcomes = [vector.expect for vector in vectors if vector.expect not in (DROPPED, NOTHING)]
        assert len(told[name]) == len(outcomes), (name, told[name])
        for (quality, values), expect in zip(told[name], outcomes, strict=True):
            if isinstance(expect, Quality):
                assert (quality, values) == (expect, {}), name
            else:
                assert quality is Quality.GOOD, name
                assert values == pytest.approx({**expect, "rssi_dbm": -61}, abs=0.006), name  # type: ignore[dict-item]
    assert ("old number was dropped" in gateway.said) == ("bthome-sealed" in devices)


def _has(wanted: dict[str, int]) -> Callable[[GatewayProcess], bool]:
    return lambda gateway: all(len(gateway.readings(name)) >= count for name, count in wanted.items())


async def test_characteristics_of_an_environmental_sensing_service_reach_the_ledger(
    tmp_path: Path, air: tuple[FakeBlueZ, str]
) -> None:
    bluez, bus_address = air
    address = "C0:FF:EE:00:00:01"
    temperatures = iter([bytes.fromhex("F401"), bytes.fromhex("2EFB")])
    unknown = bytes.fromhex("0080")
    device = section("device", name="ess", bus="air", format="gatt-ess", address=address, poll_s=0.3)
    sections = section("bus", name="air", kind="ble") + device
    async with GatewayProcess(tmp_path, sections, {"DBUS_SYSTEM_BUS_ADDRESS": bus_address}) as gateway:
        await gateway.until(lambda _: bluez.is_discovering, "a scan")
        # The service is there before the device is heard for the first time: what is heard is connected to at once.
        said = Said(address, name="ESS", services=(0x181A,), rssi_dbm=-61)
        assert bluez.say(said)
        bluez.serve(address, {
            TEMPERATURE_UUID: lambda: next(temperatures, unknown), HUMIDITY_UUID: lambda: bytes.fromhex("9411"),
        })  # fmt: skip
        await gateway.until(lambda g: bool(g.readings("ess", Quality.FAULT)), "the temperature that is not known")
    both = {"rh_pct": 45.0, "rssi_dbm": -61}
    assert gateway.good("ess") == [{"temp_c": 5.0, **both}, {"temp_c": -12.34, **both}]


def test_every_frame_that_the_notes_print_is_one_of_these() -> None:
    """So that a page of firmware_notes cannot show a frame that nothing proves."""
    known = {
        part.replace(" ", "").upper()
        for group in (DEVICES, SAME_ADDRESS, MIBEACON_SEALED)
        for *_, vectors in group.values()
        for vector in vectors
        for part in (vector.data, vector.service_data)
        if part
    } | {"0BFFD5060006E2E7036A1C65"}  # the whole structure around Sensirion's
    notes = (ROOT / "firmware_notes").glob("ble-*.md")
    printed = {
        frame.replace(" ", "").upper()
        for note in notes
        for frame in re.findall(r"`((?:[0-9A-F]{2} ?){3,})`", note.read_text())
    }
    assert len(printed) > 20
    assert printed <= known, printed - known
