"""Readings by month: made when needed, thinned out only when asked, and never inside an excursion."""

from datetime import UTC, datetime, timedelta

import psycopg

from cloud_sync.actions.governance import legal_holds
from cloud_sync.actions.monitoring.retention import make_months_ahead, thin_readings
from cloud_sync.posting.monitoring.rule_tracks import judge_again
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import CumulativeRule, NoDataRule, Policy
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, reading, scan

LONG_AFTER = datetime(2026, 9, 15, tzinfo=UTC)


def months(ledger: Ledger) -> list[str]:
    sql = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'reading'::regclass ORDER BY 1"
    return [row["name"] for row in ledger.rows(sql)]


def count(ledger: Ledger) -> int:
    return int(ledger.rows("SELECT count(*) AS n FROM reading")[0]["n"])


def test_a_month_is_made_when_a_reading_of_it_comes_and_ahead_at_the_start(ledger: Ledger, say: Said) -> None:
    assert ledger.rows("SELECT drop_month_if_empty('reading_2026_03') AS is_gone") == [{"is_gone": True}]
    assert months(ledger) == []
    say(reading(datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), 5.0), reading(datetime(2026, 4, 1, tzinfo=UTC), 5.0),
        reading(datetime(2026, 9, 1, tzinfo=UTC), 5.0))  # fmt: skip
    assert months(ledger) == ["reading_2026_03", "reading_2026_04", "reading_2026_09"]
    make_months_ahead(ledger.database, datetime(2026, 4, 20, tzinfo=UTC))
    assert months(ledger) == [
        "reading_2026_03", "reading_2026_04", "reading_2026_05", "reading_2026_06", "reading_2026_09",
    ]  # fmt: skip


def test_old_readings_become_hours_and_those_inside_excursions_stay(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    values = [5.0, 5.5, 9.0, 9.5, 5.0, 6.0]
    say(*(reading(minute(10 * n), value) for n, value in enumerate(values)))
    held, excursions = ledger.held(), ledger.excursions()
    assert thin_readings(ledger.database, months=6, at=datetime(2026, 9, 30, tzinfo=UTC)) == {}
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {"reading_2026_03": 3}
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {}
    (hour,) = ledger.rows("SELECT readings, lowest, mean, highest FROM reading_hour")
    assert (hour["readings"], hour["lowest"], hour["highest"]) == (6, 5.0, 9.5)
    assert abs(hour["mean"] - 40 / 6) < 1e-9
    assert [row["value"] for row in ledger.rows("SELECT value FROM reading ORDER BY at")] == [9.0, 9.5, 5.0]
    assert (ledger.held(), ledger.excursions()) == (held, excursions)


def test_nothing_is_thinned_out_of_where_and_while_goods_under_a_legal_hold_were(ledger: Ledger, say: Said) -> None:
    say(scan(minute(15), Action.RECEIVE, "acme", "fridge-a"))
    say(*(reading(minute(10 * n), 5.0) for n in range(4)), *(reading(minute(10 * n), 5.0, "probe-b") for n in range(4)))
    hold = legal_holds.ask(ledger.database, item="insulin", reason="law suit 7", at=LONG_AFTER, actor="amy")
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {"reading_2026_03": 6}
    assert [row["at"] for row in ledger.rows("SELECT at FROM reading ORDER BY at")] == [minute(20), minute(30)]
    for actor in ("bo", "amy"):
        if actor == "bo":
            legal_holds.decide(ledger.database, hold["id"], "approved", reason="agreed", at=LONG_AFTER, actor=actor)
        legal_holds.lift(ledger.database, hold["id"], reason="settled", at=LONG_AFTER, actor=actor)
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {}, "what is kept once stays"


def test_a_month_of_which_nothing_is_left_is_dropped_and_made_again_when_something_comes(
    ledger: Ledger, say: Said
) -> None:
    may = datetime(2026, 5, 10, tzinfo=UTC)
    say(reading(minute(0), 9.0), reading(minute(1), 5.0), reading(may, 5.0), reading(LONG_AFTER, 5.0))
    assert thin_readings(ledger.database, months=3, at=LONG_AFTER) == {"reading_2026_05": 1}
    assert months(ledger) == ["reading_2026_03", "reading_2026_09"]
    say(reading(may + timedelta(hours=2), 5.5))
    assert months(ledger) == ["reading_2026_03", "reading_2026_05", "reading_2026_09"]
    assert [row["readings"] for row in ledger.rows("SELECT readings FROM reading_hour ORDER BY began_at")] == [2, 1]


def test_a_month_that_is_being_read_is_dropped_another_time(ledger: Ledger, say: Said) -> None:
    say(reading(minute(0), 5.0), reading(LONG_AFTER, 5.0))
    with psycopg.connect(ledger.database.url) as reader:
        reader.execute("SELECT FROM reading")
        assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {"reading_2026_03": 1}
        assert months(ledger) == ["reading_2026_03", "reading_2026_09"]
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {}
    assert months(ledger) == ["reading_2026_09"]


def test_late_evidence_after_thinning_still_widens_an_excursion_and_is_kept(ledger: Ledger, say: Said) -> None:
    say(*(reading(minute(n), value) for n, value in ((0, 5.0), (10, 9.0), (20, 5.0))))
    thin_readings(ledger.database, months=5, at=LONG_AFTER)
    say(reading(minute(15), 11.0), reading(minute(9), 9.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(9), minute(20), 11.0)}
    thin_readings(ledger.database, months=5, at=LONG_AFTER + timedelta(days=40))
    assert count(ledger) == 4


def test_hours_that_were_thinned_out_are_no_silence_when_judged_again(ledger: Ledger, say: Said) -> None:
    silent = NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=7200, source="test")
    ledger.add_policy(Policy(name="test", title="", rules=(silent,)))
    ledger.run("UPDATE place SET policy = 'test' WHERE name = 'fridge-a'")
    say(*(reading(minute(n), 5.0) for n in (0, 180, *range(190, 600, 10))))
    say(reading(LONG_AFTER, 5.0))
    before = ledger.excursions()
    assert {began for _, _, began, _, _ in before} == {minute(0), minute(590)}
    say(*(reading(minute(n), 5.0) for n in range(600, 900, 10)))
    before = ledger.excursions()
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) != {}
    with ledger.database.transaction() as connection:
        channels = connection.execute("SELECT id FROM channel").fetchall()
        judge_again(connection, [row["id"] for row in channels])
    assert ledger.excursions() == before


def test_young_readings_are_left_alone(ledger: Ledger, say: Said) -> None:
    say(reading(minute(0), 5.0))
    assert thin_readings(ledger.database, months=1, at=datetime(2026, 4, 30, tzinfo=UTC)) == {}
    assert (count(ledger), ledger.rows("SELECT FROM reading_hour")) == (1, [])


BUDGET = CumulativeRule(
    kind="cumulative", name="budget", metric="temp_c", side=Side.ABOVE, limit=8, on_limit_is_outside=False,
    budget_s=180, window_s=3600, spell_max_s=120, source="test",
)  # fmt: skip
MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)


def judged_by_budget(ledger: Ledger) -> None:
    ledger.add_policy(Policy(name="test", title="", rules=(BUDGET,)))
    ledger.run("UPDATE place SET policy = 'test' WHERE name = 'fridge-a'")


def judged_again(ledger: Ledger) -> None:
    with ledger.database.transaction() as connection:
        judge_again(connection, [row["id"] for row in connection.execute("SELECT id FROM channel").fetchall()])


def at(minutes: float) -> datetime:
    """So many minutes after the end of the month that is thinned out."""
    return MIDNIGHT + timedelta(minutes=minutes)


def test_a_budget_counts_what_was_spent_just_before_the_month_that_stays(ledger: Ledger, say: Said) -> None:
    judged_by_budget(ledger)
    for start in (-400, -20, -10):
        say(reading(at(start), 9.0), reading(at(start + 1), 5.0))
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {"reading_2026_03": 2}
    say(reading(at(5), 9.0), reading(at(6), 5.0))
    assert {(rule, began) for _, rule, began, _, _ in ledger.excursions()} == {("budget", at(6))}
    thin_readings(ledger.database, months=4, at=LONG_AFTER)
    assert count(ledger) == 6, "what led to the excursion stays"


def test_what_is_kept_for_a_window_goes_when_the_next_month_is_old_too(ledger: Ledger, say: Said) -> None:
    judged_by_budget(ledger)
    say(*(reading(at(minutes), 5.0) for minutes in (-400, -10, 10)))
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) == {"reading_2026_03": 1}
    assert thin_readings(ledger.database, months=4, at=LONG_AFTER) == {"reading_2026_03": 1, "reading_2026_04": 1}


def test_an_excursion_of_a_budget_is_the_same_when_judged_again_after_thinning(ledger: Ledger, say: Said) -> None:
    judged_by_budget(ledger)
    for start in (-400, -390, -380):
        say(reading(at(start), 9.0), reading(at(start + 1), 5.0))
    say(*(reading(at(minutes), 5.0) for minutes in range(-370, -200, 10)))
    before = ledger.excursions()
    assert len(before) == 1
    assert thin_readings(ledger.database, months=5, at=LONG_AFTER) != {}
    judged_again(ledger)
    assert ledger.excursions() == before
