"""The letters of labels: DejaVu Sans Condensed, cut down to Latin, Greek and Cyrillic (licence beside it)."""

from functools import cache
from pathlib import Path

from cloud_sync.errors import Invalid

FILES = {
    False: Path(__file__).with_name("DejaVuSansCondensed.ttf"),
    True: Path(__file__).with_name("DejaVuSansCondensed-Bold.ttf"),
}
"""By whether it is bold."""


@cache
def _font(is_bold: bool) -> tuple[dict[int, str], dict[str, tuple[int, int]], int]:
    from fontTools.ttLib import TTFont  # late: only labels need it

    with TTFont(FILES[is_bold]) as font:
        return dict(font.getBestCmap()), dict(font["hmtx"].metrics), int(font["head"].unitsPerEm)


def check_letters(text: str) -> None:
    """Raise ``Invalid`` for a character that the font has no letter for."""
    letters, _, _ = _font(True)
    for character in text:
        if ord(character) not in letters:
            raise Invalid(
                f"labels cannot show {character!r}, which is in {text!r}",
                "Write its title in Latin, Greek or Cyrillic letters.",
            )


def width_of(text: str, size: float, is_bold: bool) -> float:
    """How wide ``text`` is in letters of ``size``, in the unit of ``size``."""
    letters, widths, units = _font(is_bold)
    return sum(widths[letters[ord(character)]][0] for character in text) * size / units
