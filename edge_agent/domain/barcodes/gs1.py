"""What a scanner says about a box: GS1 element strings, Digital Link URIs, plain GTINs.

``parse`` takes what a scanner sent, as ``symbology`` split it, ``parse_typed`` what a person typed from the label. Both
either give a :class:`Scanned` that can be trusted or raise :class:`ScanRejected` with what to do.
"""

import re
from datetime import date, time

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI

from edge_agent.domain.barcodes.gs1_dates import date_of
from edge_agent.domain.barcodes.gs1_elements import (
    GS,
    HINT_AGAIN,
    HINT_LABEL,
    ElementFault,
    check_element,
    check_together,
    check_value,
    cut,
)
from edge_agent.domain.barcodes.item_codes import codes_in_715
from edge_agent.domain.barcodes.scan_rejected import HINT_SPELT, SPELT_SEPARATOR, ScanRejected
from edge_agent.domain.barcodes.scanned import Element, Scanned
from edge_agent.domain.barcodes.symbology import Content, Symbol

TEXT_MAX = 2000
"""Characters of one scan; the largest sensible GS1 symbol holds far fewer."""
COMPOSITE = "|]e0"
"""Between the EAN and the 2D part of a composite symbol."""
LINK = re.compile(r"(https?|HTTPS?)://")
GTIN_LENGTHS = (8, 12, 13, 14)

HINT_AIM = "Scan the GS1 code of the box; this scanner's settings may also send a changed identifier"
HINT_NOT_GS1 = "Scan the GS1 DataMatrix or GS1-128 on the label"


def parse(symbol: Symbol, *, today: date, separator: str = GS, separator_seen: bool = False) -> Scanned:
    """What ``symbol`` says, seen on the day ``today`` (two-digit years need one).

    ``separator`` is what this scanner sends for GS. ``separator_seen`` says that it has sent one before: then a lot
    that only looks as if it had swallowed a serial is believed (see :mod:`edge_agent.domain.gs1_elements`).
    Raises ``ScanRejected``.
    """
    scanned, aim = symbol.text, symbol.aim
    text = scanned.replace(separator, GS) if separator != GS and COMPOSITE not in scanned else scanned
    try:
        _check_characters(text)
        _check_separators(text[len(aim) :])
        elements = _ELEMENTS_OF[_content_of(symbol.content, text[len(aim) :])](text[len(aim) :], today, separator_seen)
        return _scanned(scanned, aim, elements, today, separator_seen=GS in text[len(aim) :].strip(GS))
    except ElementFault as fault:
        at = _index_in(scanned, separator, min(len(aim) + fault.at, len(text)))
        raise ScanRejected(scanned, at=at, reason=fault.reason, hint=fault.hint) from fault


def parse_typed(typed: str, *, today: date) -> Scanned:
    """What a person typed from the human readable form: ``(01)00312345678906(17)261231(10)ABC123``.

    Spaces are ignored. The brackets say where each value ends, so nothing can be swallowed. Raises ``ScanRejected``.
    """
    text = "".join(typed.split())
    try:
        if not re.fullmatch(r"(\([0-9]{2,4}\)[^()]+)+", text) or len(text) > TEXT_MAX:
            hint = "Type each number in brackets and then its value, e.g. (01)00312345678906(17)261231(10)ABC123"
            raise ElementFault(0, "this is not a label with numbers in brackets", hint)
        elements = tuple(re.findall(r"\(([0-9]{2,4})\)([^()]+)", text))
        for element in elements:
            _check_known(element, today)
        check_together(elements)
        return _scanned(typed, "", elements, today, separator_seen=False)
    except ElementFault as fault:
        raise ScanRejected(typed, at=fault.at, reason=fault.reason, hint=fault.hint) from fault


def _check_characters(text: str) -> None:
    if len(text) > TEXT_MAX:
        raise ElementFault(TEXT_MAX, f"{len(text)} characters are more than any label holds", HINT_AGAIN)
    for at, character in enumerate(text):
        if character != GS and not " " <= character <= "~":
            hint = f"{HINT_AGAIN}; the scanner's interface may also have the wrong parity or code page"
            raise ElementFault(at, f"the character {character!r} is not allowed in a GS1 barcode", hint)


def _check_separators(body: str) -> None:
    spelt = SPELT_SEPARATOR.search(body)
    if spelt is not None and not LINK.match(body):
        reason = f"the separator arrives as the {len(spelt[0])} characters {spelt[0]}, and would become part of the lot"
        raise ElementFault(spelt.start(), reason, HINT_SPELT.format(spelt=spelt[0]))


def _content_of(content: Content | None, body: str) -> str:
    """The key of what to do with ``body``. An unknown identifier, or plain text of no meaning, is refused."""
    if content is None:
        raise ElementFault(0, "unknown symbology identifier", HINT_AIM)
    if not body.strip(GS + " "):
        raise ElementFault(0, "the barcode is empty", HINT_AGAIN)
    if body.startswith("+"):
        raise ElementFault(0, "this is a HIBC code, not a GS1 code", HINT_NOT_GS1)
    if LINK.match(body) and content is not Content.GTIN:
        return "link"
    if content is Content.PLAIN:
        raise ElementFault(0, "this is not a GS1 barcode, and it has no GS1 Digital Link", HINT_NOT_GS1)
    if content is Content.UNKNOWN and body.isdigit() and len(body) in GTIN_LENGTHS:
        return Content.GTIN  # no element string that names an item is as short
    return Content.GTIN if content is Content.GTIN else Content.GS1


def _elements_of_message(text: str, today: date, separator_seen: bool) -> tuple[Element, ...]:
    return cut(text, today=today, separator_seen=separator_seen)


def _elements_of_gtin(text: str, today: date, separator_seen: bool) -> tuple[Element, ...]:
    digits, composite, rest = text.partition(COMPOSITE)
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in GTIN_LENGTHS:
        raise ElementFault(0, f"{digits!r} is not a GTIN of 8, 12, 13 or 14 digits", HINT_AGAIN)
    padding = 14 - len(digits)
    element = ("01", digits.zfill(14))
    try:
        check_value(element, 0, today=today)
    except ElementFault as fault:
        raise ElementFault(max(0, fault.at - padding), fault.reason, fault.hint) from fault
    if not composite:
        return (element,)
    try:
        elements = (element, *cut(rest, today=today, separator_seen=separator_seen))
    except ElementFault as fault:
        raise ElementFault(len(digits) + len(composite) + fault.at, fault.reason, fault.hint) from fault
    check_together(elements)
    return elements


def _elements_of_link(text: str, today: date, separator_seen: bool) -> tuple[Element, ...]:
    """Elements of a GS1 Digital Link URI (Digital Link standard 1.2, uncompressed form)."""
    _check_query(text)
    try:
        uri = GS1DigitalLinkURI.parse(text)
    except (ParseError, ValueError) as error:
        raise ElementFault(0, f"not a valid GS1 Digital Link: {error}", HINT_NOT_GS1) from error
    elements = tuple((element.ai.ai, element.value) for element in uri.element_strings)
    for element in elements:
        _check_known(element, today)
    check_together(elements)
    return elements


def _check_query(uri: str) -> None:
    # biip takes the last of several values and passes over empty ones; a label that says two things says nothing.
    keys = [pair.partition("=") for pair in uri.partition("#")[0].partition("?")[2].split("&")]
    seen: dict[str, str] = {}
    for key, _, value in keys:
        if key.isdigit() and (not value or seen.setdefault(key, value) != value):
            raise ElementFault(uri.find("?"), f"AI {key} is empty or repeated in the link", HINT_LABEL)


def _check_known(element: Element, today: date) -> None:
    try:
        check_element(element, 0, today=today)
    except ParseError as error:
        raise ElementFault(0, f"({element[0]}) is not a GS1 application identifier", HINT_LABEL) from error


_ELEMENTS_OF = {Content.GS1: _elements_of_message, Content.GTIN: _elements_of_gtin, "link": _elements_of_link}


def _scanned(text: str, aim: str, elements: tuple[Element, ...], today: date, *, separator_seen: bool) -> Scanned:
    values = dict(elements)
    produced_on = date_of(values["11"], today=today) if "11" in values else None
    to_the_hour = values.get("7003", "")
    days = [date_of(each, today=today) for each in (values.get("17"), to_the_hour[:6]) if each]
    expires_on = days[0] if days else None
    if produced_on and expires_on and produced_on > expires_on:
        raise ElementFault(0, f"the production date {produced_on} is after the expiry date {expires_on}", HINT_LABEL)
    if len(set(days)) > 1:
        raise ElementFault(0, "AI 17 and AI 7003 give different expiry dates", HINT_LABEL)
    count = values.get("30") or values.get("37")
    return Scanned(
        text=text,
        aim=aim,
        elements=elements,
        gtin=values.get("01") or values.get("02"),
        lot=values.get("10"),
        serial=values.get("21"),
        expires_on=expires_on,
        produced_on=produced_on,
        count=int(count) if count else None,
        sscc=values.get("00"),
        gln=values.get("414"),
        separator_seen=separator_seen,
        codes=codes_in_715(values["715"]) if "715" in values else (),
        expires_hour=_hour_of(to_the_hour[6:]) if to_the_hour else None,
    )


def _hour_of(hhmm: str) -> time:
    if not (int(hhmm[:2]) < 24 and int(hhmm[2:]) < 60):
        raise ElementFault(0, f"AI 7003: there is no time {hhmm[:2]}:{hhmm[2:]}", HINT_LABEL)
    return time(int(hhmm[:2]), int(hhmm[2:]))


def _index_in(scanned: str, separator: str, at: int) -> int:
    """The index in the text as it was sent, for index ``at`` in the text with ``separator`` replaced by GS."""
    if separator == GS or COMPOSITE in scanned:
        return at
    index = 0
    for _ in range(at):
        index += len(separator) if scanned.startswith(separator, index) else 1
    return index
