"""Transaction information as EPCIS 1.2 XML: what partners in the United States send is read, and ours reads back."""

from typing import Any

import pytest

from cloud_sync.interop.dscsa.epcis_documents import company_prefixes, document_of, transaction_of
from cloud_sync.interop.dscsa.transaction import STATEMENTS, Line, Party, Statement, Transaction, faults_of
from cloud_sync.interop.epcis.documents import UnreadableError, read_json, write_json
from cloud_sync.interop.epcis.rules import faults_of as faults_of_event
from cloud_sync.interop.epcis.xml_in import read_xml
from cloud_sync.interop.epcis.xml_out import Version, write_xml

SELLER = Party(name="Acme Drug Co.", street="9 Dock Rd", city="Dallas", state="TX", postal_code="75201",
               gln="0301160000009")  # fmt: skip
BUYER = Party(name="West Clinic", street="7 Hill St", city="Waco", state="TX", postal_code="76701")
PRODUCT: dict[str, Any] = {
    "product_name": "Promethazine", "strength": "25 mg/mL", "dosage_form": "injection", "ndc": "0116-4023-16",
    "container_size": "1 mL in 1 vial", "gtin": "50301164023160",
}  # fmt: skip
TOLD = Transaction(
    reference="ASN 7/1", order="PO-1", transaction_on="2026-05-31", seller=SELLER, buyer=BUYER,
    lines=(
        Line(**PRODUCT, containers=3, lot_number="00123", expires_on="2027-11-30", serials=("S/1", "S2")),
        Line(**PRODUCT, containers=4, lot_number="B-7"),
        Line(**{**PRODUCT, "gtin": "", "ndc": "61414-5678-9"}, containers=2, lot_number="C1"),
    ),
    statement=Statement(**dict.fromkeys(STATEMENTS, True)),
)  # fmt: skip


def written(told: Transaction = TOLD) -> bytes:
    prefixes = company_prefixes(told, "030116")
    document = document_of(told, at="2026-06-01T12:00:00.000Z", shipped_at="2026-06-01T03:30:00.000Z",
                           offset="-05:00", prefixes=prefixes)  # fmt: skip
    assert all(faults_of_event(event) == [] for event in document.events)
    assert transaction_of(read_json(write_json(document))) == told
    return write_xml(document, Version.V1_2, prefixes=prefixes)


def test_ours_reads_back_as_it_was_in_the_words_that_readers_of_1_2_know() -> None:
    xml = written()
    assert transaction_of(read_xml(xml)) == TOLD and faults_of(TOLD) == ()
    text = xml.decode()
    for said in (
        "urn:epc:id:sgtin:030116.5402316.S%2F1", "urn:epc:class:lgtin:030116.5402316.B-7",
        "urn:epc:idpat:sgtin:030116.5402316.*", "urn:epc:id:sgln:030116.000000.0",
        "<gs1ushc:affirmTransactionStatement>true<", "urn:epcglobal:cbv:mda#regulatedProductName",
        "urn:epcglobal:cbv:bt:0301160000009:ASN%207%2F1", 'Authority="GLN">0301160000009<',
    ):  # fmt: skip
        assert said in text, said


def test_without_a_statement_it_says_so() -> None:
    none = TOLD.model_copy(update={"statement": None})
    assert transaction_of(read_xml(written(none))) == none
    partly = none.model_copy(
        update={"statement": Statement(**{**dict.fromkeys(STATEMENTS, True), "had_systems": False})}
    )
    document = document_of(partly, at="2026-06-01T12:00:00Z", shipped_at="2026-06-01T03:30:00Z", offset="-05:00")
    assert transaction_of(document) == none


WHOLESALER = """<?xml version="1.0" encoding="UTF-8"?>
<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" xmlns:cbvmda="urn:epcglobal:cbv:mda"
 xmlns:sbdh="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
 xmlns:gs1ushc="http://epcis.gs1us.org/hc/ns" schemaVersion="1.2" creationDate="2026-05-31T20:00:00Z">
 <EPCISHeader>
  <extension><EPCISMasterData><VocabularyList>
   <Vocabulary type="urn:epcglobal:epcis:vtype:EPCClass"><VocabularyElementList>
    <VocabularyElement id="urn:epc:idpat:sgtin:030116.5402316.*">
     <attribute id="urn:epcglobal:cbv:mda#additionalTradeItemIdentification">00116402316</attribute>
     <attribute id="urn:epcglobal:cbv:mda#additionalTradeItemIdentificationTypeCode">FDA_NDC_11</attribute>
     <attribute id="urn:epcglobal:cbv:mda#regulatedProductName">Promethazine</attribute>
     <attribute id="urn:epcglobal:cbv:mda#dosageFormType">injection</attribute>
     <attribute id="urn:epcglobal:cbv:mda#strengthDescription">25 mg/mL</attribute>
     <attribute id="urn:epcglobal:cbv:mda#netContentDescription">1 mL in 1 vial</attribute>
    </VocabularyElement></VocabularyElementList></Vocabulary>
   <Vocabulary type="urn:epcglobal:epcis:vtype:Location"><VocabularyElementList>
    <VocabularyElement id="urn:epc:id:sgln:030116.000000.0">
     <attribute id="urn:epcglobal:cbv:mda#name">Acme Drug Co.</attribute>
     <attribute id="urn:epcglobal:cbv:mda#streetAddressOne">9 Dock Rd</attribute>
     <attribute id="urn:epcglobal:cbv:mda#city">Dallas</attribute>
     <attribute id="urn:epcglobal:cbv:mda#state">TX</attribute>
     <attribute id="urn:epcglobal:cbv:mda#postalCode">75201</attribute>
    </VocabularyElement></VocabularyElementList></Vocabulary>
  </VocabularyList></EPCISMasterData></extension>
  <gs1ushc:dscsaTransactionStatement>
   <gs1ushc:affirmTransactionStatement>true</gs1ushc:affirmTransactionStatement>
  </gs1ushc:dscsaTransactionStatement>
 </EPCISHeader>
 <EPCISBody><EventList>
  <ObjectEvent><eventTime>2026-05-01T12:00:00Z</eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset>
   <epcList><epc>urn:epc:id:sgtin:030116.5402316.S1</epc><epc>urn:epc:id:sgtin:030116.5402316.S2</epc></epcList>
   <action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>
   <extension><ilmd><cbvmda:lotNumber>00123</cbvmda:lotNumber>
    <cbvmda:itemExpirationDate>2027-11-30</cbvmda:itemExpirationDate></ilmd></extension></ObjectEvent>
  <AggregationEvent><eventTime>2026-05-02T12:00:00Z</eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset>
   <parentID>urn:epc:id:sscc:030116.01234567890</parentID>
   <childEPCs><epc>urn:epc:id:sgtin:030116.5402316.S1</epc><epc>urn:epc:id:sgtin:030116.5402316.S2</epc></childEPCs>
   <action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:packing</bizStep></AggregationEvent>
  <ObjectEvent><eventTime>2026-06-01T03:30:00Z</eventTime><eventTimeZoneOffset>-05:00</eventTimeZoneOffset>
   <epcList><epc>urn:epc:id:sscc:030116.01234567890</epc></epcList>
   <action>OBSERVE</action><bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>
   <bizTransactionList>
    <bizTransaction type="urn:epcglobal:cbv:btt:po">urn:epcglobal:cbv:bt:0614141000012:PO-1</bizTransaction>
    <bizTransaction type="urn:epcglobal:cbv:btt:desadv">urn:epcglobal:cbv:bt:0301160000009:A-77</bizTransaction>
   </bizTransactionList>
   <extension>
    <sourceList><source type="urn:epcglobal:cbv:sdt:owning_party">urn:epc:id:sgln:030116.000000.0</source></sourceList>
    <destinationList>
     <destination type="urn:epcglobal:cbv:sdt:owning_party">urn:epc:id:sgln:0614141.00001.0</destination>
    </destinationList></extension></ObjectEvent>
 </EventList></EPCISBody></epcis:EPCISDocument>"""


ANOTHER = '<source type="urn:epcglobal:cbv:sdt:owning_party">urn:x:2</source>'


def test_what_a_wholesaler_ships_by_pallet_is_read_down_to_its_units() -> None:
    told = transaction_of(read_xml(WHOLESALER.encode()))
    (line,) = told.lines
    assert (told.reference, told.order, str(told.transaction_on)) == ("A-77", "PO-1", "2026-05-31")
    assert (line.gtin, line.ndc, line.lot_number, str(line.expires_on)) == (
        "50301164023160", "00116-4023-16", "00123", "2027-11-30"
    )  # fmt: skip
    assert (line.serials, line.containers, line.product_name) == (("S1", "S2"), 2, "Promethazine")
    assert told.seller == SELLER and told.buyer.gln == "0614141000012"
    assert faults_of(told) == ("the name or address of the buyer is missing",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bizstep:shipping", "bizstep:receiving", "no shipping event"),
        ("<action>ADD</action><bizStep>urn:epcglobal:cbv:bizstep:packing", "<action>DELETE</action><bizStep>"
         "urn:epcglobal:cbv:bizstep:packing", "nothing says what is in this package"),
        ("<cbvmda:lotNumber>00123</cbvmda:lotNumber>", "", "nothing says of which lot"),
        ("000000.0</source>", f"000000.0</source>{ANOTHER}", "sourceList names"),
    ],
)  # fmt: skip
def test_what_is_no_transaction_says_why(old: str, new: str, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        transaction_of(read_xml(WHOLESALER.replace(old, new).encode()))
