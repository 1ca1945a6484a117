"""Rules of every kind on real readings: budgets, rates, kinetic temperature, particles, silence, alerts."""

import pytest

from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from edge_agent.domain.monitoring.excursions import Severity, Side
from edge_agent.domain.monitoring.policies import (
    AnyRule,
    CumulativeRule,
    MktRule,
    NoDataRule,
    ParticleRule,
    Policy,
    PolicyRule,
    RateRule,
)
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import FORMER_JOURNALS, SEQ_END, Action, Lane, Notice, NoticeKind, Quality, Reading
from edge_agent.domain.wire.wire import encode_record
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, minute, no_reading, reading, scan, stamp

SILENT = NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=600, source="test")
BUDGET = CumulativeRule(
    kind="cumulative", name="budget", metric="temp_c", side=Side.ABOVE, limit=8, on_limit_is_outside=False,
    budget_s=180, window_s=3600, spell_max_s=120, source="test",
)  # fmt: skip


def judge_by(ledger: Ledger, *rules: AnyRule) -> None:
    ledger.add_policy(Policy(name="test", title="", rules=rules))
    ledger.run("UPDATE place SET policy = 'test' WHERE name = 'fridge-a'")


def names(ledger: Ledger) -> set[tuple[str, object, object]]:
    return {(rule, began, ended) for _, rule, began, ended, _ in ledger.excursions()}


def test_short_visits_outside_add_up_to_an_excursion_that_holds(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, BUDGET)
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    for start in (0, 10, 20):
        say(reading(minute(start), 9.0), reading(minute(start + 1), 5.0))
    assert ledger.excursions() == {("probe-a", "budget", minute(21), None, 180.0)}
    assert ledger.held() == {("L1", "", "fridge-a")}
    say(reading(minute(61), 5.0))
    assert ledger.excursions() == {("probe-a", "budget", minute(21), minute(61), 180.0)}


def test_a_late_reading_amends_a_budget_up_to_a_window_after_it(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, BUDGET)
    for start in (10, 20):
        say(reading(minute(start), 9.0), reading(minute(start + 1), 5.0))
    say(reading(minute(62), 5.0), reading(minute(70.5), 5.0), reading(minute(81), 5.0))
    assert ledger.excursions() == set()
    say(reading(minute(4), 9.0), reading(minute(5), 5.0))
    assert ledger.excursions() == {("probe-a", "budget", minute(21), minute(70.5), 180.0)}


def test_a_jump_within_the_window_is_an_excursion(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, RateRule(kind="rate", name="jump", metric="temp_c", change=4, window_s=120, source="test"))
    say(reading(minute(0), 3.0), reading(minute(5), 7.5), reading(minute(6), 3.5), reading(minute(9), 4))
    assert ledger.excursions() == {("probe-a", "jump", minute(6), minute(9), 4.0)}


def test_kinetic_temperature_over_its_window_is_judged_once_enough_was_measured(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, MktRule(kind="mkt", name="mkt", metric="temp_c", limit=8, on_limit_is_outside=False,
                             window_s=86_400, spell_max_s=3600, cover_min=0.5, source="test"))  # fmt: skip
    hours = [reading(minute(60 * n), 14.0 if n < 3 else 5.0) for n in range(27)]
    say(*hours[:12])
    assert ledger.excursions() == set()
    say(*hours[12:])
    (rule, began, ended), *others = sorted(names(ledger))
    assert (rule, began, others) == ("mkt", minute(60 * 12), [])
    assert ended is not None


def test_particles_are_judged_over_a_cubic_metre_with_alert_and_action(ledger: Ledger, say: Said) -> None:
    metric = "particles_5_um_count"
    rules = [
        ParticleRule(kind="particles", name=name, metric=metric, limit=limit, on_limit_is_outside=False,
                     litres_per_sample=28.3168, window_s=7200, severity=severity, source="test")
        for name, limit, severity in (("action", 29, Severity.ACTION), ("alert", 14, Severity.ALERT))
    ]  # fmt: skip
    judge_by(ledger, *rules)
    ledger.put_probe("fridge-a", "counter", metric=metric)
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))

    def sample(at: int, count: int) -> Reading:
        return Reading(stamp(minute(at)), DeviceName("counter"), Quality.GOOD, {metric: count})

    say(*(sample(n, 1 if n == 3 else 0) for n in range(36)))
    assert ledger.excursions() == set()
    say(sample(36, 20))
    assert {(rule, began) for rule, began, _ in names(ledger)} == {("alert", minute(36))}
    assert (ledger.held(), ledger.open_cases()) == (set(), ["excursion_alert"])
    say(sample(37, 20))
    assert {rule for rule, _, _ in names(ledger)} == {"alert", "action"}
    assert ledger.held() == {("L1", "", "fridge-a")}


def test_silence_is_an_excursion_from_the_last_good_value_to_the_next(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, SILENT)
    say(reading(minute(0), 5.0))
    say(no_reading(minute(9.9)))
    assert ledger.excursions() == set()
    say(no_reading(minute(10)))
    assert ledger.excursions() == {("probe-a", "silent", minute(0), None, 600.0)}
    say(reading(minute(12), 5.0))
    assert ledger.excursions() == {("probe-a", "silent", minute(0), minute(12), 720.0)}


def test_a_gateway_that_is_away_is_no_excursion_until_its_journal_has_come(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    judge_by(ledger, SILENT)
    say(reading(minute(0), 5.0))
    from cloud_sync.ingest.batches import store_batch

    hour = [gateway.batch(reading(minute(n), 5.0)) for n in range(1, 60)]
    newest = gateway.batch(reading(minute(60), 5.0))
    store_batch(ledger.database, newest)
    assert ledger.excursions() == set()
    for raw in hour:
        store_batch(ledger.database, raw)
    assert ledger.excursions() == set()


def test_many_batches_at_once_prove_silence_and_budgets_as_those_that_come_alone(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    judge_by(ledger, SILENT, BUDGET)
    readings = [reading(minute(n), 9.0 if n % 10 == 0 else 5.0) for n in (*range(25), *range(60, 70))]
    raws = [gateway.batch(each) for each in readings]
    raws.append(gateway.batch(no_reading(minute(90))))
    for part in (raws[20:], raws[:10], raws[10:20]):
        receipts = store_batches(ledger.database, list(reversed(part)))
        assert {receipt.outcome for receipt in receipts} == {BatchOutcome.STORED}
    assert names(ledger) == {
        ("silent", minute(24), minute(60)),
        ("silent", minute(69), None),
        ("budget", minute(21), None),
    }


def test_contiguous_numbers_prove_that_nothing_was_measured(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, SILENT)
    say(reading(minute(0), 5.0))
    say(reading(minute(60), 5.0))
    assert names(ledger) == {("silent", minute(0), minute(60))}


def test_another_device_of_the_gateway_proves_it_too(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, SILENT)
    say(reading(minute(0), 5.0))
    say(reading(minute(30), 5.0, "probe-b"))
    assert names(ledger) == {("silent", minute(0), None)}


def test_records_that_a_gateway_declares_lost_are_not_waited_for(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    judge_by(ledger, SILENT)
    say(reading(minute(0), 5.0))
    from cloud_sync.ingest.batches import store_batch

    lost = [encode_record(reading(minute(n), 5.0)) for n in (10, 20)]
    gateway.batch_of_lines(lost, Lane.READINGS)
    store_batch(ledger.database, gateway.batch(reading(minute(60), 5.0)))
    assert names(ledger) == set()
    data: dict[str, str | int | float | None] = {
        "journal": gateway.journal, "lane": "readings", "first": 2, "count": 2, "from": None, "to": None,
    }  # fmt: skip
    say(Notice(stamp(minute(61)), NoticeKind.GAP, "journal/readings", "2 records are lost", data))
    assert names(ledger) == {("silent", minute(0), minute(60))}


def test_silence_is_known_once_a_hole_is_closed_though_by_records_that_nobody_can_read(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    judge_by(ledger, SILENT)
    say(reading(minute(0), 5.0))
    unreadable = gateway.batch_of_lines([b'{"kind": "reading", "at'], Lane.READINGS)
    say(reading(minute(60), 5.0))
    assert names(ledger) == set()
    assert {receipt.outcome for receipt in store_batches(ledger.database, [unreadable])} == {BatchOutcome.STORED}
    assert names(ledger) == {("silent", minute(0), minute(60))}


def lost(journal: str, first: int, count: int) -> Notice:
    """As a gateway says of a journal that was damaged."""
    data: dict[str, str | int | float | None] = {
        "journal": journal, "lane": "readings", "first": first, "count": count,
    }  # fmt: skip
    return Notice(stamp(minute(61)), NoticeKind.GAP, "journal-damaged", "readings are lost", data)


@pytest.mark.parametrize("is_named", [True, False])
def test_a_hole_in_a_damaged_journal_does_not_hold_back_the_next_one(
    ledger: Ledger, gateway: GatewayWithKey, is_named: bool
) -> None:
    judge_by(ledger, SILENT)
    raws = [gateway.batch(reading(minute(n), 5.0)) for n in range(4)]
    after = GatewayWithKey(gateway.name, "22222222-2222-4222-8222-222222222222", gateway.key)
    notice = lost(gateway.journal if is_named else FORMER_JOURNALS, 1, SEQ_END - 1)
    here = [raws[0], raws[3], after.batch(reading(minute(60), 5.0))]
    assert {receipt.outcome for receipt in store_batches(ledger.database, here)} == {BatchOutcome.STORED}
    assert names(ledger) == set(), "what is missing may be of any time since"
    store_batches(ledger.database, [after.batch(notice)])
    assert names(ledger) == {("silent", minute(3), minute(60))}
    store_batches(ledger.database, [after.batch(reading(minute(90), 5.0))])
    assert names(ledger) == {("silent", minute(3), minute(60)), ("silent", minute(60), minute(90))}


def test_what_was_saved_of_a_damaged_journal_is_waited_for(ledger: Ledger, gateway: GatewayWithKey) -> None:
    """The word of the loss goes first, for it is no reading."""
    judge_by(ledger, SILENT)
    first, _gone, *saved = [gateway.batch(reading(minute(5 * n), 5.0)) for n in range(12)]
    after = GatewayWithKey(gateway.name, "22222222-2222-4222-8222-222222222222", gateway.key)
    told = after.batch(lost(gateway.journal, 1, 2), lost(gateway.journal, 13, SEQ_END - 13))
    for raw in (first, told, after.batch(reading(minute(60), 5.0))):
        store_batches(ledger.database, [raw])
    assert names(ledger) == set()
    store_batches(ledger.database, saved)
    assert names(ledger) == {("silent", minute(0), minute(10))}


def test_a_gap_in_a_journal_of_no_name_is_a_notice_and_nothing_more(ledger: Ledger, say: Said) -> None:
    say(lost("not-a-journal", 1, 5), lost("", 1, 2**62))
    assert ledger.rows("SELECT FROM declared_gap") == []


def test_an_excursion_reaches_across_a_gap_and_says_so(ledger: Ledger, say: Said) -> None:
    say(reading(minute(0), 9.0), reading(minute(90), 9.0), reading(minute(91), 5.0))
    (row,) = ledger.rows("SELECT began_at, ended_at, longest_gap_s FROM excursion")
    assert row == {"began_at": minute(0), "ended_at": minute(91), "longest_gap_s": 5400.0}


def test_a_freeze_and_a_pressure_loss_are_limits_with_a_delay(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, PolicyRule(name="pressure-low", metric="dp_pa", side=Side.BELOW, limit=5, delay_s=120,
                                on_limit_is_outside=False, source="test"))  # fmt: skip
    ledger.put_probe("fridge-a", "gauge", metric="dp_pa")
    values = [(0, 8.0), (1, 1.0), (2, 8.0), (3, 1.0), (5, 0.5), (6, 8.0)]
    say(*(Reading(stamp(minute(at)), DeviceName("gauge"), Quality.GOOD, {"dp_pa": dp}) for at, dp in values))
    assert ledger.excursions() == {("gauge", "pressure-low", minute(3), minute(6), 0.5)}


def test_every_version_is_kept_and_a_withdrawn_one_too(ledger: Ledger, say: Said) -> None:
    say(reading(minute(5), 9.0), reading(minute(6), 5.0))
    say(reading(minute(4), 10.0))
    rows = ledger.rows("SELECT version, change, began_at FROM excursion_version ORDER BY excursion_id, version")
    assert [(row["version"], row["change"], row["began_at"]) for row in rows] == [
        (1, "opened", minute(5)), (2, "amended", minute(4)),
    ]  # fmt: skip
