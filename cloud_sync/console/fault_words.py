"""What is wrong with a field of a form, in words for whoever filled it in."""

from collections.abc import Mapping
from typing import Any

WORDS: Mapping[str, str] = {
    "missing": "nothing was entered or chosen",
    **dict.fromkeys(("string_too_short", "too_short"), "“{entered}” is too short"),
    **dict.fromkeys(("string_too_long", "too_long"), "it is too long"),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "“{entered}” is not a whole number, such as 12"),
    **dict.fromkeys(("float_parsing", "decimal_parsing", "finite_number"), "“{entered}” is not a number, such as 2.5"),
    **dict.fromkeys(("decimal_max_places", "decimal_max_digits"), "“{entered}” has too many digits"),
    **dict.fromkeys(("date_parsing", "date_from_datetime_parsing", "date_type"), "“{entered}” is not a date"),
    **dict.fromkeys(("datetime_parsing", "datetime_from_date_parsing"), "“{entered}” is not a date with a time"),
    **dict.fromkeys(("enum", "literal_error"), "“{entered}” is none of the choices"),
    "string_pattern_mismatch": "“{entered}” has signs that are not allowed here",
    "greater_than_equal": "“{entered}” is too small: at least {ge}",
    "greater_than": "“{entered}” is too small: more than {gt}",
    "less_than_equal": "“{entered}” is too large: at most {le}",
    "less_than": "“{entered}” is too large: less than {lt}",
}
"""By pydantic's types of faults; others are told as they are found."""
ABBREVIATIONS = ("gln", "gtin", "gtins", "ndc", "id", "sha256")
ENTERED_MAX = 60


def field_words(name: object) -> str:
    """A field where nothing but its name is known.

    >>> field_words("container_size"), field_words("gln"), field_words("yield_min_pct")
    ('container size', 'GLN', 'yield min %')
    """
    words = str(name).split("_")
    return " ".join("%" if word == "pct" else word.upper() if word in ABBREVIATIONS else word for word in words)


def fault_words(fault: Mapping[str, Any]) -> str:
    """What is wrong, to stand after the field's name.

    >>> fault_words({"type": "float_parsing", "input": "wrong", "msg": "Input should be a valid number"})
    '“wrong” is not a number, such as 2.5'
    >>> fault_words({"type": "greater_than_equal", "input": 0, "ctx": {"ge": 1}, "msg": ""})
    '“0” is too small: at least 1'
    """
    entered = "" if fault["input"] is None else str(fault["input"])
    if not entered.strip():
        return WORDS["missing"]
    if words := WORDS.get(fault["type"]):
        return words.format_map({**(fault.get("ctx") or {}), "entered": entered[:ENTERED_MAX]})
    return str(fault["msg"]).removeprefix("Value error, ").lower()
