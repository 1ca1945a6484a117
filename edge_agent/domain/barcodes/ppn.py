"""IFA codes of German packages: a Pharmacy Product Number in an ISO/IEC 15434 envelope of format 06.

::

    [)> RS 06 GS 9N110375286414 GS 1T12345ABCDE GS D270600 GS S12345ABCDEF98765 RS EOT

=====  ======================================================================================================
9N     PPN: 2 digits of the agency (11 for Germany), the national number (PZN), 2 check digits
1T     lot, up to 20 characters          S  serial, up to 20 characters
D      expiry YYMMDD                     16D  production YYYYMMDD
8P     GTIN of 14 digits                 27P  and others: refused, since nobody here knows what they say
=====  ======================================================================================================

The check digits are the sum of all characters before them (as ASCII), weighted 2, 3, 4, ..., modulo 97. A PZN also has
a GTIN of its own (NTIN): 04150, the PZN, a GS1 check digit. Source: IFA "PPN technical specification" 3.1 and "PPN code
specification for retail packaging" 3.05; ISO/IEC 15434.
"""

import re
from dataclasses import replace
from datetime import date

from edge_agent.domain.barcodes.gs1_dates import date_of
from edge_agent.domain.barcodes.scan_rejected import HINT_SEPARATOR, HINT_SPELT, SPELT_SEPARATOR, ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import Symbol

HEAD = "[)>"
RS, GS, EOT = "\x1e", "\x1d", "\x04"
PPN_GERMAN_DIGITS = 12
PPN = re.compile(r"[0-9]{2}[0-9A-Z]{4,18}[0-9]{2}")
FIELD = re.compile(r"(?P<di>9N|1T|16D|8P|D|S)(?P<value>.*)")
VALUES = {
    "1T": r"[0-9A-Za-z_-]{1,20}",
    "S": r"[0-9A-Za-z_-]{1,20}",
    "D": r"[0-9]{6}",
    "16D": r"[0-9]{8}",
    "8P": r"[0-9]{14}",
}
NAMES = {"9N": "PPN", "1T": "lot", "S": "serial", "D": "expiry", "16D": "production date", "8P": "GTIN"}

HINT_LABEL = "The label is faulty: set the box aside and ask the supplier"
HINT_AGAIN = "Scan again; clean the label"


def is_format_06(symbol: Symbol) -> bool:
    """Whether it is a message of ISO/IEC 15434, in a symbol that is not a GS1 one."""
    return symbol.is_not_gs1 and symbol.body.startswith(HEAD)


def check_digits(number: str) -> str:
    """The two check digits of a PPN without them.

    >>> check_digits("1103752864")
    '14'
    """
    return f"{sum(ord(character) * weight for weight, character in enumerate(number, 2)) % 97:02d}"


def is_ppn(number: str) -> bool:
    """Whether ``number`` is a whole PPN whose check digits fit."""
    return PPN.fullmatch(number) is not None and check_digits(number[:-2]) == number[-2:]


def gs1_check_digit(digits: str) -> str:
    """The check digit of a GTIN without it. Here, since the GS1 library brings its tables with it."""
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def ntin_of(ppn: str) -> str | None:
    """The GTIN that a German PPN's number also has; None for other agencies.

    >>> ntin_of("110375286414")
    '04150037528643'
    """
    if not ppn.startswith("11") or len(ppn) != PPN_GERMAN_DIGITS:
        return None
    digits = f"04150{ppn[2:10]}"
    return digits + gs1_check_digit(digits)


def parse_format_06(symbol: Symbol, *, today: date) -> Scanned:
    """What an IFA label says, seen on the day ``today`` (two-digit years need one). Raises ``ScanRejected``."""
    fields = _fields(symbol)
    scanned = Scanned(symbol.text, symbol.aim, (), separator_seen=len(fields) > 1)
    seen: set[str] = set()
    for field in fields:
        match = FIELD.fullmatch(field)
        if match is None:
            raise _rejected(symbol, f"{field[:20]!r} begins with no data identifier that is known here", HINT_LABEL)
        if match["di"] in seen:
            raise _rejected(symbol, f"the {NAMES[match['di']]} is there twice", HINT_LABEL)
        seen.add(match["di"])
        scanned = _with_field(symbol, scanned, match["di"], match["value"], today)
    if "9N" not in seen and "8P" not in seen:
        raise _rejected(symbol, "the label names no product (9N or 8P)", HINT_LABEL)
    if scanned.produced_on and scanned.expires_on and scanned.produced_on > scanned.expires_on:
        reason = f"the production date {scanned.produced_on} is after the expiry date {scanned.expires_on}"
        raise _rejected(symbol, reason, HINT_LABEL)
    return scanned


def _fields(symbol: Symbol) -> list[str]:
    """The fields between the separators of the envelope. Raises ``ScanRejected``."""
    body = symbol.body
    spelt = SPELT_SEPARATOR.search(body)
    if spelt is not None:
        reason = f"the separator arrives as the {len(spelt[0])} characters {spelt[0]}"
        raise _rejected(symbol, reason, HINT_SPELT.format(spelt=spelt[0]))
    if not body.startswith(f"{HEAD}{RS}06{GS}"):
        if re.match(r"\[\)>.?06", body):
            raise _rejected(symbol, "this IFA label (format 06) came without its separators RS and GS", HINT_SEPARATOR)
        raise _rejected(symbol, "this message is of another format than 06", "Scan the code of the box")
    content, _, rest = body[len(HEAD) + 4 :].partition(RS)
    if rest.strip(EOT):
        raise _rejected(symbol, "there is more than one message in this code", HINT_LABEL)
    return [field for field in content.rstrip(EOT).split(GS) if field]


def _with_field(symbol: Symbol, scanned: Scanned, di: str, value: str, today: date) -> Scanned:
    name = NAMES[di]
    if di == "9N":
        if not is_ppn(value):
            raise _rejected(symbol, f"{value[:24]!r} is no PPN: its check digits do not fit", HINT_AGAIN)
        return replace(scanned, codes=(f"ppn:{value}",))
    if re.fullmatch(VALUES[di], value) is None:
        raise _rejected(
            symbol, f"{value[:24]!r} cannot be a {name}", HINT_SEPARATOR if di in ("1T", "S") else HINT_LABEL
        )
    try:
        match di:
            case "D":
                return replace(scanned, expires_on=date_of(value, today=today))
            case "16D":
                return replace(scanned, produced_on=date(int(value[:4]), int(value[4:6]), int(value[6:])))
    except ValueError as fault:
        raise _rejected(symbol, f"{name}: {fault}", HINT_LABEL) from fault
    if di == "8P":
        if gs1_check_digit(value[:-1]) != value[-1]:
            raise _rejected(symbol, f"{value} is no GTIN: its check digit does not fit", HINT_AGAIN)
        return replace(scanned, gtin=value)
    return replace(scanned, lot=value) if di == "1T" else replace(scanned, serial=value)


def _rejected(symbol: Symbol, reason: str, hint: str) -> ScanRejected:
    return ScanRejected(symbol.text, at=len(symbol.aim), reason=reason, hint=hint)
