"""Holds, dispositions and cases: who blocks, who unblocks, and on what evidence."""

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batches
from tests.support.builders import GatewayWithKey, Ledger, minute, reading
from tests.support.ledger_api import Api, demand


def decision(excursion: int, lot: int, what: str = "release") -> dict[str, object]:
    return {"excursion_id": excursion, "lot_id": lot, "decision": what, "reason": "stability data allow it"}


def test_a_hold_is_lifted_by_quality_but_not_by_the_one_who_placed_it(api: Api) -> None:
    lot = api.receive("A", 5)
    hold = api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    path = f"/v1/holds/{hold['id']}/lift"
    assert api.operator.post(path, {"reason": "looks fine"}).status_code == 403
    own = api.quality.post(path, {"reason": "looks fine"})
    assert (own.status_code, "Somebody else" in own.json()["what_to_do"]) == (403, True)
    other = api.known_as("quality-2", Role.QUALITY)
    assert other.post(path, {"reason": "no"}).status_code == 422
    lifted = other.ok("POST", path, json={"reason": "box replaced"})
    assert (lifted["lifted_by"], lifted["placed_by"]) == ("quality-2", "quality-1")
    assert other.post(path, {"reason": "once more"}).status_code == 409
    assert api.reader.rows("/v1/holds") == []
    kinds = [e["kind"] for e in api.reader.ok("GET", "/v1/events", params={"subject": f"lot:{lot}"})]
    assert kinds == ["lot_added", "hold_placed", "hold_lifted"]


def test_a_hold_breaks_what_was_reserved(api: Api) -> None:
    lot = api.receive("A", 5)
    api.operator.ok("POST", "/v1/allocations", json=demand(3))
    api.operator.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "supplier called"})
    (reservation,) = api.reader.rows("/v1/reservations")
    assert (reservation["ended_as"], "supplier called" in reservation["ended_reason"]) == ("broken", True)
    assert api.reader.rows("/v1/stock")[0]["reserved"] == 0


@pytest.mark.parametrize("body", [{"lot_id": 999}, {"place": "nowhere"}])
def test_a_hold_needs_a_lot_and_a_place_that_exist(api: Api, body: dict[str, object]) -> None:
    lot = api.receive("A", 5)
    assert api.quality.post("/v1/holds", {"lot_id": lot, "reason": "torn box"} | body).status_code == 404
    assert api.reader.rows("/v1/holds/placed") == []


def test_a_released_lot_may_be_issued_until_the_evidence_changes(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot)
    assert [hold["kind"] for hold in api.reader.rows("/v1/holds", lot=lot)] == ["exposure"]
    assert api.quality.post("/v1/dispositions", decision(excursion, lot)).status_code == 201
    assert api.reader.rows("/v1/holds", lot=lot) == []
    with api.database.transaction() as connection:
        connection.execute("UPDATE excursion SET worst = 19, version = 2")
    (hold,) = api.reader.rows("/v1/holds", lot=lot)
    assert "evidence changed after disposition" in hold["text"]
    assert api.reader.rows("/v1/dispositions", lot=lot)[0]["same_evidence"] is False
    assert api.quality.post("/v1/dispositions", decision(excursion, lot)).status_code == 201
    assert api.reader.rows("/v1/holds", lot=lot) == []


def test_only_an_excursion_that_has_ended_is_decided_on(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot, ended=False)
    assert [row["id"] for row in api.reader.rows("/v1/excursions", only_open=True)] == [excursion]
    response = api.quality.post("/v1/dispositions", decision(excursion, lot))
    assert (response.status_code, "still open" in response.json()["error"]) == (409, True)


def test_only_quality_decides_and_only_on_lots_that_were_exposed_and_with_a_reason(api: Api) -> None:
    lot, other = api.receive("A", 5), api.receive("B", 5, place="fridge-b")
    excursion = api.excursion("fridge-a", lot)
    assert api.operator.post("/v1/dispositions", decision(excursion, lot)).status_code == 403
    assert api.administrator.post("/v1/dispositions", decision(excursion, lot)).status_code == 403
    assert api.quality.post("/v1/dispositions", decision(excursion, other)).status_code == 404
    assert api.quality.post("/v1/dispositions", decision(999, lot)).status_code == 404
    assert api.quality.post("/v1/dispositions", decision(excursion, lot) | {"reason": "  "}).status_code == 422
    assert api.reader.rows("/v1/dispositions") == []


def test_saying_a_decision_again_is_harmless_and_a_rejection_is_not_taken_back(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot)
    first = api.quality.post("/v1/dispositions", decision(excursion, lot, "reject"))
    again = api.quality.post("/v1/dispositions", decision(excursion, lot, "reject"))
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert api.quality.post("/v1/dispositions", decision(excursion, lot, "release")).status_code == 409
    assert api.reader.rows("/v1/holds", lot=lot) != []
    assert api.quality.post("/v1/dispositions", decision(excursion, lot, "destroy")).status_code == 201


def test_exposures_show_lot_place_and_excursion(api: Api) -> None:
    lot = api.receive("A", 5)
    excursion = api.excursion("fridge-a", lot, worst=14.5)
    (exposure,) = api.reader.rows("/v1/exposures", excursion=excursion)
    assert (exposure["lot_id"], exposure["place"], exposure["worst"]) == (lot, "fridge-a", 14.5)
    (shown,) = api.reader.rows("/v1/excursions", place="fridge-a")
    assert (shown["lots_exposed"], shown["rule"]) == (1, "high")
    assert api.reader.get("/v1/excursions", place="nowhere").status_code == 404


SPOILT = """
    CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'nobody has foreseen this' USING ERRCODE = 'check_violation'; END $$;
    CREATE TRIGGER spoil BEFORE INSERT ON reading FOR EACH ROW WHEN (NEW.value > 90) EXECUTE FUNCTION spoil();
"""


def test_a_batch_that_was_set_aside_is_booked_by_quality_and_by_nobody_else(api: Api) -> None:
    gateway = GatewayWithKey()
    gateway.register(api.database)
    Ledger(api.database).run_as_owner(SPOILT)
    store_batches(api.database, [gateway.batch(reading(minute(1), 99.0))])
    (case,) = api.reader.rows("/v1/cases", kind="batch_set_aside")
    path, why = f"/v1/cases/{case['id']}/reprocess", {"reason": "the new version reads it"}
    assert api.operator.post(path, why).status_code == 403
    assert api.quality.post(path, {}).status_code == 422
    refused = api.quality.post(path, why)
    assert refused.status_code == 409 and "still cannot be booked" in refused.text
    Ledger(api.database).run_as_owner("DROP FUNCTION spoil() CASCADE")
    done = api.quality.ok("POST", path, json=why)
    assert (done["resolved_by"], done["resolution"]) == ("quality-1", "booked again: the new version reads it")
    assert api.quality.post(path, why).status_code == 409
    assert api.reader.rows("/v1/cases", kind="batch_set_aside") == []


def test_a_case_is_resolved_once_with_what_was_found(api: Api) -> None:
    lot = api.receive("A", 5)
    with api.database.transaction() as connection:
        row = connection.execute(
            "INSERT INTO exception_case (kind, key, text, lot_id) VALUES ('negative_balance', 'x', 'gone', %s)"
            " RETURNING id",
            (lot,),
        ).fetchone()
    assert row is not None
    assert api.reader.rows("/v1/stock")[0]["reasons"][0]["code"] == "held"
    path = f"/v1/cases/{row['id']}/resolve"
    assert api.operator.post(path, {"resolution": "counted again"}).status_code == 403
    resolved = api.quality.ok("POST", path, json={"resolution": "counted again"})
    assert (resolved["resolved_by"], resolved["resolution"]) == ("quality-1", "counted again")
    assert api.quality.post(path, {"resolution": "counted again"}).status_code == 409
    assert api.quality.post("/v1/cases/999/resolve", {"resolution": "counted again"}).status_code == 404
    assert api.reader.rows("/v1/stock")[0]["reasons"] == []
    assert api.reader.rows("/v1/cases") == []
    assert len(api.reader.rows("/v1/cases", only_open=False)) == 1
