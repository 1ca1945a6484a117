"""Virtual Bluetooth sensors: bytes as each maker sends them, from any source of temperature, with faults on demand."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum

from edge_agent.drivers.ble.on_air import Advert, Measured
from edge_agent.drivers.ble.registry import FORMATS


class Fault(StrEnum):
    """What can go wrong with a sensor or its radio."""

    SILENCE = "silence"  # battery empty, out of range
    REPLAY = "replay"  # the first frame again and again
    WRONG_KEY = "wrong-key"  # encrypted with another key
    CORRUPT = "corrupt"  # bits turn over on the way
    IMPOSSIBLE = "impossible"  # a value that no such sensor can measure
    NO_ANSWERS = "no-answers"  # it advertises its name, but is no longer asked for its scan response
    PLAIN = "plain"  # an encrypted sensor that was reset sends plain data


class VirtualSensor:
    """One sensor. ``temperature`` gives degrees Celsius at a number of seconds since the start."""

    def __init__(
        self,
        kind: str,
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
        self._first: Advert | None = None

    def said(self, at_s: float) -> Advert | None:
        """The advertisement at ``at_s``, with a new measurement; None while it is silent."""
        if Fault.SILENCE in self.faults:
            return None
        if Fault.REPLAY in self.faults and self._first is not None:
            return replace(self._first, rssi_dbm=self._rssi_dbm())
        self._counter += 1
        said = replace(FORMATS[self.kind].encode(self._measured(at_s)), rssi_dbm=self._rssi_dbm())
        self._first = self._first or said
        if Fault.NO_ANSWERS in self.faults:
            return Advert(said.address, name=said.name, rssi_dbm=said.rssi_dbm, services=said.services)
        return self._corrupted(said) if Fault.CORRUPT in self.faults else said

    def _measured(self, at_s: float) -> Measured:
        temp_c = self._temperature(at_s)
        if Fault.IMPOSSIBLE in self.faults:
            temp_c = FORMATS[self.kind].impossible_c
        key = self._key
        if Fault.WRONG_KEY in self.faults and key is not None:
            key = bytes(byte ^ 0xFF for byte in key)
        if Fault.PLAIN in self.faults:
            key = None
        return Measured(self.address, temp_c, self._rh_pct, self._battery_pct, self._counter, key)

    def _rssi_dbm(self) -> int:
        return self._random.randint(-75, -55)

    def _corrupted(self, said: Advert) -> Advert:
        turn = self._random.randrange(1, 256)

        def spoilt(data: Mapping[int, bytes]) -> dict[int, bytes]:
            return {key: _with_turned_byte(payload, turn) for key, payload in data.items()}

        return replace(said, manufacturer_data=spoilt(said.manufacturer_data), service_data=spoilt(said.service_data))


def _with_turned_byte(payload: bytes, turn: int) -> bytes:
    middle = (len(payload) - 1) // 2
    return payload[:middle] + bytes((payload[middle] ^ turn,)) + payload[middle + 1 :]
