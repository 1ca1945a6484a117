"""The event hash gives what is published, and keeps to the rule where the reference generator does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.interop.epcis.documents import read_json
from cloud_sync.interop.epcis.event_hash import event_hash, pre_hash
from cloud_sync.interop.epcis.xml_in import read_xml
from tests.support.epcis_standard import examples
from tests.support.paths import DATA

PUBLISHED = sorted(path for path in (DATA / "epcis_event_hash").iterdir() if path.suffix in (".jsonld", ".xml"))
EVENT = {
    "type": "ObjectEvent", "eventTime": "2026-11-21T11:00:00.000Z", "eventTimeZoneOffset": "+00:00", "action": "ADD",
    "epcList": [],
}  # fmt: skip


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_published_examples_have_the_published_hashes(path: Path) -> None:
    document = (read_xml if path.suffix == ".xml" else read_json)(path.read_bytes())
    published = path.with_suffix(".hashes").read_text().split()
    assert [event_hash(event, document.prefixes) for event in document.events] == published


def test_the_same_event_in_seven_spellings_has_one_hash() -> None:
    hashes = {}
    for path in examples("XML/WithEventHashID/*"):
        document = (read_xml if path.suffix == ".xml" else read_json)(path.read_bytes())
        hashes[path.stem[-1]] = event_hash(document.events[0], document.prefixes)
    # The second one has another offset of its time zone. By CBV 2.0 the offset counts, whatever the folder says.
    assert len(hashes) == 7 and {number for number, each in hashes.items() if each != hashes["1"]} == {"2"}


def said(**own: Any) -> str:
    return pre_hash({**EVENT, **own})


def test_a_lot_of_digits_is_a_text() -> None:
    assert "{urn:epcglobal:cbv:mda:}lotNumber=00123" in said(ilmd={"cbvmda:lotNumber": "00123"})
    assert said(ilmd={"cbvmda:lotNumber": "00123"}) != said(ilmd={"cbvmda:lotNumber": "123"})
    assert said(ilmd={"cbvmda:netWeight": 1.50}) == said(
        ilmd={"cbvmda:netWeight": {"@type": "xsd:decimal", "@value": "1.5"}}
    )


def test_a_lot_with_a_slash_is_one_key_in_every_notation() -> None:
    hashes = {
        event_hash({**EVENT, "quantityList": [{"epcClass": epc_class, "quantity": 7}]})
        for epc_class in (
            "urn:epc:class:lgtin:0614141.099999.AB%2F12",
            "https://id.gs1.org/01/00614141999996/10/AB%2F12",
            "https://example.com/products/gtin/614141999996/lot/AB%2f12?expires=261130",
        )
    }
    assert len(hashes) == 1


def test_members_of_a_list_in_ilmd_and_of_lists_in_it_have_no_order() -> None:
    one = said(ilmd={"http://x.example/list": ["b", "a"], "http://x.example/more": [{"b": "2", "a": "1"}]})
    assert one == said(ilmd={"http://x.example/more": [{"a": "1", "b": "2"}], "http://x.example/list": ["a", "b"]})


def test_the_last_half_millisecond_of_a_second_belongs_to_the_next() -> None:
    assert "eventTime=2026-11-21T11:00:01.000Z" in said(eventTime="2026-11-21T12:00:00.9996+01:00")


def test_extensions_below_the_event_count_whatever_their_namespace_ends_in() -> None:
    context = {"@context": {"x": "http://x.example/ns"}}
    place = {"id": "urn:epc:id:sgln:0614141.00001.0"}
    assert said(**context, readPoint=place) != said(**context, readPoint={**place, "x:door": "3"})


def test_true_is_true_and_small_numbers_have_no_exponent() -> None:
    def sensed(**report: Any) -> str:
        return said(sensorElementList=[{"sensorReport": [{"type": "Temperature", **report}]}])

    assert "booleanValue=true" in sensed(booleanValue=True)
    assert "value=0.00001" in sensed(value=0.00001)
    assert sensed(value=26) == sensed(value=26.0)


def test_what_does_not_belong_to_an_event_does_not_count() -> None:
    later = {"recordTime": "2026-11-22T11:00:00Z", "eventID": "urn:uuid:1", "rdfs:comment": "none of it"}
    assert said(**later, errorDeclaration={"declarationTime": "2026-11-23T11:00:00Z"}) == said()


def test_our_own_smallest_event_has_the_hash_that_an_independent_tool_gave() -> None:
    event = json.loads("""{
        "type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-11-21T11:00:00.000Z",
        "eventTimeZoneOffset": "+00:00", "epcList": [], "bizStep": "holding", "disposition": "non_sellable_other",
        "quantityList": [{"epcClass": "https://id.gs1.org/01/00312345678906/10/ABC123", "quantity": 48}],
        "readPoint": {"id": "https://id.gs1.org/414/0614141000012"},
        "sensorElementList": [{
            "sensorMetadata": {"time": "2026-11-21T10:59:00.000Z", "deviceID": "urn:example:sensor:1"},
            "sensorReport": [{"type": "Temperature", "value": 9.4, "uom": "CEL"}]
        }]
    }""")
    assert (
        event_hash(event) == "ni:///sha-256;500a958fdfc01d61eb363e66ea0a19edfa0e02382b10857fcac25aa19a42aaa9?ver=CBV2.0"
    )
