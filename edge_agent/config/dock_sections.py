"""What a person uses at the dock: scanners, lamps and buzzers, contacts of doors."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from edge_agent.config.section import DevicePath, Section

Beep = Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2}){0,64}$", examples=["06"])]
"""Bytes in hexadecimal."""

SCAN_ENDS = ("cr", "lf", "crlf", "tab", "etx", "none")


def _scan_end(suffix: str) -> str:
    if suffix in SCAN_ENDS:
        return suffix
    if not suffix.isascii() or not suffix or "\x1d" in suffix or any(one.isalnum() or one == " " for one in suffix):
        listed = ", ".join(SCAN_ENDS)
        own = 'characters that no code has in it (no letter or digit, not GS), e.g. "\\u0004"'
        raise ValueError(f"a scan ends with one of {listed}, or with {own}")
    return suffix


class ScannerSection(Section):
    """``[[scanner]]``: a handheld scanner on a serial port (USB-CDC or RS-232), or one that plays a keyboard (``hid``).

    ``suffix`` ends a scan: ``cr``, ``lf``, ``crlf``, ``tab``, ``etx`` (with STX before it), ``none`` (half a second
    of silence ends it), or up to four characters of its own, none of them a letter or digit; with ``hid`` it is Enter
    or Tab.
    ``separator`` is what the scanner sends for GS, if not GS itself; with ``hid``, Alt+0+2+9 and Ctrl+] are GS, and
    ``separator_key`` may name a function key that is, too. ``layout`` is the keyboard that a ``hid`` scanner was set
    to; without it only scans with an AIM identifier are taken from it.

    ``beep_good``, ``beep_bad`` and ``beep_warn`` are what is written to a serial scanner to make it sound, as
    hexadecimal bytes; empty for silence. Not every scanner takes ACK and NAK.
    """

    kind: Literal["serial", "hid"] = "serial"
    name: DevicePath
    port: Annotated[str, Field(min_length=1, examples=["/dev/serial/by-id/usb-scanner"])]
    baudrate: Annotated[int, Field(ge=1200, le=921600)] = 9600
    suffix: Annotated[str, AfterValidator(_scan_end), Field(max_length=4, examples=["cr"])] = "cr"
    separator: Annotated[str, Field(min_length=1, max_length=8)] = "\x1d"
    separator_key: Annotated[str | None, Field(pattern=r"^f([1-9]|1[0-2])$", examples=["f8"])] = None
    layout: Annotated[Literal["us", "uk", "de", "fr"] | None, Field(examples=["us"])] = None
    beep_good: Beep = "06"
    beep_bad: Beep = "15"
    beep_warn: Beep = "0606"


Pin = Annotated[str, Field(pattern=r"^(GPIO|BOARD|J8:)?[0-9]{1,2}$", examples=["GPIO17"])]
"""A pin as gpiozero names it: ``GPIO17``, or ``BOARD11`` for the place on the connector."""


class OutputSection(Section):
    """``[[output]]``: a lamp of a stack light, or a buzzer, on a pin.

    ``shows`` says when it is on: while there is a local ``alarm``; while there is none (``calm``); for ``pulse_s``
    after a ``good`` or ``bad`` scan; or once the ledger has been ``unreachable`` for ``after_minutes``.
    ``active_high = false`` is for relay boards that switch on at 0 V.
    """

    name: DevicePath
    pin: Pin
    shows: Annotated[Literal["alarm", "calm", "good", "bad", "unreachable"], Field(examples=["alarm"])]
    active_high: bool = True
    pulse_s: Annotated[float, Field(gt=0, le=10)] = 0.3
    after_minutes: Annotated[int, Field(ge=1, le=1440)] = 15


class ContactSection(Section):
    """``[[contact]]``: a door contact between a pin and ground; it gives readings ``door_open`` (0 or 1).

    ``open_when`` says what the door's being open does to the contact (a magnet beside a reed contact holds it closed
    while the door is: ``contact_open``). A reading is given at each change, and every ``poll_s`` besides. Changes
    shorter than ``bounce_s`` are none.
    """

    name: DevicePath
    pin: Pin
    open_when: Annotated[Literal["contact_open", "contact_closed"], Field(examples=["contact_open"])]
    poll_s: Annotated[float, Field(ge=0.1, le=86400, examples=[60])]
    bounce_s: Annotated[float, Field(ge=0, le=5)] = 0.05
