"""Numbers and days as people's files have them: what is certain is read, what is not is asked.

``1,234`` is one number to some and another to others, and so is ``03/04/2026``. Whether a whole column leaves only one
reading decides; one cell that does not settle it is not guessed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from cloud_sync.interop.questions import Question

DECIMAL_SIGN = Question(
    "decimal_sign", "Which sign stands before the decimals?", {".": "a point: 5.5", ",": "a comma: 5,5"}
)
DATE_ORDER = Question(
    "date_order", "In which order do dates stand?",
    {"ymd": "year, month, day", "dmy": "day, month, year", "mdy": "month, day, year"},
)  # fmt: skip
NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?P<group>[.,' \u00a0\u202f])[0-9]{3}(?:(?P=group)[0-9]{3})*(?:[.,][0-9]+)?")
SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+[0-9]+")
DAY = re.compile(r"([0-9]{1,4})([-./ ])([0-9]{1,2})\2([0-9]{1,4})")
MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
NAMED_DAY = re.compile(r"([0-9]{1,2})[-. ]+([A-Za-z]{3})[a-z]*[-. ,]+([0-9]{4})")
SERIAL_DAY = re.compile(r"[2-9][0-9]{4}(?:\.[0-9]+)?")
"""What a day looks like as a spreadsheet counts it: 1954 to 2173."""
EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)


@dataclass(frozen=True, slots=True)
class CertainValue:
    """What is certain of a column: the value, or None, and what would have to be asked."""

    value: str | None
    question: Question | None = None


def decimal_sign_of(texts: Iterable[str]) -> CertainValue:
    """Which decimal sign a column of numbers has. ``""``: it has none, so that it does not matter.

    >>> decimal_sign_of(["5.1", "12"]).value, decimal_sign_of(["5,25", "7"]).value, decimal_sign_of(["12"]).value
    ('.', ',', '')
    >>> decimal_sign_of(["1,234"]).value is None
    True
    """
    found: set[str] = set()
    doubtful = False
    for text in texts:
        plain = text.strip()
        signs = [sign for sign in plain if sign in ".,"]
        if not signs:
            continue
        if len(set(signs)) == 2:  # the last one is before the decimals: 1.234,5
            found.add(signs[-1])
        elif len(signs) > 1:
            found.add("," if signs[0] == "." else ".")  # 1.234.567: the other one would be before the decimals
        elif GROUPED.fullmatch(plain):
            doubtful = True
        else:
            found.add(signs[0])
    if len(found) == 1:
        return CertainValue(found.pop())
    if len(found) > 1 or doubtful:
        return CertainValue(None, DECIMAL_SIGN)
    return CertainValue("")


def number_of(text: str, decimal_sign: str) -> Decimal:
    """The number in a cell. Raises ``ValueError`` with words for people.

    >>> number_of("1.234,5", ","), number_of("-0.5", ".")
    (Decimal('1234.5'), Decimal('-0.5'))
    """
    plain = text.strip().replace("\u2212", "-")
    if SCIENTIFIC.fullmatch(plain):
        raise ValueError(f"{text!r} has lost digits: format the column as text and fill it in again")
    for group in "' \u00a0\u202f" + (("." if decimal_sign == "," else ",") if decimal_sign else ""):
        if group in plain and GROUPED.fullmatch(plain):
            plain = plain.replace(group, "")
    if not NUMBER.fullmatch(plain):
        raise ValueError(f"{text!r} is no number")
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no number") from error


def whole_of(text: str, decimal_sign: str) -> int:
    """The whole number in a cell. Raises ``ValueError``."""
    number = number_of(text, decimal_sign)
    if number != number.to_integral_value():
        raise ValueError(f"{text!r} is no whole number")
    return int(number)


def date_order_of(texts: Iterable[str]) -> CertainValue:
    """In which order a column of days has day, month and year; ``""`` if it says none in digits.

    >>> date_order_of(["2026-03-04"]).value, date_order_of(["31/01/2027"]).value, date_order_of(["1/31/2027"]).value
    ('ymd', 'dmy', 'mdy')
    >>> date_order_of(["03/04/2026"]).value is None
    True
    """
    possible: set[str] | None = None
    for text in texts:
        parts = DAY.match(text.strip())
        if parts is None:
            continue
        orders = {order for order in DATE_ORDER.choices if _in_order(parts, order) is not None}
        possible = orders if possible is None else possible & orders
    if possible is None:
        return CertainValue("")
    return CertainValue(possible.pop()) if len(possible) == 1 else CertainValue(None, DATE_ORDER)


def day_of_text(text: str, order: str) -> date:
    """The day in a cell, in an order of :data:`DATE_ORDER`. Raises ``ValueError`` with words for people.

    >>> day_of_text("31.01.2027", "dmy").isoformat(), day_of_text("31 Jan 2027", "").isoformat()
    ('2027-01-31', '2027-01-31')
    """
    plain = text.strip()
    if named := NAMED_DAY.fullmatch(plain):
        month = MONTHS.get(named[2].lower())
        if month is not None:
            return date(int(named[3]), month, int(named[1]))
    parts = DAY.fullmatch(plain.removesuffix(" 00:00:00").removesuffix(" 00:00"))
    found = None if parts is None or not order else _in_order(parts, order)
    if found is None:
        raise ValueError(f"{text!r} is no day" + (f" in the order {DATE_ORDER.choices[order]}" if order else ""))
    return found


def day_of_serial(text: str, *, is_1904: bool = False) -> date | None:
    """The day that a spreadsheet means by a number; None if it can be none.

    >>> day_of_serial("46418").isoformat()
    '2027-01-31'
    """
    if not SERIAL_DAY.fullmatch(text.strip()):
        return None
    return (EPOCH_1904 if is_1904 else EPOCH_1900) + timedelta(days=int(float(text)))


def _in_order(parts: re.Match[str], order: str) -> date | None:
    said = dict(zip(order, (parts[1], parts[3], parts[4]), strict=True))
    if len(said["y"]) != 4 or max(len(said["m"]), len(said["d"])) > 2:
        return None
    try:
        return date(int(said["y"]), int(said["m"]), int(said["d"]))
    except ValueError:
        return None
