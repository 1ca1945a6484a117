"""What is wrong with a field of a form, in words for whoever filled it in."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

NO_TIME = "“{entered}” is not a time, such as 14:30"
WORDS: Mapping[str, str] = {
    "missing": "nothing was entered or chosen",
    "string_too_short": "“{entered}” is too short",
    "too_short": "these are too few",
    "string_too_long": "it is too long: at most {max_length} characters",
    "too_long": "these are too many: at most {max_length}",
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "“{entered}” is not a whole number, such as 12"),
    **dict.fromkeys(
        ("int_parsing_size", "decimal_max_places", "decimal_max_digits"), "“{entered}” has too many digits"
    ),
    **dict.fromkeys(("float_parsing", "float_type"), "“{entered}” is not a number, such as 2.5"),
    **dict.fromkeys(("decimal_parsing", "decimal_type", "finite_number"), "“{entered}” is not a number, such as 2.5"),
    **dict.fromkeys(("date_parsing", "date_type"), "“{entered}” is not a date"),
    **dict.fromkeys(("date_from_datetime_parsing", "date_from_datetime_inexact"), "“{entered}” is not a date"),
    **dict.fromkeys(("datetime_parsing", "datetime_from_date_parsing"), "“{entered}” is not a date with a time"),
    **dict.fromkeys(("datetime_type", "timezone_aware"), "“{entered}” is not a date with a time"),
    **dict.fromkeys(("time_parsing", "time_type"), NO_TIME),
    **dict.fromkeys(("enum", "literal_error", "bool_parsing", "bool_type"), "“{entered}” is none of the choices"),
    **dict.fromkeys(("uuid_parsing", "uuid_type"), "it came damaged: open the form again"),
    **dict.fromkeys(("extra_forbidden", "model_type", "dict_type", "list_type"), "this form does not ask for it"),
    "string_type": "“{entered}” is not text",
    "string_pattern_mismatch": "“{entered}” has signs that are not allowed here",
    "greater_than_equal": "“{entered}” is too small: at least {ge}",
    "greater_than": "“{entered}” is too small: more than {gt}",
    "less_than_equal": "“{entered}” is too large: at most {le}",
    "less_than": "“{entered}” is too large: less than {lt}",
}
"""By pydantic's types of faults; others are told as they are found."""
FIELDS: Mapping[str, str] = {
    "asked_at": "time of the request",
    "asked_by": "name of who asked",
    "beyond_use_at": "beyond-use date",
    "beyond_use_reason": "reason for the beyond-use date",
    "client_id": "number of the form",
    "counted_at": "time of the count",
    "device_class": "class of the device",
    "due_back_at": "time when it is due back",
    "due_on": "day by which it is due",
    "ended_at": "time of the end",
    "expires_hour": "hour of expiry",
    "expires_on": "expiry",
    "from_place": "place that it comes from",
    "given_at": "time",
    "is_blind": "blind count",
    "is_mock": "mock recall",
    "lot_id": "lot",
    "lot_number": "lot number",
    "new_lot_id": "lot of the new unit",
    "new_password": "new password",
    "new_serial": "serial of the new unit",
    "next_due_on": "day by which the next one is due",
    "observed_at": "time of the observation",
    "occurred_at": "time",
    "patient_ref": "prescription",
    "payer_class": "payer class",
    "serial_tracked": "tracking by serial number",
    "sha256": "SHA-256",
    "storage_class": "storage policy",
    "taken_on": "day",
    "taken_when": "time of the day",
    "to_place": "place that it goes to",
    "verification_url": "address for verifications",
}
"""What fields are called where their names do not say it."""
ABBREVIATIONS = ("gln", "gtin", "gtins", "ndc", "id", "sha256")
ENTERED_MAX = 60
_IS_FIELD = re.compile(r"[a-z][a-z0-9_]*")
"""What pydantic calls the members of a union (``constrained-str``) is not one."""


def field_words(name: object) -> str:
    """A field where nothing but its name is known.

    >>> field_words("container_size"), field_words("gln"), field_words("yield_min_pct"), field_words("expires_on")
    ('container size', 'GLN', 'yield min %', 'expiry')
    """
    if named := FIELDS.get(str(name)):
        return named
    words = str(name).split("_")
    return " ".join("%" if word == "pct" else word.upper() if word in ABBREVIATIONS else word for word in words)


def where_words(where: Iterable[object]) -> str:
    """A field within others: rows by their numbers.

    >>> where_words(("lines", 0, "lot_number")), where_words(("serial", "constrained-str")), where_words(())
    ('lines 1 lot number', 'serial', 'the form')
    """
    parts = [part for part in where if isinstance(part, int) or _IS_FIELD.fullmatch(str(part))]
    return " ".join(str(part + 1) if isinstance(part, int) else field_words(part) for part in parts) or "the form"


def fault_words(fault: Mapping[str, Any]) -> str:
    """What is wrong, to stand after the field's name.

    >>> fault_words({"type": "float_parsing", "input": "wrong", "msg": "Input should be a valid number"})
    '“wrong” is not a number, such as 2.5'
    >>> fault_words({"type": "greater_than_equal", "input": 0, "ctx": {"ge": 1}, "msg": ""})
    '“0” is too small: at least 1'
    >>> fault_words({"type": "value_error", "input": "1", "msg": "Value error, GTIN 1 has a wrong check digit"})
    'GTIN 1 has a wrong check digit'
    """
    entered = "" if fault["input"] is None else str(fault["input"])
    if not entered.strip():
        return WORDS["missing"]
    if words := WORDS.get(fault["type"]):
        return words.format_map({**(fault.get("ctx") or {}), "entered": entered[:ENTERED_MAX]})
    text = str(fault["msg"]).removeprefix("Value error, ")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
