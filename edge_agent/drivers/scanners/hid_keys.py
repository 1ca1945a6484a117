"""From the key presses of a scanner that plays a keyboard to the bytes of its scans. Pure: no device is touched.

Input is Linux's ``struct input_event``, byte for byte. Which character a key types depends on the keyboard that the
scanner was set to (:mod:`edge_agent.drivers.scanners.hid_layouts`). GS comes in the ways scanners send it: Alt+0+2+9 on
the number pad, Ctrl+], or a function key that the configuration names. What cannot be understood becomes a byte that
is in no code (0xFF), so that the scan is refused and not guessed.
"""

import struct
from dataclasses import dataclass

from edge_agent.drivers.scanners.hid_layouts import LAYOUTS

EVENT = struct.Struct("@llHHi")
"""Seconds, microseconds, type, code, value; as the kernel of this machine lays it out."""
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
UP, DOWN, REPEAT = 0, 1, 2
UNKNOWN = 0xFF
GS, CR = 0x1D, 0x0D

SHIFT = {42, 54}
CTRL = {29, 97}
ALT = {56, 100}
META = {125, 126}
CAPS_LOCK = 58
ENDS = {28, 96, 15}
"""Enter, Enter of the number pad, Tab: each ends a scan, since none can be part of a code."""
SILENT = {69, 70}
"""Num Lock and Scroll Lock."""
FUNCTION_KEYS = {**{f"f{n}": 58 + n for n in range(1, 11)}, "f11": 87, "f12": 88}

ALT_GR = 100
"""The right Alt key; on layouts that have it, it types a third character of a key and composes nothing."""
PAD = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}
PAD_SIGNS = {55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}
DIGITS = {**dict(enumerate("1234567890", 2)), **PAD}
COMPOSED_MAX = 5
"""Digits of one Alt composition; more is noise."""


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One key that went down, up, or repeats."""

    code: int
    value: int


class KeyDecoder:
    """Collects events and gives the bytes that were typed; a scan ends with CR. Holds a few bytes only."""

    def __init__(self, *, separator_key: str | None = None, caps_on: bool = False, layout: str = "us") -> None:
        """``separator_key`` is a function key (``f8``) that means GS. ``caps_on``: the lamp is lit at the start.
        ``layout``: the keyboard that the scanner was set to."""
        self._layout = LAYOUTS[layout]
        self._composing = ALT - {ALT_GR} if self._layout.alt_gr else ALT
        self._separator_code = FUNCTION_KEYS[separator_key] if separator_key else None
        self._caps_on = caps_on
        self._held: set[int] = set()
        self._composed: str | None = None
        self._pending = b""

    def feed(self, data: bytes) -> bytes:
        """What the events in ``data`` type. Events may be cut anywhere."""
        self._pending += data
        whole = len(self._pending) - len(self._pending) % EVENT.size
        typed = bytearray()
        for _, _, kind, code, value in EVENT.iter_unpack(self._pending[:whole]):
            if kind == EV_KEY:
                typed += self._take(KeyEvent(code, value))
            elif (kind, code) == (EV_SYN, SYN_DROPPED):
                self._held.clear()
                self._composed = None
                typed.append(UNKNOWN)  # the kernel threw events away: this scan has a hole
        self._pending = self._pending[whole:]
        return bytes(typed)

    def _take(self, event: KeyEvent) -> bytes:
        if event.code in SHIFT | CTRL | ALT | META:
            return self._modify(event)
        if event.value != DOWN or event.code in SILENT:
            return b""  # a key that repeats means that the scanner hangs; it types nothing
        if event.code == CAPS_LOCK:
            self._caps_on = not self._caps_on
            return b""
        if self._held & self._composing:
            return self._compose(event.code)
        return bytes([self._byte(event.code)])

    def _modify(self, event: KeyEvent) -> bytes:
        if event.value == DOWN:
            self._held.add(event.code)
            if event.code in self._composing:
                self._composed = ""
            return b""
        if event.value == UP:
            self._held.discard(event.code)
            if event.code in self._composing and not self._held & self._composing:
                return self._finish_composition()
        return b""

    def _compose(self, code: int) -> bytes:
        if self._composed is None or code not in DIGITS or len(self._composed) == COMPOSED_MAX:
            self._composed = None
            return bytes([UNKNOWN])
        self._composed += DIGITS[code]
        return b""

    def _finish_composition(self) -> bytes:
        composed, self._composed = self._composed, None
        if not composed:
            return b""  # Alt by itself types nothing; what was unknown has been said
        number = int(composed)
        return bytes([number if 0 < number < 0x7F else UNKNOWN])

    def _byte(self, code: int) -> int:
        if code == self._separator_code:
            return GS
        if self._held & META:
            return UNKNOWN
        if code in ENDS:
            return CR
        if code in PAD:
            return ord(PAD[code])
        if code in PAD_SIGNS:
            return ord(PAD_SIGNS[code])
        layout = self._layout
        if ALT_GR in self._held and layout.alt_gr:
            return layout.alt_gr.get(code, UNKNOWN)
        is_shifted = bool(self._held & SHIFT)
        if chr(layout.plain.get(code, 0)).isalpha():
            is_shifted ^= self._caps_on
        byte = (layout.shifted if is_shifted else layout.plain).get(code, UNKNOWN)
        return _with_ctrl(byte) if self._held & CTRL else byte


def _with_ctrl(byte: int) -> int:
    """Ctrl and a letter or one of ``[ \\ ] ^ _`` is a control character: Ctrl+] is GS."""
    upper = ord(chr(byte).upper()) if byte < 0x80 else byte
    return upper & 0x1F if 0x40 < upper < 0x60 else UNKNOWN
