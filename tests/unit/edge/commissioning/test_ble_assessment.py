"""What was heard of a Bluetooth device, and what to do about it, without a radio."""

import pytest

from edge_agent.commissioning.ble_assessment import BleReport, BleSense, judge_device
from edge_agent.commissioning.ble_listen import DeviceHeard, InFormat, SaidBytes
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.frames import KEY_MISSING, KEY_WRONG, PLAIN_REFUSED, DecodedFrame, refused

ADDRESS = "C0:FF:EE:00:00:01"
GOOD = DecodedFrame({"temp_c": 5.0, "battery_pct": 90.0})


def in_format(name: str, last: DecodedFrame = GOOD, replays: int = 0) -> InFormat:
    values = last.values if last.quality is Quality.GOOD else {}
    return InFormat(name, last, values, 5, 2.0, replays)


def judged(
    *formats: InFormat,
    asked: str | None = None,
    companies: tuple[int, ...] = (),
    services: tuple[int, ...] = (),
    rssi: int = -60,
    has_key: bool = False,
    scan: str = "auto",
    frames: int = 5,
    others: int = 3,
    has_data: bool = True,
) -> BleReport:
    heard = DeviceHeard(
        ADDRESS, "hci0", 10.0, frames, "", (rssi - 5, rssi, rssi + 5) if frames else None,
        (SaidBytes("company 0x0001", b"\x01", ""),) if has_data else (), companies, services, formats, others,
    )  # fmt: skip
    return judge_device(heard, asked, has_key=has_key, scan=scan)


def test_good_values_of_one_format_are_understood_and_need_no_advice() -> None:
    report = judged(in_format("ruuvi"))
    assert (report.sense, report.format, report.interval_s) == (BleSense.UNDERSTOOD, "ruuvi", 2.0)
    assert report.values == GOOD.values and not report.advice


@pytest.mark.parametrize(
    ("detail", "sense", "advice"),
    [
        (KEY_MISSING, BleSense.SEALED, "--bindkey-file FILE"),
        (KEY_WRONG, BleSense.WRONG_KEY, "key belongs to this device"),
        (PLAIN_REFUSED, BleSense.WRONG_KEY, "unencrypted data although a key was given"),
        ("frame is truncated", BleSense.ODD, ""),
    ],
)
def test_what_cannot_be_read_gives_no_values_and_says_what_is_missing(
    detail: str, sense: BleSense, advice: str
) -> None:
    report = judged(in_format("bthome", refused(detail)))
    assert (report.sense, report.values, report.reasons) == (sense, {}, (detail,))
    assert advice in " ".join(report.advice)


def test_a_device_of_another_format_is_not_what_it_is_taken_for() -> None:
    report = judged(in_format("govee"), asked="ruuvi")
    assert report.sense is BleSense.OTHER and "--format govee" in report.advice[0]


def test_two_formats_that_fit_are_for_a_person_to_choose_between() -> None:
    report = judged(in_format("govee"), in_format("sensirion"))
    assert (report.sense, report.format) == (BleSense.ODD, None) and "--format" in report.reasons[0]


@pytest.mark.parametrize(
    ("companies", "services", "has_data", "advice"),
    [
        ((0x004C,), (), True, "belongs to Apple"),
        ((0x0499,), (), True, "update it with Ruuvi Station"),
        ((0x026C,), (), True, "scan response"),
        ((0x0757,), (), True, "switch manufacturer data on"),
        ((), (0xFE95,), True, "every few minutes only"),
        ((), (0x181A,), True, "--format gatt-ess"),
        ((), (), False, "sends only its name"),
    ],
)
def test_what_is_not_understood_may_still_be_known_by_its_maker(
    companies: tuple[int, ...], services: tuple[int, ...], has_data: bool, advice: str
) -> None:
    report = judged(companies=companies, services=services, has_data=has_data)
    assert (report.sense, report.format) == (BleSense.UNKNOWN, None)
    assert advice in " ".join(report.advice)


def test_silence_is_the_devices_while_others_are_heard_and_the_adapters_otherwise() -> None:
    assert "hci0 works (3 other devices received)" in judged(frames=0).advice[0]
    assert "received nothing at all" in judged(frames=0, others=0).advice[0]


def test_radio_battery_replays_and_scanning_are_looked_after_even_when_all_is_understood() -> None:
    weak = DecodedFrame({"temp_c": 5.0, "battery_pct": 9.0})
    advice = " ".join(judged(in_format("govee", weak, replays=2), rssi=-90, scan="passive", has_key=True).advice)
    for words in ("signal is weak (-90 dBm", "at 9 %: replace it", "2 frames with an old sequence number",
                  'set scan = "auto"', "never encrypted"):  # fmt: skip
        assert words in advice
