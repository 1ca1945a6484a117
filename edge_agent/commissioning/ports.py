"""Serial ports of this computer, and what probably hangs on them by USB id and name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serial.tools.list_ports import comports

BY_ID = Path("/dev/serial/by-id")

CHIPS: Mapping[tuple[int, int | None], str] = {
    (0x0403, None): "FTDI adapter: RS-485 or RS-232",
    (0x1A86, 0x7523): "CH340 adapter: RS-485 or RS-232",
    (0x1A86, 0x55D3): "CH343 adapter: RS-485 or RS-232",
    (0x1A86, None): "WCH adapter: RS-485 or RS-232",
    (0x10C4, 0xEA60): "CP210x adapter: RS-485 or RS-232",
    (0x067B, None): "PL2303 adapter: RS-232 or RS-485",
    (0x0C2E, None): "Honeywell: a scanner",
    (0x05E0, None): "Zebra or Symbol: a scanner",
    (0x05F9, None): "Datalogic: a scanner",
    (0x1EAB, None): "Newland: a scanner",
    (0x2341, None): "Arduino",
    (0x303A, None): "Espressif board",
}
"""USB vendor and product -> what it probably is. The chip's maker is no proof of what is behind it."""
WORDS = {"485": "RS-485 adapter", "scan": "a scanner", "barcode": "a scanner", "imager": "a scanner"}
"""What device names give away."""


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One port. ``path`` stays the same when other devices are plugged in, if the system offers such a name."""

    path: str
    device: str
    usb: str
    name: str
    probably: str


def serial_ports() -> tuple[SerialPort, ...]:
    """Ports with something behind them, in the order of their device names."""
    stable = _stable_names()
    return tuple(
        SerialPort(
            path=stable.get(found.device, found.device),
            device=found.device,
            usb="" if found.vid is None else f"{found.vid:04x}:{found.pid:04x}",
            name=" ".join(str(part) for part in (found.manufacturer, found.product) if part),
            probably=probably(found.vid, found.pid, f"{found.manufacturer} {found.product} {found.description}"),
        )
        for found in sorted(comports(), key=lambda port: str(port.device))
    )


def probably(vid: int | None, pid: int | None, name: str) -> str:
    """What a port probably is; words in its name go before the chip's maker."""
    for word, what in WORDS.items():
        if word in name.lower():
            return what
    if vid is None:
        return "a port of the board itself"
    return CHIPS.get((vid, pid)) or CHIPS.get((vid, None)) or "unknown"


def _stable_names() -> dict[str, str]:
    if not BY_ID.is_dir():
        return {}
    return {str(link.resolve()): str(link) for link in sorted(BY_ID.iterdir())}
