"""Virtual Bluetooth sensors: bytes as each maker sends them, from any source of temperature, with faults on demand."""

import random
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from edge_agent.config.model import BleFormat
from edge_agent.drivers.ble.frames import crc16_modbus

SERVICE_DATA, MANUFACTURER_DATA = 0x16, 0xFF


@dataclass(frozen=True, slots=True)
class Said:
    """One advertisement as it goes on the air."""

    address: str
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    service_data: Mapping[int, bytes] = field(default_factory=dict)
    name: str = ""
    rssi_dbm: int = -60
    services: tuple[int, ...] = ()

    def structures(self, kind: int) -> Iterator[bytes]:
        """The advertising structures of this type, as a pattern of a passive scan sees them."""
        said = (
            self.service_data if kind == SERVICE_DATA else self.manufacturer_data if kind == MANUFACTURER_DATA else {}
        )
        for key, payload in said.items():
            yield key.to_bytes(2, "little") + payload


@dataclass(frozen=True, slots=True)
class Measured:
    """What an encoder is to say. ``counter`` grows by one with each measurement."""

    address: str
    temp_c: float
    rh_pct: float
    battery_pct: int
    counter: int
    key: bytes | None = None

    @property
    def mac(self) -> bytes:
        """The address in printed order."""
        return bytes.fromhex(self.address.replace(":", ""))


class Fault(StrEnum):
    """What can go wrong with a sensor or its radio."""

    SILENCE = "silence"  # battery empty, out of range
    REPLAY = "replay"  # the first frame again and again
    WRONG_KEY = "wrong-key"  # encrypted with another key
    CORRUPT = "corrupt"  # bits turn over on the way
    IMPOSSIBLE = "impossible"  # a value that no such sensor can measure
    PLAIN = "plain"  # an encrypted sensor that was reset sends plain data


IMPOSSIBLE_C: dict[str, float] = {"switchbot": 120.0, "bthome": 300.0, "ela": 300.0, "efento": 300.0}
"""What the format can still say and the sensor cannot measure; 160 °C for the others."""


class VirtualSensor:
    """One sensor. ``temperature`` gives degrees Celsius at a number of seconds since the start."""

    def __init__(
        self,
        kind: BleFormat,
        address: str,
        temperature: Callable[[float], float],
        *,
        rh_pct: float = 45.0,
        battery_pct: int = 90,
        key: bytes | None = None,
        seed: int = 0,
    ) -> None:
        self.kind = kind
        self.address = address
        self.faults: set[Fault] = set()
        self._temperature = temperature
        self._rh_pct, self._battery_pct, self._key = rh_pct, battery_pct, key
        self._random = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
        self._counter = 0
        self._first: Said | None = None

    def said(self, at_s: float) -> Said | None:
        """The advertisement at ``at_s``, with a new measurement; None while it is silent."""
        if Fault.SILENCE in self.faults:
            return None
        if Fault.REPLAY in self.faults and self._first is not None:
            return replace(self._first, rssi_dbm=self._rssi_dbm())
        self._counter += 1
        said = replace(ENCODERS[self.kind](self._measured(at_s)), rssi_dbm=self._rssi_dbm())
        self._first = self._first or said
        return self._corrupted(said) if Fault.CORRUPT in self.faults else said

    def _measured(self, at_s: float) -> Measured:
        temp_c = self._temperature(at_s)
        if Fault.IMPOSSIBLE in self.faults:
            temp_c = IMPOSSIBLE_C.get(self.kind, 160.0)
        key = self._key
        if Fault.WRONG_KEY in self.faults and key is not None:
            key = bytes(byte ^ 0xFF for byte in key)
        if Fault.PLAIN in self.faults:
            key = None
        return Measured(self.address, temp_c, self._rh_pct, self._battery_pct, self._counter, key)

    def _rssi_dbm(self) -> int:
        return self._random.randint(-75, -55)

    def _corrupted(self, said: Said) -> Said:
        turn = self._random.randrange(1, 256)

        def spoilt(data: Mapping[int, bytes]) -> dict[int, bytes]:
            return {key: _with_turned_byte(payload, turn) for key, payload in data.items()}

        return replace(said, manufacturer_data=spoilt(said.manufacturer_data), service_data=spoilt(said.service_data))


def _bthome(m: Measured) -> Said:
    body = struct.pack(
        "<BBBBBhBH", 0, m.counter % 256, 1, m.battery_pct, 2, _hundredths(m.temp_c), 3, _hundredths(m.rh_pct)
    )
    if m.key is None:
        return Said(m.address, service_data={0xFCD2: b"\x40" + body})
    counter = m.counter.to_bytes(4, "little")
    sealed = AESCCM(m.key, tag_length=4).encrypt(m.mac + b"\xd2\xfc\x41" + counter, body, None)
    return Said(m.address, service_data={0xFCD2: b"\x41" + sealed[:-4] + counter + sealed[-4:]})


def _ruuvi(m: Measured) -> Said:
    head = struct.pack(">BhHH", 5, round(m.temp_c / 0.005), round(m.rh_pct / 0.0025), 101_325 - 50_000)
    tail = struct.pack(">hhhHBH", 4, -4, 1036, (2977 - 1600) << 5 | 22, 66, m.counter % 0xFFFF)
    return Said(m.address, {0x0499: head + tail + m.mac})


def _govee(m: Measured) -> Said:
    packed = round(abs(m.temp_c) * 10) * 1000 + round(m.rh_pct * 10)
    sign = 0x800000 if m.temp_c < 0 else 0
    return Said(
        m.address, {0xEC88: b"\x00" + (packed | sign).to_bytes(3, "big") + bytes((m.battery_pct, 0))}, name="GVH5075"
    )


def _switchbot(m: Measured) -> Said:
    tenths = round(abs(m.temp_c) * 10)
    sign = 0x80 if m.temp_c >= 0 else 0
    block = bytes((tenths % 10, sign | tenths // 10 & 0x7F, round(m.rh_pct)))
    return Said(m.address, {0x0969: m.mac + b"\xde\x03" + block}, {0xFD3D: bytes((0x54, 0, m.battery_pct)) + block})


def _inkbird(m: Measured) -> Said:
    head = struct.pack("<hHB", _hundredths(m.temp_c), _hundredths(m.rh_pct), 0)
    data = head + crc16_modbus(head).to_bytes(2, "little") + bytes((m.battery_pct, 6))
    return Said(m.address, {int.from_bytes(data[:2], "little"): data[2:]}, name="sps")


def _mibeacon(m: Measured) -> Said:
    body = struct.pack("<HBhH", 0x100D, 4, round(m.temp_c * 10), round(m.rh_pct * 10))
    if m.key is None:
        head = struct.pack("<HHB", 0x5050, 0x01AA, m.counter % 256) + m.mac[::-1]
        return Said(m.address, service_data={0xFE95: head + body})
    head = struct.pack("<HHB", 0x5858, 0x055B, m.counter % 256) + m.mac[::-1]
    more = m.counter.to_bytes(4, "little")[1:]
    sealed = AESCCM(m.key, tag_length=4).encrypt(m.mac[::-1] + head[2:5] + more, body, b"\x11")
    return Said(m.address, service_data={0xFE95: head + sealed[:-4] + more + sealed[-4:]})


def _atc1441(m: Measured) -> Said:
    if m.key is not None:
        head = bytes((11, 0x16, 0x1A, 0x18, m.counter % 256))
        plain = bytes((round((m.temp_c + 40) * 2), round(m.rh_pct * 2), m.battery_pct))
        sealed = AESCCM(m.key, tag_length=4).encrypt(m.mac[::-1] + head, plain, b"\x11")
        return Said(m.address, service_data={0x181A: head[4:] + sealed})
    body = struct.pack(">hBBHB", round(m.temp_c * 10), round(m.rh_pct), m.battery_pct, 2980, m.counter % 256)
    return Said(m.address, service_data={0x181A: m.mac + body})


def _pvvx(m: Measured) -> Said:
    temperature, humidity = _hundredths(m.temp_c), _hundredths(m.rh_pct)
    if m.key is None:
        body = struct.pack("<hHHBBB", temperature, humidity, 2980, m.battery_pct, m.counter % 256, 4)
        return Said(m.address, service_data={0x181A: m.mac[::-1] + body})
    head = bytes((14, 0x16, 0x1A, 0x18, m.counter % 256))
    plain = struct.pack("<hHBB", temperature, humidity, m.battery_pct, 4)
    sealed = AESCCM(m.key, tag_length=4).encrypt(m.mac[::-1] + head, plain, b"\x11")
    return Said(m.address, service_data={0x181A: head[4:] + sealed})


def _sensirion(m: Measured) -> Said:
    ticks = round((m.temp_c + 45) / 175 * 65535), round((m.rh_pct + 6) / 125 * 65535)
    return Said(m.address, {0x06D5: struct.pack("<BBHHH", 0, 6, 0xE7E2, min(ticks[0], 65535), ticks[1])})


def _ela(m: Measured) -> Said:
    return Said(m.address, {0x0757: struct.pack("<BBBh", 0x21, round(m.rh_pct), 0x12, _hundredths(m.temp_c))})


def _efento(m: Measured) -> Said:
    head = struct.pack(">BBBBIHB", 2, 5, 9, 1, m.counter, 0x8000 | 5, 0)
    slots = struct.pack(">BBBHHH", 1, 2, 0, round((m.temp_c + 150) * 100), round(m.rh_pct), 0)
    return Said(m.address, {0x026C: head + slots + bytes(4)}, name="Efento")


def _gatt_ess(m: Measured) -> Said:
    return Said(m.address, name="ESS", services=(0x181A,))


def _with_turned_byte(payload: bytes, turn: int) -> bytes:
    middle = (len(payload) - 1) // 2
    return payload[:middle] + bytes((payload[middle] ^ turn,)) + payload[middle + 1 :]


def _hundredths(value: float) -> int:
    return round(value * 100)


ENCODERS: dict[BleFormat, Callable[[Measured], Said]] = {
    "atc1441": _atc1441,
    "bthome": _bthome,
    "efento": _efento,
    "ela": _ela,
    "gatt-ess": _gatt_ess,
    "govee": _govee,
    "inkbird": _inkbird,
    "mibeacon": _mibeacon,
    "pvvx": _pvvx,
    "ruuvi": _ruuvi,
    "sensirion": _sensirion,
    "switchbot": _switchbot,
}
"""What each format's sensor puts on the air."""
