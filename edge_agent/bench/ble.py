"""Bluetooth sensors in range, as far as this computer can hear them."""

from dataclasses import dataclass, field
from pathlib import Path

ADAPTERS = Path("/sys/class/bluetooth")


@dataclass(frozen=True, slots=True)
class Heard:
    """A device that advertises: what it calls itself, how loud, and what it probably is."""

    address: str
    name: str
    rssi_dbm: int
    probably: str
    shows: str
    values: dict[str, float] = field(default_factory=dict)


def adapters() -> tuple[str, ...]:
    """Names of the Bluetooth adapters, e.g. ``hci0``."""
    return tuple(sorted(path.name for path in ADAPTERS.glob("hci*") if ":" not in path.name))


async def hear_around(_listen_s: float) -> tuple[tuple[Heard, ...], str]:
    """Everything that advertises within ``listen_s``, loudest first; and why nothing, in words."""
    return (), "this version does not listen to Bluetooth"
