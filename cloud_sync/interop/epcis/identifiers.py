"""GS1 keys in their two notations: EPC URNs (with a dot after the company prefix) and GS1 Digital Link addresses.

Sources: EPC Tag Data Standard 2.0 section 6, GS1 Digital Link URI Syntax 1.3, CBV 2.0 section 8.9 for the canonical
form: ``https://id.gs1.org``, numeric application identifiers, GTINs of 14 digits, the finest level of identification
alone (a serial without its lot), no query.

A URN says where the company prefix ends and an address does not, so an address becomes a URN only for prefixes that
are known.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

DOMAIN = "https://id.gs1.org"
_SAFE = "'-.;=_"
"""What stands unescaped in the path of an address beside letters and digits (GS1 Digital Link 1.3, table 7-1)."""


@dataclass(frozen=True, slots=True)
class Gs1Id:
    """A GS1 key: ``ai`` is the application identifier of its primary key, ``key`` its value with the check digit.

    ``qualifier_ai`` and ``qualifier`` are the finest level below it, '' without one: the serial (21), or the lot (10),
    an extension of a GLN (254), a component's serial (8011), an UPUI (235). Values are as on the label, not escaped.
    """

    ai: str
    key: str
    qualifier_ai: str = ""
    qualifier: str = ""

    @property
    def uri(self) -> str:
        """The canonical GS1 Digital Link address.

        >>> Gs1Id("01", "00614141999996", "10", "AB/12").uri
        'https://id.gs1.org/01/00614141999996/10/AB%2F12'
        """
        below = f"/{self.qualifier_ai}/{_escaped(self.qualifier)}" if self.qualifier_ai else ""
        return f"{DOMAIN}/{self.ai}/{_escaped(self.key)}{below}"

    @property
    def gtin(self) -> str:
        """The GTIN of 14 digits, '' for another key."""
        return self.key if self.ai == "01" else ""

    @property
    def lot(self) -> str:
        """The lot number, '' where a lot is not the finest level."""
        return self.qualifier if self.qualifier_ai == "10" else ""

    @property
    def serial(self) -> str:
        """The serial number of a trade item."""
        return self.qualifier if self.ai == "01" and self.qualifier_ai == "21" else ""

    @property
    def sscc(self) -> str:
        """The SSCC of 18 digits of a logistic unit, '' for another key."""
        return self.key if self.ai == "00" else ""

    @property
    def gln(self) -> str:
        """The GLN of a place or a party, '' for another key."""
        return self.key if self.ai in ("414", "417") else ""


class _Urn(NamedTuple):
    """How a URN is made. ``digits``: of company prefix and reference together, 0 where the reference is any text.

    ``starts_with``: what the key begins with: the reference's own first digit (``indicator``), '0', or nothing.
    ``has_check``: whether a check digit follows. ``rest``: what follows the reference: '' nothing, 'key' more of the
    key itself, else the application identifier of a qualifier.
    """

    ai: str
    digits: int
    starts_with: str = ""
    has_check: bool = True
    rest: str = ""


URNS: Mapping[str, _Urn] = {
    "id:sgtin": _Urn("01", 13, "indicator", rest="21"),
    "id:sscc": _Urn("00", 17, "indicator"),
    "id:sgln": _Urn("414", 12, rest="254"),
    "id:pgln": _Urn("417", 12),
    "id:grai": _Urn("8003", 12, "0", rest="key"),
    "id:giai": _Urn("8004", 0, has_check=False),
    "id:gsrn": _Urn("8018", 17),
    "id:gsrnp": _Urn("8017", 17),
    "id:gdti": _Urn("253", 12, rest="key"),
    "id:cpi": _Urn("8010", 0, has_check=False, rest="8011"),
    "id:sgcn": _Urn("255", 12, rest="key"),
    "id:ginc": _Urn("401", 0, has_check=False),
    "id:gsin": _Urn("402", 16),
    "id:itip": _Urn("8006", 13, "indicator", rest="21"),
    "id:upui": _Urn("01", 13, "indicator", rest="235"),
    "class:lgtin": _Urn("01", 13, "indicator", rest="10"),
    "idpat:sgtin": _Urn("01", 13, "indicator", rest="*"),
    "idpat:grai": _Urn("8003", 12, "0", rest="*"),
    "idpat:gdti": _Urn("253", 12, rest="*"),
    "idpat:sgcn": _Urn("255", 12, rest="*"),
    "idpat:cpi": _Urn("8010", 0, has_check=False, rest="*"),
    "idpat:itip": _Urn("8006", 13, "indicator", rest="*"),
    "idpat:upui": _Urn("01", 13, "indicator", rest="*"),
}
"""Every EPC URN (Tag Data Standard 2.0, section 6.3) and class and pattern URN that names a GS1 key."""

SHORT_NAMES: Mapping[str, str] = {
    "gtin": "01",
    "itip": "8006",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
}
"""Words for application identifiers that older Digital Link addresses use."""
_KEYS: Mapping[str, str] = {
    "01": r"\d{8}|\d{12,14}",
    "00": r"\d{18}",
    "414": r"\d{13}",
    "417": r"\d{13}",
    "8003": r"\d{14}.{0,16}",
    "8004": r".{1,30}",
    "8006": r"\d{18}",
    "8010": r".{1,30}",
    "8017": r"\d{18}",
    "8018": r"\d{18}",
    "253": r"\d{13}.{0,17}",
    "255": r"\d{13}\d{0,12}",
    "401": r".{1,30}",
    "402": r"\d{17}",
}
_QUALIFIERS: Mapping[str, tuple[str, ...]] = {
    "01": ("235", "21", "10"),
    "8006": ("21", "10"),
    "414": ("254",),
    "8010": ("8011",),
}
"""Qualifiers of each key, the finest level first."""
_PREFIX_DIGITS = range(6, 13)


def check_digit(digits: str) -> str:
    """The check digit that follows ``digits`` (GS1 General Specifications 7.9).

    >>> check_digit("0061414199999")
    '6'
    """
    total = sum(int(digit) * (3 if number % 2 == 0 else 1) for number, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def read_id(uri: str) -> Gs1Id | None:
    """The GS1 key that ``uri`` names in either notation; None if it names none.

    >>> read_id("urn:epc:class:lgtin:0614141.099999.AB%2F12") == read_id("https://x.org/gtin/614141999996/lot/AB%2f12?a=1")
    True
    """
    if uri.startswith("urn:epc:"):
        return _of_urn(uri)
    if uri.startswith(("https://", "http://")):
        return _of_address(uri)
    return None


@lru_cache(maxsize=100_000)
def canonical(uri: str) -> str:
    """The canonical address of the key that ``uri`` names; ``uri`` itself if it names none."""
    found = read_id(uri)
    return uri if found is None else found.uri


def as_urn(gs1_id: Gs1Id, prefixes: Collection[str]) -> str:
    """The EPC URN of a key, if its company prefix is one of ``prefixes``; else its address.

    >>> as_urn(Gs1Id("01", "00614141999996", "10", "AB/12"), {"0614141"})
    'urn:epc:class:lgtin:0614141.099999.AB%2F12'
    """
    found = _urn_of(gs1_id, prefixes)
    return gs1_id.uri if found is None else found


def _of_urn(uri: str) -> Gs1Id | None:
    scheme, _, said = uri.removeprefix("urn:epc:").rpartition(":") if uri.count(":") == 4 else ("", "", "")
    shape = URNS.get(scheme)
    if shape is None:
        return None
    prefix, _, after = said.partition(".")
    if not prefix.isdigit() or len(prefix) not in _PREFIX_DIGITS:
        return None
    reference, dot, rest = after.partition(".")
    if shape.digits == 0:
        return _of_free_reference(shape, prefix, after)
    if len(prefix) + len(reference) != shape.digits or not (prefix + reference).isdigit():
        return None
    if (shape.rest != "") != bool(dot):
        return None
    digits = reference[:1] + prefix + reference[1:] if shape.starts_with == "indicator" else prefix + reference
    digits = "0" + digits if shape.starts_with == "0" else digits
    key = digits + check_digit(digits)
    if shape.ai == "8006":
        pieces, _, rest = rest.rpartition(".")
        key += pieces.replace(".", "")
    return _with_rest(shape, key, unquote(rest))


def _of_free_reference(shape: _Urn, prefix: str, after: str) -> Gs1Id | None:
    reference, _, rest = after.rpartition(".") if shape.rest else (after, "", "")
    key = prefix + unquote(reference)
    return _with_rest(shape, key, rest) if reference else None


def _with_rest(shape: _Urn, key: str, rest: str) -> Gs1Id | None:
    if shape.rest == "" or rest == "*" == shape.rest:
        return Gs1Id(shape.ai, key)
    if not rest or shape.rest == "*":
        return None
    if shape.rest == "key":
        return Gs1Id(shape.ai, key + rest)
    if shape.rest == "254" and rest == "0":
        return Gs1Id(shape.ai, key)
    return Gs1Id(shape.ai, key, shape.rest, rest)


def _of_address(uri: str) -> Gs1Id | None:
    path = re.sub(r"[?#].*", "", uri.partition("://")[2]).rstrip("/")
    parts = path.split("/")[1:]
    ais = [SHORT_NAMES.get(part, part) for part in parts]
    # The key is the last pair that is one: what stands before is the path of somebody's own domain.
    for at in range(len(parts) - 2, -1, -1):
        ai, value = ais[at], unquote(parts[at + 1])
        if ai in _KEYS and re.fullmatch(_KEYS[ai], value) and (len(parts) - at) % 2 == 0:
            below = dict(zip(ais[at + 2 :: 2], map(unquote, parts[at + 3 :: 2]), strict=True))
            key = value.zfill(14) if ai == "01" else value
            finest = next((each for each in _QUALIFIERS.get(ai, ()) if below.get(each)), "")
            return Gs1Id(ai, key, finest, below.get(finest, ""))
    return None


def _urn_of(gs1_id: Gs1Id, prefixes: Collection[str]) -> str | None:
    scheme = _scheme_of(gs1_id)
    shape = URNS[scheme] if scheme else None
    if shape is None or shape.digits == 0:
        return None
    digits = gs1_id.key[: shape.digits + (shape.starts_with == "0")]
    indicator, digits = (digits[:1], digits[1:]) if shape.starts_with else ("", digits)
    prefix = max((each for each in prefixes if digits.startswith(each)), key=len, default="")
    if not prefix:
        return None
    reference = ("" if shape.starts_with == "0" else indicator) + digits[len(prefix) :]
    rest = {"": "", "key": gs1_id.key[shape.digits + 1 + (shape.starts_with == "0") :], "*": "*"}.get(
        shape.rest, gs1_id.qualifier
    )
    if shape.rest == "254" and not rest:
        rest = "0"
    said = f"urn:epc:{scheme}:{prefix}.{reference}"
    return f"{said}.{quote(rest, safe=_URN_SAFE)}" if shape.rest else said


_URN_SAFE = "!'()*+,-.:;=_"


def _scheme_of(gs1_id: Gs1Id) -> str | None:
    """Which URN carries this key."""
    of_item = {"21": "id:sgtin", "10": "class:lgtin", "235": "id:upui", "": "idpat:sgtin"}
    if gs1_id.ai == "01":
        return of_item.get(gs1_id.qualifier_ai)
    others = {
        "00": "id:sscc",
        "414": "id:sgln",
        "417": "id:pgln",
        "8017": "id:gsrnp",
        "8018": "id:gsrn",
        "402": "id:gsin",
    }
    return others.get(gs1_id.ai)


def _escaped(value: str) -> str:
    return quote(value, safe=_SAFE)
