"""Every example of the standard comes through every notation as it was: JSON-LD, XML 1.2, XML 2.0."""

import json
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from cloud_sync.interop.epcis.documents import UnreadableError, as_data, read_json, write_json
from cloud_sync.interop.epcis.rules import faults_of
from cloud_sync.interop.epcis.xml_in import read_xml
from cloud_sync.interop.epcis.xml_out import UnwritableError, Version, write_xml
from cloud_sync.interop.epcis.xml_shape import XSI
from tests.support.epcis_standard import document_schema, examples, name_of

Plain = tuple[str, tuple[tuple[str, object], ...], object, list[Any]]
ENVELOPE = (
    '<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2" '
    'creationDate="2026-11-21T11:00:00Z" xmlns:x="http://example.com/x">{}</epcis:EPCISDocument>'
)
EVENT = (
    "<ObjectEvent><eventTime>2026-11-21T11:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>"
    "<epcList/><action>ADD</action>{}</ObjectEvent>"
)


def test_every_json_example_is_written_as_it_was_read() -> None:
    for path in examples("JSON/**/*.jsonld", "JSON-simple-context/**/*.jsonld"):
        document = read_json(path.read_bytes())
        assert json.loads(write_json(document)) == json.loads(path.read_text()), name_of(path)


@pytest.mark.parametrize("version", Version)
def test_every_valid_json_example_comes_back_from_xml(version: Version) -> None:
    judged = 0
    for path in examples("JSON/**/*.jsonld", "JSON-simple-context/**/*.jsonld"):
        document = read_json(path.read_bytes())
        if any(faults_of(event) for event in document.events):
            continue  # of an older draft of the standard
        back = read_xml(write_xml(document, version))
        for event, said in zip(back.events, document.events, strict=True):
            assert without_lists_of_one(event, version) == without_lists_of_one(said, version), name_of(path)
        judged += 1
    assert judged > 80


def without_lists_of_one(value: Any, version: Version) -> Any:
    """XML cannot tell a list of one from what is in it, nor 1.2 an empty list from none; a word has one spelling."""
    if isinstance(value, list):
        listed = [without_lists_of_one(each, version) for each in value]
        return listed[0] if len(listed) == 1 else listed
    if isinstance(value, dict):
        return {
            name: without_lists_of_one(each, version)
            for name, each in value.items()
            if not (name == "epcList" and each == [] and version is Version.V1_2)
        }
    return "latitude" if value == "cbv:Comp-latitude" else value  # the same word, as a prefixed name


def test_every_xml_example_comes_back_from_json_and_from_1_2() -> None:
    for path in examples("XML/**/*.xml"):
        if "CaptureJob" in path.parts:
            continue
        document = read_xml(path.read_bytes())
        told = read_json(write_json(document))
        for version in Version:
            again, said = as_data(read_xml(write_xml(told, version))), as_data(document)
            if version is Version.V1_2:
                again, said = without_lists_of_one(again, version), without_lists_of_one(said, version)
            assert again == said, (name_of(path), version)
        if "EPCISMasterDataDocument" not in path.read_text():
            rewritten = plain(fromstring(write_xml(told, Version.V2_0)))
            assert rewritten == plain(fromstring(path.read_bytes())), name_of(path)


def plain(element: Element) -> Plain:
    """An element without what says nothing: comments, spaces, wrappers, zeros behind a number, what is nil."""
    inside: list[Plain] = []
    for child in element:
        if child.tag in ("extension", "baseExtension"):
            inside += plain(child)[3]
        elif child.get(f"{{{XSI}}}nil") != "true":
            inside.append(plain(child))
    attributes = sorted((name, number(text)) for name, text in element.items() if "schemaLocation" not in name)
    if element.tag == "errorDeclaration":
        inside.sort(key=repr)  # one example has an order that its schema refuses
    return element.tag, tuple(attributes), number((element.text or "").strip()), inside


def number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def test_what_we_write_is_valid_by_the_standards_schema() -> None:
    for path in examples("XML/WithFullCombinationOfFields/*_event_*.xml", "XML/Mimasu/Example?.xml", "XML/CBV/*.xml"):
        data = as_data(read_xml(path.read_bytes()))
        for event in data["epcisBody"]["eventList"]:
            if event["type"] not in ("ObjectEvent", "TransformationEvent"):
                event.pop("persistentDisposition", None)  # the JSON schema knows it of these two alone
        document_schema().validate(data)


def test_1_2_has_what_came_later_in_its_extensions_and_old_quantity_events_are_read() -> None:
    said = ENVELOPE.format(
        "<EPCISBody><EventList><QuantityEvent><eventTime>2026-11-21T11:00:00Z</eventTime>"
        "<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><epcClass>urn:epc:class:lgtin:0614141.099999.A</epcClass>"
        "<quantity>7</quantity><bizStep>urn:epcglobal:cbv:bizstep:receiving</bizStep></QuantityEvent>"
        "<extension><TransformationEvent><eventTime>2026-11-21T11:00:00Z</eventTime>"
        "<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><baseExtension><eventID>urn:uuid:1</eventID></baseExtension>"
        "<transformationID>urn:x:1</transformationID><outputEPCList><epc>urn:x:2</epc></outputEPCList>"
        "</TransformationEvent></extension></EventList></EPCISBody>"
    )
    document = read_xml(said.encode())
    quantity, made = document.events
    assert (quantity["type"], quantity["bizStep"]) == ("ObjectEvent", "receiving")
    assert quantity["quantityList"] == [{"epcClass": "urn:epc:class:lgtin:0614141.099999.A", "quantity": 7}]
    assert (made["type"], made["eventID"]) == ("TransformationEvent", "urn:uuid:1")
    written = write_xml(document, Version.V1_2).decode()
    root = fromstring(written)
    assert root.findtext(".//EventList/extension/TransformationEvent/baseExtension/eventID") == "urn:uuid:1"
    assert root.find(".//ObjectEvent/extension/quantityList/quantityElement") is not None
    assert root.find(".//ObjectEvent/epcList") is not None


def test_keys_of_known_prefixes_are_urns_for_1_2_readers() -> None:
    event = {
        "type": "ObjectEvent", "eventTime": "2026-11-21T11:00:00Z", "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE", "epcList": ["https://id.gs1.org/01/00614141999996/21/S1", "https://id.gs1.org/01/09012345678908/21/S1"],
        "readPoint": {"id": "https://id.gs1.org/414/0614141000012"},
    }  # fmt: skip
    document = read_json(json.dumps({"@context": [], **event}).encode())
    root = fromstring(write_xml(document, Version.V1_2, prefixes={"0614141"}))
    assert [epc.text for epc in root.iter("epc")] == [
        "urn:epc:id:sgtin:0614141.099999.S1",
        "https://id.gs1.org/01/09012345678908/21/S1",
    ]
    assert root.findtext(".//readPoint/id") == "urn:epc:id:sgln:0614141.00001.0"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<a", "this is not XML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "declares entities"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "declares entities"),
        (b"<a/>", "no EPCIS document"),
        (b"<a>" * 100 + b"</a>" * 100, "deep"),
        (b"x" * ((16 << 20) + 1), "larger than"),
    ],
)
def test_xml_that_is_no_document_is_refused_and_nothing_is_expanded(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_xml(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "no object with a type"),
        (b'{"type": "EPCISDocument"}', "epcisBody: is missing"),
        (b'{"type": "EPCISDocument", "epcisBody": {}}', "eventList: is missing"),
        (b'{"type": "Strange"}', "no type of document or event"),
        (b"[" * 10_000, "not JSON"),
    ],
)
def test_json_that_is_no_document_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_json(content)


def test_what_xml_cannot_say_is_refused_with_the_reason() -> None:
    event = {
        "type": "ObjectEvent", "eventTime": "2026-11-21T11:00:00Z", "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE", "epcList": [],
    }  # fmt: skip
    for own, reason in (
        ({"mine:x": "1"}, "declared nowhere"),
        ({"http://example.com/a b": "1"}, "no element named"),
        ({"http://example.com/x": "\x01"}, r"U\+0001"),
    ):
        document = read_json(json.dumps({"@context": [], **event, **own}).encode())
        with pytest.raises(UnwritableError, match=reason):
            write_xml(document)


def test_whom_a_document_is_from_and_to_is_a_header_in_xml_and_comes_back() -> None:
    said = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], "type": "EPCISDocument",
        "schemaVersion": "2.0", "creationDate": "2026-11-21T11:00:00Z", "sender": "urn:epc:id:sgln:0614141.00001.0",
        "receiver": "urn:epc:id:sgln:5012345.00001.0", "instanceIdentifier": "7", "epcisBody": {"eventList": []},
    }  # fmt: skip
    document = read_json(json.dumps(said).encode())
    for version in Version:
        assert as_data(read_xml(write_xml(document, version)))["sender"] == said["sender"]
        again = as_data(read_xml(write_xml(document, version)))
        again["@context"] = said["@context"]
        assert again == said


def test_master_data_and_extensions_of_the_header_survive() -> None:
    said = ENVELOPE.format(
        "<EPCISHeader><extension><EPCISMasterData><VocabularyList>"
        '<Vocabulary type="urn:epcglobal:epcis:vtype:EPCClass">'
        '<VocabularyElementList><VocabularyElement id="urn:epc:idpat:sgtin:0614141.099999.*">'
        '<attribute id="urn:epcglobal:cbv:mda#regulatedProductName">Insulin</attribute></VocabularyElement>'
        "</VocabularyElementList></Vocabulary></VocabularyList></EPCISMasterData></extension>"
        "<x:statement><x:said>true</x:said></x:statement></EPCISHeader>"
        f"<EPCISBody><EventList>{EVENT.format('')}</EventList></EPCISBody>"
    )
    document = read_xml(said.encode())
    (vocabulary,) = document.fields["epcisHeader"]["epcisMasterData"]["vocabularyList"]
    assert vocabulary["vocabularyElementList"][0]["attributes"][0]["attribute"] == "Insulin"
    assert document.fields["epcisHeader"]["x:statement"] == {"x:said": "true"}
    assert as_data(read_xml(write_xml(document, Version.V1_2))) == as_data(document)
