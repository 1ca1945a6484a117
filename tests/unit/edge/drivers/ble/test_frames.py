"""Every published frame of every maker, the wrong ones included, and random bytes for all."""

import math
import struct
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.formats import (
    atc1441,
    bthome,
    efento,
    ela,
    gatt_ess,
    govee,
    inkbird,
    mibeacon,
    pvvx,
    ruuvi,
    sensirion,
    switchbot,
)
from edge_agent.drivers.ble.frames import LIMITS, PROBE_LIMITS, Advertisement, DecodedFrame, crc16_modbus
from edge_agent.drivers.ble.on_air import MANUFACTURER_DATA, SERVICE_DATA, Measured
from edge_agent.drivers.ble.registry import FORMATS
from tests.support.ble_pages import heard

ADDRESS = "54:48:E6:8F:80:A5"
BTHOME_KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
XIAOMI = "A4:C1:38:02:83:F4"


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def manufacturer(company: int, payload: str, address: str = ADDRESS, name: str = "") -> Advertisement:
    return Advertisement(address, manufacturer_data={company: hexed(payload)}, local_name=name)


def service(uuid: int, payload: str, address: str = ADDRESS) -> Advertisement:
    return Advertisement(address, service_data={uuid: hexed(payload)})


def good(decoded: DecodedFrame | None) -> dict[str, float]:
    assert decoded is not None
    assert decoded.quality is Quality.GOOD, decoded.detail
    return decoded.values


def bad(decoded: DecodedFrame | None) -> tuple[Quality, str]:
    assert decoded is not None
    assert decoded.quality is not Quality.GOOD
    return decoded.quality, decoded.detail


class TestRuuvi:
    MAC = "CB:B8:33:4C:88:4F"

    def decoded(self, payload: str, address: str = MAC) -> DecodedFrame | None:
        return ruuvi.decode(manufacturer(0x0499, payload, address), None)

    def test_the_valid_frame_of_the_specification(self) -> None:
        decoded = self.decoded("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F")
        assert good(decoded) == {"temp_c": 24.3, "rh_pct": 53.49, "p_pa": 100044, "battery_v": 2.977}
        assert decoded is not None
        assert (decoded.counter, decoded.counter_bits) == (205, 16)

    @pytest.mark.parametrize(
        ("payload", "temp_c"),
        [
            ("057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F", 163.835),
            ("058001000000008001800180010000000000CBB8334C884F", -163.835),
        ],
    )
    def test_the_extreme_frames_of_the_specification_are_read_and_not_believed(
        self, payload: str, temp_c: float
    ) -> None:
        decoded = self.decoded(payload)
        assert bad(decoded)[0] is Quality.RANGE
        assert decoded is not None
        assert decoded.values["temp_c"] == temp_c

    def test_the_invalid_frame_of_the_specification_is_a_fault(self) -> None:
        assert bad(self.decoded("058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF"))[0] is Quality.FAULT

    def test_a_tag_without_humidity_and_pressure_gives_temperature_alone(self) -> None:
        assert good(self.decoded("0512FCFFFFFFFF0004FFFC040CAC364200CDCBB8334C884F")) == {
            "temp_c": 24.3,
            "battery_v": 2.977,
        }

    def test_humidity_above_100_is_a_broken_sensor(self) -> None:
        quality, detail = bad(self.decoded("0512FC9C41C37C0004FFFC040CAC364200CDCBB8334C884F"))
        assert quality is Quality.RANGE
        assert "rh_pct 100.002 is outside 0 to 100" in detail

    def test_a_frame_that_names_another_tag_is_refused(self) -> None:
        decoded = self.decoded("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F", ADDRESS)
        assert bad(decoded)[0] is Quality.FAULT
        assert decoded is not None
        assert not decoded.authentic


class TestBTHome:
    @pytest.mark.parametrize(
        ("payload", "values", "packet"),
        [
            ("40 02CA09 03BF13", {"temp_c": 25.06, "rh_pct": 50.55}, None),
            ("40 0009 015D 025D09 03B718", {"battery_pct": 93, "temp_c": 23.97, "rh_pct": 63.27}, 9),
            ("40 00 2E 01 64 1E 01 2E 34 45 16 01", {"battery_pct": 100, "rh_pct": 52, "temp_c": 27.8}, 46),
            ("40 1A 01 2D 00 11 01", {"door_bool": 1, "window_bool": 0, "open_bool": 1}, None),
            ("44 57 EA", {"temp_c": -22}, None),
            ("40 58 EA", {"temp_c": -7.7}, None),
            ("40 04 138A01", {"p_pa": 100883}, None),
            ("40 02CA09 022202", {"temp_c": 25.06, "temp_2_c": 5.46}, None),
            ("40 53 02 4142 54 01 FF 02CA09", {"temp_c": 25.06}, None),
        ],
    )
    def test_plain_frames(self, payload: str, values: Mapping[str, float], packet: int | None) -> None:
        decoded = bthome.decode(service(0xFCD2, payload), None)
        assert good(decoded) == values
        assert decoded is not None
        assert decoded.counter == packet

    @pytest.mark.parametrize(
        ("payload", "counter"),
        [
            ("41 A47266C95F73 00112233 78237214", 0x33221100),
            ("41 E445F3C9962B 33221100 6C7C4519", 0x00112233),
            ("41 3E932CC7175F 34221100 553876AF", 0x00112234),
            ("41 723D3035FB88 32221100 9E7414C0", 0x00112232),
            ("43 A5808FE64854 F196C06FFB49 00112233 F08ECBDE", 0x33221100),
        ],
    )
    def test_encrypted_frames(self, payload: str, counter: int) -> None:
        decoded = bthome.decode(service(0xFCD2, payload), BTHOME_KEY)
        assert good(decoded) == {"temp_c": 25.06, "rh_pct": 50.55}
        assert decoded is not None
        assert (decoded.counter, decoded.counter_bits) == (counter, 32)

    def test_a_wrong_key_gives_no_values(self) -> None:
        key = hexed("814aac74c4f17b6c1581e1ab87816b99")
        decoded = bthome.decode(service(0xFCD2, "41 A47266C95F73 00112233 78237214"), key)
        assert bad(decoded)[0] is Quality.CRC
        assert decoded is not None
        assert not decoded.authentic
        assert decoded.values == {}

    def test_an_encrypted_frame_without_a_key_says_what_is_missing(self) -> None:
        decoded = bthome.decode(service(0xFCD2, "41 A47266C95F73 00112233 78237214"), None)
        assert "no bindkey" in bad(decoded)[1]

    def test_plain_data_is_refused_where_a_key_is_configured(self) -> None:
        decoded = bthome.decode(service(0xFCD2, "40 02CA09 03BF13"), BTHOME_KEY)
        assert bad(decoded)[0] is Quality.FAULT
        assert decoded is not None
        assert not decoded.authentic

    def test_an_unknown_object_ends_the_frame(self) -> None:
        assert bthome.decode(service(0xFCD2, "40 FE CA09"), None) is None
        assert good(bthome.decode(service(0xFCD2, "40 02CA09 FE 03BF13"), None)) == {"temp_c": 25.06}

    def test_a_frame_cut_short_is_a_fault(self) -> None:
        assert bad(bthome.decode(service(0xFCD2, "40 02CA09 03BF"), None))[0] is Quality.FAULT

    def test_version_1_is_not_version_2(self) -> None:
        assert bthome.decode(service(0xFCD2, "20 02CA09"), None) is None


class TestAtc:
    def test_atc1441(self) -> None:
        decoded = atc1441.decode(service(0x181A, "A4C1380283F4 00A2 2F 5F 0BF8 19", XIAOMI), None)
        assert good(decoded) == {"temp_c": 16.2, "rh_pct": 47, "battery_pct": 95, "battery_v": 3.064}
        assert decoded is not None
        assert decoded.counter == 25

    def test_pvvx(self) -> None:
        decoded = pvvx.decode(service(0x181A, "F4830238C1A4 A906 6911 B60B 58 F7 0D", XIAOMI), None)
        assert good(decoded) == {
            "temp_c": 17.05,
            "rh_pct": 44.57,
            "battery_v": 2.998,
            "battery_pct": 88,
            "reed_bool": 1,
        }
        assert decoded is not None
        assert decoded.counter == 247

    SEALED = "11d603fbfa7b6dfb1e26fd"
    SEALED_MAC = "A4:C1:38:8D:18:B2"
    SEALED_KEY = hexed("b9ea895fac7eea6d30532432a516f3a3")

    def test_encrypted_pvvx(self) -> None:
        decoded = pvvx.decode(service(0x181A, self.SEALED, self.SEALED_MAC), self.SEALED_KEY)
        values = good(decoded)
        assert (values["temp_c"], values["rh_pct"], values["battery_pct"]) == (23.45, 41.73, 61)
        assert decoded is not None
        assert decoded.counter == 0x11

    def test_encrypted_pvvx_of_another_device_fails(self) -> None:
        assert bad(pvvx.decode(service(0x181A, self.SEALED, XIAOMI), self.SEALED_KEY))[0] is Quality.CRC
        assert "no bindkey" in bad(pvvx.decode(service(0x181A, self.SEALED, self.SEALED_MAC), None))[1]

    def test_plain_data_is_refused_where_a_key_is_configured(self) -> None:
        plain = service(0x181A, "F4830238C1A4 A906 6911 B60B 58 F7 0D", XIAOMI)
        assert bad(pvvx.decode(plain, self.SEALED_KEY))[0] is Quality.FAULT

    def test_the_length_tells_the_format(self) -> None:
        assert atc1441.decode(service(0x181A, "A4C1380283F4 00A2 2F 5F 0BF8", XIAOMI), None) is None
        assert pvvx.decode(service(0x181A, "A4C1380283F4 00A2 2F 5F 0BF8 19", XIAOMI), None) is None


H5074, H5075 = "Govee_H5074_5FF4", "GVH5075_2762"


class TestGovee:
    @pytest.mark.parametrize(
        ("payload", "values"),
        [
            ("000341C26400", (21.3, 44.2, 100)),
            ("00034DB26400", (21.6, 49.8, 100)),
            ("00030FC93500", (20.0, 64.9, 53)),
            ("0080C5126400", (-5.0, 45.0, 100)),
            ("00E609BC126402", (25.34, 47.96, 100)),
        ],
    )
    def test_h5072_h5075_and_h5074(self, payload: str, values: tuple[float, float, float]) -> None:
        said = good(govee.decode(manufacturer(0xEC88, payload, name=H5075 if len(payload) == 12 else H5074), None))
        assert (said["temp_c"], said["rh_pct"], said["battery_pct"]) == values

    def test_the_h5100_family_has_the_same_two_bytes_later(self) -> None:
        assert good(govee.decode(manufacturer(0x0001, "01010341C264", name="GVH5100_7738"), None))["temp_c"] == 21.3

    def test_h5179(self) -> None:
        said = good(govee.decode(manufacturer(0x8801, "EC000101 E609BC12 64", name="Govee_H5179_3CD5"), None))
        assert (said["temp_c"], said["rh_pct"], said["battery_pct"]) == (25.34, 47.96, 100)

    @pytest.mark.parametrize(("payload", "temp_c"), [("00BC00043E27", -393.2), ("004A00283B00", 484.9)])
    def test_impossible_temperatures_are_never_good(self, payload: str, temp_c: float) -> None:
        decoded = govee.decode(manufacturer(0xEC88, payload, name=H5075 if len(payload) == 12 else H5074), None)
        assert bad(decoded)[0] is Quality.RANGE
        assert decoded is not None
        assert decoded.values["temp_c"] == temp_c

    def test_the_sensor_error_bit_is_a_fault(self) -> None:
        assert bad(govee.decode(manufacturer(0xEC88, "000341C2E400", name=H5075), None)) == (
            Quality.FAULT,
            "device reports a sensor error",
        )

    def test_the_fake_beacon_beside_it_is_ignored_and_one_glued_to_it_is_cut_off(self) -> None:
        beacon = hexed("0215") + b"INTELLI_ROCKS_HWPu" + bytes(5)
        both = Advertisement(ADDRESS, {0xEC88: hexed("000341C26400"), 0x004C: beacon}, local_name=H5075)
        assert good(govee.decode(both, None))["temp_c"] == 21.3
        glued = Advertisement(ADDRESS, {0xEC88: hexed("000341C26400") + beacon}, local_name=H5075)
        assert len(beacon) == 25
        assert good(govee.decode(glued, None))["temp_c"] == 21.3


class TestSwitchBot:
    def test_the_meter_with_its_scan_response(self) -> None:
        said = Advertisement(ADDRESS, {0x0969: hexed("D7C17D5DEB43DE03069835")}, {0xFD3D: hexed("5400E4069835")})
        assert good(switchbot.decode(said, None)) == {"temp_c": 24.6, "rh_pct": 53, "battery_pct": 100}

    def test_without_a_scan_response_nobody_knows_what_it_is(self) -> None:
        assert switchbot.decode(manufacturer(0x0969, "D7C17D5DEB43DE03069835"), None) is None

    def test_what_it_is_and_its_battery_may_have_been_heard_earlier_but_never_its_temperature(self) -> None:
        earlier = {0xFD3D: hexed("5400E4069835")}
        said = Advertisement(ADDRESS, {0x0969: hexed("D7C17D5DEB43DE03059A30")}, earlier=earlier)
        assert good(switchbot.decode(said, None)) == {"temp_c": 26.5, "rh_pct": 48, "battery_pct": 100}
        assert switchbot.decode(Advertisement(ADDRESS, earlier=earlier), None) is None

    def test_the_outdoor_meter(self) -> None:
        said = Advertisement(ADDRESS, {0x0969: hexed("AABBCCDDEEFFE00F06983500")}, {0xFD3D: hexed("7700E4")})
        assert good(switchbot.decode(said, None)) == {"temp_c": 24.6, "rh_pct": 53, "battery_pct": 100}

    def test_below_zero_the_sign_bit_is_clear(self) -> None:
        assert good(switchbot.decode(service(0xFD3D, "5400E4061235"), None))["temp_c"] == -18.6

    def test_all_zero_is_no_measurement(self) -> None:
        assert switchbot.decode(service(0xFD3D, "540000000000"), None) is None

    def test_a_switchbot_that_is_no_meter_is_not_read(self) -> None:
        assert switchbot.decode(service(0xFD3D, "4800E4069835"), None) is None


class TestInkbird:
    @pytest.mark.parametrize(
        ("company", "payload", "values"),
        [
            (2044, "C71200C83D5606", {"temp_c": 20.44, "rh_pct": 48.07, "battery_pct": 86}),
            (2120, "000000C66E0D06", {"temp_c": 21.2, "battery_pct": 13}),
        ],
    )
    def test_the_company_id_is_the_temperature(self, company: int, payload: str, values: Mapping[str, float]) -> None:
        name = "tps" if values.keys() == {"temp_c", "battery_pct"} else "sps"
        assert good(inkbird.decode(Advertisement(ADDRESS, {company: hexed(payload)}, local_name=name), None)) == values

    def test_below_zero_the_company_id_is_negative(self) -> None:
        head = struct.pack("<hHB", -500, 4500, 0)
        frame = head + crc16_modbus(head).to_bytes(2, "little") + bytes((86, 6))
        company = int.from_bytes(frame[:2], "little")
        assert company == 0xFE0C
        assert good(inkbird.decode(manufacturer(company, frame[2:].hex(), name="sps"), None))["temp_c"] == -5.0

    def test_of_several_ids_at_once_nobody_knows_which_is_the_temperature(self) -> None:
        said = Advertisement(ADDRESS, {2120: hexed("000000C66E0D06"), 2044: hexed("C71200C83D5606")}, local_name="sps")
        assert inkbird.decode(said, None) is None

    def test_a_wrong_checksum_is_never_a_measurement(self) -> None:
        decoded = inkbird.decode(manufacturer(2044, "C71300C83D5606", name="sps"), None)
        assert bad(decoded)[0] is Quality.CRC
        assert decoded is not None
        assert not decoded.authentic

    def test_humidity_above_100_condemns_the_frame(self) -> None:
        head = struct.pack("<hHB", 2044, 0xFFFF, 0)
        frame = head + crc16_modbus(head).to_bytes(2, "little") + bytes((86, 6))
        assert bad(inkbird.decode(manufacturer(2044, frame[2:].hex(), name="sps"), None))[0] is Quality.RANGE


class TestMiBeacon:
    SEALED = "58585B0550F4830238C1A495EF58763C26000097E2ABB5"
    KEY = hexed("e9ea895fac7cca6d30532432a516f3a8")

    def test_a_plain_frame_with_two_objects(self) -> None:
        said = service(0xFE95, "5020AA01A3BF2E3B342D580D1004B40095020A10013B", "58:2D:34:3B:2E:BF")
        decoded = mibeacon.decode(said, None)
        assert good(decoded) == {"temp_c": 18.0, "rh_pct": 66.1, "battery_pct": 59}
        assert decoded is not None
        assert decoded.counter == 0xA3

    def test_an_encrypted_frame(self) -> None:
        assert good(mibeacon.decode(service(0xFE95, self.SEALED, XIAOMI), self.KEY)) == {"rh_pct": 46}

    def test_a_wrong_key_gives_no_values(self) -> None:
        assert bad(mibeacon.decode(service(0xFE95, self.SEALED, XIAOMI), bytes(16)))[0] is Quality.CRC

    def test_a_frame_that_names_another_device_is_refused(self) -> None:
        assert bad(mibeacon.decode(service(0xFE95, self.SEALED, ADDRESS), self.KEY))[0] is Quality.FAULT

    def test_a_float_that_is_no_number_is_a_fault(self) -> None:
        said = service(0xFE95, "5020AA01A3BF2E3B342D58 014C04 0000C07F", "58:2D:34:3B:2E:BF")
        assert bad(mibeacon.decode(said, None))[0] is Quality.FAULT

    def test_a_door_left_open_is_open(self) -> None:
        for state, is_open in (("00", 1), ("01", 0), ("02", 1)):
            said = service(0xFE95, f"5020AA01A3BF2E3B342D58 191001 {state}", "58:2D:34:3B:2E:BF")
            assert good(mibeacon.decode(said, None)) == {"open_bool": is_open}


class TestOthers:
    def test_sensirion_sht4x(self) -> None:
        values = good(sensirion.decode(manufacturer(0x06D5, "0006E2E7036A1C65"), None))
        assert (round(values["temp_c"], 2), round(values["rh_pct"], 2)) == (27.47, 43.37)

    def test_sensirion_humidity_a_little_beyond_its_scale_is_cropped_and_far_beyond_is_not(self) -> None:
        assert good(sensirion.decode(manufacturer(0x06D5, "0006E2E7036A000C"), None))["rh_pct"] == 0
        assert bad(sensirion.decode(manufacturer(0x06D5, "0006E2E7036AFFFF"), None))[0] is Quality.RANGE

    @pytest.mark.parametrize(
        ("payload", "values"),
        [
            ("12850A", {"temp_c": 26.93}),
            ("213012B80A", {"rh_pct": 48, "temp_c": 27.44}),
            ("F145", {"battery_pct": 69}),
            ("F2AC0B", {"battery_v": 2.988}),
            ("320300", {"open_bool": 0}),
            ("320200", {"open_bool": 1}),
        ],
    )
    def test_ela_blue_puck(self, payload: str, values: Mapping[str, float]) -> None:
        assert good(ela.decode(manufacturer(0x0757, payload), None)) == values

    def test_ela_blue_puck_in_service_data_mode(self) -> None:
        said = Advertisement(ADDRESS, service_data={0x2A6E: hexed("850A"), 0x2A6F: hexed("30")})
        assert good(ela.decode(said, None)) == {"temp_c": 26.93, "rh_pct": 48}

    def test_ela_cut_short_is_a_fault(self) -> None:
        assert bad(ela.decode(manufacturer(0x0757, "213012B8"), None))[0] is Quality.FAULT

    def test_efento_in_one_frame(self) -> None:
        said = manufacturer(0x026C, "0205090100002C07803C0001020645C1003D0E8000005D5D")
        decoded = efento.decode(said, None)
        assert good(decoded) == {"temp_c": 28.57, "rh_pct": 61, "battery_low_bool": 0}
        assert decoded is not None
        assert (decoded.counter, decoded.period_s) == (11271, 60.0)
        low = manufacturer(0x026C, "0205090000002C07803C0001020645C1003D0E8000005D5D")
        assert good(efento.decode(low, None))["battery_low_bool"] == 1

    def test_efento_in_the_scan_response(self) -> None:
        said = manufacturer(0x026C, "040145C102003D0327955D5D")
        assert good(efento.decode(said, None)) == {"temp_c": 28.57, "rh_pct": 61, "p_pa": 101330}

    def test_efento_differential_pressure(self) -> None:
        assert good(efento.decode(manufacturer(0x026C, "04 04 800F 5D5D"), None)) == {"dp_pa": 15}
        assert good(efento.decode(manufacturer(0x026C, "04 04 7FF6 5D5D"), None)) == {"dp_pa": -10}

    def test_ess_characteristics(self) -> None:
        assert good(gatt_ess.decode_characteristics(hexed("F401"), hexed("9411"))) == {"temp_c": 5.0, "rh_pct": 45.0}
        assert good(gatt_ess.decode_characteristics(hexed("F401"), None)) == {"temp_c": 5.0}
        assert good(gatt_ess.decode_characteristics(hexed("F401"), hexed("FFFF"))) == {"temp_c": 5.0}
        assert bad(gatt_ess.decode_characteristics(hexed("0080"), None))[0] is Quality.FAULT
        assert bad(gatt_ess.decode_characteristics(hexed("F4"), None))[0] is Quality.FAULT


payloads = st.binary(max_size=40)
CARRIERS = [carrier for form in FORMATS.values() for carrier in form.carriers]
COMPANIES = sorted({carrier.number for carrier in CARRIERS if carrier.kind == MANUFACTURER_DATA})
SERVICES = sorted({carrier.number for carrier in CARRIERS if carrier.kind == SERVICE_DATA})


@given(
    st.dictionaries(st.sampled_from(COMPANIES) | st.integers(0, 0xFFFF), payloads, max_size=3),
    st.dictionaries(st.sampled_from(SERVICES), payloads, max_size=3),
    st.sampled_from([None, bytes(16)]),
    st.sampled_from(["", "tps", "sps", "GVH5075_1", "GV51121", "GV5140", "B5178", "ith-11-b", "Ink@IAM-T2"]),
)
def test_random_bytes_never_crash_a_decoder_nor_make_a_good_value_out_of_range(
    companies: dict[int, bytes], services: dict[int, bytes], key: bytes | None, name: str
) -> None:
    said = Advertisement(ADDRESS, companies, services, name)
    for form in FORMATS.values():
        decoded = form.decode(said, key)
        if decoded is not None and decoded.quality is Quality.GOOD:
            assert_possible(decoded.values)


@given(payloads, payloads | st.none())
def test_random_characteristics_never_crash(temperature: bytes, humidity: bytes | None) -> None:
    decoded = gatt_ess.decode_characteristics(temperature, humidity)
    if decoded is not None and decoded.quality is Quality.GOOD:
        assert_possible(decoded.values)


@given(st.sampled_from(sorted(FORMATS)), st.data(), st.booleans())
def test_a_good_frame_with_changed_bytes_never_makes_a_good_value_out_of_range(
    kind: str, data: st.DataObject, sealed: bool
) -> None:
    key = bytes(range(16)) if sealed and kind in ("bthome", "mibeacon", "pvvx") else None
    said = FORMATS[kind].encode(Measured(ADDRESS, 5.0, 45.0, 90, 7, key))

    def change(payload: bytes) -> bytes:
        at = data.draw(st.integers(0, len(payload) - 1))
        cut = data.draw(st.integers(1, len(payload)))
        return (payload[:at] + data.draw(st.binary(min_size=1, max_size=2)) + payload[at + 1 :])[:cut]

    spoilt = Advertisement(
        ADDRESS,
        {company: change(payload) for company, payload in said.manufacturer_data.items()},
        {uuid: change(payload) for uuid, payload in said.service_data.items()},
        said.name,
        heard(said).services,
    )
    decoded = FORMATS[kind].decode(spoilt, key)
    if decoded is not None and decoded.quality is Quality.GOOD:
        assert_possible(decoded.values)


@given(
    st.sampled_from(["atc1441", "bthome", "mibeacon", "pvvx", "inkbird"]),
    st.integers(0, 40),
    st.integers(1, 255),
)
def test_a_changed_byte_in_an_authenticated_or_checked_frame_never_makes_another_measurement(
    kind: str, at: int, turn: int
) -> None:
    key = None if kind == "inkbird" else bytes(range(16))
    said = FORMATS[kind].encode(Measured(ADDRESS, 5.0, 45.0, 90, 7, key))

    def spoilt(payloads: Mapping[int, bytes]) -> dict[int, bytes]:
        return {name: with_turned_byte(payload, at % len(payload), turn) for name, payload in payloads.items()}

    changed = Advertisement(ADDRESS, spoilt(said.manufacturer_data), spoilt(said.service_data), said.name)
    decoded = FORMATS[kind].decode(changed, key)
    if decoded is not None and decoded.quality is Quality.GOOD:
        # Inkbird's checksum covers the measurement only, not what follows it.
        assert (decoded.values["temp_c"], decoded.values["rh_pct"]) == (5.0, 45.0)


@given(
    st.sampled_from(sorted(set(FORMATS) - {"gatt-ess"})),
    st.floats(-35, 80),
    st.floats(1, 99),
    st.integers(0, 100),
    st.integers(0, 65_000),
)
def test_what_a_virtual_sensor_says_is_what_is_decoded(
    kind: str, temp_c: float, rh_pct: float, battery_pct: int, counter: int
) -> None:
    temp_c = max(temp_c, FORMATS[kind].coldest_c)
    said = FORMATS[kind].encode(Measured(ADDRESS, temp_c, rh_pct, battery_pct, counter))
    values = good(FORMATS[kind].decode(heard(said), None))
    assert abs(values["temp_c"] - temp_c) <= 0.051
    assert abs(values["rh_pct"] - rh_pct) <= 0.51, "plain MiBeacon is an LYWSDCGQ, whose tenths count"


def with_turned_byte(payload: bytes, at: int, turn: int) -> bytes:
    return payload[:at] + bytes([payload[at] ^ turn]) + payload[at + 1 :]


def assert_possible(values: Mapping[str, float]) -> None:
    assert values
    for metric, value in values.items():
        assert math.isfinite(value)
        head, _, unit = metric.rpartition("_")
        base = f"{head.rstrip('_0123456789')}_{unit}" if head[-1:].isdigit() and head != "co2" else metric
        lowest, highest = {**LIMITS, **PROBE_LIMITS}.get(base, (-math.inf, math.inf))
        assert lowest <= value <= highest, metric
        if metric == "battery_pct":
            assert 0 <= value <= 100
