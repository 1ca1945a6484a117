"""Transaction data with receipts and shipments: each scenario ends in the right hold, case and message."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.storage.database import Database
from tests.support.dscsa_parts import (
    ACME,
    CLINIC,
    US,
    held,
    information,
    licence,
    line,
    open_codes,
    party,
    receive,
    ship,
    tell,
    trading_house,
    waiting,
)
from tests.support.ledger_api import NOW, Api, Somebody, api_on
from tests.support.recycled_databases import RecycledDatabases


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        trading_house(opened)
        yield opened


def test_goods_that_match_their_data_go_out_with_data_of_their_own(api: Api) -> None:
    told = tell(api, "ASN-1", line("A1", 3, ("s1", "s2", "s3")), order="PO-1")
    again = api.operator.post("/v1/dscsa/partners/acme/transactions", information(
        "ASN-1", line("A1", 3, ("s1", "s2", "s3")), order="PO-1"))  # fmt: skip
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    lot = receive(api, "A1", 3, ("s1", "s2", "s3"))
    finished = api.operator.ok("POST", f"/v1/dscsa/transactions/{told['id']}/finish")
    assert [each["moved"] for each in finished["lines"]] == [3]
    assert (open_codes(api), held(api, lot), waiting(api)) == ({}, set(), {})
    assert ship(api, "A1", 2, ("s1", "s2"), order="SO-9").status_code == 201
    (out,) = api.reader.rows("/v1/dscsa/transactions", direction="out", partner="clinic")
    content = api.reader.ok("GET", f"/v1/dscsa/transactions/{out['id']}")["content"]
    assert content["seller"]["name"] == US["business_name"] and content["buyer"]["name"] == "West Clinic"
    (sold,) = content["lines"]
    assert (sold["lot_number"], sold["containers"], sold["serials"], sold["ndc"]) == (
        "A1",
        2,
        ["s1", "s2"],
        "61414-5678-9",
    )
    assert set(content["statement"].values()) == {True}


def test_product_without_data_is_held_until_the_data_come(api: Api) -> None:
    lot = receive(api, "A1", 5)
    case = open_codes(api)["no_data"]
    assert (case["lot_id"], held(api, lot)) == (lot, {None})
    assert "send the transaction information" in waiting(api)["no_data"]["body"]
    refused = ship(api, "A1", 1)
    assert refused.status_code == 409 and "without transaction information" in refused.json()["error"]
    tell(api, "ASN-1", line("A1", 5))
    assert (open_codes(api), held(api, lot), waiting(api)) == ({}, set(), {})


def test_data_without_product_and_a_shortage_are_told_when_the_receipt_is_finished(api: Api) -> None:
    told = tell(api, "ASN-1", line("A1", 5), line("B1", 4, ("b1", "b2", "b3", "b4")))
    lot = receive(api, "B1", 3, ("b1", "b2", "b3"))
    assert open_codes(api) == {}
    api.operator.ok("POST", f"/v1/dscsa/transactions/{told['id']}/finish")
    cases = open_codes(api)
    assert set(cases) == {"no_product", "shortage"} == set(waiting(api))
    assert cases["shortage"]["data"]["serials"] == ["b4"] and held(api, lot) == set()
    receive(api, "A1", 5)  # it was late
    assert set(open_codes(api)) == {"shortage"}


def test_an_overage_holds_the_serials_that_nobody_told_of(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 2, ("s1", "s2")))
    lot = receive(api, "A1", 3, ("s1", "s2", "s9"))
    assert open_codes(api)["overage"]["data"]["serials"] == ["s9"]
    assert held(api, lot) == {"s9"} and "overage" in waiting(api)
    assert ship(api, "A1", 1, ("s1",)).status_code == 201
    assert ship(api, "A1", 1, ("s9",)).status_code == 409
    tell(api, "ASN-2", line("A1", 1, ("s9",)))
    assert (open_codes(api), held(api, lot)) == ({}, set())


def test_another_serial_and_another_lot_than_told_are_held(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 2, ("s1", "s2")), line("B1", 5))
    lot = receive(api, "A1", 2, ("s1", "s7"))
    other = receive(api, "B2", 5)
    cases = open_codes(api)
    assert set(cases) == {"serial_differs", "lot_differs"} == set(waiting(api))
    assert (held(api, lot), held(api, other)) == ({"s7"}, {None})
    assert cases["lot_differs"]["data"]["told_lot"] == "B1"
    assert "name lot B1" in waiting(api)["lot_differs"]["body"]


def test_data_for_another_consignee_do_not_count_and_incomplete_ones_neither(api: Api) -> None:
    elsewhere = {**party(US), "name": "North Pharmacy", "gln": "0614141000999"}
    told = tell(api, "ASN-1", line("A1", 5), buyer=elsewhere)
    assert told["fault"] == "wrong_consignee"
    lot = receive(api, "A1", 5)
    assert set(open_codes(api)) == {"wrong_consignee"} and held(api, lot) == {None}
    incomplete = tell(api, "ASN-2", line("A2", 5, strength=""), statement=None)
    assert incomplete["fault"] == "incomplete_data" and "no transaction statement" in " ".join(incomplete["faults"])
    assert set(waiting(api)) == {"wrong_consignee", "incomplete_data"}
    tell(api, "ASN-3", line("A1", 5))
    assert set(open_codes(api)) == {"incomplete_data"} and held(api, lot) == set()


def test_data_told_twice_hold_the_lot_until_one_is_voided(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 2, ("s1", "s2")))
    lot = receive(api, "A1", 2, ("s1", "s2"))
    twice = tell(api, "ASN-2", line("A1", 3, ("s2", "s3", "s4")))
    assert twice["fault"] == "duplicate_data" and held(api, lot) == {None}
    assert set(open_codes(api)) == {"duplicate_data"} == set(waiting(api))
    api.quality.ok("POST", f"/v1/dscsa/transactions/{twice['id']}/void", json={"reason": "Acme withdrew it"})
    assert (open_codes(api), held(api, lot)) == ({}, set())


def test_a_serial_that_is_here_already_is_told_to_its_supplier(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 1, ("s1",)))
    lot = receive(api, "A1", 1, ("s1",))
    receive(api, "A1", 1, ("s1",))
    assert held(api, lot) == {None}
    assert {"duplicate_product", "overage"} <= set(waiting(api))


def test_damaged_product_is_held_where_it_is_and_its_supplier_is_told(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 5))
    lot = receive(api, "A1", 5)
    damage = {"supplier": "acme", "lot_id": lot, "place": "fridge-a", "quantity": 2, "text": "wet carton"}
    made = api.operator.ok("POST", "/v1/dscsa/damage", json=damage)
    assert open_codes(api)["damaged"]["id"] == made["case_id"] and held(api, lot) != set()
    assert "wet carton" in waiting(api)["damaged"]["body"]
    message = waiting(api)["damaged"]["id"]
    api.quality.ok("POST", f"/v1/dscsa/messages/{message}/sent", json={"reason": "mail to returns@acme"})
    api.quality.ok("POST", f"/v1/dscsa/messages/{message}/answered", json={"reason": "destroy it"})
    assert waiting(api) == {}


def test_what_a_count_finds_soon_after_the_receipt_is_told_to_the_supplier(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 5))
    lot = receive(api, "A1", 5)

    def count(found: int) -> None:
        made = api.operator.ok("POST", "/v1/counts", json={"place": "fridge-a"})
        line = {"item": "insulin", "lot_number": "A1", "quantity": found, "place": "fridge-a"}
        at = NOW - timedelta(hours=10 - len(api.reader.rows("/v1/counts")))
        said = {"client_id": str(uuid.uuid4()), "counted_at": at.isoformat(), "found": [line]}
        api.operator.ok("POST", f"/v1/counts/{made['number']}/findings", json=said)
        api.quality.ok("POST", f"/v1/counts/{made['number']}/approve", json={"reason": "counted twice"})

    count(4)
    assert set(open_codes(api)) == {"concealed_shortage"} == set(waiting(api)) and held(api, lot) == set()
    count(7)
    assert set(open_codes(api)) == {"concealed_overage"} and held(api, lot) == {None}
    count(5)
    assert (open_codes(api), held(api, lot)) == ({}, set())


def test_goods_of_a_partner_that_is_not_authorised_are_held_and_nothing_is_shipped_to_one(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 5))
    (mine,) = api.reader.ok("GET", "/v1/dscsa/partners/acme")["licences"]
    assert mine["verified_by"] == "quality-1"
    api.quality.ok("POST", f"/v1/dscsa/licences/{mine['id']}/withdraw", json={"reason": "revoked by the board"})
    lot = receive(api, "A1", 5)
    (hold,) = api.reader.rows("/v1/holds", lot=lot)
    assert hold["kind"] == "supplier" and "acme is not an authorised trading partner" in hold["text"]
    licence(api, "acme", "wholesale_distributor", "W-78")
    tell(api, "ASN-2", line("B1", 5))
    assert held(api, receive(api, "B1", 5)) == set()
    (theirs,) = api.reader.ok("GET", "/v1/dscsa/partners/clinic")["licences"]
    api.quality.ok("POST", f"/v1/dscsa/licences/{theirs['id']}/withdraw", json={"reason": "closed"})
    refused = ship(api, "B1", 1)
    assert refused.status_code == 409
    assert (
        "clinic is not an authorised trading partner: its licence as a dispenser P-12 (TX) was withdrawn"
        in (refused.json()["error"])
    )


def test_a_partner_with_a_connection_gets_data_and_messages_by_it_and_sends_its_own(api: Api) -> None:
    for name in ("clinic-edi", "acme-edi"):
        said = {"url": f"https://{name}.example/in", "scopes": ["dscsa"], "event_kinds": []}
        api.administrator.ok("PUT", f"/v1/connections/{name}", json=said)
    api.quality.ok("PUT", "/v1/dscsa/partners/clinic", json={**CLINIC, "connection": "clinic-edi"})
    api.quality.ok("PUT", "/v1/dscsa/partners/acme", json={**ACME, "connection": "acme-edi"})
    acme = Somebody(api.client, api.administrator.ok("POST", "/v1/connections/acme-edi/key")["key"])
    told = information("ASN-1", line("A1", 3))
    assert acme.post("/v1/dscsa/partners/clinic/transactions", told).status_code == 403
    assert acme.post("/v1/dscsa/partners/acme/transactions", told).status_code == 201
    receive(api, "A1", 4)
    assert waiting(api) == {}  # it was sent by the connection
    assert ship(api, "A1", 1).status_code == 409  # the surplus holds the lot
    tell(api, "ASN-2", line("A1", 1))
    assert ship(api, "A1", 2, order="SO-1").status_code == 201
    queued = {
        (row["connection"], row["kind"])
        for name in ("clinic-edi", "acme-edi")
        for row in api.administrator.ok("GET", f"/v1/connections/{name}/deliveries")["rows"]
    }
    assert queued == {("acme-edi", "dscsa_message"), ("clinic-edi", "dscsa_transaction")}
    (out,) = api.reader.rows("/v1/dscsa/transactions", direction="out")
    document = api.reader.ok("GET", f"/v1/dscsa/transactions/{out['id']}/epcis")
    (event,) = document["epcisBody"]["eventList"]
    assert event["bizStep"] == "shipping"
    assert event["gs1ushc:dscsaTransactionStatement"]["gs1ushc:affirmTransactionStatement"] is True


def test_what_one_ledger_ships_another_one_receives_by_epcis_1_2(api: Api, databases: RecycledDatabases) -> None:
    tell(api, "ASN-1", line("A1", 3, ("s1", "s2", "s3")))
    receive(api, "A1", 3, ("s1", "s2", "s3"))
    api.quality.ok("PUT", "/v1/dscsa/partners/clinic", json={**CLINIC, "gln": "0614141000050"})
    assert ship(api, "A1", 2, ("s1", "s2"), order="SO-9").status_code == 201
    (out,) = api.reader.rows("/v1/dscsa/transactions", direction="out", partner="clinic")
    xml = api.reader.get(f"/v1/dscsa/transactions/{out['id']}/epcis-1.2")
    assert xml.headers["content-type"] == "application/xml" and b'schemaVersion="1.2"' in xml.content
    assert b"urn:epc:id:sgtin:0361414." in xml.content
    with databases.lent() as url, api_on(databases.open(url)) as clinic:
        trading_house(clinic)
        clinic.quality.ok("PUT", "/v1/dscsa/partners/main", json={**CLINIC, "gln": "0614141000050"})
        clinic.quality.ok("PUT", "/v1/dscsa/partners/acme", json=US)  # that is us, for them
        path = "/v1/dscsa/partners/acme/transactions/epcis"
        told = clinic.operator.request("POST", path, content=xml.content)
        again = clinic.operator.request("POST", path, content=xml.content)
        assert (told.status_code, again.status_code, again.json()["id"]) == (201, 200, told.json()["id"])
        assert (told.json()["fault"], told.json()["content"]["lines"]) == (None, out_lines(api, out["id"]))
        lot = receive(clinic, "A1", 3, ("s1", "s2", "s9"))
        assert held(clinic, lot) == {"s9"}  # of that nobody told
        refused = clinic.operator.request("POST", path, content=b"<x/>")
        assert refused.status_code == 422 and "cannot be read" in refused.json()["error"]


def out_lines(api: Api, record_id: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = api.reader.ok("GET", f"/v1/dscsa/transactions/{record_id}")["content"]["lines"]
    return lines
