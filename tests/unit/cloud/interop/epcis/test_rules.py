"""Our rules of events say what the standard's JSON schemas say, for its examples and for what is wrong with them."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from cloud_sync.interop.epcis.rules import faults_of
from tests.support.epcis_standard import event_schema, events_of, examples, name_of

WRONG = (None, 7, "quarantined", "urn:epcglobal:cbv:disp:x", [], {}, ["a b"], [7], True, [{}], "2020-13-01T00:00:00Z")
LATER = "persistentDisposition"
"""XML may say it of every event, the JSON schema of some alone: the one thing in which ours is wider."""


def spoilt(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The event with one thing changed at a time, at the first two levels."""
    for name in event:
        yield f"without {name}", {key: value for key, value in event.items() if key != name}
        for wrong in WRONG if name != "type" else ():
            yield f"{name}: {wrong!r}", {**event, name: wrong}
        inner = event[name][0] if isinstance(event[name], list) and event[name] else event[name]
        for key in [*inner, "strange"] if isinstance(inner, dict) else ():
            for wrong in WRONG[:6]:
                changed = copy.deepcopy(event)
                place = changed[name][0] if isinstance(changed[name], list) else changed[name]
                place[key] = wrong
                yield f"{name}.{key}: {wrong!r}", changed
        if isinstance(event[name], list) and event[name]:
            yield f"{name} twice", {**event, name: [*event[name], event[name][0]]}
    yield "strange", {**event, "strange": 1}


def test_every_example_is_right_or_wrong_as_the_standard_says() -> None:
    judged = 0
    for path in examples("JSON/**/*.jsonld", "JSON-simple-context/**/*.jsonld"):
        for event in events_of(json.loads(path.read_text())):
            said = faults_of({key: value for key, value in event.items() if key != LATER or event["type"][:3] != "Agg"})
            assert (said == []) == event_schema().is_valid(event), (name_of(path), said)
            judged += 1
    assert judged >= 110


def test_what_is_changed_in_an_example_is_right_or_wrong_as_the_standard_says() -> None:
    tried = refused = 0
    for path in examples("JSON/WithFullCombinationOfFields/*.jsonld", "JSON/WithErrorDeclaration/*.jsonld"):
        for event in events_of(json.loads(path.read_text())):
            for change, changed in spoilt({key: value for key, value in event.items() if key != LATER}):
                said = faults_of(changed)
                assert (said == []) == event_schema().is_valid(changed), (name_of(path), change, said)
                tried, refused = tried + 1, refused + bool(said)
    assert tried > 2_000 and refused > 1_000


def test_there_is_no_disposition_quarantined_and_a_person_reads_what_is_wrong() -> None:
    event = {
        "type": "ObjectEvent", "eventTime": "2026-11-21T11:00:00Z", "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE", "epcList": [], "disposition": "quarantined", "readPoint": {}, "colour": "red",
    }  # fmt: skip
    assert faults_of(event) == [
        "disposition: 'quarantined' is neither a word of this vocabulary nor a URI of another one",
        "readPoint.id: is missing",
        "colour: a ObjectEvent has no such field, and it has no prefix of an extension",
    ]
