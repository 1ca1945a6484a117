"""Element strings: cutting text into (application identifier, value) pairs, and trusting none of it too early.

biip knows the identifiers and their patterns (GS1 General Specifications 3.2). What it lets pass is checked here: check
digits, dates, separators that went missing, identifiers that contradict each other.

**Separators that went missing.** An element of variable length ends at a separator or at the end of the text. Where a
scanner or printer drops the separator, such an element swallows what follows. A lot that swallowed something looks like
any other lot, so this is what makes one suspicious:

1. It is longer than its identifier allows.
2. It ends in ``17`` and a plausible date (10 years back to 20 ahead), alone or followed by further elements, and the
   text has no expiry otherwise: ``10 ABC123 17 261231``. This holds for every element of variable length, since an
   expiry is printed on all medicine. A lot that merely contains 17 passes, and so does any lot beside an own expiry.
3. Only while this scanner has never been seen to send a separator, in this text or before: a lot or serial that ends in
   a plausible production date (``11``) that is otherwise missing; a lot that ends in ``21`` and 6 or more characters
   after 3 or more of its own, and no serial otherwise; a serial that ends in ``10`` and 3 or more characters after 6 or
   more of its own, and no lot otherwise. Once a scanner has sent a separator, such lots are taken as they are.
"""

import re
from collections.abc import Iterable
from datetime import date

from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from edge_agent.domain.barcodes.gs1_dates import date_of
from edge_agent.domain.barcodes.scan_rejected import HINT_SEPARATOR
from edge_agent.domain.barcodes.scanned import Element

GS = "\x1d"

CHECKED_DIGITS = {
    "00": 18, "01": 14, "02": 14, "03": 14, "253": 13, "255": 13, "402": 17, "8003": 14, "8006": 14, "8017": 18,
    "8018": 18, "8026": 14, **{f"41{n}": 13 for n in range(8)},
}  # fmt: skip
"""How many leading digits of a value end in a check digit."""

DATED = dict.fromkeys(("11", "12", "13", "15", "16", "17"), True) | dict.fromkeys(
    ("4326", "7003", "7006", "7011"), False
)
"""Identifiers whose value begins with YYMMDD, and whether day 00 means the last day of the month."""

NOT_TOGETHER = (("01", "02"), ("01", "03"), ("02", "03"), ("01", "37"), ("01", "255"), ("30", "37"))
ONLY_TOGETHER = (("02", "37"), ("37", "02"))
COUNTS = ("30", "37")
COUNT_MAX = 999_999
"""More than this in one box is a misread lot, not a count."""

LAST = frozenset({"235"})
"""Of variable length, but symbol makers (zint 2.11 to 2.15) write no separator after it: nothing may follow it."""

PLAUSIBLE_YEARS = {"17": (-10, 20), "11": (-20, 0)}
FOLLOWS_A_DATE = re.compile(r"(1[0135-7]|2[012]|30|37|240|71[0-7]|9[0-9])[!-z]+")

HINT_LABEL = "Read the printed text: if the label is wrong, set the box aside and tell the supplier; else scan again"
HINT_AGAIN = "Scan again; clean the label or hold the scanner straight if it happens twice"


class ElementFault(ValueError):
    """What is wrong, where (``at``, index in the text that was cut) and what to do about it."""

    def __init__(self, at: int, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason
        self.hint = hint


def cut(text: str, *, today: date, separator_seen: bool) -> tuple[Element, ...]:
    """The elements of ``text``, separators already GS. Raises :class:`ElementFault`."""
    elements: list[Element] = []
    starts: list[int] = []
    at = 0
    while at < len(text):
        if text[at] == GS:  # allowed between any two elements (GS1 General Specifications 7.8.6)
            at += 1
            continue
        ai = _identifier(text, at)
        start = at + len(ai.ai)
        end = _end_of_value(ai, text, start)
        _check_pattern(ai, text[start:end], start)
        elements.append((ai.ai, text[start:end]))
        starts.append(start)
        at = end
    if not elements:
        raise ElementFault(0, "the barcode is empty", HINT_AGAIN)
    _check_separators(elements, starts, today=today, separator_seen=separator_seen or GS in text.strip(GS))
    for element, start in zip(elements, starts, strict=True):
        check_value(element, start, today=today)
    check_together(elements)
    return tuple(elements)


def check_element(element: Element, at: int, *, today: date) -> None:
    """Identifier, form and value of an element whose bounds are certain. Raises :class:`ElementFault`."""
    ai, value = element
    if GS1ApplicationIdentifier.extract(ai).ai != ai:
        raise ElementFault(at, f"({ai}) is not a GS1 application identifier", HINT_LABEL)
    _check_pattern(GS1ApplicationIdentifier.extract(ai), value, at)
    check_value(element, at, today=today)


def check_value(element: Element, at: int, *, today: date) -> None:
    """Check digit, date or count of a value that has the right form. Raises :class:`ElementFault`."""
    ai, value = element
    if ai in CHECKED_DIGITS:
        _check_digit(ai, value[: CHECKED_DIGITS[ai]], at)
    if ai in DATED:
        try:
            date_of(value[:6], today=today, day_00_is_last=DATED[ai])
        except ValueError as error:
            raise ElementFault(at, f"AI {ai}: {error}", HINT_LABEL) from error
    if ai in COUNTS and not 1 <= int(value or "0") <= COUNT_MAX:
        raise ElementFault(at, f"AI {ai}: a count of {value or 'nothing'} is not plausible", HINT_SEPARATOR)


def check_together(elements: Iterable[Element]) -> None:
    """Whether the elements can be said of one thing. Raises :class:`ElementFault`."""
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            raise ElementFault(0, f"AI {ai} appears twice, as {values[ai]} and as {value}", HINT_LABEL)
    for one, other in NOT_TOGETHER:
        if one in values and other in values:
            raise ElementFault(0, f"AI {one} and AI {other} contradict each other", HINT_LABEL)
    for one, other in ONLY_TOGETHER:
        if one in values and other not in values:
            raise ElementFault(0, f"AI {one} requires AI {other}", HINT_LABEL)


def encode(elements: Iterable[Element]) -> str:
    """The text of a symbol that holds ``elements``, with a separator (GS) only where one is needed; no AIM identifier.
    AI 235 goes to the end.

    >>> encode([("01", "00312345678906"), ("10", "ABC123"), ("17", "261231")])
    '010031234567890610ABC123\\x1d17261231'
    """
    text = ""
    for ai, value in sorted(elements, key=lambda element: element[0] in LAST):
        text += ai + value + (GS if GS1ApplicationIdentifier.extract(ai).separator_required else "")
    return text.removesuffix(GS)


def _identifier(text: str, at: int) -> GS1ApplicationIdentifier:
    try:
        return GS1ApplicationIdentifier.extract(text[at : at + 4])
    except ParseError as error:
        found = text[at : at + 4].split(GS)[0]
        if found.startswith("("):
            hint = "Switch off brackets (human readable form) in the scanner's GS1 settings"
        elif at:
            hint = HINT_SEPARATOR
        else:
            hint = "Scan the GS1 code of the box (the square one, or the one with numbers in brackets below it)"
        raise ElementFault(at, f"{found!r} does not start with a GS1 application identifier", hint) from error


def _end_of_value(ai: GS1ApplicationIdentifier, text: str, start: int) -> int:
    separator = text.find(GS, start)
    end = len(text) if separator < 0 else separator
    if ai.separator_required:
        return end
    return min(end, start + int(ai.format.rpartition("N")[2]))


def _check_pattern(ai: GS1ApplicationIdentifier, value: str, at: int) -> None:
    if re.fullmatch(ai.pattern, ai.ai + value):
        return
    for index, character in enumerate(value):
        if not re.fullmatch(r"[!%-?A-Z_a-z\x22]", character):
            reason = f"AI {ai.ai} ({ai.data_title}) may not contain {character!r} (GS1 character set 82)"
            raise ElementFault(at + index, reason, HINT_LABEL)
    form = ai.format.partition("+")[2]
    reason = f"AI {ai.ai} ({ai.data_title}) needs the format {form}, not {value!r}"
    raise ElementFault(at, reason, HINT_SEPARATOR if ai.separator_required and value else HINT_LABEL)


def _check_digit(ai: str, digits: str, at: int) -> None:
    wanted = gs1_standard_check_digit(digits[:-1])
    if int(digits[-1]) != wanted:
        reason = f"AI {ai}: the check digit of {digits} is wrong (expected {wanted})"
        raise ElementFault(at + len(digits) - 1, reason, HINT_AGAIN)
    if not digits.strip("0"):
        raise ElementFault(at, f"AI {ai}: {digits} is not a valid number", HINT_LABEL)


def _check_separators(elements: list[Element], starts: list[int], *, today: date, separator_seen: bool) -> None:
    present = {ai for ai, _ in elements}
    for (ai, value), start in zip(elements, starts, strict=True):
        if not GS1ApplicationIdentifier.extract(ai).separator_required:
            continue
        at = _swallowed_at(ai, value, present, today=today, separator_seen=separator_seen)
        if at is not None:
            reason = f"AI {ai} reads {value}, which looks like {value[:at]} with ({value[at : at + 2]}) swallowed"
            raise ElementFault(start + at, reason, HINT_SEPARATOR)


def _swallowed_at(ai: str, value: str, present: set[str], *, today: date, separator_seen: bool) -> int | None:
    """Where another element seems to begin within ``value``; the rules are at the head of this module."""
    if "17" not in present and (at := _dated_tail_at("17", value, today)) is not None:
        return at
    if separator_seen:
        return None
    if ai in ("10", "21") and "11" not in present and (at := _dated_tail_at("11", value, today)) is not None:
        return at
    for own, other, pattern in (("10", "21", r"...+?(?=21.{6})"), ("21", "10", r".{6,}?(?=10.{3})")):
        if ai == own and other not in present and (match := re.match(pattern, value)):
            return match.end()
    return None


def _dated_tail_at(ai: str, value: str, today: date) -> int | None:
    for at in range(1, len(value) - 7):
        if value.startswith(ai, at) and _is_plausible(ai, value[at + 2 : at + 8], today):
            rest = value[at + 8 :]
            if not rest or FOLLOWS_A_DATE.fullmatch(rest):
                return at
    return None


def _is_plausible(ai: str, yymmdd: str, today: date) -> bool:
    try:
        day = date_of(yymmdd, today=today)
    except ValueError:
        return False
    first, last = PLAUSIBLE_YEARS[ai]
    return first <= day.year - today.year <= last
