"""What nobody measured: delays across gaps, excursions that are found after one, devices that die while it is warm."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from cloud_sync.actions.monitoring.excursion_endings import end_excursion
from cloud_sync.errors import Conflict, Invalid
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import CumulativeRule, NoDataRule, Policy, PolicyRule, RateRule
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, no_reading, reading, scan

SILENT: dict[str, Any] = {"kind": "no_data", "name": "silent", "metric": "temp_c", "after_s": 3600, "source": "test"}
HIGH: dict[str, Any] = {
    "name": "high", "metric": "temp_c", "side": "above", "limit": 8, "on_limit_is_outside": False, "delay_s": 600,
    "source": "test",
}  # fmt: skip
JudgeBy = Callable[..., None]


@pytest.fixture
def judge_by(ledger: Ledger) -> JudgeBy:
    def judge(*rules: dict[str, Any], place: str = "fridge-a") -> None:
        name = f"test-{place}"
        ledger.add_policy(Policy.model_validate({"name": name, "title": "", "rules": rules}))
        ledger.run("UPDATE place SET policy = %(n)s WHERE name = %(p)s", {"n": name, "p": place})

    return judge


def excursions(ledger: Ledger) -> set[tuple[str, datetime, datetime | None]]:
    return {(rule, began, ended) for _, rule, began, ended, _ in ledger.excursions()}


@pytest.mark.parametrize(("seconds", "hours"), [(590, 9), (600, 9), (30, 1)])
def test_the_delay_is_judged_on_the_extent_that_is_reported_also_across_a_gap(
    ledger: Ledger, say: Said, judge_by: JudgeBy, seconds: int, hours: int
) -> None:
    judge_by(HIGH)
    back = minute(60 * hours)
    say(reading(minute(0), 20.0), reading(minute(seconds / 60), 20.0), reading(back, 5.0))
    assert excursions(ledger) == {("high", minute(0), back)}


def test_a_visit_outside_that_is_over_before_the_delay_is_none(ledger: Ledger, say: Said, judge_by: JudgeBy) -> None:
    judge_by(HIGH)
    say(reading(minute(0), 20.0), reading(minute(5), 20.0), reading(minute(9.9), 5.0))
    assert excursions(ledger) == set()


def test_an_excursion_found_after_a_gap_began_with_the_last_good_reading_and_holds_what_left_meanwhile(
    ledger: Ledger, say: Said, judge_by: JudgeBy
) -> None:
    judge_by(HIGH, SILENT | {"severity": "alert"})
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 5.0), reading(minute(500), 20.0))
    say(scan(minute(300), Action.MOVE, "fridge-a", "fridge-b"))
    assert ("high", minute(1), None) in excursions(ledger)
    assert ledger.held() == {("L1", "", "fridge-b")}
    say(reading(minute(250), 5.0), reading(minute(470), 5.0))
    assert ("high", minute(500), None) not in excursions(ledger), "20 degrees for no time is within the delay"
    assert ledger.held() == set()


def test_a_time_within_the_interval_of_the_device_is_no_gap(ledger: Ledger, say: Said, judge_by: JudgeBy) -> None:
    judge_by(HIGH | {"delay_s": 0}, SILENT)
    say(reading(minute(1), 5.0), reading(minute(61), 20.0))
    assert ("high", minute(61), None) in excursions(ledger)


@pytest.mark.parametrize("counts", [True, False])
def test_a_missing_sensor_counts_towards_the_delay_where_the_policy_says_so(
    ledger: Ledger, say: Said, judge_by: JudgeBy, counts: bool
) -> None:
    judge_by(HIGH | {"missing_counts": counts}, SILENT)
    say(reading(minute(0), 20.0), reading(minute(2), 20.0))
    say(no_reading(minute(9)))
    assert excursions(ledger) == set()
    say(no_reading(minute(10)))
    assert excursions(ledger) == ({("high", minute(0), None)} if counts else set())
    say(reading(minute(11), 20.0), reading(minute(12), 5.0))
    assert excursions(ledger) == {("high", minute(0), minute(12))}


def test_a_start_delay_leaves_out_what_a_logger_measures_while_it_cools_down(
    ledger: Ledger, say: Said, judge_by: JudgeBy
) -> None:
    judge_by(HIGH | {"start_delay_s": 1800, "delay_s": 0})
    say(*(reading(minute(at), 21.0) for at in range(40, 70, 5)), reading(minute(70), 5.0))
    assert excursions(ledger) == set()
    say(reading(minute(90), 21.0), reading(minute(91), 5.0))
    assert excursions(ledger) == {("high", minute(90), minute(91))}
    say(reading(minute(20), 21.0))
    assert excursions(ledger) == {("high", minute(50), minute(70)), ("high", minute(90), minute(91))}


def test_a_budget_once_broken_is_over_only_when_it_is_back_by_its_hysteresis(
    ledger: Ledger, say: Said, judge_by: JudgeBy
) -> None:
    budget = {
        "kind": "cumulative", "name": "budget", "metric": "temp_c", "side": "above", "limit": 8,
        "on_limit_is_outside": False, "budget_s": 180, "window_s": 3600, "spell_max_s": 120, "source": "test",
    }  # fmt: skip
    judge_by(budget | {"hysteresis_s": 60})
    for start in (0, 10, 20):
        say(reading(minute(start), 9.0), reading(minute(start + 1), 5.0))
    say(reading(minute(61), 5.0))
    assert excursions(ledger) == {("budget", minute(21), None)}, "120 s outside is not yet less than 180 - 60"
    say(reading(minute(71), 5.0))
    assert excursions(ledger) == {("budget", minute(21), minute(71))}


# A device that dies while it is warm


def dies_warm(ledger: Ledger, say: Said) -> int:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(0), 5.0), reading(minute(5), 20.0), reading(minute(16), 21.0))
    (row,) = ledger.rows("SELECT id, ended_at FROM excursion WHERE rule = 'high'")
    assert row["ended_at"] is None
    return int(row["id"])


def end(ledger: Ledger, excursion_id: int, at: datetime) -> dict[str, Any]:
    return end_excursion(
        ledger.database, excursion_id, ended_at=at, reason="probe died", evidence="T-14 read 4.6", at=minute(600),
        actor="quality-1",
    )  # fmt: skip


def test_quality_ends_the_excursion_of_a_dead_sensor_by_evidence(ledger: Ledger, say: Said, judge_by: JudgeBy) -> None:
    judge_by(HIGH)
    number = dies_warm(ledger, say)
    with pytest.raises(Invalid, match="future"):
        end(ledger, number, minute(601))
    with pytest.raises(Conflict, match="measured 21 at"):
        end(ledger, number, minute(16))
    shown = end(ledger, number, minute(60))
    assert (shown["ended_at"], [probe["worst"] for probe in shown["probes"]]) == (minute(60), [21.0])
    (event,) = ledger.events("excursion_ended_by_evidence")
    assert (event["actor"], event["reason"], event["data"]["evidence"]) == ("quality-1", "probe died", "T-14 read 4.6")
    say(scan(minute(70), Action.RECEIVE, "acme", "fridge-a", scan_line("L2")))
    assert ledger.held() == {("L1", "", "fridge-a")}
    with pytest.raises(Conflict, match="ended at"):
        end(ledger, number, minute(61))


def test_what_the_dead_sensor_turns_out_to_have_measured_counts_whenever_it_comes(
    ledger: Ledger, say: Said, judge_by: JudgeBy
) -> None:
    judge_by(HIGH | {"delay_s": 0})
    number = dies_warm(ledger, say)
    end(ledger, number, minute(60))
    say(reading(minute(30), 5.0))
    assert excursions(ledger) == {("high", minute(5), minute(30))}
    say(reading(minute(90), 22.0))
    assert excursions(ledger) == {("high", minute(5), minute(30)), ("high", minute(90), None)}


def test_what_somebody_saw_ends_budgets_and_rates_too_and_silence_begins_anew(
    ledger: Ledger, say: Said, judge_by: JudgeBy
) -> None:
    budget = CumulativeRule(kind="cumulative", name="budget", metric="temp_c", side=Side.ABOVE, limit=8, budget_s=300,
                            on_limit_is_outside=False, window_s=36000, spell_max_s=600, source="test")  # fmt: skip
    rate = RateRule(kind="rate", name="jump", metric="temp_c", change=10, window_s=3600, source="test")
    silent = NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=1800, source="test")
    high = PolicyRule.model_validate(HIGH)
    judge_by(*(each.model_dump() for each in (high, budget, rate, silent)))
    dies_warm(ledger, say)
    say(no_reading(minute(60)))
    opened = ledger.rows("SELECT id, rule FROM excursion WHERE ended_at IS NULL ORDER BY id")
    assert {row["rule"] for row in opened} == {"high", "budget", "jump", "silent"}
    end(ledger, opened[0]["id"], minute(50))
    assert {(rule, ended) for rule, _, ended in excursions(ledger)} == {
        (rule, minute(50)) for rule in ("high", "budget", "jump", "silent")
    }
    say(no_reading(minute(80)))
    assert ("silent", minute(50), None) in excursions(ledger)


def scan_line(lot: str) -> Any:
    from tests.support.builders import line

    return line(10, lot)
