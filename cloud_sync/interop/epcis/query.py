"""Queries for events: the parameters of EPCIS 2.0 (section 8.2.7.1), and whether an event answers them.

Several values of one parameter mean any of them (``EQ_bizStep=shipping|receiving``), several parameters all of them.
GS1 keys are compared in their canonical form, so that a URN finds what was said by Digital Link.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cloud_sync.interop.epcis import vocabulary
from cloud_sync.interop.epcis.checks import instant_of
from cloud_sync.interop.epcis.identifiers import canonical
from cloud_sync.interop.epcis.rules import FIELDS, Event
from cloud_sync.interop.epcis.vocabulary import Vocabulary

Values = tuple[str, ...]
Test = Callable[[Event, Values], bool]
VALUES_MAX = 1000
"""Of one parameter."""

ROLES: Mapping[str, tuple[str, ...]] = {
    "MATCH_epc": ("epcList", "childEPCs"),
    "MATCH_parentID": ("parentID",),
    "MATCH_inputEPC": ("inputEPCList",),
    "MATCH_outputEPC": ("outputEPCList",),
    "MATCH_anyEPC": ("epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList"),
    "MATCH_epcClass": ("quantityList", "childQuantityList"),
    "MATCH_inputEPCClass": ("inputQuantityList",),
    "MATCH_outputEPCClass": ("outputQuantityList",),
    "MATCH_anyEPCClass": ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"),
}
"""In which fields of an event each of these parameters looks."""


class QueryFaultError(Exception):
    """A parameter that is unknown or malformed. ``str()`` says which, and what to write."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. ``parameters`` in their canonical form; times are None where not asked."""

    parameters: Mapping[str, Values] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    recorded_since: datetime | None = None
    recorded_until: datetime | None = None

    def values(self, name: str) -> list[str] | None:
        """The values of one parameter, None if it was not asked by."""
        found = self.parameters.get(name)
        return None if found is None else list(found)

    @property
    def keys(self) -> list[str] | None:
        """The canonical keys, one of which an event must name; None if not asked by any."""
        asked = sorted((len(values), values) for name, values in self.parameters.items() if name in ROLES)
        return list(asked[0][1]) if asked else None

    def matches(self, event: Event) -> bool:
        """Whether the event answers; its ``recordTime`` is the time at which it was recorded."""
        if not _is_between(event, "eventTime", self.since, self.until):
            return False
        if not _is_between(event, "recordTime", self.recorded_since, self.recorded_until):
            return False
        return all(_test_of(name)(event, values) for name, values in self.parameters.items())


def read_query(parameters: Mapping[str, Iterable[str]]) -> Query:
    """The query that these parameters are. Raises ``QueryFaultError``.

    >>> read_query({"EQ_bizStep": ["urn:epcglobal:cbv:bizstep:shipping|holding"]}).parameters
    {'EQ_bizStep': ('shipping', 'holding')}
    """
    said: dict[str, Values] = {}
    times: dict[str, datetime | None] = {}
    for name, texts in parameters.items():
        values = tuple(value for text in texts for value in text.split("|"))
        if len(values) > VALUES_MAX:
            raise QueryFaultError(f"{name}: more than {VALUES_MAX} values")
        if name in _TIMES:
            times[_TIMES[name]] = _instant(name, values)
        else:
            _test_of(name)  # is there such a parameter?
            said[name] = tuple(_canonical(name, value) for value in values)
    return Query(said, **times)


_TIMES = {
    "GE_eventTime": "since",
    "LT_eventTime": "until",
    "GE_recordTime": "recorded_since",
    "LT_recordTime": "recorded_until",
}
_WORDS: Mapping[str, Vocabulary] = {
    "EQ_bizStep": vocabulary.BIZ_STEPS,
    "EQ_disposition": vocabulary.DISPOSITIONS,
    "EQ_persistentDisposition_set": vocabulary.DISPOSITIONS,
    "EQ_persistentDisposition_unset": vocabulary.DISPOSITIONS,
    "EQ_errorReason": vocabulary.ERROR_REASONS,
    "EQ_type": vocabulary.MEASUREMENTS,
}
_KEYS = frozenset({*ROLES, "EQ_readPoint", "WD_readPoint", "EQ_bizLocation", "WD_bizLocation", "EQ_transformationID"})
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "EQ": lambda one, other: one == other,
    "GT": lambda one, other: one > other,
    "GE": lambda one, other: one >= other,
    "LT": lambda one, other: one < other,
    "LE": lambda one, other: one <= other,
}


def _canonical(name: str, value: str) -> str:
    if name in _WORDS:
        return _WORDS[name].bare(value)
    if name == "eventType":
        if value not in FIELDS and ":" not in value:
            raise QueryFaultError(f"eventType: {value!r} is none of {', '.join(sorted(FIELDS))}")
        return value
    if name in _KEYS or name.startswith(("EQ_source_", "EQ_destination_")):
        return canonical(value)
    if _is_number(name):
        try:
            return str(float(value))
        except ValueError as error:
            raise QueryFaultError(f"{name}: {value!r} is not a number") from error
    return value


def _instant(name: str, values: Values) -> datetime:
    found = instant_of(values[0].replace(" ", "+")) if len(values) == 1 else None
    if found is None:
        raise QueryFaultError(f"{name}: write one time with its zone, like 2026-11-21T11:00:00.000Z")
    return found


def _is_between(event: Event, name: str, since: datetime | None, until: datetime | None) -> bool:
    if since is None and until is None:
        return True
    text = event.get(name)
    at = instant_of(text) if isinstance(text, str) else None
    return at is not None and (since is None or at >= since) and (until is None or at < until)


def _is_number(name: str) -> bool:
    return name.partition("_")[2] == "quantity" or name.partition("_")[2].startswith("value_")


def keys_in(event: Event, fields: Iterable[str]) -> set[str]:
    """The canonical keys that an event names in these of its fields."""
    found: set[str] = set()
    for name in fields:
        value = event.get(name)
        if isinstance(value, str):
            found.add(canonical(value))
        for each in value if isinstance(value, list) else ():
            found.add(canonical(each["epcClass"] if isinstance(each, dict) else each))
    return found


def _place(name: str) -> Test:
    return lambda event, values: canonical(event.get(name, {}).get("id", "")) in values


def _names_in(fields: tuple[str, ...]) -> Test:
    return lambda event, values: not keys_in(event, fields).isdisjoint(values)


def _equal(name: str) -> Test:
    return lambda event, values: event.get(name) in values


def _persistent(way: str) -> Test:
    return lambda event, values: not set(values).isdisjoint(event.get("persistentDisposition", {}).get(way, ()))


def _exists(name: str) -> Test:
    return lambda event, _: bool(event.get(name))


def _reports(event: Event) -> Iterable[Mapping[str, Any]]:
    return (report for each in event.get("sensorElementList", ()) for report in each["sensorReport"])


def _quantities(event: Event) -> Iterable[float]:
    names = ROLES["MATCH_anyEPCClass"]
    return (each["quantity"] for name in names for each in event.get(name, ()) if "quantity" in each)


_TESTS: Mapping[str, Test] = {
    "eventType": _equal("type"),
    "EQ_action": _equal("action"),
    "EQ_bizStep": _equal("bizStep"),
    "EQ_disposition": _equal("disposition"),
    "EQ_persistentDisposition_set": _persistent("set"),
    "EQ_persistentDisposition_unset": _persistent("unset"),
    "EQ_readPoint": _place("readPoint"),
    "EQ_bizLocation": _place("bizLocation"),
    "EQ_transformationID": lambda event, values: canonical(event.get("transformationID", "")) in values,
    "EQ_eventID": lambda event, values: event.get("eventID") in values,
    "EQ_errorReason": lambda event, values: event.get("errorDeclaration", {}).get("reason") in values,
    "EQ_correctiveEventID": lambda event, values: (
        not set(values).isdisjoint(event.get("errorDeclaration", {}).get("correctiveEventIDs", ()))
    ),
    "EXISTS_errorDeclaration": _exists("errorDeclaration"),
    "EXISTS_sensorElementList": _exists("sensorElementList"),
    "EXISTS_ilmd": _exists("ilmd"),
    "EQ_type": lambda event, values: any(report.get("type") in values for report in _reports(event)),
    "EQ_deviceID": lambda event, values: (
        any(report.get("deviceID") in values for report in _reports(event))
        or any(each.get("sensorMetadata", {}).get("deviceID") in values for each in event.get("sensorElementList", ()))
    ),
    "EQ_exception": lambda event, values: any(report.get("exception") in values for report in _reports(event)),
    **{name: _names_in(fields) for name, fields in ROLES.items()},
}
PARAMETERS = tuple(sorted({*_TESTS, *_TIMES}))
"""The parameters with a name of their own."""


def _test_of(name: str) -> Test:
    if name in _TESTS:
        return _TESTS[name]
    relation, _, rest = name.partition("_")
    if relation in _COMPARED and rest == "quantity":
        compare = _COMPARED[relation]
        return lambda event, values: any(
            compare(quantity, float(value)) for quantity in _quantities(event) for value in values
        )
    if relation in _COMPARED and rest.startswith("value_"):
        return _measured(_COMPARED[relation], rest.removeprefix("value_"))
    for start, listed, member in (
        ("EQ_bizTransaction_", "bizTransactionList", "bizTransaction"),
        ("EQ_source_", "sourceList", "source"),
        ("EQ_destination_", "destinationList", "destination"),
    ):
        if name.startswith(start):
            return _listed(listed, member, name.removeprefix(start))
    raise QueryFaultError(f"there is no parameter {name}; those there are: {', '.join(PARAMETERS)}")


def _measured(compare: Callable[[float, float], bool], uom: str) -> Test:
    """Any figure of a report in this unit: its value, or its bounds."""
    names = ("value", "minValue", "maxValue", "meanValue")
    return lambda event, values: any(
        compare(report[name], float(value))
        for report in _reports(event)
        if report.get("uom") == uom
        for name in names
        if name in report
        for value in values
    )


def _listed(listed: str, member: str, kind: str) -> Test:
    return lambda event, values: any(
        (not kind or each.get("type") == kind) and canonical(each[member]) in values for each in event.get(listed, ())
    )
