"""Readings, and the excursions that follow from them in whatever order they come."""

from datetime import timedelta

import pytest

from cloud_sync.errors import Conflict
from cloud_sync.posting.monitoring.rule_tracks import assign_channel
from edge_agent.domain.wire.records import Action, Quality
from tests.integration.conftest import Said
from tests.support.builders import COLD, Ledger, minute, no_reading, reading, scan


def test_readings_on_the_limit_are_inside_where_the_rule_says_so(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 8.0), reading(minute(2), 2.0))
    assert ledger.excursions() == set()


def test_an_excursion_reaches_from_the_crossing_to_the_return_with_hysteresis(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 8.1))
    say(reading(minute(2), 9.0))
    say(reading(minute(3), 7.6))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(1), None, 9.0)}
    say(reading(minute(4), 7.5))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(1), minute(4), 9.0)}
    assert [event["kind"] for event in excursion_events(ledger)] == ["excursion_opened", "excursion_closed"]


def test_unusable_readings_are_kept_and_not_judged(ledger: Ledger, say: Said) -> None:
    say(no_reading(minute(1)), no_reading(minute(2), Quality.FAULT))
    rows = ledger.rows("SELECT quality, detail FROM unusable_reading ORDER BY at")
    assert [row["quality"] for row in rows] == ["timeout", "fault"]
    assert ledger.excursions() == set()


def test_readings_before_the_clock_was_synchronised_count_and_are_marked(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 9.0, synced=False))
    assert ledger.rows("SELECT synced FROM reading") == [{"synced": False}]
    assert len(ledger.excursions()) == 1


def test_a_late_reading_that_was_back_splits_an_excursion(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 9.0), reading(minute(5), 9.0), reading(minute(6), 5.0))
    say(reading(minute(3), 5.0))
    assert ledger.excursions() == {
        ("probe-a", "too-warm", minute(1), minute(3), 9.0),
        ("probe-a", "too-warm", minute(5), minute(6), 9.0),
    }
    assert [event["kind"] for event in excursion_events(ledger)][-2:] == ["excursion_amended", "excursion_opened"]


def test_a_late_reading_that_was_out_widens_an_excursion_which_stays_the_same(ledger: Ledger, say: Said) -> None:
    say(reading(minute(5), 9.0), reading(minute(6), 5.0))
    say(reading(minute(4), 10.0))
    (row,) = ledger.rows("SELECT id, began_at, worst, version FROM excursion")
    assert row == {"id": 1, "began_at": minute(4), "worst": 10.0, "version": 2}


def test_a_late_reading_withdraws_an_excursion_that_never_lasted_long_enough(ledger: Ledger, say: Said) -> None:
    rules = tuple(rule.model_copy(update={"delay_s": 120.0}) for rule in COLD.rules)
    slow = COLD.model_copy(update={"name": "slow", "rules": rules})
    ledger.add_policy(slow)
    ledger.run("UPDATE place SET policy = 'slow' WHERE name = 'fridge-a'")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0), reading(minute(3), 9.0), reading(minute(4), 5.0))
    assert ledger.held()
    say(reading(minute(2), 5.0))
    assert ledger.excursions() == set()
    assert ledger.held() == set()
    assert [event["kind"] for event in excursion_events(ledger)] == ["excursion_opened", "excursion_withdrawn"]
    assert len(ledger.events("lots_freed")) == 1


def test_an_unknown_device_is_registered_and_judged_once_its_place_is_known(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0, "probe-new"), reading(minute(2), 5.0, "probe-new"))
    assert ledger.excursions() == set()
    assign(ledger, "probe-new", "fridge-a")
    assert ledger.excursions() == {("probe-new", "too-warm", minute(1), minute(2), 9.0)}
    assert ledger.held() == {("L1", "", "fridge-a")}


def test_a_channel_is_not_moved_to_another_place_with_its_past(ledger: Ledger) -> None:
    assign(ledger, "probe-a", "fridge-a")
    with pytest.raises(Conflict, match="another place already"):
        assign(ledger, "probe-a", "fridge-b")


def test_a_channel_without_rules_at_its_place_is_judged_by_those_above(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 9.0, "probe-s"))
    assign(ledger, "probe-s", "shelf-a1")
    assert {row["name"] for row in ledger.rows("SELECT name FROM place JOIN excursion e ON e.place_id = place.id")} == {
        "shelf-a1"
    }


def test_a_changed_policy_judges_all_readings_again(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 9.0), reading(minute(2), 5.0))
    milder = tuple(rule.model_copy(update={"limit": 10.0}) for rule in COLD.rules[:1])
    ledger.add_policy(COLD.model_copy(update={"name": "milder", "rules": milder}))
    ledger.run("UPDATE place SET policy = 'milder' WHERE name = 'fridge-a'")
    say(reading(minute(3), 5.0))
    assert ledger.excursions() == set()


def test_a_week_that_arrives_late_in_small_batches_is_judged_once_over(ledger: Ledger, say: Said) -> None:
    week = [minute(0) + timedelta(minutes=10 * n) for n in range(1008)]
    say(reading(week[-1] + timedelta(minutes=10), 5.0))
    values = [9.0 if 300 <= n < 320 else 5.0 for n in range(len(week))]
    for start in range(0, len(week), 50):
        pairs = zip(week[start : start + 50], values[start : start + 50], strict=True)
        say(*(reading(at, value) for at, value in pairs))
    assert ledger.excursions() == {("probe-a", "too-warm", week[300], week[320], 9.0)}


def assign(ledger: Ledger, device: str, place: str) -> None:
    (row,) = ledger.rows(
        "SELECT c.id, p.id AS place_id FROM channel c, place p WHERE c.device = %(d)s AND p.name = %(p)s",
        {"d": device, "p": place},
    )
    with ledger.database.transaction() as connection:
        assign_channel(connection, row["id"], row["place_id"])


def excursion_events(ledger: Ledger) -> list[dict[str, object]]:
    return ledger.rows("SELECT kind FROM event WHERE kind LIKE 'excursion_%%' ORDER BY id", {})
