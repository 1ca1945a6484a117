"""An advertisement as it goes on the air, and what a simulated sensor is to say in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SERVICE_DATA, MANUFACTURER_DATA = 0x16, 0xFF
"""Advertising data types."""


@dataclass(frozen=True, slots=True)
class Advert:
    """One advertisement as it goes on the air."""

    address: str
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    service_data: Mapping[int, bytes] = field(default_factory=dict)
    name: str = ""
    rssi_dbm: int = -60
    services: tuple[int | str, ...] = ()

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


def hundredths(value: float) -> int:
    """The nearest whole number of hundredths."""
    return round(value * 100)


def sealed(key: bytes, nonce: bytes, plain: bytes, associated: bytes | None = None) -> bytes:
    """``plain`` encrypted with AES-128-CCM, its tag of 4 bytes at the end."""
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    return AESCCM(key, tag_length=4).encrypt(nonce, plain, associated)
