"""The story of events: partners' come in by capture jobs, ours go out by queries, in the notation that is asked for."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4
from xml.etree.ElementTree import fromstring

import pytest

from cloud_sync.actions.access import create_token
from cloud_sync.domain.booking import BookingLine
from cloud_sync.domain.roles import Role
from cloud_sync.interop.epcis.documents import read_json, with_context, write_json
from cloud_sync.interop.epcis.event_hash import event_hash
from cloud_sync.interop.epcis.rules import faults_of
from cloud_sync.interop.epcis.xml_in import read_xml
from cloud_sync.interop.epcis.xml_out import Version, write_xml
from cloud_sync.labels.settings import LabelSettings
from cloud_sync.posting.movements import EventLine, book_lines
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from edge_agent.domain.wire.records import Action
from tests.support.epcis_standard import document_schema, event_schema
from tests.support.ledger_api import NOW, Api, Somebody, api_on, movement
from tests.support.recycled_databases import RecycledDatabases

GTIN = "00312345678906"
LOT = f"https://id.gs1.org/01/{GTIN}/10/A%2F1"
SSCC = "urn:epc:id:sscc:0614141.1234567890"
EVENT = {
    "type": "ObjectEvent", "eventTime": "2026-05-20T10:00:00.123456Z", "eventTimeZoneOffset": "-05:00",
    "action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit",
    "epcList": ["urn:epc:id:sgtin:0614141.107346.2017"], "readPoint": {"id": "urn:epc:id:sgln:0614141.00001.0"},
    "maker:note": "first",
}  # fmt: skip
PACKED = {
    "type": "AggregationEvent", "eventTime": "2026-05-20T09:00:00Z", "eventTimeZoneOffset": "-05:00", "action": "ADD",
    "bizStep": "packing", "parentID": SSCC, "childQuantityList": [{"epcClass": LOT, "quantity": 48}],
}  # fmt: skip
BAD = {**EVENT, "disposition": "quarantined"}


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.place("acme", "supplier")
        opened.place("main", "site")
        opened.place("fridge-a", parent="main")
        opened.place("fridge-b", parent="main")
        opened.place("st-mary", "customer")
        opened.item(gtins=[{"gtin": GTIN}])
        yield opened


def document(*events: dict[str, Any]) -> bytes:
    return write_json(with_context(events, {"maker": "http://maker.example/ns/"}, creationDate="2026-05-20T10:00:00Z"))


def send(api: Api, content: bytes, *, behaviour: str = "rollback", kind: str = "application/ld+json") -> Any:
    headers = {
        "Authorization": f"Bearer {api.operator.token}", "Content-Type": kind, "GS1-Capture-Error-Behaviour": behaviour
    }  # fmt: skip
    answer = api.client.post("/epcis/capture", content=content, headers=headers)
    assert answer.status_code == 202, answer.text
    return api.operator.ok("GET", answer.headers["Location"])


def events(somebody: Somebody, **asked: Any) -> list[dict[str, Any]]:
    """All pages of an answer, each valid by the standard's schema."""
    found: list[dict[str, Any]] = []
    answer = somebody.get("/epcis/events", **asked)
    while True:
        assert answer.status_code == 200, answer.text
        data = answer.json()
        found += data["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        if "Link" not in answer.headers:
            return found
        answer = somebody.request("GET", answer.headers["Link"].partition(">")[0].removeprefix("<"))


def test_a_document_is_captured_once_and_found_in_every_notation(api: Api) -> None:
    job = send(api, document(EVENT, PACKED))
    assert (job["success"], job["running"], job["eventsKept"]) == (True, False, 2)
    assert send(api, document(EVENT, PACKED))["captureID"] == job["captureID"]
    again = send(api, document(PACKED))  # in another document: the same event
    assert (again["success"], again["captureID"] != job["captureID"]) == (True, True)
    as_xml = write_xml(read_json(document({**EVENT, "maker:note": "in XML"})))
    assert send(api, as_xml, kind="application/xml")["eventsKept"] == 1

    found = events(api.reader, MATCH_anyEPC=SSCC) + events(api.reader, MATCH_epcClass=LOT)
    assert [each["parentID"] for each in found] == [SSCC, SSCC]
    found = events(api.reader, MATCH_epc="https://id.gs1.org/01/10614141073464/21/2017", perPage=1)
    assert [each["maker:note"] for each in found] == ["first", "in XML"]
    one = api.reader.get(f"/epcis/events/{quote(found[0]['eventID'], safe='')}")
    assert event_hash(EVENT, {"maker": "http://maker.example/ns/"}) == one.headers["Lotwarden-Event-Hash"]
    assert {key: one.json()[key] for key in EVENT} == EVENT


def test_what_is_not_valid_is_kept_out_as_the_sender_asked_and_is_a_case(api: Api) -> None:
    job = send(api, document(EVENT, BAD))
    assert (job["success"], job["eventsKept"], [each["event"] for each in job["errors"]]) == (False, 0, [2])
    assert events(api.reader) == []
    job = send(api, document(EVENT, BAD), behaviour="proceed")
    assert (job["success"], job["eventsKept"]) == (False, 1)
    assert [each["eventTime"] for each in events(api.reader)] == [EVENT["eventTime"]]
    job = send(api, b"<not", kind="text/xml")
    assert "not XML" in job["errors"][0]["faults"][0]
    cases = [case for case in api.reader.rows("/v1/cases") if case["kind"] == "epcis_invalid"]
    assert len(cases) == 2 and any("quarantined" in case["text"] for case in cases)
    assert api.operator.ok("GET", "/epcis/capture")[0]["captureID"] == job["captureID"]
    kept = api.operator.get("/epcis/capture", perPage=1)
    assert "Link" in kept.headers
    refused = api.operator.post("/epcis/events", {"@context": [], **BAD})
    assert refused.status_code == 422 and "quarantined" in refused.json()["error"]
    taken = api.operator.post("/epcis/events", {"@context": [], **PACKED})
    assert taken.status_code == 201 and api.reader.get(taken.headers["Location"]).json()["parentID"] == SSCC


def told(api: Api, **asked: Any) -> list[tuple[str, str, str]]:
    return [
        (each["type"], each["bizStep"], each.get("disposition", "")) for each in events(api.reader, perPage=2, **asked)
    ]


def test_our_facts_are_events_that_the_standard_takes(api: Api) -> None:
    api.administrator.ok("PUT", "/v1/places/fridge-a/gln", json={"gln": "0614141000012", "extension": "A"})
    lot = api.receive("A/1", 20)
    line = {"item": "insulin", "lot_number": "A/1", "quantity": 2}
    api.operator.ok("POST", "/v1/movements", json=movement("move", "fridge-a", "fridge-b", [line]))
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-b", "st-mary", [line]))
    api.operator.ok("POST", "/v1/movements", json=movement("return", "st-mary", "fridge-b", [line]))
    hold = {"lot_id": lot, "place": "fridge-a", "reason": "seal broken"}
    held = api.quality.ok("POST", "/v1/holds", json=hold)
    api.excursion("fridge-a", lot)
    other = api.known_as("quality-2", Role.QUALITY)
    other.ok("POST", f"/v1/holds/{held['id']}/lift", json={"reason": "looked at"})

    said = told(api)
    assert ("ObjectEvent", "receiving", "in_progress") in said and ("ObjectEvent", "storing", "") in said
    assert ("ObjectEvent", "shipping", "in_transit") in said and ("ObjectEvent", "receiving", "returned") in said
    assert said.count(("ObjectEvent", "holding", "non_sellable_other")) >= 2
    assert ("ObjectEvent", "storing", "sellable_not_accessible") in said

    for each in events(api.reader):
        assert faults_of(each) == [] and event_schema().is_valid(each), each
        one = api.reader.get(f"/epcis/events/{each['eventID']}")
        assert {**one.json(), "@context": 0} == {**each, "@context": 0}
        assert one.headers["Lotwarden-Event-Hash"] == event_hash(each)
    received = events(api.reader, EQ_bizStep="receiving", EQ_disposition="in_progress")[0]
    assert received["quantityList"] == [{"epcClass": LOT, "quantity": 20}]
    assert received["bizLocation"]["id"] == "https://id.gs1.org/414/0614141000012/254/A"
    (sensed,) = events(api.reader, EXISTS_sensorElementList="")
    (report,) = sensed["sensorElementList"][0]["sensorReport"]
    assert report == {"type": "Temperature", "exception": "ALARM_CONDITION", "maxValue": 12.5, "uom": "CEL"}
    assert sensed["persistentDisposition"] == {"set": ["non_sellable_other"]}
    assert events(api.reader, MATCH_anyEPCClass=LOT) == [each for each in events(api.reader) if LOT in str(each)]
    assert events(api.reader, MATCH_anyEPCClass=LOT.replace("A%2F1", "A1")) == []
    answer = api.reader.get("/epcis/events")
    document_schema().validate({**answer.json(), "@context": answer.json()["@context"]})
    assert {each["eventID"] for each in answer.json()["lotwarden:eventHashes"]} == {
        each["eventID"] for each in events(api.reader)
    }


def test_xml_is_1_2_for_partners_and_2_0_for_whoever_asks(api: Api) -> None:
    api.receive("A/1", 20)
    headers = {"Authorization": f"Bearer {api.reader.token}", "Accept": "application/xml"}
    for more, version in (({}, Version.V1_2), ({"GS1-EPCIS-Min": "2.0"}, Version.V2_0)):
        answer = api.client.get("/epcis/events", headers={**headers, **more})
        assert answer.headers["GS1-EPCIS-Version"] == fromstring(answer.content).attrib["schemaVersion"] == version
        assert [dict(each) for each in read_xml(answer.content).events] == events(api.reader)
    refused = api.client.get("/epcis/events", headers={**headers, "Accept": "text/csv"})
    assert refused.status_code == 422


def test_named_queries_are_asked_again_and_again(api: Api) -> None:
    api.receive("A/1", 20)
    query = {"name": "came-in", "query": {"EQ_bizStep": ["receiving"]}}
    api.administrator.ok("POST", "/epcis/queries", json=query)
    assert api.administrator.post("/epcis/queries", query).status_code == 409
    assert api.administrator.post("/epcis/queries", {"name": "x", "query": {"EQ_colour": "red"}}).status_code == 422
    answer = api.reader.get("/epcis/queries/came-in/events").json()
    assert len(answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 1
    assert api.reader.ok("GET", "/epcis/queries")[0]["query"] == {"EQ_bizStep": ["receiving"]}
    assert api.administrator.request("DELETE", "/epcis/queries/came-in").status_code == 204
    assert api.reader.get("/epcis/queries/came-in/events").status_code == 404


def test_an_owner_is_told_of_their_own_goods_alone(api: Api) -> None:
    api.administrator.ok("POST", "/v1/owners", json={"name": "acme-co"})
    api.receive("OURS", 5)
    lot = api.receive("MINE", 5, owner="acme-co")
    api.excursion("fridge-a", lot)
    send(api, document(EVENT, PACKED))
    owner = Somebody(api.client, create_token(api.database, "portal", Role.OWNER, owner="acme-co"))
    seen = json.dumps(events(owner))
    assert "MINE" in seen and "OURS" not in seen and SSCC not in seen
    assert {each["bizStep"] for each in events(owner)} == {"receiving", "holding"}


def test_questions_that_make_no_sense_say_so(api: Api) -> None:
    for asked in (
        {"EQ_colour": "red"}, {"GE_eventTime": "yesterday"}, {"eventType": "Party"}, {"nextPageToken": "!"},
        {"GT_quantity": "many"}, {"eventCountLimit": "none"},
    ):  # fmt: skip
        answer = api.reader.get("/epcis/events", **asked)
        assert answer.status_code == 422 and answer.json()["what_to_do"], asked
    assert api.reader.get("/epcis/events/urn:uuid:11111111-1111-4111-8111-111111111111").status_code == 404
    assert "EQ_bizStep" in api.reader.ok("GET", "/epcis")["parameters"]


MADE = {
    "type": "ObjectEvent", "eventTime": "2026-05-01T09:00:00Z", "eventTimeZoneOffset": "-05:00", "action": "ADD",
    "bizStep": "commissioning", "epcList": [f"https://id.gs1.org/01/{GTIN}/21/S{number}" for number in (1, 2)],
    "ilmd": {"cbvmda:lotNumber": "B2", "cbvmda:itemExpirationDate": "2027-11-30"},
}  # fmt: skip
CASE = "https://id.gs1.org/00/306141410000000010"
PALLET = [
    MADE,
    {**MADE, "epcList": [], "quantityList": [{"epcClass": LOT, "quantity": 48}],
     "ilmd": {"cbvmda:itemExpirationDate": "2027-06-30"}},
    {**PACKED, "eventTime": "2026-05-19T09:00:00Z", "parentID": CASE, "childEPCs": MADE["epcList"],
     "childQuantityList": []},
    {**PACKED, "childEPCs": [CASE]},
]  # fmt: skip


def stock(api: Api) -> dict[tuple[str, str], int]:
    """How much of each lot is where; units have rows of their own."""
    found: Counter[tuple[str, str]] = Counter()
    for row in api.reader.rows("/v1/stock"):
        found[row["lot_number"], row["place"]] += row["quantity"]
    return dict(+found)


def test_a_pallet_is_received_with_all_that_its_sender_packed(api: Api) -> None:
    sscc, path = "106141412345678908", "/v1/packages/106141412345678908"
    assert api.operator.get(path).status_code == 404
    send(api, document(*reversed(PALLET)))
    goods = api.operator.ok("GET", path)["goods"]
    assert [(each["item"], each["lot"], each["serial"], each["quantity"]) for each in goods] == [
        ("insulin", "A/1", None, 48), ("insulin", "B2", "S1", 1), ("insulin", "B2", "S2", 1)
    ]  # fmt: skip
    said = {"client_id": "11111111-1111-4111-8111-111111111111", "from_place": "acme", "to_place": "fridge-a"}
    moved = api.operator.ok("POST", f"{path}/receive", json=said)
    assert api.operator.ok("POST", f"{path}/receive", json=said) == moved
    assert stock(api) == {("A/1", "fridge-a"): 48, ("B2", "fridge-a"): 2}
    lots = {row["lot_number"]: row for row in api.reader.rows("/v1/lots")}
    assert (lots["B2"]["expires_on"], lots["A/1"]["expires_on"]) == ("2027-11-30", "2027-06-30")
    before = api.reader.ok("GET", f"/v1/lots/{lots['B2']['id']}/upstream")
    assert [each["biz_step"] for each in before] == ["commissioning", "packing", "packing"]
    assert sscc not in str(api.reader.get("/v1/packages/306141410000000010").json()["goods"])


def test_a_pallet_scanned_at_the_dock_waits_for_its_sender_and_is_booked_once(api: Api) -> None:
    line = BookingLine(
        fact="gw/j/scans/1#1", action=Action.RECEIVE, at=NOW, operator="amy", gtin="", quantity=1, lot=None,
        serial=None, expires_on=None, from_place="acme", to_place="fridge-a", order=None,
        scanned="(00)106141412345678908", codes=("sscc:106141412345678908",),
    )  # fmt: skip

    def scan() -> None:
        with api.database.transaction() as connection:
            event_id = add_event(connection, actor="amy", kind="scan_receive", subject="gateway:gw")
            book_lines(connection, [EventLine(line, event_id)])

    scan()
    (waiting,) = api.reader.rows("/v1/cases")
    assert waiting["kind"] == "unknown_package" and "106141412345678908" in waiting["text"]
    send(api, document(*PALLET))
    assert stock(api) == {("A/1", "fridge-a"): 48, ("B2", "fridge-a"): 2}
    assert all(row["resolved_at"] for row in api.reader.rows("/v1/cases"))
    scan()
    assert stock(api) == {("A/1", "fridge-a"): 48, ("B2", "fridge-a"): 2}


@pytest.mark.parametrize("accept", ["application/ld+json", "application/xml"])
def test_a_second_ledger_takes_what_the_first_tells(api: Api, databases: RecycledDatabases, accept: str) -> None:
    api.receive("A/1", 20)
    line = {"item": "insulin", "lot_number": "A/1", "quantity": 2}
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [line]))
    headers = {"Authorization": f"Bearer {api.reader.token}", "Accept": accept}
    (shipped,) = events(api.reader, EQ_bizStep="shipping")
    sent = api.client.get("/epcis/events", params={"EQ_bizStep": "shipping"}, headers=headers)
    with databases.lent() as url, api_on(databases.open(url)) as partner:
        assert send(partner, sent.content, kind=accept)["eventsKept"] == 1
        (seen,) = events(partner.reader, MATCH_anyEPCClass=LOT)
        assert {**seen, "recordTime": 0} == {**shipped, "recordTime": 0}
        hashes = [ledger.reader.get(f"/epcis/events/{seen['eventID']}").headers["Lotwarden-Event-Hash"]
                  for ledger in (api, partner)]  # fmt: skip
        assert hashes[0] == hashes[1]
        # Told again, later and in another document: it is the same event.
        again = json.dumps({"@context": [], **shipped, "recordTime": "2026-12-01T00:00:00Z"})
        assert partner.operator.post("/epcis/events", json.loads(again)).status_code == 201
        assert len(events(partner.reader)) == 1


def corrected(api: Api, **asked: Any) -> None:
    """A correction that one person of quality proposes and another confirms."""
    said = api.quality.ok("POST", "/v1/corrections", json={"reason": "read again", **asked})
    other = api.known_as(f"quality-{said['id']}-b", Role.QUALITY)
    body = {"effect_digest": said["effect_digest"], "reason": "read it, too"}
    other.ok("POST", f"/v1/corrections/{said['id']}/confirm", json=body)


def test_whoever_captured_a_wrong_lot_number_is_told_which_event_holds(api: Api, databases: RecycledDatabases) -> None:
    lot = api.receive("A/0", 20)
    line = {"item": "insulin", "lot_number": "A/0", "quantity": 2}
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [line]))
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "seal broken"})
    wrong = LOT.replace("A%2F1", "A%2F0")
    before = events(api.reader, MATCH_anyEPCClass=wrong)
    assert {each["bizStep"] for each in before} == {"receiving", "shipping", "holding"}
    corrected(api, kind="lot_number", lot_id=lot, lot_number="A/1")
    now = events(api.reader, MATCH_anyEPCClass=LOT)
    declared = events(api.reader, MATCH_anyEPCClass=wrong, EXISTS_errorDeclaration="")
    # The same events under the same ids, declared wrong; and others in their place.
    assert [{**each, "errorDeclaration": 0} for each in declared] == [
        {**each, "errorDeclaration": 0} for each in before
    ]
    assert [each["errorDeclaration"]["correctiveEventIDs"] for each in declared] == [[each["eventID"]] for each in now]
    assert all("errorDeclaration" not in each and event_schema().is_valid(each) for each in now)
    everything = events(api.reader, perPage=2)
    assert len(everything) == 6 == len({each["eventID"] for each in everything})
    assert events(api.reader, orderBy="eventTime", perPage=2) == everything[::-1]
    for each in everything:
        one = api.reader.get(f"/epcis/events/{each['eventID']}").json()
        assert {**one, "@context": 0} == {**each, "@context": 0}
    with databases.lent() as url, api_on(databases.open(url)) as partner:
        send(partner, document(*before))
        send(partner, document(*declared, *now))
        seen = events(partner.reader, EXISTS_errorDeclaration="")
        assert {each["eventID"] for each in seen} == {each["eventID"] for each in before}


def test_a_tote_that_was_packed_here_is_received_there_by_its_number(
    database: Database, databases: RecycledDatabases
) -> None:
    with api_on(database, label_settings=LabelSettings("0614141")) as house, databases.lent() as url:
        house.house()
        house.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {GTIN: 1}, "reason": "new"})
        house.receive("A/1", 20)
        house.receive("A/1", 1, serial="S1")
        tote = house.operator.ok("POST", "/v1/totes", json={})["sscc"]
        goods = [{"item": "insulin", "lot_number": "A/1", "quantity": 7},
                 {"item": "insulin", "lot_number": "A/1", "quantity": 1, "serial": "S1"}]  # fmt: skip
        said = {"client_id": str(uuid4()), "place": "fridge-a", "lines": goods}
        packed = house.operator.ok("POST", f"/v1/totes/{tote}/pack", json=said)
        assert house.operator.ok("POST", f"/v1/totes/{tote}/pack", json=said) == packed
        assert [(row["serial"], row["quantity"]) for row in packed] == [("", 7), ("S1", 1)]
        out = {"client_id": str(uuid4()), "place": "fridge-a", "lines": [{**goods[0], "quantity": 3}]}
        assert house.operator.ok("POST", f"/v1/totes/{tote}/unpack", json=out)[0]["quantity"] == 4
        for path, more in (("pack", 99), ("unpack", 5)):
            too_many = {**out, "client_id": str(uuid4()), "lines": [{**goods[0], "quantity": more}]}
            assert house.operator.post(f"/v1/totes/{tote}/{path}", too_many).status_code == 409
        told = events(house.reader, MATCH_parentID=f"https://id.gs1.org/00/{tote}")
        assert [(each["bizStep"], each["action"]) for each in told] == [("packing", "ADD"), ("unpacking", "DELETE")]
        assert all(event_schema().is_valid(each) for each in told)
        with api_on(databases.open(url)) as partner:
            partner.house()
            partner.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {GTIN: 1}, "reason": "new"})
            sent = house.reader.get("/epcis/events", EQ_bizStep="packing|unpacking").content
            made = {**MADE, "epcList": ["https://id.gs1.org/01/00312345678906/21/S1"], "quantityList": [
                {"epcClass": LOT, "quantity": 20}], "ilmd": {**MADE["ilmd"], "cbvmda:lotNumber": "A/1"}}  # fmt: skip
            send(partner, sent)
            send(partner, document(made))
            receipt = {"client_id": str(uuid4()), "from_place": "acme", "to_place": "fridge-a"}
            partner.operator.ok("POST", f"/v1/packages/{tote}/receive", json=receipt)
            assert stock(partner) == {("A/1", "fridge-a"): 5}


def test_events_come_in_the_order_and_number_that_are_asked_for(api: Api) -> None:
    send(api, document(*({**EVENT, "eventTime": f"2026-05-20T1{hour}:00:00Z"} for hour in (2, 0, 1))))
    send(api, document({**EVENT, "eventTime": "2026-05-20T09:00:00Z"}))
    hours = [each["eventTime"][11:13] for each in events(api.reader)]
    assert hours == ["09", "10", "11", "12"]

    def told(**asked: Any) -> list[str]:
        return [each["eventTime"][11:13] for each in events(api.reader, EQ_bizStep="shipping", **asked)]

    assert told(orderBy="eventTime") == told(orderDirection="DESC", perPage=1) == hours[::-1]
    assert told(orderBy="eventTime", orderDirection="ASC", eventCountLimit=3, perPage=2) == hours[:3]
    assert told(LT_eventTime="2026-05-20T12:00:00Z", orderBy="eventTime", eventCountLimit=1) == ["11"]
    assert told(maxEventCount=4, perPage=3) == hours
    api.receive("A/1", 20)  # recorded by the clock of the machine, long after those
    recorded = [each["bizStep"] for each in events(api.reader, orderBy="recordTime", perPage=2)]
    assert recorded == ["receiving", *["shipping"] * 4]
    refused = api.reader.get("/epcis/events", maxEventCount=3)
    assert refused.status_code == 413 and "maxEventCount" in refused.json()["error"]
    for asked in ({"orderBy": "action"}, {"orderDirection": "UP"}, {"eventCountLimit": 1, "maxEventCount": 1}):
        assert api.reader.get("/epcis/events", **asked).status_code == 422, asked
