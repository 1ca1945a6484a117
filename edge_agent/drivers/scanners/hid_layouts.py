"""Keyboard layouts: which character a key types, by the layout that a scanner was set to.

A scanner that plays a keyboard sends keys, not characters: it presses the key that would type the character on the
keyboard it was set to. Read by another layout, ``ZY12`` becomes ``YZ12`` without a word. Characters outside ASCII and
dead keys are left out: no code has them, and what is not here becomes a byte that refuses the scan.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ROWS = (2, 16, 30, 43, 57, 86)
"""The key codes with which the rows below begin: digits, QWERTY, ASDF, the key before Z with that row, space, and the
key that European keyboards have beside the left Shift (linux/input-event-codes.h)."""
NOTHING = "\0"
"""In the rows below: a key that types nothing which a code could hold."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes by key code: plain, with Shift, and with AltGr (none where the right Alt key is an ordinary one)."""

    plain: Mapping[int, int]
    shifted: Mapping[int, int]
    alt_gr: Mapping[int, int]


def _level(*rows: str) -> dict[int, int]:
    return {
        first + at: ord(character)
        for first, characters in zip(ROWS, rows, strict=False)
        for at, character in enumerate(characters)
        if character != NOTHING
    }


LAYOUTS: dict[str, Layout] = {
    "us": Layout(
        _level("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "\\zxcvbnm,./", " "),
        _level("!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"~', "|ZXCVBNM<>?", " "),
        {},
    ),
    "uk": Layout(
        _level("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "#zxcvbnm,./", " ", "\\"),
        _level('!"\0$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@\0", "~ZXCVBNM<>?", " ", "|"),
        _level("", "", "\0\0\0\0\0\0\0\0\0\0\0|"),
    ),
    "de": Layout(
        _level("1234567890\0\0", "qwertzuiop\0+", "asdfghjkl\0\0\0", "#yxcvbnm,.-", " ", "<"),
        _level('!"\0$%&/()=?\0', "QWERTZUIOP\0*", "ASDFGHJKL\0\0\0", "'YXCVBNM;:_", " ", ">"),
        _level("\0\0\0\0\0\0{[]}\\\0", "@\0\0\0\0\0\0\0\0\0\0~", "", "", "", "|"),
    ),
    "fr": Layout(
        _level("&\0\"'(-\0_\0\0)=", "azertyuiop\0$", "qsdfghjklm\0\0", "*wxcvbn,;:!", " ", "<"),
        _level("1234567890\0+", "AZERTYUIOP\0\0", "QSDFGHJKLM%\0", "\0WXCVBN?./\0", " ", ">"),
        _level("\0~#{[|`\\^@]}"),
    ),
}
"""By the name of the ``layout`` option. Sources: the kernel's and X11's us, gb, de and fr maps, ASCII only."""
