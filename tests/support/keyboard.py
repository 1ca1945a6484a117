"""What a scanner's fingers do: ``struct input_event`` bytes for keys and texts."""

from edge_agent.drivers.scanners.hid_keys import EVENT, PAD
from edge_agent.drivers.scanners.hid_layouts import LAYOUTS

SHIFT, CTRL, ALT, ALT_GR, ENTER, TAB = 42, 29, 56, 100, 28, 15
_SYNC = EVENT.pack(7, 7, 0, 0, 0)
_SCAN_CODE = EVENT.pack(7, 7, 4, 4, 458756)
"""Keyboards send it before each key; it says nothing more."""


def press(code: int, held: tuple[int, ...] = ()) -> bytes:
    """Key ``code`` down, the ``held`` ones pressed meanwhile, and up again."""
    inside = b"".join(press(inner) for inner in held)
    return _SCAN_CODE + EVENT.pack(7, 7, 1, code, 1) + _SYNC + inside + EVENT.pack(7, 7, 1, code, 0) + _SYNC


def typed(text: str, layout: str = "us") -> bytes:
    """The keys that type ``text`` on a keyboard of ``layout``; GS as Alt+0+2+9."""
    keys = LAYOUTS[layout]
    levels = [
        (held, {value: code for code, value in level.items()})
        for held, level in ((None, keys.plain), (SHIFT, keys.shifted), (ALT_GR, keys.alt_gr))
    ]
    out = b""
    for character in text.encode():
        if character == 0x1D:
            out += alt_number("029")
            continue
        held, code = next((held, codes[character]) for held, codes in levels if character in codes)
        out += press(code) if held is None else press(held, held=(code,))
    return out


def alt_number(digits: str) -> bytes:
    """Alt held while ``digits`` are typed on the number pad."""
    pad = {digit: code for code, digit in PAD.items()}
    return press(ALT, held=tuple(pad[digit] for digit in digits))


def dropped() -> bytes:
    """The kernel's word that events were lost."""
    return EVENT.pack(7, 7, 0, 3, 0)
