"""What every maker's decoder takes and gives, and the checks they share. Pure."""

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.dead_values import is_dead_value

Limits = Mapping[str, tuple[float, float]]
"""Metric -> lowest and highest value that such a sensor can measure."""

LIMITS: Limits = {
    "temp_c": (-40.0, 85.0),
    "rh_pct": (0.0, 100.0),
    "p_pa": (30_000.0, 120_000.0),
    "dp_pa": (-32_512.0, 32_511.0),
    "dew_c": (-100.0, 85.0),
    "co2_ppm": (0.0, 40_000.0),
}
"""What an ordinary radio sensor can measure: the parser libraries pass far more, this gateway does not."""

PROBE_LIMITS: Limits = {**LIMITS, "temp_c": (-200.0, 250.0)}
"""For formats that also carry platinum probes in freezers and ovens."""

SIDE_LIMITS: Limits = {"battery_pct": (0.0, 100.0), "battery_v": (0.5, 6.0)}
"""Values about the device itself. An impossible one is left out; it does not condemn the measurement."""


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What one device has just said, as the radio gave it.

    ``address`` is the MAC address, upper case with colons. ``manufacturer_data`` maps company id to payload,
    ``service_data`` 16-bit service UUID to payload: only what was heard now, never what a host remembers.
    ``earlier`` is service data that was heard before, for what a device is and how full its battery is; a measurement
    is never taken from it. ``services`` are the UUIDs that it offers, in full and lower case.
    """

    address: str
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    service_data: Mapping[int, bytes] = field(default_factory=dict)
    local_name: str = ""
    services: tuple[str, ...] = ()
    earlier: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def mac(self) -> bytes:
        """The six bytes of the address in printed order."""
        return bytes.fromhex(self.address.replace(":", ""))

    @property
    def whole(self) -> bytes:
        """The manufacturer data with its company id in front, for makers who put data there; b'' if it is not one."""
        if len(self.manufacturer_data) != 1:
            return b""  # of several ids, nobody knows which was said last
        ((number, payload),) = self.manufacturer_data.items()
        return number.to_bytes(2, "little") + payload


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """What a frame says and what that is worth.

    ``values`` may be used only if ``quality`` is good; otherwise they show what the frame said, for a person who
    looks for the reason given in ``detail``. ``counter`` numbers measurements modulo ``2 ** counter_bits``, None if
    the format has no number. ``authentic`` is false for a frame that fails its checksum or key: anyone may have sent
    it, so it is no sign of life. ``period_s`` is the measuring interval where the frame tells it. ``source`` names the
    probe that measured where a device has several; ``sources`` all of them, if they speak in turn.
    """

    values: dict[str, float]
    quality: Quality = Quality.GOOD
    detail: str = ""
    counter: int | None = None
    counter_bits: int = 8
    authentic: bool = True
    period_s: float | None = None
    source: str = ""
    sources: tuple[str, ...] = ()


Decode = Callable[[Advertisement, bytes | None], DecodedFrame | None]
"""(advertisement, bindkey) -> what it says, None if it is not a frame of this format. Never raises for any bytes."""


def judged(
    values: Mapping[str, float],
    *,
    limits: Limits = LIMITS,
    counter: int | None = None,
    counter_bits: int = 8,
    period_s: float | None = None,
) -> DecodedFrame | None:
    """The values with the quality their sizes give them; None if there are none."""
    said = {metric: round(float(value), 6) + 0.0 for metric, value in values.items()}  # + 0.0: no minus zero
    broken = [metric for metric, value in said.items() if not math.isfinite(value)]
    if broken:
        return DecodedFrame({}, Quality.FAULT, f"{', '.join(broken)}: not a number", counter, counter_bits)
    if dead := _dead(said):
        return DecodedFrame(said, Quality.FAULT, dead, counter, counter_bits, period_s=period_s)
    kept = {metric: value for metric, value in said.items() if _is_within(metric, value, SIDE_LIMITS)}
    if not kept:
        return None
    beyond = [
        f"{metric} {value:g} is outside {limits[base][0]:g} to {limits[base][1]:g}"
        for metric, value in kept.items()
        if (base := quantity_of(metric)) in limits and not _is_within(metric, value, limits)
    ]
    if beyond:
        return DecodedFrame(said, Quality.RANGE, "; ".join(beyond), counter, counter_bits, period_s=period_s)
    return DecodedFrame(kept, counter=counter, counter_bits=counter_bits, period_s=period_s)


def invalid(detail: str, values: Mapping[str, float] | None = None, counter: int | None = None) -> DecodedFrame:
    """A frame whose sender itself says that its measurement is not to be used, or that is cut short."""
    return DecodedFrame(dict(values or {}), Quality.FAULT, detail, counter)


def from_source(frame: DecodedFrame | None, source: str, sources: tuple[str, ...] = ()) -> DecodedFrame | None:
    """The frame with the name of the probe that it is about."""
    return None if frame is None else replace(frame, source=source, sources=sources)


def is_blank(measured: bytes, *, zeros: bool = True) -> bool:
    """Whether the bytes of a measurement are all ones or all zero: a sensor element that does not answer.

    ``zeros`` is False where zero is a good value: temperature alone may be 0 °C.
    """
    return not measured.strip(b"\xff") or (zeros and not measured.strip(b"\x00"))


BLANK = "all bytes of the measurement are the same: the sensor element does not answer"


def refused(detail: str, quality: Quality = Quality.CRC) -> DecodedFrame:
    """A frame that fails its checksum or key, or comes unencrypted where a key is configured."""
    return DecodedFrame({}, quality, detail, authentic=False)


PLAIN_REFUSED = "unencrypted data although a bindkey is configured"
KEY_MISSING = "encrypted, but no bindkey is configured"
KEY_WRONG = "cannot be decrypted: wrong bindkey or corrupt frame"


def decrypted(key: bytes, nonce: bytes, sealed: bytes, associated: bytes | None) -> bytes | None:
    """The plain bytes of AES-128-CCM with a tag of 4 bytes at the end of ``sealed``; None if the tag is wrong."""
    # Some 6 MB, that a gateway without encrypted sensors can spare.
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    try:
        return AESCCM(key, tag_length=4).decrypt(nonce, sealed, associated)
    except (InvalidTag, ValueError):
        return None


def crc16_modbus(data: bytes) -> int:
    """CRC-16/MODBUS, as Inkbird puts it into its frames."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def int16_le(data: bytes, at: int) -> int:
    """Signed 16-bit little-endian number at ``at``."""
    return int(struct.unpack_from("<h", data, at)[0])


def uint16_le(data: bytes, at: int) -> int:
    """Unsigned 16-bit little-endian number at ``at``."""
    return int.from_bytes(data[at : at + 2], "little")


def int16_be(data: bytes, at: int) -> int:
    """Signed 16-bit big-endian number at ``at``."""
    return int(struct.unpack_from(">h", data, at)[0])


def uint16_be(data: bytes, at: int) -> int:
    """Unsigned 16-bit big-endian number at ``at``."""
    return int.from_bytes(data[at : at + 2], "big")


def add_numbered(values: dict[str, float], metric: str, value: float) -> None:
    """Put ``value`` under ``metric``; a second one of the same kind becomes ``temp_2_c``, a third ``temp_3_c``."""
    name = metric
    number = 2
    while name in values:
        stem, _, unit = metric.rpartition("_")
        name = f"{stem}_{number}_{unit}"
        number += 1
    values[name] = value


NOT_CONNECTED_C = -127.0
"""What a DS18B20 that is not connected reads as (firmware of ESPHome and others passes it on)."""


ELEMENTS, ENDS_PCT = ("sht2x", "sht3x", "sht4x"), (0.0, 100.0)
"""The usual elements of radio thermometers; without an answer they are at one end of both their scales."""


def _dead(values: Mapping[str, float]) -> str:
    temperatures = [value for metric, value in values.items() if quantity_of(metric) == "temp_c"]
    if NOT_CONNECTED_C in temperatures:
        return f"{NOT_CONNECTED_C:g} °C is what a probe reads that is not connected"
    if temperatures and not any(temperatures) and values.get("rh_pct") == 0:
        return "0 °C and 0 % are what a dead sensor element reads"
    if values.get("rh_pct") in ENDS_PCT:
        for value in temperatures:
            if any(is_dead_value(element, "temp_c", value) for element in ELEMENTS):
                return f"{value:g} °C and {values['rh_pct']:g} % are what a dead sensor element reads"
    return ""


def _is_within(metric: str, value: float, limits: Limits) -> bool:
    lowest, highest = limits.get(quantity_of(metric), (-math.inf, math.inf))
    return lowest <= value <= highest
