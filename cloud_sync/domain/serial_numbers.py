"""Serial numbers that are given here: the pattern of an item, and ranges that never overlap.

A serial is what stands behind AI 21: at most 20 characters of GS1's character set 82 (GS1 General Specifications 3.5.2
and 7.11). The pattern ends with a running number of fixed width, so that the serials given at one time are a range.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

SERIAL_CHARACTERS_MAX = 20
DIGITS_MAX = 18
ASSIGNED_MAX = 1000
"""Of one request: each becomes a movement and a label."""
_PATTERN = re.compile(r"(?P<literal>[^{}]*(?:\{yy\}[^{}]*)?)\{n:(?P<digits>[0-9]{1,2})\}")
_SET_82 = re.compile(r"[A-Za-z0-9!\"%&'()*+,\-./:;<=>?_]*")
_SERIAL = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]+)", re.DOTALL)
YEAR = "{yy}"


class SerialFault(ValueError):
    """What should be a pattern, a serial or a range is none; the message says what to write."""


@dataclass(frozen=True, slots=True)
class SerialRange:
    """Serials from ``first`` to ``last``, both in it: ``prefix`` (which ends with no digit) and ``digits`` digits.

    Two ways to write the same serials are the same range, so that overlaps are seen whatever the pattern was.
    """

    prefix: str
    digits: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many serials are in it."""
        return self.last - self.first + 1

    @property
    def first_serial(self) -> str:
        """The first one, as it stands on a label."""
        return self.serial(self.first)

    @property
    def last_serial(self) -> str:
        """The last one."""
        return self.serial(self.last)

    def serial(self, number: int) -> str:
        """The serial with this number."""
        return f"{self.prefix}{number:0{self.digits}d}"

    def serials(self) -> Iterator[str]:
        """All of them, in their order."""
        return (self.serial(number) for number in range(self.first, self.last + 1))

    def overlaps(self, other: "SerialRange") -> bool:
        """Whether any serial is in both.

        >>> range_between("A0100", "A0199").overlaps(range_between("A0199", "A0300"))
        True
        """
        same = (self.prefix, self.digits) == (other.prefix, other.digits)
        return same and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class SerialPattern:
    """``literal`` (with ``{yy}`` for the year, perhaps) and a running number of ``digits`` digits."""

    literal: str
    digits: int

    def window(self, on: date) -> SerialRange:
        """All serials that it can give on a day.

        >>> parse_pattern("LW{yy}{n:3}").window(date(2026, 6, 1))
        SerialRange(prefix='LW', digits=5, first=26000, last=26999)
        """
        literal = self.literal.replace(YEAR, f"{on:%y}")
        return range_between(f"{literal}{0:0{self.digits}d}", f"{literal}{10**self.digits - 1}")


def parse_pattern(text: str) -> SerialPattern:
    """A pattern as people write it, such as ``LW{yy}{n:6}``. Raises ``SerialFault``."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise SerialFault(
            f"{text[:60]!r} is no pattern of serials: write letters and digits, {{yy}} for the year if wanted, and at "
            "the end {n:6} for a running number of six digits"
        )
    digits = int(found["digits"])
    pattern = SerialPattern(found["literal"], digits)
    literal = pattern.literal.replace(YEAR, "00")
    if not _SET_82.fullmatch(literal):
        raise SerialFault(
            f"{text[:60]!r} has characters that a GS1 label cannot carry: use letters, digits and "
            "! \" % & ' ( ) * + , - . / : ; < = > ? _"
        )
    if not 1 <= digits <= 12 or len(literal) + digits > SERIAL_CHARACTERS_MAX:
        raise SerialFault(
            f"{text[:60]!r} gives serials of {len(literal) + digits} characters: a serial has at most "
            f"{SERIAL_CHARACTERS_MAX} on a GS1 label, the running number 1 to 12 of them"
        )
    return pattern


def range_between(first: str, last: str) -> SerialRange:
    """The range from one serial to another. Raises ``SerialFault``.

    >>> range_between("LW-0001", "LW-0500").count
    500
    """
    begin, end = _parts(first), _parts(last)
    if begin[0] != end[0] or begin[1] != end[1]:
        raise SerialFault(
            f"{first} and {last} do not end in running numbers of the same length behind the same letters: "
            "write both ends in full, such as LW-0001 and LW-0500"
        )
    if begin[2] > end[2]:
        raise SerialFault(f"{first} comes after {last}: write the lower one first")
    return SerialRange(begin[0], begin[1], begin[2], end[2])


def next_range(window: SerialRange, taken: Iterable[SerialRange], count: int) -> SerialRange | None:
    """The first ``count`` serials of ``window`` behind all that was given of it before and between ranges that were
    allotted to others; None if so many are not left.

    >>> window = range_between("A00", "A99")
    >>> next_range(window, [range_between("A00", "A09"), range_between("A12", "A19")], 3)
    SerialRange(prefix='A', digits=2, first=20, last=22)
    """
    first = window.first
    for other in sorted((each for each in taken if each.overlaps(window)), key=lambda each: each.first):
        if other.first - first >= count:
            break
        first = max(first, other.last + 1)
    if first + count - 1 > window.last:
        return None
    return SerialRange(window.prefix, window.digits, first, first + count - 1)


def check_serial(serial: str) -> str:
    """A serial that a GS1 label can carry. Raises ``SerialFault``."""
    if not serial or len(serial) > SERIAL_CHARACTERS_MAX or not _SET_82.fullmatch(serial):
        raise SerialFault(
            f"{serial[:40]!r} is no serial of a GS1 label: write 1 to {SERIAL_CHARACTERS_MAX} letters, digits and "
            "signs without spaces"
        )
    return serial


def _parts(serial: str) -> tuple[str, int, int]:
    found = _SERIAL.fullmatch(check_serial(serial))
    if found is None or len(found["number"]) > DIGITS_MAX:
        raise SerialFault(
            f"{serial} does not end in a running number of at most {DIGITS_MAX} digits: a range needs one"
        )
    return found["prefix"], len(found["number"]), int(found["number"])
