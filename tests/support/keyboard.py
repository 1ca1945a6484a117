"""What a scanner's fingers do: ``struct input_event`` bytes for keys and texts."""

from edge_agent.drivers.scanners.hid_keys import EVENT, PAD, PLAIN, SHIFTED

SHIFT, CTRL, ALT, ENTER, TAB = 42, 29, 56, 28, 15
_SYNC = EVENT.pack(7, 7, 0, 0, 0)
_SCAN_CODE = EVENT.pack(7, 7, 4, 4, 458756)
"""Keyboards send it before each key; it says nothing more."""


def press(code: int, held: tuple[int, ...] = ()) -> bytes:
    """Key ``code`` down, the ``held`` ones pressed meanwhile, and up again."""
    inside = b"".join(press(inner) for inner in held)
    return _SCAN_CODE + EVENT.pack(7, 7, 1, code, 1) + _SYNC + inside + EVENT.pack(7, 7, 1, code, 0) + _SYNC


def typed(text: str) -> bytes:
    """The keys of a US keyboard that type ``text``."""
    plain = {value: code for code, value in PLAIN.items()}
    shifted = {value: code for code, value in SHIFTED.items()}
    out = b""
    for character in text.encode():
        out += press(plain[character]) if character in plain else press(SHIFT, held=(shifted[character],))
    return out


def alt_number(digits: str) -> bytes:
    """Alt held while ``digits`` are typed on the number pad."""
    pad = {digit: code for code, digit in PAD.items()}
    return press(ALT, held=tuple(pad[digit] for digit in digits))


def dropped() -> bytes:
    """The kernel's word that events were lost."""
    return EVENT.pack(7, 7, 0, 3, 0)
