"""Readings are judged by the rules that were in force where the channel was when they were taken, in any order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from cloud_sync.domain.excursion_detection import PolicySpell, rule_spells
from cloud_sync.errors import Conflict
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.corrections.place_policies import PlacePolicy
from cloud_sync.posting.monitoring.rule_tracks import assign_channel
from edge_agent.domain.intervals import Interval
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import Policy, PolicyRule
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import COLD, GatewayWithKey, Ledger, minute, reading, scan

MILD = Policy(
    name="mild",
    title="Up to 25 °C",
    rules=(
        PolicyRule(
            name="too-hot", metric="temp_c", side=Side.ABOVE, limit=25.0, on_limit_is_outside=False, delay_s=0,
            source="USP <659>",
        ),
    ),
)  # fmt: skip
SILENT = Policy.model_validate(
    {
        "name": "watched",
        "title": "Watched",
        "rules": [{"kind": "no_data", "name": "silence", "metric": "temp_c", "after_s": 600, "source": "a test"}],
    }
)


def change_policy(ledger: Ledger, place: str, policy: str | None, at: datetime) -> None:
    """As two people agreed to it."""
    agreed = PlacePolicy(place, policy)
    with ledger.database.transaction() as connection:
        agreed.apply(connection, agreed.subject(connection), "quality-1", at)


def move_probe(ledger: Ledger, channel_id: int, place: str | None, since: datetime | None) -> None:
    with ledger.database.transaction() as connection:
        found = connection.execute("SELECT id FROM place WHERE name = %s", (place,)).fetchone()
        assign_channel(connection, channel_id, found["id"] if found else None, since=since)


def channel(ledger: Ledger, device: str = "probe-a") -> int:
    return int(ledger.rows("SELECT id FROM channel WHERE device = %(d)s", {"d": device})[0]["id"])


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_an_excursion_stays_true_of_the_policy_it_broke_and_ends_with_it(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    """A closed one before the change, one that lasts at the change, and a value that only the old one forbids."""
    ledger.add_policy(MILD)
    batches = [
        gateway.batch(reading(minute(1), 9.0), reading(minute(2), 5.0)),
        gateway.batch(reading(minute(8), 9.5)),
        gateway.batch(reading(minute(12), 9.0), reading(minute(14), 30.0), reading(minute(15), 20.0)),
    ]
    for number in order:
        if number == 3:
            change_policy(ledger, "fridge-a", "mild", minute(10))
        else:
            assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert ledger.excursions() == {
        ("probe-a", "too-warm", minute(1), minute(2), 9.0),
        ("probe-a", "too-warm", minute(8), minute(10), 9.5),
        ("probe-a", "too-hot", minute(14), minute(15), 30.0),
    }


def test_a_removed_policy_leaves_what_was_found_and_finds_no_more(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0))
    change_policy(ledger, "fridge-a", None, minute(5))
    say(reading(minute(6), 9.0), reading(minute(7), 20.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(1), minute(5), 9.0)}
    assert ledger.held() == {("L1", "", "fridge-a")}, "nobody has decided on what happened"
    say(scan(minute(8), Action.RECEIVE, "acme", "fridge-a", *()))
    change_policy(ledger, "fridge-a", "cold", minute(10))
    say(reading(minute(12), 9.0), reading(minute(13), 5.0))
    assert ("probe-a", "too-warm", minute(12), minute(13), 9.0) in ledger.excursions()
    assert len(ledger.excursions()) == 2


def test_a_rule_that_a_change_leaves_as_it_was_goes_on_across_it(ledger: Ledger, say: Said) -> None:
    colder = COLD.rules[1].model_copy(update={"limit": 1.0})
    ledger.add_policy(COLD.model_copy(update={"name": "cold-2", "rules": (COLD.rules[0], colder)}))
    say(reading(minute(1), 9.0))
    change_policy(ledger, "fridge-a", "cold-2", minute(2))
    say(reading(minute(3), 9.0), reading(minute(4), 5.0), reading(minute(5), 1.5), reading(minute(6), 5.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(1), minute(4), 9.0)}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_probe_that_moves_is_judged_where_it_was(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    batches = [
        gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a")),
        gateway.batch(reading(minute(1), 9.0), reading(minute(2), 5.0)),
        gateway.batch(reading(minute(20), 9.0), reading(minute(22), 5.0)),
    ]
    for number in order:
        if number == 3:
            move_probe(ledger, channel(ledger), "fridge-b", minute(10))
        else:
            assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    rows = ledger.rows("SELECT p.name, e.began_at FROM excursion e JOIN place p ON p.id = e.place_id ORDER BY 2")
    assert [tuple(row.values()) for row in rows] == [("fridge-a", minute(1)), ("fridge-b", minute(20))]
    assert ledger.held() == {("L1", "", "fridge-a")}


def test_a_move_that_is_told_late_takes_its_excursions_along(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 5.0), reading(minute(20), 9.0), reading(minute(22), 5.0))
    assert ledger.held() == {("L1", "", "fridge-a")}
    move_probe(ledger, channel(ledger), "fridge-b", minute(10))
    assert ledger.held() == set()
    (row,) = ledger.rows("SELECT p.name FROM excursion e JOIN place p ON p.id = e.place_id")
    assert row["name"] == "fridge-b"
    assert [event["data"]["before"] for event in ledger.events("channel_assigned")] == [
        ledger.rows("SELECT id FROM place WHERE name = 'fridge-a'")[0]["id"]
    ]


def test_a_probe_goes_out_of_use_and_comes_back(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 5.0))
    move_probe(ledger, channel(ledger), None, minute(5))
    say(reading(minute(6), 22.0), reading(minute(7), 22.0))
    move_probe(ledger, channel(ledger), "fridge-a", minute(10))
    say(reading(minute(11), 9.0), reading(minute(12), 5.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(11), minute(12), 9.0)}


def test_a_move_is_told_with_its_time_and_after_the_one_before(ledger: Ledger, say: Said) -> None:
    say(reading(minute(1), 5.0))
    with pytest.raises(Conflict, match="another place already"):
        move_probe(ledger, channel(ledger), "fridge-b", None)
    move_probe(ledger, channel(ledger), "fridge-b", minute(10))
    with pytest.raises(Conflict, match="moved at"):
        move_probe(ledger, channel(ledger), "fridge-a", minute(10))


def test_silence_counts_while_it_was_watched_and_no_longer(ledger: Ledger, say: Said) -> None:
    ledger.add_policy(SILENT)
    change_policy(ledger, "dock", "watched", minute(0))
    ledger.put_probe("dock", "probe-d")
    say(reading(minute(1), 20.0, "probe-d"))
    change_policy(ledger, "dock", None, minute(30))
    say(reading(minute(90), 20.0, "probe-d"))
    assert {(rule, began, ended) for _, rule, began, ended, _ in ledger.excursions()} == {
        ("silence", minute(1), minute(30))
    }


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_silence_counts_from_when_it_was_watched_however_late_the_first_reading_is_told(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    ledger.add_policy(SILENT)
    ledger.add_policy(MILD)
    change_policy(ledger, "dock", "mild", minute(0))
    ledger.put_probe("dock", "probe-d")
    change_policy(ledger, "dock", "watched", minute(10))
    earlier = GatewayWithKey(gateway.name, "22222222-2222-4222-8222-222222222222", gateway.key)
    ledger.trust_journals(gateway, earlier)
    batches = [
        earlier.batch(reading(minute(5), 20.0, "probe-d")),
        gateway.batch(reading(minute(40), 20.0, "probe-d"), reading(minute(45), 20.0, "probe-d")),
    ]
    for number in order:
        assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert {(rule, began, ended) for _, rule, began, ended, _ in ledger.excursions()} == {
        ("silence", minute(10), minute(40))
    }


def test_the_passport_shows_the_probe_only_while_it_was_there(ledger: Ledger, say: Said) -> None:
    from cloud_sync.actions.quality.thermal_passports import passport

    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(*(reading(minute(n), 5.0 if n < 10 else 20.0) for n in range(20)))
    move_probe(ledger, channel(ledger), "dock", minute(10))
    shown = passport(ledger.database, 1, serial="", gap_s=600, allowance_s=None, at=minute(19))
    assert shown["highest_c"] == 5.0


def test_spells_of_rules_are_cut_where_policies_change() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    later = at + timedelta(days=1)
    spells = [
        PolicySpell(1, COLD, Interval(None, at)),
        PolicySpell(1, MILD, Interval(later)),
    ]
    found = [(each.rule.name, each.in_force.begins, each.in_force.ends) for each in rule_spells("temp_c", spells)]
    assert found == [("too-warm", None, at), ("too-cold", None, at), ("too-hot", later, None)]
    assert rule_spells("rh_pct", spells) == []


@pytest.mark.parametrize("seconds_back", [0, 3600])
def test_a_policy_changed_again_at_the_same_instant_or_by_a_clock_set_back_comes_after_the_one_before(
    ledger: Ledger, say: Said, seconds_back: int
) -> None:
    ledger.add_policy(MILD)
    say(reading(minute(0), 5.0))
    change_policy(ledger, "fridge-a", "mild", minute(10))
    change_policy(ledger, "fridge-a", "cold", minute(10) - timedelta(seconds=seconds_back))
    say(reading(minute(20), 12.0))
    rows = ledger.rows("SELECT policy FROM place_policy_was ORDER BY until")
    assert [row["policy"] for row in rows] == ["cold", "mild"]
    assert [(each[0], each[2]) for each in ledger.excursions()] == [("probe-a", minute(20))]


@pytest.mark.parametrize("metric", ["temp_2_c", "ch2_temp_c"])
def test_a_second_probe_of_a_device_is_judged_like_the_first(ledger: Ledger, say: Said, metric: str) -> None:
    ledger.put_probe("fridge-a", "board", metric=metric)
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(replace(reading(minute(1), 5.0, "board"), values={"temp_c": 5.0, metric: 25.0}))
    assert [(row[0], row[1]) for row in ledger.excursions()] == [("board", "too-warm")]
    assert ledger.held() == {("L1", "", "fridge-a")}
