"""Every kind of fact of ours is an event that the standard takes, in the words of CBV."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cloud_sync.interop.epcis.facts import (
    Source,
    Statement,
    event_id,
    event_of_decision,
    event_of_excursion,
    event_of_hold,
    event_of_packing,
    events_of_movement,
    row_of_event_id,
    statement_of,
)
from cloud_sync.interop.epcis.rules import Event, faults_of
from tests.support.epcis_standard import event_schema

LEDGER = b"a public key"
AT = datetime(2026, 7, 1, 15, 0, 0, 999_999, tzinfo=UTC)
GOODS = {"serial": "", "lot_number": "A/1", "item": "insulin", "base_unit": "each", "gtin": "00312345678906"}
LOT = "https://id.gs1.org/01/00312345678906/10/A%2F1"
PLACE = {"place": "fridge-a", "zone": "America/Chicago", "gln": None, "gln_extension": None}


def moved(action: str, from_kind: str = "room", to_kind: str = "room", **more: Any) -> dict[str, Any]:
    sides = {
        f"{side}_{name}": value
        for side, kind in (("from", from_kind), ("to", to_kind))
        for name, value in (("place", f"{kind}-1"), ("kind", kind), ("gln", None), ("gln_extension", None))
    }
    return {
        **GOODS, **sides, "id": 7, "source": Source.MOVEMENT, "quantity": 5, "occurred_at": AT, "said_at": None,
        "recorded_at": AT, "action": action, "order_ref": "", "zone": "America/Chicago", "parent": None, **more,
    }  # fmt: skip


def judged(event: Event) -> Event:
    assert faults_of(event) == [] and event_schema().is_valid(event), event
    return event


@pytest.mark.parametrize(
    ("action", "from_kind", "to_kind", "words"),
    [
        ("receive", "supplier", "room", ("OBSERVE", "receiving", "in_progress")),
        ("opening", "supplier", "room", ("OBSERVE", "receiving", "in_progress")),
        ("put_away", "room", "bin", ("OBSERVE", "storing", None)),
        ("move", "room", "room", ("OBSERVE", "storing", None)),
        ("pick", "bin", "room", ("OBSERVE", "picking", "in_progress")),
        ("ship", "room", "customer", ("OBSERVE", "shipping", "in_transit")),
        ("dispense", "room", "ward", ("OBSERVE", "dispensing", "dispensed")),
        ("return", "customer", "room", ("OBSERVE", "receiving", "returned")),
        ("destroy", "room", "scrap", ("DELETE", "destroying", "destroyed")),
        ("count", "room", "count_difference", ("OBSERVE", "stock_taking", None)),
    ],
)
def test_each_kind_of_movement_has_its_words(
    action: str, from_kind: str, to_kind: str, words: tuple[str, str, str | None]
) -> None:
    (event,) = map(judged, events_of_movement(moved(action, from_kind, to_kind, order_ref="PO-1"), LEDGER))
    assert (event["action"], event["bizStep"], event.get("disposition")) == words
    assert event["quantityList"] == [{"epcClass": LOT, "quantity": 5}]
    # Cut to milliseconds, and the clock on the wall beside it.
    assert (event["eventTime"], event["eventTimeZoneOffset"]) == ("2026-07-01T15:00:00.999Z", "-05:00")
    assert ("sourceList" in event) == (from_kind in ("supplier", "customer"))
    assert ("destinationList" in event) == (to_kind in ("customer", "ward"))


def test_places_with_a_gln_are_locations_and_partners_are_parties() -> None:
    row = moved("ship", "room", "customer", from_gln="0614141000012", from_gln_extension="A", to_gln="5012345000008")
    (event,) = map(judged, events_of_movement(row, LEDGER))
    assert event["readPoint"]["id"] == "https://id.gs1.org/414/0614141000012/254/A"
    assert event["destinationList"][0]["destination"] == "https://id.gs1.org/417/5012345000008"


def test_what_is_made_is_a_transformation_of_what_was_consumed() -> None:
    consumed = {**GOODS, "lot_number": "RAW", "quantity": 30, "base_unit": "ml"}
    assert events_of_movement(moved("consume", "room", "production"), LEDGER) == []
    (event,) = map(judged, events_of_movement(moved("receive", "production"), LEDGER, [consumed]))
    assert (event["type"], event["bizStep"], event["disposition"]) == (
        "TransformationEvent", "commissioning", "inactive"
    )  # fmt: skip
    assert event["inputQuantityList"] == [{"epcClass": LOT.replace("A%2F1", "RAW"), "quantity": 30, "uom": "MLT"}]
    assert event["outputQuantityList"] == [{"epcClass": LOT, "quantity": 5}]
    (further,) = map(judged, events_of_movement(moved("receive", "production"), LEDGER))
    assert further["transformationID"] == event["transformationID"] and "inputQuantityList" not in further


def test_an_opened_case_is_taken_apart_and_serials_are_epcs() -> None:
    case = "(01)10312345678903(21)C/1"
    assert events_of_movement(moved("open_case", "room", "unpacking", serial=case), LEDGER) == []
    (event,) = map(judged, events_of_movement(moved("open_case", "unpacking", parent=case), LEDGER))
    assert (event["type"], event["action"]) == ("AggregationEvent", "DELETE")
    assert event["parentID"] == "https://id.gs1.org/01/10312345678903/21/C%2F1"
    (event,) = map(judged, events_of_movement(moved("move", serial="S1"), LEDGER))
    assert event["epcList"] == ["https://id.gs1.org/01/00312345678906/21/S1"]


def test_a_movement_whose_time_was_corrected_is_told_twice() -> None:
    row = moved("move", said_at=AT.replace(hour=9))
    (wrong,) = map(judged, events_of_movement(row, LEDGER))
    (right,) = map(judged, events_of_movement({**row, "source": Source.CORRECTED}, LEDGER))
    assert wrong["eventTime"] == "2026-07-01T09:00:00.999Z" and right["eventTime"] == "2026-07-01T15:00:00.999Z"
    assert wrong["errorDeclaration"]["reason"] == "incorrect_data"
    assert wrong["errorDeclaration"]["correctiveEventIDs"] == [right["eventID"]] != [wrong["eventID"]]
    # Who was told before the correction knows it by the same id.
    (before,) = events_of_movement(moved("move"), LEDGER)
    assert before["eventID"] == wrong["eventID"]


def test_goods_and_places_without_gs1_keys_have_names_of_ours_that_do_not_clash() -> None:
    bare = {"gtin": None, "item": "a:b", "lot_number": "c d"}
    (event,) = map(judged, events_of_movement(moved("move", **bare), LEDGER))
    assert event["quantityList"][0]["epcClass"] == "urn:x-lotwarden:lot:a%3Ab:c%20d"
    (event,) = map(judged, events_of_movement(moved("move", serial="S1", **bare), LEDGER))
    assert event["epcList"] == ["urn:x-lotwarden:unit:a%3Ab:c%20d:S1"]


@pytest.mark.parametrize(("kind", "word"), [("manual", "non_sellable_other"), ("recall", "recalled")])
def test_a_hold_persists_until_it_is_lifted(kind: str, word: str) -> None:
    row = {
        **PLACE, "id": 3, "kind": kind, "placed_at": AT, "since": None, "lifted_at": AT.replace(hour=16),
        "goods": [GOODS],
    }  # fmt: skip
    held = judged(event_of_hold({**row, "source": Source.HOLD}, LEDGER))
    assert (held["bizStep"], held["disposition"], held["persistentDisposition"]) == ("holding", word, {"set": [word]})
    free = judged(event_of_hold({**row, "source": Source.LIFTED}, LEDGER))
    assert (free["bizStep"], free["disposition"]) == ("storing", "sellable_not_accessible")
    assert free["persistentDisposition"] == {"unset": [word]} and held["eventID"] != free["eventID"]


@pytest.mark.parametrize(
    ("metric", "rule", "is_below", "report"),
    [
        ("temp_c", "low", True, {"type": "Temperature", "exception": "ALARM_CONDITION", "minValue": 1.5, "uom": "CEL"}),
        (
            "rh_pct", "high", False,
            {"type": "RelativeHumidity", "exception": "ALARM_CONDITION", "maxValue": 1.5, "uom": "P1"},
        ),
        ("temp_c", "no_data", False, {"type": "Temperature", "exception": "ERROR_CONDITION"}),
        ("particles_5_um_count", "high", False, {"type": "Count", "exception": "ALARM_CONDITION", "maxValue": 1.5}),
        ("dp_pa", "low", True, {"type": "Pressure", "exception": "ALARM_CONDITION", "minValue": 1.5, "uom": "PAL"}),
    ],
)  # fmt: skip
def test_an_excursion_carries_what_the_sensor_said(
    metric: str, rule: str, is_below: bool, report: dict[str, Any]
) -> None:
    row = {
        **PLACE, "id": 5, "began_at": AT, "ended_at": None, "recorded_at": AT, "rule": rule, "worst": 1.5,
        "device": "probe/1", "gateway": "gw-1", "metric": metric, "policy": None, "is_below": is_below,
        "goods": [GOODS],
    }  # fmt: skip
    event = judged(event_of_excursion(row, LEDGER))
    assert (event["bizStep"], event["disposition"]) == ("holding", "non_sellable_other")
    assert event["sensorElementList"][0]["sensorReport"] == [report]
    alone = judged(event_of_excursion({**row, "goods": [], "ended_at": AT}, LEDGER))
    assert alone["bizStep"] == "sensor_reporting" and "endTime" in alone["sensorElementList"][0]["sensorMetadata"]


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ("release", ("storing", "sellable_not_accessible", {"unset": ["non_sellable_other"]})),
        ("reject", ("holding", "non_conformant", {"set": ["non_conformant"]})),
        ("destroy", ("holding", "non_conformant", {"set": ["non_conformant"]})),
    ],
)
def test_a_decision_frees_goods_or_says_what_they_are(decision: str, words: tuple[Any, ...]) -> None:
    row = {**PLACE, "id": 6, "decision": decision, "decided_at": AT, "goods": [GOODS]}
    event = judged(event_of_decision(row, LEDGER))
    assert (event["bizStep"], event["disposition"], event["persistentDisposition"]) == words


def test_an_id_says_which_statement_of_which_ledger_it_is() -> None:
    said = [(source, row, revision) for source in Source for row in (1, 2, 2**45) for revision in (0, 1, 255)]
    ids = {event_id(LEDGER, *each) for each in said}
    assert len(ids) == len(said) and {row_of_event_id(LEDGER, each) for each in ids} == set(said)
    assert {statement_of(Statement(*each).number) for each in said} == set(said)
    for foreign in (event_id(b"another", Source.HOLD, 1), "urn:uuid:1", "ni:///sha-256;00?ver=CBV2.0"):
        assert row_of_event_id(LEDGER, foreign) is None


def corrected(kind: str, before: str, hour: int, lot_id: int = 1) -> dict[str, Any]:
    return {"lot_id": lot_id, "kind": kind, "before": before, "decided_at": AT.replace(day=2, hour=hour).isoformat()}


def test_what_was_said_of_a_lot_before_it_was_corrected_is_declared_wrong_under_its_own_id() -> None:
    corrections = [corrected("lot_number", "A/0", 9), corrected("lot_number", "A/00", 10)]
    row = moved("ship", "room", "customer", lot_id=1, corrections=corrections)
    (now,) = map(judged, events_of_movement(row, LEDGER))
    said = [judged(event) for n in (0, 1) for event in events_of_movement({**row, "revision": n}, LEDGER)]
    lots = [event["quantityList"][0]["epcClass"].rpartition("/")[2] for event in (*said, now)]
    assert lots == ["A%2F0", "A%2F00", "A%2F1"] and len({event["eventID"] for event in (*said, now)}) == 3
    assert "errorDeclaration" not in now and now["recordTime"] == "2026-07-02T10:00:00.999Z"
    for event, hour in zip(said, ("09", "10"), strict=True):
        assert event["errorDeclaration"] == {
            "declarationTime": f"2026-07-02T{hour}:00:00.999Z", "reason": "incorrect_data",
            "correctiveEventIDs": [now["eventID"]],
        }  # fmt: skip
    # Who was told before the first correction knows it by the same id.
    (before,) = events_of_movement(moved("ship", "room", "customer"), LEDGER)
    assert before["eventID"] == said[0]["eventID"]


def test_a_movement_whose_time_and_lot_were_corrected_has_one_statement_that_holds() -> None:
    row = moved("move", said_at=AT.replace(hour=9), lot_id=1, corrections=[corrected("lot_number", "A/0", 9)])
    asked = [(Source.MOVEMENT, 0), (Source.MOVEMENT, 1), (Source.CORRECTED, 0), (Source.CORRECTED, None)]
    told = [
        judged(event)
        for source, revision in asked
        for event in events_of_movement({**row, "source": source, "revision": revision}, LEDGER)
    ]
    assert ["errorDeclaration" in event for event in told] == [True, True, True, False]
    assert {event["errorDeclaration"]["correctiveEventIDs"][0] for event in told[:3]} == {told[3]["eventID"]}
    assert len({event["eventID"] for event in told}) == 4


def test_the_expiry_of_what_was_made_is_told_and_corrected() -> None:
    row = moved("receive", "production", lot_id=1, expires_on="2026-12-31")
    row["corrections"] = [corrected("lot_expiry", "2026-12-01T14:00", 9)]
    (wrong,) = map(judged, events_of_movement({**row, "revision": 0}, LEDGER))
    (now,) = map(judged, events_of_movement(row, LEDGER))
    assert [event["ilmd"]["cbvmda:itemExpirationDate"] for event in (wrong, now)] == ["2026-12-01", "2026-12-31"]
    assert wrong["errorDeclaration"]["correctiveEventIDs"] == [now["eventID"]]


def test_a_hold_of_two_lots_names_each_as_it_was_known() -> None:
    goods = [{**GOODS, "lot_id": 1}, {**GOODS, "lot_id": 2, "lot_number": "B/1"}]
    row = {
        **PLACE, "id": 3, "kind": "manual", "placed_at": AT, "since": None, "lifted_at": None, "goods": goods,
        "source": Source.HOLD, "corrections": [corrected("lot_number", "B/0", 9, lot_id=2)],
    }  # fmt: skip
    told = [judged(event_of_hold({**row, "revision": n}, LEDGER)) for n in (0, None)]
    assert [[one["epcClass"][-5:] for one in event["quantityList"]] for event in told] == [
        ["A%2F1", "B%2F0"], ["A%2F1", "B%2F1"],
    ]  # fmt: skip
    assert ["errorDeclaration" in event for event in told] == [True, False]


@pytest.mark.parametrize(("is_unpacking", "words"), [(False, ("ADD", "packing")), (True, ("DELETE", "unpacking"))])
def test_a_tote_is_a_parent_of_what_is_packed_into_it(is_unpacking: bool, words: tuple[str, str]) -> None:
    goods = [{**GOODS, "lot_id": 1, "quantity": 5}, {**GOODS, "lot_id": 1, "serial": "S1", "quantity": 1}]
    row = {
        **PLACE, "id": 9, "is_unpacking": is_unpacking, "occurred_at": AT, "recorded_at": AT,
        "sscc": "106141412345678908", "order_ref": "SO-1", "goods": goods,
    }  # fmt: skip
    event = judged(event_of_packing(row, LEDGER))
    assert (event["type"], event["action"], event["bizStep"]) == ("AggregationEvent", *words)
    assert event["parentID"] == "https://id.gs1.org/00/106141412345678908"
    assert event["childQuantityList"] == [{"epcClass": LOT, "quantity": 5}]
    assert event["childEPCs"] == ["https://id.gs1.org/01/00312345678906/21/S1"]
