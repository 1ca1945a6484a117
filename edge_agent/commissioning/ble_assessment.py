"""What was heard of a Bluetooth device is worth, and what to do about it. Pure.

============ ========================================================================================================
sense        when
============ ========================================================================================================
UNDERSTOOD   frames of one format with good values, from this address (over a connection: values of the service)
ODD          a format fits, but its frames mark their values as invalid, or several formats fit
SEALED       it is encrypted, and no key was given
WRONG_KEY    a key was given that does not fit, or it speaks in plain although there is a key
OTHER        it is of another format than it was taken for
UNKNOWN      it is heard, and nothing that it says is of a known format
SILENT       it is not heard, though the adapter works
DEAF         the adapter cannot be listened to
============ ========================================================================================================
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.commissioning.ble_listen import DeviceHeard, InFormat
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.connect import decoded_of
from edge_agent.drivers.ble.format import Scan
from edge_agent.drivers.ble.frames import KEY_MISSING, KEY_WRONG, PLAIN_REFUSED
from edge_agent.drivers.ble.on_air import MANUFACTURER_DATA
from edge_agent.drivers.ble.registry import FORMATS
from edge_agent.drivers.ble.sources import PROBES_OPEN
from edge_agent.drivers.ble.staleness import LOST_GAPS, LOST_MIN_S, STALE_GAPS, STALE_MIN_S

WEAK_DBM = -85
"""Below this, frames get lost as soon as somebody stands in the way (firmware_notes/ble-adapter.md)."""
BATTERY_LOW_PCT = 15.0
LISTEN_LONG_S = 120

NO_SENSORS = {0x004C: "Apple", 0x0006: "Microsoft", 0x0075: "Samsung", 0x00E0: "Google", 0x0157: "Huami"}
"""Makers of telephones, computers and watches, which are most of what is heard."""


class BleSense(StrEnum):
    """How well it is understood."""

    UNDERSTOOD = "understood"
    ODD = "odd"
    SEALED = "sealed"
    WRONG_KEY = "wrong_key"
    OTHER = "other"
    UNKNOWN = "unknown"
    SILENT = "silent"
    DEAF = "deaf"


_DETAILS = {
    KEY_MISSING: BleSense.SEALED,
    KEY_WRONG: BleSense.WRONG_KEY,
    PLAIN_REFUSED: BleSense.WRONG_KEY,
}


@dataclass(frozen=True, slots=True)
class BleReport:
    """What probing a Bluetooth device showed. ``format`` is what it is, or is taken for; None if nobody knows."""

    heard: DeviceHeard
    format: str | None
    sense: BleSense
    values: Mapping[str, float]
    interval_s: float | None
    reasons: tuple[str, ...]
    advice: tuple[str, ...]


def judge_device(heard: DeviceHeard, asked: str | None, *, has_key: bool, scan: str = "auto") -> BleReport:
    """What it is. ``asked`` is what it is taken for; ``scan`` how its bus listens, if it is on one."""
    sense, format_, values, reasons = _sense(heard, asked, has_key)
    found = next((one for one in heard.formats if one.format == format_), None)
    advice = tuple(_advice(heard, sense, format_, asked, found, has_key=has_key, scan=scan))
    return BleReport(heard, format_, sense, values, found.interval_s if found else None, reasons, advice)


def stale_after_s(interval_s: float) -> float:
    """How long a device that speaks so often may be silent before it is stale, if it is not read more seldom."""
    return max(STALE_GAPS * interval_s, STALE_MIN_S)


def lost_after_s(interval_s: float) -> float:
    """How long it may be silent before it is lost."""
    return max(LOST_GAPS * interval_s, LOST_MIN_S)


_Judged = tuple[BleSense, str | None, Mapping[str, float], tuple[str, ...]]


def _sense(heard: DeviceHeard, asked: str | None, has_key: bool) -> _Judged:
    if heard.is_deaf:
        return BleSense.DEAF, asked, {}, (heard.trouble,)
    if not heard.frames:
        return BleSense.SILENT, asked, {}, (f"no frame was received within {heard.listened_s:g} s",)
    if heard.connected is not None or (asked == "gatt-ess" and heard.trouble):
        return _of_service(heard)
    by_name = {one.format: one for one in heard.formats}
    if asked is not None and asked not in by_name:
        if not by_name:
            return BleSense.UNKNOWN, asked, {}, (f"none of its data is a frame of format {asked}",)
        return BleSense.OTHER, asked, {}, (f"its frames are of {' and '.join(by_name)}, not of {asked}",)
    good = [one for one in heard.formats if one.values]
    chosen = by_name[asked] if asked else good[0] if good else next(iter(by_name.values()), None)
    if chosen is None:
        return BleSense.UNKNOWN, None, {}, (heard.trouble or "none of its data is in a known format",)
    if asked is None and len(good) > 1:
        names = " and ".join(one.format for one in good)
        return BleSense.ODD, None, chosen.values, (f"its frames match {names}: choose one with --format",)
    return _of_format(chosen, has_key and FORMATS[chosen.format].takes_key)


def _of_service(heard: DeviceHeard) -> _Judged:
    if heard.connected is None:
        return BleSense.ODD, "gatt-ess", {}, (heard.trouble,)
    decoded = decoded_of(heard.connected)
    if decoded.quality is not Quality.GOOD:
        return BleSense.ODD, "gatt-ess", {}, (decoded.detail,)
    return BleSense.UNDERSTOOD, "gatt-ess", decoded.values, ("its Environmental Sensing Service was read",)


def _of_format(chosen: InFormat, is_sealed: bool) -> _Judged:
    last = chosen.last
    if last.quality is Quality.GOOD:
        frames = "1 frame" if chosen.frames == 1 else f"{chosen.frames} frames"
        how = "decrypted with its key" if is_sealed else "understood"
        return BleSense.UNDERSTOOD, chosen.format, chosen.values, (f"{frames} of {chosen.format}, {how}",)
    return _DETAILS.get(last.detail, BleSense.ODD), chosen.format, {}, (last.detail,)


def source_of(report: BleReport) -> str | None:
    """The probe that measured, of a device that has several; None for all others."""
    return next((one.source for one in report.heard.formats if one.format == report.format and one.source), None)


def _advice(
    heard: DeviceHeard,
    sense: BleSense,
    format_: str | None,
    asked: str | None,
    found: InFormat | None,
    *,
    has_key: bool,
    scan: str,
) -> Iterator[str]:
    match sense:
        case BleSense.SILENT:
            yield from _on_silence(heard)
        case BleSense.SEALED:
            yield (
                "it is encrypted: write its key (32 hexadecimal digits, from the maker's app) to a file that only "
                "the agent can read, and pass --bindkey-file FILE"
            )
        case BleSense.WRONG_KEY if found is not None and found.last.detail == PLAIN_REFUSED:
            yield (
                "it sends unencrypted data although a key was given: it was reset, or is another device. Omit the key, "
                "or switch its encryption on again"
            )
        case BleSense.WRONG_KEY:
            yield "check that the key belongs to this device: a reset or a new pairing creates a new one"
        case BleSense.ODD if found is not None and found.last.detail.startswith(PROBES_OPEN):
            yield f"add each probe separately: {' or '.join(f'--source {name}' for name in found.last.sources)}"
        case BleSense.OTHER:
            yield f"use the format that it sends: --format {next(one.format for one in heard.formats)}"
        case BleSense.UNKNOWN:
            yield from _on_unknown(heard, asked)
        case _:
            pass
    if sense is not BleSense.DEAF:
        yield from _on_radio(heard, found, format_, has_key=has_key, scan=scan)


def _on_silence(heard: DeviceHeard) -> Iterator[str]:
    if heard.others:
        others = "1 other device" if heard.others == 1 else f"{heard.others} other devices"
        yield (
            f"{heard.adapter} works ({others} received): check that this sensor is switched on and its battery is good"
        )
    else:
        yield (
            f"{heard.adapter} received nothing at all: check its antenna, and whether it is the right adapter "
            "(--adapter); run edge-agent doctor"
        )
    yield "hold the sensor within a metre of the antenna: metal doors and walls block this radio"
    if heard.listened_s < LISTEN_LONG_S:
        yield f"some sensors send only every few minutes: listen longer with --ble-s {LISTEN_LONG_S}"
    yield "a phone that is connected to the sensor stops its advertisements: close the maker's app"
    yield "check the address: edge-agent scan --ble lists the devices in range"


def _on_unknown(heard: DeviceHeard, asked: str | None) -> Iterator[str]:
    kin = _kin(heard)
    if "gatt-ess" in kin and asked is None:
        yield "it offers an Environmental Sensing Service, which is read over a connection: --format gatt-ess"
    for name in kin:
        if "gatt-ess" not in kin:
            yield f"it looks like {FORMATS[name].title}: {FORMATS[name].hint}"
    makers = [NO_SENSORS[company] for company in heard.companies if company in NO_SENSORS]
    if makers and not kin:
        yield f"its company id belongs to {makers[0]}: probably a phone, computer or watch rather than a sensor"
    elif not kin:
        yield "check the address: edge-agent scan --ble lists the devices in range, sensors first"
    if not heard.said:
        yield "it sends only its name: it needs a connection, or its data comes later"


def _on_radio(
    heard: DeviceHeard, found: InFormat | None, format_: str | None, *, has_key: bool, scan: str
) -> Iterator[str]:
    if heard.rssi_dbm is not None and heard.rssi_dbm[1] < WEAK_DBM:
        yield (
            f"its signal is weak ({heard.rssi_dbm[1]} dBm; aim for better than {WEAK_DBM}): move the antenna "
            "closer, and check again with the door closed"
        )
    battery_pct = found.values.get("battery_pct") if found else None
    if battery_pct is not None and battery_pct < BATTERY_LOW_PCT:
        yield f"its battery is at {battery_pct:g} %: replace it"
    if found is not None and found.replays:
        yield f"{found.replays} frames with an old sequence number were dropped: something may be replaying its radio"
    if format_ is not None and FORMATS[format_].scan is Scan.ACTIVE and scan == "passive":
        yield f'its bus scans passively, but {FORMATS[format_].why}: set scan = "auto"'
    if has_key and format_ is not None and not FORMATS[format_].takes_key:
        yield f"{format_} is never encrypted: omit the key"


def _kin(heard: DeviceHeard) -> list[str]:
    """The formats whose it is by company id or service, even if its frame is not one that is understood."""
    return [
        name
        for name, known in FORMATS.items()
        if any(
            carrier.number in (heard.companies if carrier.kind == MANUFACTURER_DATA else heard.services)
            for carrier in (*known.carriers, *known.marks)
        )
    ]
