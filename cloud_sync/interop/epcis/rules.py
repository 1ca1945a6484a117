"""What an EPCIS 2.0 event may say: our own rules, which tests hold against the standard's JSON schemas.

An event is the object of the JSON notation, whatever it came in: fields by name, words of vocabularies bare. Rules are
tables of checks (``checks.py``), so that one event costs tens of microseconds.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cloud_sync.interop.epcis import vocabulary
from cloud_sync.interop.epcis.checks import (
    Check,
    any_of,
    boolean,
    extension,
    hex_text,
    is_uri,
    list_of,
    members,
    number,
    offset,
    one_of,
    text,
    time,
    unit,
    uri,
    word_of,
)

Event = Mapping[str, Any]
"""An event in the JSON notation of EPCIS 2.0."""

_MEASURED = dict.fromkeys(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), number)
_SENSED = dict.fromkeys(("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), uri)
SENSOR_REPORT: Mapping[str, Check] = {
    **_SENSED,
    **_MEASURED,
    "type": word_of(vocabulary.MEASUREMENTS),
    "exception": word_of(vocabulary.SENSOR_ALERTS),
    "time": time,
    "microorganism": uri,
    "chemicalSubstance": uri,
    "coordinateReferenceSystem": uri,
    "component": word_of(vocabulary.COMPONENTS),
    "stringValue": text,
    "booleanValue": boolean,
    "hexBinaryValue": hex_text,
    "uriValue": uri,
    "uom": text,
}
SENSOR_METADATA: Mapping[str, Check] = {**_SENSED, "time": time, "startTime": time, "endTime": time}
NUMBERS = frozenset({*_MEASURED, "quantity"})
"""Fields whose values are numbers in JSON."""

_quantities = list_of(members({"epcClass": uri, "quantity": number, "uom": unit}, "epcClass"))
_epcs = list_of(uri)
_epc_set = list_of(uri, is_set=True)
_place = members({"id": uri}, "id", others=True)
_dispositions = list_of(word_of(vocabulary.DISPOSITIONS), least=1, is_set=True)
_persistent = members({"set": _dispositions, "unset": _dispositions})
_transactions = list_of(
    members({"type": word_of(vocabulary.BIZ_TRANSACTION_TYPES), "bizTransaction": uri}, "bizTransaction")
)
_party = word_of(vocabulary.SOURCE_DEST_TYPES)
_sensors = list_of(
    members(
        {
            "sensorMetadata": members(SENSOR_METADATA, others=extension),
            "sensorReport": list_of(members(SENSOR_REPORT, "type", others=extension), least=1),
        },
        "sensorReport",
        others=extension,
    )
)


def _persistent_disposition(value: Any) -> str:
    return _persistent(value) or ("" if value else ": sets and unsets nothing")


def _ilmd(value: Any) -> str:
    if not isinstance(value, dict):
        return ": is not an object"
    return next((f".{name}: has no prefix" for name in value if not is_uri(name)), "")


COMMON: Mapping[str, Check] = {
    "@context": any_of(uri, members({}, others=True), list_of(any_of(uri, members({}, others=True)))),
    "eventTime": time,
    "recordTime": time,
    "eventTimeZoneOffset": offset,
    "eventID": uri,
    "certificationInfo": any_of(list_of(uri), uri),
    "errorDeclaration": members(
        {
            "declarationTime": time,
            "reason": word_of(vocabulary.ERROR_REASONS),
            "correctiveEventIDs": list_of(uri),
        },
        "declarationTime",
        others=extension,
    ),
}
"""Fields of every event."""
_BUSINESS: Mapping[str, Check] = {
    "bizStep": word_of(vocabulary.BIZ_STEPS),
    "disposition": word_of(vocabulary.DISPOSITIONS),
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": _transactions,
    "sourceList": list_of(members({"type": _party, "source": uri}, "type", "source")),
    "destinationList": list_of(members({"type": _party, "destination": uri}, "type", "destination")),
    "sensorElementList": _sensors,
    # The JSON schema has it for objects and transformations only, the XML schema for all but associations: a partner's
    # XML may say it of any.
    "persistentDisposition": _persistent_disposition,
}
_ACTION: Mapping[str, Check] = {"action": one_of(vocabulary.ACTIONS)}
_CHILDREN: Mapping[str, Check] = {"parentID": uri, "childEPCs": _epcs, "childQuantityList": _quantities}
_TYPE: Mapping[str, Check] = {"type": text}

FIELDS: Mapping[str, Mapping[str, Check]] = {
    "ObjectEvent": {
        **_TYPE, **COMMON, **_BUSINESS, **_ACTION, "epcList": _epc_set, "quantityList": _quantities, "ilmd": _ilmd
    },
    "AggregationEvent": {**_TYPE, **COMMON, **_BUSINESS, **_ACTION, **_CHILDREN},
    "AssociationEvent": {**_TYPE, **COMMON, **_BUSINESS, **_ACTION, **_CHILDREN},
    "TransactionEvent": {
        **_TYPE, **COMMON, **_BUSINESS, **_ACTION, "parentID": uri, "epcList": _epcs, "quantityList": _quantities
    },
    "TransformationEvent": {
        **_TYPE,
        **COMMON,
        **_BUSINESS,
        "inputEPCList": _epc_set,
        "outputEPCList": _epc_set,
        "inputQuantityList": _quantities,
        "outputQuantityList": _quantities,
        "transformationID": uri,
        "ilmd": _ilmd,
    },
}  # fmt: skip
"""What each type of event may have; what is not here needs the prefix of an extension."""
NEEDED: Mapping[str, tuple[str, ...]] = {
    "ObjectEvent": ("eventTime", "eventTimeZoneOffset", "action"),
    "AggregationEvent": ("eventTime", "eventTimeZoneOffset", "action"),
    "AssociationEvent": ("eventTime", "eventTimeZoneOffset", "action", "parentID"),
    "TransactionEvent": ("eventTime", "eventTimeZoneOffset", "action", "bizTransactionList"),
    "TransformationEvent": ("eventTime", "eventTimeZoneOffset"),
}


def faults_of(event: object, faults_max: int = 5) -> list[str]:
    """What is wrong with an event, the first ``faults_max`` of it; an empty list if nothing is.

    >>> faults_of({"type": "ObjectEvent", "eventTime": "2020-01-01T00:00:00Z", "eventTimeZoneOffset": "+00:00",
    ...            "action": "OBSERVE", "epcList": [], "disposition": "quarantined"})
    ["disposition: 'quarantined' is neither a word of this vocabulary nor a URI of another one"]
    """
    if not isinstance(event, dict):
        return ["an event is an object"]
    kind = event.get("type")
    if not isinstance(kind, str):
        return ["type: is missing"]
    fields = FIELDS.get(kind)
    if fields is None:
        return _faults_of_extended(event, kind)
    faults = [f"{name}: is missing" for name in NEEDED[kind] if name not in event]
    for name, value in event.items():
        check = fields.get(name)
        if check is not None:
            if fault := check(value):
                faults.append(f"{name}{fault}")
        elif not is_uri(name):
            faults.append(f"{name}: a {kind} has no such field, and it has no prefix of an extension")
        if len(faults) >= faults_max:
            return faults
    if not faults and (fault := TOGETHER[kind](event)):
        faults.append(fault)
    return faults


def _faults_of_extended(event: Event, kind: str) -> list[str]:
    """Of an event type of somebody's own."""
    faults = [f"{name}: is missing" for name in ("eventTime", "eventTimeZoneOffset") if name not in event]
    if not is_uri(kind):
        faults.append(f"type: {kind!r} is no type of event")
    return faults + [
        f"{name}{fault}" for name, check in COMMON.items() if name in event and (fault := check(event[name]))
    ]


def _object_fault(event: Event) -> str:
    if "ilmd" in event and event["action"] != "ADD":
        return f"ilmd: belongs to what is commissioned (ADD), not to {event['action']}"
    if "epcList" in event or event.get("quantityList"):
        return ""
    if event.get("sensorElementList") and "readPoint" in event:
        return ""
    return "it must refer to goods or a place: it needs epcList, quantityList, or sensorElementList with readPoint"


def _children_fault(event: Event) -> str:
    if event["action"] == "DELETE" or event.get("childEPCs") or event.get("childQuantityList"):
        return ""
    return "it has no children: only DELETE may be without childEPCs and childQuantityList"


def _transaction_fault(event: Event) -> str:
    if not event["bizTransactionList"]:
        return "bizTransactionList: needs 1 or more"
    if event["action"] == "DELETE" or "epcList" in event or event.get("quantityList"):
        return ""
    return "it must refer to goods: only DELETE may be without epcList and quantityList"


def _transformation_fault(event: Event) -> str:
    has_input = bool(event.get("inputEPCList") or event.get("inputQuantityList"))
    has_output = bool(event.get("outputEPCList") or event.get("outputQuantityList"))
    if (has_input and has_output) or ("transformationID" in event and (has_input or has_output)):
        return ""
    return "it needs inputs and outputs, or one of them and a transformationID"


TOGETHER: Mapping[str, Callable[[Event], str]] = {
    "ObjectEvent": _object_fault,
    "AggregationEvent": _children_fault,
    "AssociationEvent": _children_fault,
    "TransactionEvent": _transaction_fault,
    "TransformationEvent": _transformation_fault,
}
"""What the fields of an event must be together; asked once each is right by itself."""
