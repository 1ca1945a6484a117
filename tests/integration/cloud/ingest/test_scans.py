"""What operators scan becomes movements, or exception cases that hold the whole line; nothing is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from cloud_sync.actions.access import actor_in_roles
from cloud_sync.actions.quality.case_resolution import resolve_case
from cloud_sync.domain.booking import NewMovement
from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict
from cloud_sync.posting.movements import book, rebook_cases
from cloud_sync.storage.events import add_event
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import GTIN, Ledger, line, minute, reading, scan

CARTON = "19501101530000"


def test_a_receipt_and_a_put_away_are_booked_as_they_happened(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"), scan(minute(5), Action.PUT_AWAY, "dock", "fridge-a", line(4)))
    assert ledger.balances() == {("L1", "", "acme"): -10, ("L1", "", "dock"): 6, ("L1", "", "fridge-a"): 4}
    assert ledger.residencies() == {
        ("L1", "", "dock", minute(0), None),
        ("L1", "", "fridge-a", minute(5), None),
    }


def test_a_carton_counts_the_base_units_in_it(ledger: Ledger, say: Said) -> None:
    ledger.run("INSERT INTO item_gtin SELECT %(g)s, id, 20 FROM item", {"g": CARTON})
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(3, gtin=CARTON), line(1)))
    assert ledger.balances()["L1", "", "dock"] == 61


CAME = "SELECT lot_number, received_at FROM lot ORDER BY lot_number"


def test_a_lot_came_when_it_was_somewhere_first_whatever_was_said_of_it_first(ledger: Ledger, say: Said) -> None:
    say(
        scan(minute(7), Action.RECEIVE, "acme", "dock", line(lot="LATE")),
        scan(minute(5), Action.RECEIVE, "acme", "dock", line(lot="LATE")),
        scan(minute(3), Action.MOVE, "dock", "acme", line(4, lot="LATE"), line(lot="GONE")),
    )
    assert [tuple(row.values()) for row in ledger.rows(CAME)] == [("GONE", None), ("LATE", minute(5))]


def test_a_lot_that_comes_in_is_written_once(ledger: Ledger, say: Said) -> None:
    ledger.run_as_owner(
        "CREATE TRIGGER once BEFORE UPDATE ON lot FOR EACH ROW EXECUTE FUNCTION refuse_change();"
        "ALTER TABLE lot ENABLE ALWAYS TRIGGER once"
    )
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"), scan(minute(5), Action.PUT_AWAY, "dock", "fridge-a", line(4)))
    assert [tuple(row.values()) for row in ledger.rows(CAME)] == [("L1", minute(0))]


def test_the_operator_and_the_event_are_kept_with_the_movement(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"))
    (row,) = ledger.rows("SELECT m.fact, m.operator, e.kind FROM movement m JOIN event e ON e.id = m.event_id")
    assert row == {
        "fact": "gw-1/11111111-1111-4111-8111-111111111111/scans/1#1",
        "operator": "amy",
        "kind": "scan_receive",
    }


def test_a_lot_expires_at_the_end_of_the_day_on_its_label(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(expires_on=date(2027, 1, 31))))
    assert ledger.rows("SELECT lot_expires_at(l) AS expires_at FROM lot l") == [
        {"expires_at": datetime(2027, 2, 1, tzinfo=UTC)}
    ]


def test_destroyed_stock_ends_as_scrap(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"), scan(minute(1), Action.DESTROY, "dock", None))
    assert ledger.balances() == {("L1", "", "acme"): -10, ("L1", "", "scrap"): 10}


def test_a_count_is_kept_and_moves_nothing(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.COUNT, "dock", None, line(7)))
    assert ledger.balances() == {}
    (event,) = ledger.events("scan_count")
    assert event["data"]["lines"][0]["quantity"] == 7


@pytest.mark.parametrize("first", ["2027-01-31", "2027-06-30"])
def test_labels_that_disagree_on_expiry_hold_the_lot_and_change_nothing_else(
    ledger: Ledger, say: Said, first: str
) -> None:
    for day in sorted(["2027-01-31", "2027-06-30"], reverse=first == "2027-06-30"):
        say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(expires_on=date.fromisoformat(day))))
    assert ledger.rows("SELECT expires_on FROM lot") == [{"expires_on": date(2027, 6, 30)}]
    (case,) = ledger.rows("SELECT kind, data FROM exception_case")
    assert case == {"kind": "expiry_mismatch", "data": {"expires_on": ["2027-01-31", "2027-06-30"]}}
    assert ledger.held("exception") == {("L1", None, None)}


def test_a_label_without_expiry_takes_nothing_away(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(expires_on=None)))
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"))
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(expires_on=None)))
    assert ledger.rows("SELECT expires_on FROM lot") == [{"expires_on": date(2027, 1, 31)}]
    assert ledger.open_cases() == []


def test_an_unknown_item_waits_in_a_case_and_is_booked_once_it_is_known(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(2, gtin=CARTON), line(1)))
    assert ledger.open_cases() == ["unknown_item"]
    assert ledger.balances()["L1", "", "dock"] == 1
    ledger.run("INSERT INTO item_gtin SELECT %(g)s, id, 20 FROM item", {"g": CARTON})
    reprocess(ledger)
    assert ledger.open_cases() == []
    assert ledger.balances()["L1", "", "dock"] == 41
    reprocess(ledger)
    assert ledger.balances()["L1", "", "dock"] == 41


def test_an_unknown_place_waits_until_the_last_unknown_is_known(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "annex", line(2, gtin=CARTON)))
    assert ledger.open_cases() == ["unknown_item"]
    ledger.run("INSERT INTO item_gtin SELECT %(g)s, id, 20 FROM item", {"g": CARTON})
    reprocess(ledger)
    assert ledger.open_cases() == ["unknown_place"]
    ledger.add_place("annex", "room", "site")
    reprocess(ledger)
    assert ledger.open_cases() == []
    assert ledger.balances()["L1", "", "annex"] == 40


def test_what_was_booked_late_is_exposed_like_anything_else(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 9.0), reading(minute(2), 5.0))
    ledger.run("UPDATE item_gtin SET gtin = '00000000000000'")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    ledger.run("UPDATE item_gtin SET gtin = %(g)s", {"g": GTIN})
    reprocess(ledger)
    assert ledger.held() == {("L1", "", "fridge-a")}


@pytest.mark.parametrize(
    ("scanned", "kind"),
    [
        (scan(minute(0), Action.RECEIVE, "acme", "dock", line(lot=None)), "missing_lot"),
        (scan(minute(0), Action.RECEIVE, None, "dock"), "missing_place"),
        (scan(minute(0), Action.MOVE, "dock", None), "missing_place"),
        (scan(minute(0), Action.MOVE, "dock", "dock"), "same_place"),
        (scan(minute(0), Action.RECEIVE, "acme", "dock", line(2, serial="s1")), "implausible_quantity"),
    ],
)
def test_a_line_that_cannot_be_booked_becomes_a_case_with_the_whole_line(
    ledger: Ledger, say: Said, scanned: object, kind: str
) -> None:
    say(scanned)  # type: ignore[arg-type]
    (case,) = ledger.rows("SELECT kind, evidence_id, data FROM exception_case")
    assert (case["kind"], case["evidence_id"]) == (kind, 1)
    assert case["data"]["line"]["gtin"] == GTIN
    assert ledger.balances() == {}


def test_more_out_than_in_holds_the_lot_until_later_facts_explain_it(ledger: Ledger, say: Said) -> None:
    say(scan(minute(5), Action.SHIP, "dock", "st-mary", line(4)))
    assert ledger.balances() == {("L1", "", "dock"): -4, ("L1", "", "st-mary"): 4}
    assert ledger.open_cases() == ["negative_balance"]
    assert ledger.held("exception") == {("L1", None, None)}
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(3)))
    assert ledger.open_cases() == ["negative_balance"]
    say(scan(minute(1), Action.RECEIVE, "acme", "dock", line(1)))
    (case,) = ledger.rows("SELECT resolved_by, resolution FROM exception_case")
    assert case == {"resolved_by": "ledger", "resolution": "later facts explain it"}
    assert ledger.held("exception") == set()


def test_a_receipt_after_the_fact_does_not_explain_it(ledger: Ledger, say: Said) -> None:
    say(scan(minute(5), Action.SHIP, "dock", "st-mary", line(4)))
    say(scan(minute(6), Action.RECEIVE, "acme", "dock", line(4)))
    assert ledger.open_cases() == ["negative_balance"]


def test_stock_that_comes_and_goes_at_one_instant_came_first(ledger: Ledger, say: Said) -> None:
    say(scan(minute(5), Action.MOVE, "dock", "fridge-a", line(4)))
    say(scan(minute(5), Action.RECEIVE, "acme", "dock", line(4)))
    assert ledger.open_cases() == []


def test_a_negative_balance_that_a_person_resolved_stays_so_until_facts_change(ledger: Ledger, say: Said) -> None:
    say(scan(minute(5), Action.SHIP, "dock", "st-mary", line(4)))
    ledger.run("UPDATE exception_case SET resolved_at = now(), resolved_by = 'qa', resolution = 'recounted'")
    say(scan(minute(9), Action.RECEIVE, "acme", "dock", line(9)))
    assert ledger.open_cases() == []
    say(scan(minute(6), Action.SHIP, "dock", "st-mary", line(1)))
    assert ledger.open_cases() == ["negative_balance"]


def test_a_serial_that_leaves_where_it_is_not_is_a_negative_balance_and_in_two_places(
    ledger: Ledger, say: Said
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(1, serial="s1")))
    say(scan(minute(1), Action.MOVE, "fridge-b", "dock", line(1, serial="s1")))
    assert ledger.open_cases() == ["duplicate_serial", "negative_balance", "theft_signal"]


def test_handing_out_held_stock_is_booked_and_becomes_a_case(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0), reading(minute(2), 5.0))
    say(scan(minute(3), Action.SHIP, "fridge-a", "st-mary", line(2)))
    assert ledger.balances()["L1", "", "st-mary"] == 2
    assert ledger.open_cases() == ["issued_while_held"]


def test_moving_held_stock_is_no_case(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0), reading(minute(2), 5.0))
    say(scan(minute(3), Action.MOVE, "fridge-a", "dock", line(2)))
    assert ledger.open_cases() == []


def test_what_was_handed_out_before_the_hold_began_is_no_case(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(5), 9.0), reading(minute(6), 5.0))
    say(scan(minute(3), Action.SHIP, "fridge-a", "st-mary", line(2)))
    assert ledger.open_cases() == []


def test_a_command_that_is_repeated_books_once(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock"))
    places = {row["name"]: row["id"] for row in ledger.rows("SELECT id, name FROM place")}
    movement = NewMovement("api/77", 1, 4, places["dock"], places["fridge-a"], minute(1), "move")
    for new in (frozenset({"api/77"}), frozenset[str]()):
        with ledger.database.transaction() as connection:
            event_id = add_event(connection, actor="bob", kind="moved", subject="lot:1")
            assert book(connection, [movement], event_id=event_id) == new
    assert ledger.balances()["L1", "", "fridge-a"] == 4


def reprocess(ledger: Ledger) -> None:
    with ledger.database.transaction() as connection:
        rebook_cases(connection, actor="bob")


def test_a_label_with_an_earlier_expiry_holds_the_lot_and_judges_what_was_handed_out_once_it_is_accepted(
    ledger: Ledger, say: Said
) -> None:
    long, short = line(10), line(1, expires_on=date(2026, 2, 28))
    say(scan(minute(-2000), Action.RECEIVE, "acme", "fridge-a", long))
    say(scan(minute(-1500), Action.DISPENSE, "fridge-a", "st-mary", line(2)))
    say(scan(minute(1), Action.DISPENSE, "fridge-a", "st-mary", line(3), order="RX-1"))
    say(scan(minute(2), Action.MOVE, "fridge-a", "dock", line(1)))
    assert "issued_while_expired" not in ledger.open_cases()
    say(scan(minute(9), Action.MOVE, "fridge-a", "dock", short))
    assert ledger.open_cases() == ["expiry_mismatch"] and ledger.held("exception") == {("L1", None, None)}
    assert ledger.rows("SELECT expires_on FROM lot") == [{"expires_on": date(2027, 1, 31)}]
    (mismatch,) = ledger.rows("SELECT id FROM exception_case")
    quinn = actor_in_roles(ledger.database, "quinn", Role.QUALITY)
    for decision in (CaseDecision.EXPLAINED, CaseDecision.CORRECTED, CaseDecision.REJECTED):
        with pytest.raises(Conflict, match="2026-02-28, 2027-01-31: this does not say which is right"):
            resolve_case(ledger.database, mismatch["id"], "misread", actor=quinn, decision=decision)
    resolve_case(ledger.database, mismatch["id"], "saw it", actor=quinn, decision=CaseDecision.ACCEPTED)
    assert ledger.rows("SELECT expires_on FROM lot") == [{"expires_on": date(2026, 2, 28)}]
    (case,) = ledger.rows("SELECT * FROM exception_case WHERE kind = 'issued_while_expired'")
    assert case["text"] == "dispense of 3 although expired on 2026-02-28"
    assert (case["data"]["operator"], case["data"]["order"]) == ("amy", "RX-1")
    assert case["evidence_id"] is not None
    say(scan(minute(10), Action.MOVE, "fridge-a", "dock", line(1)))
    assert ledger.open_cases() == ["issued_while_expired"], "both days are known, and it is decided"
    say(scan(minute(10), Action.MOVE, "fridge-a", "dock", line(1, expires_on=date(2026, 1, 31))))
    assert sorted(ledger.open_cases()) == ["expiry_mismatch", "issued_while_expired"]
    assert ledger.rows("SELECT expires_on FROM lot") == [{"expires_on": date(2026, 2, 28)}]


def test_of_labels_of_one_day_the_one_with_an_hour_is_the_earliest(ledger: Ledger, say: Said) -> None:
    day = date(2027, 2, 28)
    labels = (line(expires_on=day), line(expires_on=date(2027, 3, 31)), line(expires_on=day))
    for number, label in enumerate([*labels[:2], replace(labels[2], expires_hour=time(14, 30))]):
        say(scan(minute(number), Action.RECEIVE, "acme", "dock", label))
    (case,) = ledger.rows("SELECT id FROM exception_case")
    quinn = actor_in_roles(ledger.database, "quinn", Role.QUALITY)
    resolve_case(ledger.database, case["id"], "saw it", actor=quinn, decision=CaseDecision.ACCEPTED)
    assert ledger.rows("SELECT expires_on, expires_hour FROM lot") == [
        {"expires_on": day, "expires_hour": time(14, 30)}
    ]


def test_handing_out_expired_stock_is_booked_and_becomes_a_case(ledger: Ledger, say: Said) -> None:
    stale = line(2, expires_on=date(2026, 2, 28))
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", stale))
    say(scan(minute(1), Action.MOVE, "fridge-a", "dock", stale))
    assert "issued_while_expired" not in ledger.open_cases()
    for number, action in enumerate((Action.PICK, Action.SHIP, Action.DISPENSE, Action.CONSUME), start=2):
        box = replace(stale, quantity=1)
        say(scan(minute(number), action, "dock", "batch-7" if action is Action.CONSUME else "st-mary", box))
    assert ledger.open_cases().count("issued_while_expired") == 4
    (case, *_) = ledger.rows("SELECT * FROM exception_case WHERE kind = 'issued_while_expired' ORDER BY id")
    assert case["text"] == "pick of 1 although expired on 2026-02-28"
    assert (case["evidence_id"] is not None, case["data"]["operator"]) == (True, "amy")
    assert ("L1", None, None) in ledger.held("exception")


def test_stock_on_its_last_day_is_handed_out_without_a_case(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(2, expires_on=date(2026, 3, 1))))
    say(scan(minute(1), Action.DISPENSE, "fridge-a", "st-mary", line(1, expires_on=date(2026, 3, 1))))
    assert ledger.open_cases() == []


def test_every_case_names_the_scan_that_it_comes_from(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(2)))
    say(scan(minute(1), Action.MOVE, "dock", "site", line(1, expires_on=date(2027, 2, 28))))
    say(scan(minute(2), Action.SHIP, "dock", "st-mary", line(7)))
    say(scan(minute(3), Action.RECEIVE, "acme", "dock", line(1, "S", serial="s1")))
    say(scan(minute(4), Action.RECEIVE, "acme", "fridge-a", line(1, "S", serial="s1")))
    say(scan(minute(5), Action.MOVE, "dock", "site", line(1, gtin="00000000000000")))
    say(scan(minute(6), Action.MOVE, "dock", "site", line(1, None)))
    cases = {row["kind"]: row["first_seq"] for row in ledger.rows(
        "SELECT c.kind, e.first_seq FROM exception_case c LEFT JOIN evidence e ON e.id = c.evidence_id")}  # fmt: skip
    assert cases["expiry_mismatch"] == 2
    assert cases["negative_balance"] == 3
    assert cases["duplicate_serial"] == 5
    assert cases["unknown_item"] == 6
    assert cases["missing_lot"] == 7
    assert None not in cases.values()
