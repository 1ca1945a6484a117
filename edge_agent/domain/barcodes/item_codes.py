"""What labels call an item, and the keys by which a scan finds it in the master data.

A code is written with its kind before it: ``ndc:0591-0369-01``, ``hibc:A123BJC5D6E71`` (labeler, product and unit of
measure, without + and check character); a GTIN is its 14 digits. Different codes may mean the same: an NDC is found
by its eleven digits however it was printed, and the ten digits inside a GTIN or UPC name the same package.

================================ =================================== ==============================================
code                             key                                 and, where it is certain
================================ =================================== ==============================================
GTIN                             its 14 digits                       ``ndc10:`` digits inside 003... (no indicator)
NDC 4-4-2, 5-3-2, 5-4-1          ``ndc:`` 11 digits                  ``ndc10:`` its ten digits
NDC 5-4-2 (or 11 digits)         ``ndc:`` 11 digits                  ``ndc10:`` if one zero alone can be padding
NDC 6-4-2                        ``ndc:`` 11 digits, or all 12       as 5-4-2
NDC of ten digits, no hyphens    ``ndc10:`` its ten digits           (a scan only: nobody may say an item by it)
HIBC                             the code itself
PPN (IFA; PZN in Germany)        the code itself                     the GTIN made of its PZN (NTIN, 04150...)
================================ =================================== ==============================================

The ten digits prove an item, because whoever said its code said it with hyphens or as a GTIN. They are never cut into
segments by guessing.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from edge_agent.domain.barcodes.hibc import PRODUCT, parse_primary
from edge_agent.domain.barcodes.ndc import Ndc, ndc_digits_of, parse_ndc
from edge_agent.domain.barcodes.ppn import is_ppn, ntin_of
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import symbol_of

CODE_CHARACTERS_MAX = 60
PACKAGE = "sscc:"
"""Begins the code of a logistic unit: no item, but whatever its sender packed into it."""
NDC_HYPHENS = 2
_CASE_SERIAL = re.compile(r"\((?:01\)(?P<gtin>[0-9]+)|(?P<other>[^)]+)\))\(21\).+")


class CodeFault(ValueError):
    """What should be the code of an item is none; the message says what to write."""


def parse_code(text: str) -> str:
    """The code of an item that a person wrote: as above, or as it is printed. Raises ``CodeFault``.

    >>> parse_code("0591-0369-01"), parse_code("+A123BJC5D6E71G")
    ('ndc:0591-0369-01', 'hibc:A123BJC5D6E71')
    """
    said = text.strip()
    if said.startswith("ppn:"):
        if not is_ppn(said[4:]):
            raise CodeFault(
                f"{said[4:]!r} is no PPN: write all of it, agency, PZN and check digits, as ppn:110375286414"
            )
        return said
    if said.startswith("hibc:"):
        if PRODUCT.fullmatch(f"+{said[5:]}") is None:
            raise CodeFault(f"{said[5:]!r} is no HIBC product: write labeler, product number and unit of measure")
        return said
    if said.startswith("+"):
        try:
            # In print a check character that is a space is shown as _.
            return f"hibc:{parse_primary(symbol_of(f'{said[:-1]} ' if said.endswith('_') else said))}"
        except ScanRejected as rejected:
            raise CodeFault(f"{said!r}: {rejected.reason}") from rejected
    return f"ndc:{_said_ndc(said.removeprefix('ndc:'))}"


@lru_cache(maxsize=4096)  # each line that is booked asks several times, and most are of the same few items
def keys_of_scan(names: tuple[str, ...]) -> tuple[str, ...]:
    """The keys by which what a label calls its item is looked up, the surest first. What is no code is its own key."""
    return tuple(dict.fromkeys(key for name in names for key in keys_of_code(name)))


@lru_cache(maxsize=4096)
def keys_of_code(code: str) -> tuple[str, ...]:
    """The keys that an item with this GTIN or ``code`` (from :func:`parse_code`) is found by."""
    return tuple(_keys_of(code))


def codes_in_715(value: str) -> tuple[str, ...]:
    """The NDC in AI 715, none if it is none."""
    code = scanned_ndc(value)
    return (code,) if code else ()


def scanned_ndc(text: str) -> str | None:
    """The code of an NDC as it was printed, with hyphens or as ten to twelve bare digits; None if it is none."""
    if re.fullmatch(r"[0-9]{10,12}", text):
        return f"ndc:{text}"
    try:
        return f"ndc:{parse_ndc(text)}" if text.count("-") == NDC_HYPHENS else None
    except ValueError:
        return None


def serial_of_unit(names: Sequence[str], serial: str | None, base_units: int) -> str:
    """The serial by which stock is followed; '' for stock without.

    That of one base unit is as on its label. A serialised case (one code that stands for ``base_units`` of them) is a
    unit of its own: each packaging level counts serials for itself (GS1 General Specifications 2.1.4), so its code is
    part of what tells it apart.

    >>> serial_of_unit(["10312345678903"], "S1", 10)
    '(01)10312345678903(21)S1'
    """
    if not serial or base_units == 1:
        return serial or ""
    return serial_of_case(names[0], serial)


def serial_of_case(code: str, serial: str) -> str:
    """The serial by which a case with this code is followed."""
    return f"(01){code}(21){serial}" if code.isdigit() else f"({code})(21){serial}"


def code_of_case(serial: str) -> str | None:
    """The code of the serialised case that is followed by this serial (:func:`serial_of_unit`), None for a base unit.

    >>> code_of_case("(01)10312345678903(21)S1"), code_of_case("S1")
    ('10312345678903', None)
    """
    found = _CASE_SERIAL.fullmatch(serial)
    return found and (found["gtin"] or found["other"])


def package_in(names: Sequence[str]) -> str | None:
    """The SSCC of 18 digits, where what was scanned is a logistic unit (a pallet) and no item.

    >>> package_in(["sscc:106141412345678908"]), package_in(["00312345678906"])
    ('106141412345678908', None)
    """
    return next((name.removeprefix(PACKAGE) for name in names if name.startswith(PACKAGE)), None)


def named(names: Iterable[str]) -> str:
    """What to call an item that has no other name: ``GTIN 00312345678906 / NDC 0591-0369-01``."""
    return " / ".join(_shown(name) for name in names) or "no code"


def _shown(name: str) -> str:
    kind, colon, rest = name.partition(":")
    return f"{kind.upper()} {rest}" if colon else f"GTIN {name}"


def _keys_of(name: str) -> Iterable[str]:
    if not name.startswith("ndc:"):
        yield name
        ntin = ntin_of(name[4:]) if name.startswith("ppn:") else None
        if ntin is not None:
            yield ntin
        ten = ndc_digits_of(name) if name.startswith("0") else None
        if ten is not None:
            yield f"ndc10:{ten}"
        return
    digits = name[4:]
    if re.fullmatch(r"[0-9]{10}", digits):
        yield f"ndc10:{digits}"
        return
    ndc = _with_segments(digits)
    if ndc is None:
        yield name
        return
    yield f"ndc:{_normal(ndc)}"
    tens = ndc.tens()
    if len(tens) == 1:
        yield f"ndc10:{tens[0]}"


def _normal(ndc: Ndc) -> str:
    try:
        return str(ndc.as_11()).replace("-", "")
    except ValueError:
        return str(ndc).replace("-", "")


def _with_segments(text: str) -> Ndc | None:
    """Eleven digits are always 5-4-2 and twelve 6-4-2; ten may be three things."""
    if re.fullmatch(r"[0-9]{11,12}", text):
        return Ndc(text[:-6], text[-6:-2], text[-2:])
    try:
        return parse_ndc(text)
    except ValueError:
        return None


def _said_ndc(text: str) -> str:
    if re.fullmatch(r"[0-9]{10}", text):
        raise CodeFault(f"{text} may be three different NDCs: write its hyphens, as in 0591-0369-01")
    if re.fullmatch(r"[0-9]{12}|[0-9]{14}", text):
        raise CodeFault(f"{text} looks like a UPC or GTIN: write it in 14 digits among the GTINs, an NDC with hyphens")
    ndc = _with_segments(text)
    if ndc is None:
        hint = "write an NDC with its hyphens (0591-0369-01), or a HIBC code as printed (+A123BJC5D6E71G)"
        raise CodeFault(f"{text[:40]!r} is no code of an item: {hint}")
    return str(ndc)
