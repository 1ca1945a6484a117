"""Envelopes of readings that a gateway had to thin out: kept as figures, judged by what they leave open."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest

from cloud_sync.actions.access import create_token
from cloud_sync.actions.gateways.gateways import list_gateways
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from edge_agent.domain.monitoring.policies import NoDataRule
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Action, Envelope, Notice, NoticeKind, Quality, Spread
from tests.integration.cloud.posting.monitoring.test_rules_in_force import MILD, change_policy, channel, move_probe
from tests.integration.conftest import Said
from tests.support.builders import BOOT, COLD, NOON, GatewayWithKey, Ledger, minute, no_reading, reading, scan, stamp
from tests.support.quick_client import QuickClient

SILENT = NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=180, source="test")


def envelope(
    began: datetime, ended: datetime, least: float, greatest: float, *, count: int = 60, gap_s: float = 10,
    synced: bool = True,
) -> Envelope:  # fmt: skip
    spread = Spread(least, (least + greatest) / 2, greatest)
    return Envelope(
        stamp(ended, synced=synced), stamp(began, synced=synced), DeviceName("probe-a"), Quality.GOOD, count,
        {"temp_c": spread}, gap_ms=int(gap_s * 1000),
    )  # fmt: skip


def thinned(first: int, count: int, by_first: int, by_count: int) -> Notice:
    data: dict[str, str | int | float | None] = {
        "lane": "readings", "first": first, "count": count, "by_first": by_first, "by_count": by_count
    }  # fmt: skip
    return Notice(stamp(minute(100)), NoticeKind.THINNED, "journal/readings", "thinned", data)


@pytest.fixture
def silent(ledger: Ledger) -> Ledger:
    ledger.add_policy(COLD.model_copy(update={"name": "watched", "rules": (*COLD.rules, SILENT)}))
    ledger.run("UPDATE place SET policy = 'watched' WHERE name = 'fridge-a'")
    return ledger


def test_an_envelope_within_the_limits_excuses_nobody_and_holds_nothing(silent: Ledger, say: Said) -> None:
    say(reading(minute(0), 5.0), envelope(minute(0.5), minute(60), 4.0, 6.0), reading(minute(61), 5.0))
    assert silent.excursions() == set()


def test_an_envelope_beyond_a_limit_holds_what_was_there_from_its_first_to_its_last_reading(
    ledger: Ledger, say: Said
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(0), 5.0), reading(minute(70), 5.0))
    say(envelope(minute(10), minute(20), 5.0, 9.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(10), minute(70), 9.0)}
    assert ledger.held() == {("L1", "", "fridge-a")}


def test_a_reading_known_to_be_inside_does_not_speak_for_those_around_it(ledger: Ledger, say: Said) -> None:
    say(envelope(minute(10), minute(20), 5.0, 9.0), reading(minute(15), 5.0), reading(minute(21), 5.0))
    spans = sorted((began, ended) for _, _, began, ended, _ in ledger.excursions())
    assert spans[0] == (minute(10), minute(15))
    assert spans[1][1] == minute(21) and (spans[1][0] - minute(15)).total_seconds() < 0.001


def test_within_an_envelope_only_its_longest_gap_may_be_silence(silent: Ledger, say: Said) -> None:
    say(reading(minute(0), 5.0), envelope(minute(0.5), minute(20), 4.0, 6.0, gap_s=400), reading(minute(21), 5.0))
    assert silent.excursions() == {("probe-a", "silent", minute(0.5), minute(20), 1170.0)}


def test_thinned_readings_are_awaited_until_their_envelopes_are_here(
    silent: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    gateway.batch(*(reading(minute(n), 5.0) for n in range(10)))  # never sent
    after = gateway.batch(reading(minute(30), 5.0))
    say(thinned(1, 10, 12, 2))
    store_batch(silent.database, after)
    assert silent.excursions() == set(), "what came before minute 30 is still on its way"
    say(envelope(minute(0), minute(29), 4.0, 6.0, count=10), no_reading(minute(31)))
    assert silent.excursions() == set()
    (row,) = list_gateways(silent.database, rows_max=10)
    assert [(gap["missing_from"], gap["missing_to"], gap["declared"]) for gap in row["gaps"]] == [(1, 10, "thinned")]


def test_readings_that_had_been_sent_before_are_not_counted_again(ledger: Ledger, say: Said) -> None:
    say(*(reading(minute(n), 5.0) for n in range(5)))
    say(envelope(minute(0), minute(4), 4.0, 9.0, count=5))
    assert ledger.excursions(), "nobody has said yet which readings it stands for"
    say(thinned(1, 5, 6, 1))
    assert ledger.excursions() == set()
    assert ledger.rows("SELECT left_readings FROM envelope_now") == [{"left_readings": 0}]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_what_an_envelope_leaves_open_does_not_depend_on_when_a_reading_is_told_again(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    """Of three readings two had been sent, of which one is told again: the third was as warm as the envelope says."""
    gateway.batch(reading(minute(0), 9.0))  # never sent
    batches = [
        gateway.batch(reading(minute(5), 5.0), reading(minute(10), 5.0)),
        gateway.batch(envelope(minute(0), minute(10), 5.0, 9.0, count=2)),
        gateway.batch(replace(reading(minute(5), 5.0), was=2)),
        gateway.batch(thinned(1, 3, 4, 2)),
    ]
    for number in order:
        assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert ledger.rows("SELECT left_readings FROM envelope_now") == [{"left_readings": 1}]
    assert {(began, worst) for _, _, began, _, worst in ledger.excursions()} >= {(minute(0), 9.0)}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_silence_is_known_once_a_hole_is_closed_though_what_closes_it_had_been_told_again(
    silent: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    """The second batch had been sent before its reading was told again, and comes whenever it comes."""
    batches = [
        gateway.batch(reading(minute(0), 5.0)),
        gateway.batch(reading(minute(1), 5.0)),
        gateway.batch(replace(reading(minute(1), 5.0), was=2), reading(minute(60), 5.0)),
    ]
    for number in order:
        assert store_batch(silent.database, batches[number]).outcome is BatchOutcome.STORED
    assert silent.excursions() == {("probe-a", "silent", minute(1), minute(60), 3540.0)}


def test_envelopes_are_listed_with_their_count_and_interval_and_rolled_up(ledger: Ledger, say: Said) -> None:
    say(reading(minute(0), 2.0), envelope(minute(1), minute(9), 3.0, 5.0, count=9), reading(minute(10), 4.0))
    token = create_token(ledger.database, "auditor", Role.AUDITOR, actor="test")
    with QuickClient(create_app(ledger.database), headers={"authorization": f"Bearer {token}"}) as client:
        span = {"from": NOON.isoformat(), "until": minute(60).isoformat()}
        answer = client.get("/v1/channels/1/readings", params=span)
        assert answer.status_code == 200, answer.text
        rows = answer.json()["rows"]
        hours = client.get("/v1/channels/1/hours", params=span).json()["rows"]
        assert client.get("/v1/channels/99/hours", params=span).status_code == 404
    assert [(row["readings"], row["lowest"], row["highest"]) for row in rows] == [(1, 2, 2), (9, 3, 5), (1, 4, 4)]
    assert datetime.fromisoformat(rows[1]["until"]) == minute(9)
    (hour,) = hours
    assert (hour["readings"], hour["thinned"], hour["lowest"], hour["highest"]) == (11, 9, 2.0, 5.0)
    assert hour["mean"] == pytest.approx((2 + 9 * 4 + 4) / 11)


def test_an_envelope_from_before_the_clock_was_synchronised_moves_with_the_notice(ledger: Ledger, say: Said) -> None:
    say(reading(minute(-600), 5.0), envelope(minute(10), minute(20), 5.0, 9.0, synced=False))
    data: dict[str, str | int | float | None] = {"offset_ms": 3_600_000, "boot": BOOT, "cause": "synced"}
    say(Notice(stamp(minute(90)), NoticeKind.CLOCK, "clock", "synchronised", data))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(70), None, 9.0)}
    assert ledger.rows("SELECT began_at, said_began_at FROM envelope") == [
        {"began_at": minute(70), "said_began_at": minute(10)}
    ]


def test_envelopes_of_readings_that_were_not_good_are_told_once_with_their_number(ledger: Ledger, say: Said) -> None:
    bad = Envelope(stamp(minute(9)), stamp(minute(0)), DeviceName("probe-a"), Quality.TIMEOUT, 54, detail="no answer")
    say(bad)
    (row,) = ledger.rows("SELECT at, quality, detail FROM unusable_reading")
    assert (row["at"], row["quality"]) == (minute(0), "timeout")
    assert row["detail"].startswith("54 times until")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_envelope_across_a_change_of_policy_is_judged_by_the_former_until_then_and_by_the_new_after(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    """9 °C breaks the former policy and 30 °C both; nobody knows in which half of an envelope its values were."""
    ledger.add_policy(MILD)
    batches = [
        gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a")),
        gateway.batch(
            reading(minute(1), 5.0), envelope(minute(5), minute(15), 5.0, 9.0), reading(minute(16), 9.0),
            envelope(minute(17), minute(20), 9.0, 30.0), reading(minute(21), 20.0),
        ),
    ]  # fmt: skip
    for number in order:
        if number == 2:
            change_policy(ledger, "fridge-a", "mild", minute(10))
        else:
            assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert ledger.excursions() == {
        ("probe-a", "too-warm", minute(5), minute(10), 9.0),
        ("probe-a", "too-hot", minute(17), minute(21), 30.0),
    }
    assert ledger.held() == {("L1", "", "fridge-a")}


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_an_envelope_of_a_probe_that_moved_counts_in_both_places(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    ledger.run("UPDATE place SET policy = 'cold' WHERE name IN ('fridge-a', 'fridge-b')")
    batch = gateway.batch(reading(minute(1), 5.0), envelope(minute(5), minute(15), 5.0, 9.0), reading(minute(16), 5.0))
    for number in order:
        if number == 1:
            move_probe(ledger, channel(ledger), "fridge-b", minute(10))
        else:
            assert store_batch(ledger.database, batch).outcome is BatchOutcome.STORED
    rows = ledger.rows(
        "SELECT p.name, e.began_at, e.ended_at FROM excursion e JOIN place p ON p.id = e.place_id ORDER BY 1"
    )
    assert [row["name"] for row in rows] == ["fridge-a", "fridge-b"]
    assert (rows[0]["began_at"], rows[1]["ended_at"]) == (minute(5), minute(16))
    assert rows[0]["ended_at"] == minute(10) <= rows[1]["began_at"]
