"""The CBV 2.0 event hash (CBV 2.0, section 8.9.2): the same for the same event, whoever wrote it in which notation.

An event becomes one text, of which SHA-256 is taken: fields in the standard's order, lists sorted, times in UTC with
milliseconds, numbers in their shortest form, GS1 keys as canonical Digital Link addresses, words of the vocabulary as
web addresses, somebody's own fields as ``{namespace}name``. ``recordTime``, ``eventID`` and ``errorDeclaration`` do not
count. The published examples of the reference generator (RalphTro/epcis-event-hash-generator, 1.9.3) give the same
text; where that differs from the rule, we keep to the rule:

====================================  =======================================  =====================================
what                                  the generator                            here
====================================  =======================================  =====================================
text of digits (a lot, in ilmd)       a number: ``00123`` is ``123``           a text as it stands
``AB%2F1`` in an own-domain address   left as it is: not the hash of the URN   the same key, the same hash
members of a list in ilmd             their order counts                       sorted
time in a second's last half ms       no hash at all                           the next second
extension below the event             lost unless its namespace ends in ``/``  always counted
prefixes                              those of documents before count, too     those of this document
words of the standard's own context   left as ``cbvmda:`` unless declared      always addresses
``true`` in JSON                      ``True``: not the hash of the XML        ``true``
``xsi:type`` in XML                   a field: not the hash of the JSON        no field
0.00001                               ``1e-05``                                ``0.00001``
``bizRules`` of a sensor report       behind everything else                   in its place, as in the metadata
master data words in XML              ``{urn:epcglobal:cbv:mda}``              with the colon that JSON-LD has
====================================  =======================================  =====================================
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from cloud_sync.interop.epcis import vocabulary
from cloud_sync.interop.epcis.checks import instant_of
from cloud_sync.interop.epcis.identifiers import canonical
from cloud_sync.interop.epcis.rules import Event
from cloud_sync.interop.epcis.vocabulary import PREFIXES, Vocabulary
from cloud_sync.interop.epcis.xml_shape import EPC_LISTS, QUANTITY_LISTS, TYPED_LISTS

_ORDER = (
    "eventTime",
    "eventTimeZoneOffset",
    "certificationInfo",
    "parentID",
    "epcList",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "sensorElementList",
)
_LAST = ("bizTransactionList", "destinationList", "ilmd", "sourceList")
"""What follows with the fields of somebody's own, all of it sorted."""
_LEFT_OUT = frozenset({"type", "@context", "recordTime", "eventID", "errorDeclaration", "rdfs:comment", "comment"})
_METADATA = (
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
)
_REPORT = (
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
)
_WORDS: Mapping[str, Vocabulary] = {
    "bizStep": vocabulary.BIZ_STEPS,
    "disposition": vocabulary.DISPOSITIONS,
}
_SENSED: Mapping[str, Vocabulary] = {
    "type": vocabulary.MEASUREMENTS,
    "exception": vocabulary.SENSOR_ALERTS,
    "component": vocabulary.COMPONENTS,
}
_TIMES = frozenset({"eventTime", "time", "startTime", "endTime"})
_VERBATIM = frozenset({"eventTimeZoneOffset", "action", "uom", "stringValue", "hexBinaryValue"})
_NUMERIC_TYPES = ("xsd:integer", "xsd:int", "xsd:long", "xsd:decimal", "xsd:double", "xsd:float")


def event_hash(event: Event, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """The hash as the ``ni`` address that events carry. ``prefixes``: of the document that the event is in."""
    digest = hashlib.sha256(pre_hash(event, prefixes).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def pre_hash(event: Event, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """The text that is hashed."""
    if "@context" in event:
        prefixes = {**prefixes, **_prefixes_of(event["@context"])}
    said = [f"eventType={_name(event['type'], prefixes)}"]
    said += [_field(name, event[name], prefixes) for name in _ORDER if name in event]
    last = [_last(name, event[name], prefixes) for name in _LAST if name in event]
    last += [
        _own(name, value, prefixes)
        for name, value in event.items()
        if ":" in name and name not in _LEFT_OUT and not name.startswith("@")
    ]
    return "".join(said) + "".join(sorted(last))


def _field(name: str, value: Any, prefixes: Mapping[str, str]) -> str:
    if name in EPC_LISTS:
        return _listed(name, [f"epc={canonical(each)}" for each in value])
    if name in QUANTITY_LISTS:
        return _listed(name, [f"quantityElement{_quantity(each)}" for each in value])
    if name == "persistentDisposition":
        return name + "".join(
            "".join(sorted(f"{way}={_web(vocabulary.DISPOSITIONS, each)}" for each in value.get(way, ())))
            for way in ("set", "unset")
        )
    if name in ("readPoint", "bizLocation"):
        own = _owns({key: each for key, each in value.items() if key != "id"}, prefixes)
        return f"{name}id={canonical(value['id'])}{own}"
    if name == "sensorElementList":
        return _listed(name, [_sensor_element(each, prefixes) for each in value])
    if name == "certificationInfo":
        listed = value if isinstance(value, list) else [value]
        return "".join(sorted(f"{name}={canonical(each)}" for each in listed))
    if name in _WORDS:
        return f"{name}={_web(_WORDS[name], value)}"
    return f"{name}={_known(name, value)}"


def _last(name: str, value: Any, prefixes: Mapping[str, str]) -> str:
    if name == "ilmd":
        own = _owns(value, prefixes)
        return name + own if own else ""
    member, words = TYPED_LISTS[name]
    return _listed(
        name,
        [
            (f"type={_web(words, each['type'])}" if "type" in each else "") + f"{member}={canonical(each[member])}"
            for each in value
        ],
    )


def _web(words: Vocabulary, term: str) -> str:
    """A word as a web address; of each vocabulary the words that come are few."""
    known = _WEB.get((words.urn, term))
    if known is None:
        known = _expanded(words.as_web(term), PREFIXES)
        if len(_WEB) < WORDS_MAX:
            _WEB[words.urn, term] = known
    return known


WORDS_MAX = 10_000
_WEB: dict[tuple[str, str], str] = {}


def _listed(name: str, members: list[str]) -> str:
    """A list; an empty one says nothing."""
    return name + "".join(sorted(members)) if members else ""


def _quantity(value: Mapping[str, Any]) -> str:
    said = f"epcClass={canonical(value['epcClass'])}"
    said += f"quantity={_plain(value['quantity'])}" if "quantity" in value else ""
    return said + (f"uom={value['uom']}" if "uom" in value else "")


def _sensor_element(value: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    said = "sensorElement"
    if "sensorMetadata" in value:
        said += _sensed("sensorMetadata", value["sensorMetadata"], _METADATA, prefixes)
    said += "".join(sorted(_sensed("sensorReport", each, _REPORT, prefixes) for each in value["sensorReport"]))
    return said + _owns({key: each for key, each in value.items() if ":" in key}, prefixes)


def _sensed(name: str, value: Mapping[str, Any], order: tuple[str, ...], prefixes: Mapping[str, str]) -> str:
    said = name
    for key in order:
        if key in value:
            each = value[key]
            said += f"{key}={_web(_SENSED[key], each) if key in _SENSED else _known(key, each)}"
    return said + _owns({key: each for key, each in value.items() if ":" in key}, prefixes)


def _known(name: str, value: Any) -> str:
    if name in _TIMES:
        return _utc(value)
    if name in _VERBATIM:
        return str(value)
    return _plain(value)


def _plain(value: Any) -> str:
    """A value in the one form that it has."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(str(value))
    return _word(canonical(str(value)))


def _word(text: str) -> str:
    if text.startswith("urn:epcglobal:cbv:"):
        for words in (*_WORDS.values(), *(words for _, words in TYPED_LISTS.values()), vocabulary.ERROR_REASONS):
            text = words.as_web(text)
    return text


def _number(text: str) -> str:
    """Without an exponent, zeros at the end, or a sign of plus.

    >>> _number("26.0"), _number("1e-05"), _number("+007.10"), _number("-0")
    ('26', '0.00001', '7.1', '0')
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite():
        return text
    plain = format(value, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


def _utc(text: str) -> str:
    """In UTC, rounded to the nearest millisecond.

    >>> _utc("2020-03-04T11:00:59.9996+01:00"), _utc("2020-03-04T11:00:30+01:00")
    ('2020-03-04T10:01:00.000Z', '2020-03-04T10:00:30.000Z')
    """
    at = instant_of(text)
    return text if at is None else as_utc(at)


def as_utc(at: datetime) -> str:
    """An instant in UTC, rounded to the nearest millisecond."""
    rest = at.microsecond - round(at.microsecond, -3)
    return (at - timedelta(microseconds=rest)).astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _owns(value: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    return "".join(sorted(_own(name, each, prefixes) for name, each in value.items() if name != "rdfs:comment"))


def _own(name: str, value: Any, prefixes: Mapping[str, str]) -> str:
    """A field of somebody's own, or one inside it."""
    if isinstance(value, list):
        return "".join(sorted(_own(name, each, prefixes) for each in value))
    shown = _name(name.removeprefix("@"), prefixes)
    if not isinstance(value, dict):
        text = _expanded(_plain(value), prefixes)
        return f"{shown}={text}" if text else shown
    inside = {key: each for key, each in value.items() if key not in ("@value", "@type", "rdfs:comment", "comment")}
    said = ""
    if "@value" in value:
        is_number = value.get("@type") in _NUMERIC_TYPES
        said = _number(str(value["@value"])) if is_number else _plain(value["@value"])
    return shown + (f"={said}" if said else "") + _owns(inside, prefixes)


def _name(name: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    if not colon or prefix not in prefixes:
        return name
    uri = prefixes[prefix]
    return f"{{{uri}}}{local}"


def _expanded(text: str, prefixes: Mapping[str, str]) -> str:
    """``gs1:x`` and ``cbv:x`` in a value are addresses."""
    prefix, colon, local = text.partition(":")
    return prefixes[prefix] + local if colon and prefix in ("gs1", "cbv") and prefix in prefixes else text


def _prefixes_of(context: Any) -> dict[str, str]:
    parts = context if isinstance(context, list) else [context]
    return {name: uri for part in parts if isinstance(part, dict) for name, uri in part.items() if isinstance(uri, str)}
