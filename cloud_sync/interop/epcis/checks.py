"""Checks of single values of events: each gives '' or what is wrong, with where it is: ``[2].uom: ...``."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from cloud_sync.interop.epcis.vocabulary import Vocabulary

Check = Callable[[Any], str]

_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?://[^/?#\[\]\s]*(?:\[[0-9A-Fa-f:.]+\][^/?#\s]*)?(?=[/?#]|$))?"
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#-]|[^\x00-\x7f]|%[0-9A-Fa-f]{2})*"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)")
_UOM = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"[A-Fa-f0-9]+")


def is_uri(value: object) -> bool:
    """Whether it is an absolute URI (RFC 3986; characters of an IRI pass)."""
    return isinstance(value, str) and _is_uri(value)


@lru_cache(maxsize=50_000)
def _is_uri(text: str) -> bool:
    """Places, parties and words come again and again."""
    return _URI.fullmatch(text) is not None


def uri(value: Any) -> str:
    """An absolute URI."""
    return "" if isinstance(value, str) and _is_uri(value) else f": {_short(value)} is not a URI"


def text(value: Any) -> str:
    """Any text."""
    return "" if isinstance(value, str) else f": {_short(value)} is not text"


def number(value: Any) -> str:
    """A number: JSON's, so not a text of digits."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if is_number else f": {_short(value)} is not a number"


def boolean(value: Any) -> str:
    """True or false."""
    return "" if isinstance(value, bool) else f": {_short(value)} is not true or false"


def time(value: Any) -> str:
    """A time with its zone (RFC 3339)."""
    return (
        ""
        if isinstance(value, str) and instant_of(value) is not None
        else f": {_short(value)} is not a time with a zone"
    )


@lru_cache(maxsize=10_000)
def instant_of(value: str) -> datetime | None:
    """The instant that an RFC 3339 text names, cut to microseconds; None if it names none.

    >>> instant_of("2020-03-04T11:00:30.0004567+01:00").isoformat()
    '2020-03-04T11:00:30.000456+01:00'
    """
    if not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return None


def matching(pattern: re.Pattern[str], what: str) -> Check:
    """A text of this form."""

    def check(value: Any) -> str:
        return "" if isinstance(value, str) and pattern.fullmatch(value) else f": {_short(value)} is not {what}"

    return check


offset = matching(_OFFSET, "an offset like +01:00")
unit = matching(_UOM, "a unit code of UN/CEFACT (two or three capitals or digits)")
hex_text = matching(_HEX, "hexadecimal")


def one_of(words: Iterable[str]) -> Check:
    """One of these words."""
    known = frozenset(words)

    def check(value: Any) -> str:
        is_known = isinstance(value, str) and value in known
        return "" if is_known else f": {_short(value)} is none of {', '.join(sorted(known))}"

    return check


def word_of(vocabulary: Vocabulary) -> Check:
    """A word of the vocabulary, or a URI of somebody else's."""

    def check(value: Any) -> str:
        if isinstance(value, str):
            if value in vocabulary.words:
                return ""
            if is_uri(value) and not value.startswith(vocabulary.closed_to):
                return ""
        return f": {_short(value)} is neither a word of this vocabulary nor a URI of another one"

    return check


def list_of(check: Check, *, least: int = 0, is_set: bool = False) -> Check:
    """A list, each member by ``check``. ``is_set``: no member twice."""

    def checked(value: Any) -> str:
        if not isinstance(value, list):
            return f": {_short(value)} is not a list"
        if len(value) < least:
            return f": needs {least} or more"
        for at, each in enumerate(value):
            if fault := check(each):
                return f"[{at}]{fault}"
        # All that lists of this kind hold are texts.
        if is_set and len(set(value)) < len(value):
            return ": names something twice"
        return ""

    return checked


def members(fields: Mapping[str, Check], *needed: str, others: bool | Check = False) -> Check:
    """An object with these members. ``others``: whether it may have members that are not named, or how they are."""

    def checked(value: Any) -> str:
        if not isinstance(value, dict):
            return f": {_short(value)} is not an object"
        for name in needed:
            if name not in value:
                return f".{name}: is missing"
        for name, each in value.items():
            check = fields.get(name)
            if check is not None:
                if fault := check(each):
                    return f".{name}{fault}"
            elif others is False or (others is extension and not is_uri(name)):
                return f".{name}: is not known here, and has no prefix of an extension"
        return ""

    return checked


def extension(value: Any) -> str:
    """A member of somebody's own, named by a URI or prefix: anything."""
    return ""


def any_of(*checks: Check) -> Check:
    """What passes one of these; the last says what is wrong."""

    def checked(value: Any) -> str:
        fault = ""
        for check in checks:
            fault = check(value)
            if not fault:
                return ""
        return fault

    return checked


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
