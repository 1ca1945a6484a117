"""Which lots an excursion holds, and which it does not."""

from itertools import pairwise

from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, minute, reading, scan


def test_a_lot_in_the_refrigerator_is_held_and_others_are_not(ledger: Ledger, say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "dock", line(10, "A"), line(10, "B")),
        scan(minute(1), Action.PUT_AWAY, "dock", "fridge-a", line(10, "A")),
        scan(minute(2), Action.PUT_AWAY, "dock", "fridge-b", line(10, "B")),
    )
    say(reading(minute(1), 5.0), reading(minute(6), 9.0), reading(minute(7), 5.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(6), minute(7), 9.0)}
    assert ledger.held() == {("A", "", "fridge-a")}


def test_a_lot_that_left_before_the_excursion_stays_available(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"), scan(minute(5), Action.MOVE, "fridge-a", "dock"))
    say(reading(minute(6), 9.0))
    assert ledger.held() == set()


def test_a_lot_that_left_at_the_very_instant_it_began_stays_available(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"), scan(minute(6), Action.MOVE, "fridge-a", "dock"))
    say(reading(minute(6), 9.0))
    assert ledger.held() == set()


def test_a_lot_that_arrived_at_the_very_instant_it_ended_stays_available(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 9.0), reading(minute(6), 5.0))
    say(scan(minute(6), Action.RECEIVE, "acme", "fridge-a"))
    assert ledger.held() == set()


def test_a_lot_that_arrives_while_it_lasts_is_exposed_from_its_arrival(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 9.0))
    say(scan(minute(6), Action.RECEIVE, "acme", "fridge-a"))
    assert ledger.exposures() == {
        ("probe-a", "too-warm", minute(1), "L1", "", "fridge-a", minute(6), minute(6)),
    }


def test_an_excursion_covers_every_place_below_the_monitored_one(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "shelf-a1"))
    say(reading(minute(6), 9.0))
    assert ledger.held() == {("L1", "", "shelf-a1")}


def test_exposed_stock_is_held_wherever_it_goes(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    say(reading(minute(6), 9.0), reading(minute(7), 5.0))
    say(
        scan(minute(8), Action.MOVE, "fridge-a", "dock", line(6)),
        scan(minute(9), Action.SHIP, "dock", "st-mary", line(2)),
    )
    assert ledger.held() == {("L1", "", place) for place in ("fridge-a", "dock", "st-mary")}


def test_stock_that_mixes_with_exposed_stock_of_its_lot_is_exposed(ledger: Ledger, say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)),
        scan(minute(0), Action.RECEIVE, "acme", "fridge-b", line(10)),
    )
    say(reading(minute(6), 9.0), reading(minute(7), 5.0))
    say(scan(minute(8), Action.MOVE, "fridge-a", "fridge-b", line(1)))
    say(scan(minute(9), Action.MOVE, "fridge-b", "dock", line(5)))
    assert ledger.held() == {("L1", "", place) for place in ("fridge-a", "fridge-b", "dock")}


def test_serials_are_followed_one_by_one(ledger: Ledger, say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(1, serial="s1")),
        scan(minute(0), Action.RECEIVE, "acme", "fridge-b", line(1, serial="s2")),
    )
    say(reading(minute(6), 9.0), reading(minute(7), 5.0))
    say(scan(minute(8), Action.MOVE, "fridge-a", "fridge-b", line(1, serial="s1")))
    assert ledger.held() == {("L1", "s1", "fridge-b")}


def test_what_is_made_of_exposed_stock_is_held(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "INGREDIENT")))
    say(
        scan(minute(8), Action.MOVE, "fridge-a", "batch-7", line(4, "INGREDIENT")),
        scan(minute(9), Action.MOVE, "batch-7", "dock", line(1, "PRODUCT")),
    )
    say(reading(minute(6), 9.0), reading(minute(7), 5.0))
    assert ledger.held() == {
        ("INGREDIENT", "", "fridge-a"),
        ("INGREDIENT", "", "batch-7"),
        ("PRODUCT", "", "dock"),
    }


def test_a_product_that_is_booked_last_is_held_for_what_is_in_it(ledger: Ledger, say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "INGREDIENT")),
        scan(minute(8), Action.MOVE, "fridge-a", "batch-7", line(4, "INGREDIENT")),
    )
    say(reading(minute(6), 9.0), reading(minute(7), 5.0))
    say(scan(minute(8), Action.MOVE, "batch-7", "dock", line(1, "PRODUCT")))
    assert ("PRODUCT", "", "dock") in ledger.held()


def test_what_was_made_before_the_exposed_stock_went_in_is_not_held(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "INGREDIENT")))
    say(reading(minute(6), 9.0), reading(minute(7), 5.0))
    say(
        scan(minute(7), Action.MOVE, "batch-7", "dock", line(1, "PRODUCT")),
        scan(minute(8), Action.MOVE, "fridge-a", "batch-7", line(4, "INGREDIENT")),
    )
    assert ("PRODUCT", "", "dock") not in ledger.held()


def test_an_ingredient_booked_late_holds_what_was_made_of_it(ledger: Ledger, say: Said) -> None:
    say(reading(minute(6), 9.0), reading(minute(7), 5.0))
    say(scan(minute(9), Action.MOVE, "batch-7", "dock", line(1, "PRODUCT")))
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "INGREDIENT")))
    assert ("PRODUCT", "", "dock") not in ledger.held()
    say(scan(minute(8), Action.MOVE, "fridge-a", "batch-7", line(4, "INGREDIENT")))
    assert ("PRODUCT", "", "dock") in ledger.held()


def test_stock_that_goes_round_in_circles_ends_the_walk(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
    say(reading(minute(1), 9.0), reading(minute(2), 5.0))
    ring = ["fridge-a", "dock", "fridge-b", "fridge-a"]
    for turn in range(5):
        say(*(scan(minute(3 + turn), Action.MOVE, a, b, line(2)) for a, b in pairwise(ring)))
    assert {place for _, _, place in ledger.held()} <= {"fridge-a", "dock", "fridge-b"}
    assert ("L1", "", "fridge-a") in ledger.held()


def test_a_late_scan_frees_a_lot_that_had_left_before(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(6), 9.0))
    assert ledger.held()
    say(scan(minute(5), Action.MOVE, "fridge-a", "dock"))
    assert ledger.held() == set()
    (freed,) = ledger.events("lots_freed")
    assert freed["data"]["lots"] == [1]


def test_one_event_names_all_lots_that_an_excursion_holds(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", *(line(1, f"L{n}") for n in range(20))))
    say(reading(minute(6), 9.0))
    (held,) = ledger.events("lots_held")
    assert len(held["data"]["lots"]) == 20


def test_a_release_frees_a_lot_until_the_evidence_changes(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(6), 9.0), reading(minute(8), 5.0))
    decide(ledger, "release")
    assert ledger.held() == set()
    say(reading(minute(5), 9.5))
    (row,) = ledger.rows("SELECT text FROM active_hold")
    assert row["text"].endswith("evidence changed after disposition")


def test_the_latest_decision_counts(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(6), 9.0), reading(minute(8), 5.0))
    decide(ledger, "release")
    decide(ledger, "reject")
    assert ledger.held() == {("L1", "", "fridge-a")}
    decide(ledger, "release")
    assert ledger.held() == set()


def decide(ledger: Ledger, decision: str) -> None:
    ledger.run(
        """
        INSERT INTO disposition (excursion_id, lot_id, decision, reason, decided_by, began_at, ended_at, worst)
        SELECT e.id, l.id, %(decision)s, 'test', 'qa', e.began_at, e.ended_at, e.worst FROM excursion e, lot l""",
        {"decision": decision},
    )
