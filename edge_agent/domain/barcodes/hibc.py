"""HIBC supplier codes (HIBC LIC, ANSI/HIBC 2.6): which product, and of which lot, expiry, serial and quantity.

============= ================================ =============================
a code is     for example                      and holds
============= ================================ =============================
primary       ``+A123BJC5D6E71G``              labeler, product, unit, check
secondary     ``+$$52001510X3GD``              lot and dates, link, check
both in one   ``+A99912345/$$52001510X33``     both, one check, no link
============= ================================ =============================

The check character is the sum of all values before it, modulo 43. The link character of a secondary code is the check
character of the primary code that it belongs to. What a secondary code begins with says what follows:

========== ===================================================    ======== ===========================================
``$``      lot                                                    ``$+``   serial
``$$``     date, lot                                              ``$$+``  date, serial
``$$8``    quantity of 2 digits, then date and lot, if any        ``$$9``  the same with 5 digits
YYJJJ      lot
========== ===================================================    ======== ===========================================

After it may stand ``/S`` serial, ``/14D`` expiry, ``/16D`` production (both YYYYMMDD) and ``/Q`` quantity.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from edge_agent.domain.barcodes.gs1_dates import century_of, date_of
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import Symbol

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""Characters by value, for the check character modulo 43."""
PRODUCT = re.compile(r"\+(?P<labeler>[A-Z][A-Z0-9]{3})(?P<product>[A-Z0-9]{1,18})(?P<unit>[0-9])")
UNIT_VARIABLE = 9
"""The unit of measure of a container that holds any number: the quantity must be said with it."""
DATE_LENGTHS = {"2": 6, "3": 6, "4": 8, "5": 5, "6": 7, "7": 0}
"""Digits of the date after its flag: MMDDYY, YYMMDD, YYMMDDHH, YYJJJ, YYJJJHH, none. Without a flag it is MMYY."""
QUANTITY_LENGTHS = {"8": 2, "9": 5}

HINT_AGAIN = "Scan again; clean the label"
HINT_LABEL = "The label is faulty: set the box aside and ask the supplier"
HINT_FORMS = "Scan the code that begins with + and letters, or the one with + and $ that belongs to it"


@dataclass(frozen=True, slots=True)
class HibcProduct:
    """Labeler (LIC, 4 characters), product number (PCN) and unit of measure (one digit, the packaging level)."""

    labeler: str
    product: str
    unit: int

    def __str__(self) -> str:
        """As printed, without + and check character."""
        return f"{self.labeler}{self.product}{self.unit}"


def is_hibc(symbol: Symbol) -> bool:
    """Whether it is a HIBC code: ``+`` in a symbol that is not a GS1 one."""
    return symbol.is_not_gs1 and symbol.body.startswith("+")


def check_character(text: str) -> str:
    """The check character of ``text``, which begins with ``+``: the sum of all values modulo 43.

    >>> check_character("+A123BJC5D6E71")
    'G'
    """
    return ALPHABET[sum(ALPHABET.index(character) for character in text) % len(ALPHABET)]


def parse_primary(symbol: Symbol) -> HibcProduct:
    """The product that a HIBC primary code names. Raises ``ScanRejected``."""
    match = PRODUCT.fullmatch(symbol.body[:-1])
    if match is None:
        raise ScanRejected(symbol.text, at=len(symbol.aim), reason="this is not a HIBC primary code", hint=HINT_FORMS)
    _check(symbol)
    return HibcProduct(match["labeler"], match["product"], int(match["unit"]))


def parse_hibc(symbol: Symbol, *, today: date) -> Scanned:
    """What a HIBC code of any form says, seen on the day ``today`` (two-digit years need one).

    A primary code alone has no lot, a secondary one alone no product: ``check`` of the one is ``link`` of the other.
    Raises ``ScanRejected``.
    """
    scanned, aim, text = symbol.text, symbol.aim, symbol.body
    if text.startswith("+/"):
        reason = "this is a HIBC provider code (PAS): it identifies a person, place or document, not a product"
        raise ScanRejected(scanned, at=len(aim), reason=reason, hint="Scan the code of the box")
    if PRODUCT.fullmatch(text[:-1]):
        product = parse_primary(symbol)
        return Scanned(scanned, aim, (), codes=(_code(product),), check=text[-1])
    _check(symbol)
    try:
        first, slash, rest = text[:-1].partition("/")
        match = PRODUCT.fullmatch(first)
        if match and slash:
            product = HibcProduct(match["labeler"], match["product"], int(match["unit"]))
            said = _secondary(rest, today)
            return replace(said, text=scanned, aim=aim, codes=(_code(product),))
        if re.match(r"\+[$0-9]", text) and len(text) > 3:
            return replace(_secondary(text[1:-2], today), text=scanned, aim=aim, link=text[-2])
    except ValueError as fault:
        raise ScanRejected(scanned, at=len(aim), reason=f"HIBC code: {fault}", hint=HINT_LABEL) from fault
    raise ScanRejected(scanned, at=len(aim), reason="this is not a HIBC product code", hint=HINT_FORMS)


def _code(product: HibcProduct) -> str:
    return f"hibc:{product}"


def _check(symbol: Symbol) -> None:
    scanned, text = symbol.text, symbol.body
    for at, character in enumerate(text):
        if character not in ALPHABET:
            reason = f"the character {character!r} is not allowed in a HIBC barcode"
            raise ScanRejected(scanned, at=len(symbol.aim) + at, reason=reason, hint=HINT_AGAIN)
    # A check character that is a space is printed as _ but scanned as a space.
    wanted = check_character(text[:-1])
    if len(text) < 2 or text[-1] != wanted:
        reason = f"the check character {text[-1]!r} is wrong (expected {wanted!r})"
        raise ScanRejected(scanned, at=len(scanned) - 1, reason=reason, hint=HINT_AGAIN)


def _secondary(body: str, today: date) -> Scanned:
    """What the body of a secondary code says. Raises ``ValueError``."""
    first, *supplements = body.split("/")
    said = _first_field(first, today)
    seen: set[str] = set()
    for supplement in supplements:
        key, said = _with_supplement(said, supplement)
        if key in seen:
            raise ValueError(f"/{key} appears twice")
        seen.add(key)
    if said.produced_on and said.expires_on and said.produced_on > said.expires_on:
        raise ValueError(f"the production date {said.produced_on} is after the expiry date {said.expires_on}")
    return said


def _first_field(field: str, today: date) -> Scanned:
    nothing = Scanned("", "", ())
    if re.match(r"[0-9]{5}", field):
        return replace(nothing, expires_on=_julian(field[:5], today), lot=_name(field[5:], "lot"))
    if field.startswith("$$+"):
        dated, rest = _dated(nothing, field[3:], today)
        return replace(dated, serial=_name(rest, "serial", needed=True))
    if field.startswith("$+"):
        return replace(nothing, serial=_name(field[2:], "serial", needed=True))
    if field.startswith("$$"):
        counted, rest = _counted(nothing, field[2:])
        dated, rest = _dated(counted, rest, today) if rest or counted is nothing else (counted, "")
        return replace(dated, lot=_name(rest, "lot"))
    if field.startswith("$"):
        return replace(nothing, lot=_name(field[1:], "lot", needed=True))
    raise ValueError(f"{field!r} starts with an unknown flag")


def _counted(said: Scanned, field: str) -> tuple[Scanned, str]:
    length = QUANTITY_LENGTHS.get(field[:1])
    if length is None:
        return said, field
    return replace(said, count=_number(field[1 : 1 + length], length)), field[1 + length :]


def _dated(said: Scanned, field: str, today: date) -> tuple[Scanned, str]:
    flag = field[:1]
    if flag in ("0", "1"):
        mmyy = _digits(field[:4], 4)
        return replace(said, expires_on=date_of(f"{mmyy[2:]}{mmyy[:2]}00", today=today)), field[4:]
    length = DATE_LENGTHS.get(flag)
    if length is None:
        raise ValueError(f"{field[:8]!r} is not a HIBC date")
    digits, rest = _digits(field[1 : 1 + length], length), field[1 + length :]
    if flag == "7":
        return said, rest
    if flag in ("5", "6"):
        day = _julian(digits[:5], today)
    else:
        day = date_of(digits[4:] + digits[:4] if flag == "2" else digits[:6], today=today, day_00_is_last=False)
    hour = digits[6:] if flag == "4" else digits[5:] if flag == "6" else ""
    if hour and int(hour) > 23:  # hours of a day
        raise ValueError(f"there is no hour {hour}")
    return replace(said, expires_on=day, expires_hour=time(int(hour)) if hour else None), rest


def _with_supplement(said: Scanned, supplement: str) -> tuple[str, Scanned]:
    if supplement.startswith("14D"):
        day = _long_date(supplement[3:])
        if said.expires_on not in (None, day):
            raise ValueError(f"it has two expiry dates, {said.expires_on} and {day}")
        return "14D", replace(said, expires_on=day)
    if supplement.startswith("16D"):
        return "16D", replace(said, produced_on=_long_date(supplement[3:]))
    if supplement.startswith("S"):
        serial = _name(supplement[1:], "serial", needed=True)
        if said.serial not in (None, serial):
            raise ValueError(f"it has two serial numbers, {said.serial} and {serial}")
        return "S", replace(said, serial=serial)
    if supplement.startswith("Q"):
        count = _number(supplement[1:], len(supplement) - 1)
        if said.count not in (None, count):
            raise ValueError(f"it states two quantities, {said.count} and {count}")
        return "Q", replace(said, count=count)
    raise ValueError(f"the data identifier /{supplement[:10]} is not supported")


def _name(text: str, what: str, *, needed: bool = False) -> str | None:
    if not text and not needed:
        return None
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9. -]{0,17}", text) or text.endswith(" "):
        raise ValueError(f"{text!r} is not a {what} of 1 to 18 letters and digits")
    return text


def _number(text: str, length: int) -> int:
    if length > 5 or int(_digits(text, max(length, 1))) == 0:  # as in $$9
        raise ValueError(f"{text!r} is not a quantity")
    return int(text)


def _digits(text: str, length: int) -> str:
    if len(text) != length or not re.fullmatch(r"[0-9]*", text):
        raise ValueError(f"{text!r} is not {length} digits")
    return text


def _julian(yyjjj: str, today: date) -> date:
    """The day of the year, counted from 001."""
    year = century_of(int(yyjjj[:2]), today=today) + int(yyjjj[:2])
    first, days = date(year, 1, 1), int(yyjjj[2:])
    day = first + timedelta(days=days - 1) if days else first
    if not days or day.year != year:
        raise ValueError(f"{year} has no day {yyjjj[2:]}")
    return day


def _long_date(text: str) -> date:
    digits = _digits(text, 8)
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise ValueError(f"{digits} is not a date") from error
