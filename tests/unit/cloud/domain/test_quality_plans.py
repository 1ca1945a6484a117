"""Quality plans: verdicts by limits, what keeps a sample from acceptance, pull points, and what data support."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from cloud_sync.domain.bud import BudRefusedError, GivenBud, Preparation, Storage, decide_bud
from cloud_sync.domain.process_controls import ProcessControl
from cloud_sync.domain.quality_plans import (
    READ,
    AcceptanceLimit,
    EnvironmentPlan,
    MaterialPlan,
    PullState,
    QualificationPlan,
    SampleResult,
    StabilityProtocol,
    Verdict,
    faults_of,
    pull_state,
    supported_days,
    unqualified,
    untested,
)

AT = datetime(2026, 6, 1, tzinfo=UTC)
ASSAY = {"name": "assay", "unit": "%", "low": 90, "high": 110, "alert": 105, "source": "method 7"}


def read(**plan: Any) -> Any:
    return READ.validate_python({"source": "SOP 21", **plan})


def protocol(**more: Any) -> StabilityProtocol:
    plan = read(kind="stability", item="syringe", storage="room", window_days=2, lots_min=2, tests=[ASSAY],
                pulls=[{"day": 0, "units": 1}, {"day": 30, "units": 1}], **more)  # fmt: skip
    assert isinstance(plan, StabilityProtocol)
    return plan


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(89.9, Verdict.FAIL), (90, Verdict.PASS), (105, Verdict.PASS), (105.1, Verdict.ALERT), (110, Verdict.ALERT),
     (110.1, Verdict.FAIL)],
)  # fmt: skip
def test_both_limits_are_good_and_above_the_alert_level_somebody_looks(value: float, verdict: Verdict) -> None:
    assert AcceptanceLimit(**ASSAY).verdict(value, None) is verdict


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"source": ""}, "source"),
        ({"low": 120}, "above its upper one"),
        ({"alert": 111}, "is not below its upper limit"),
        ({"high": float("nan")}, "finite"),
    ],
)
def test_a_limit_without_a_source_or_out_of_order_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        AcceptanceLimit(**(ASSAY | changed))


@pytest.mark.parametrize(
    "plan",
    [
        {"kind": "environment", "place": "room", "points": [{"name": "a", "method": "settle_plate", "source": "x"}]},
        {"kind": "material", "item": "drug", "units": 1, "retest_days": 90, "tests": [ASSAY]},
        {"kind": "qualification", "preparations": ["category_1"], "valid_days": 180, "tests": [ASSAY]},
        {"kind": "stability", "item": "x", "storage": "room", "lots_min": 1, "tests": [ASSAY],
         "pulls": [{"day": 0, "units": 1}]},
    ],
)  # fmt: skip
def test_no_action_level_number_of_units_or_window_is_taken_for_granted(plan: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Field required"):
        read(**plan)


def test_pull_points_stand_in_order_and_points_and_tests_once() -> None:
    days = [{"day": 30, "units": 1}, {"day": 0, "units": 1}]
    with pytest.raises(ValidationError, match="in the order of their days"):
        read(kind="stability", item="x", storage="room", window_days=1, lots_min=1, tests=[ASSAY], pulls=days)
    point = {"name": "a", "method": "settle_plate", "action": 3, "alert": 4, "source": "x"}
    with pytest.raises(ValidationError, match="above its action level"):
        read(kind="environment", place="room", points=[point])
    with pytest.raises(ValidationError, match="each test is named once"):
        read(kind="material", item="x", units=1, retest_days=None, after_exposure=True, tests=[ASSAY, ASSAY])


def test_a_failed_result_stands_until_an_investigation_voids_it() -> None:
    tests = [AcceptanceLimit(**ASSAY)]
    failed, passed = SampleResult("assay", Verdict.FAIL, "88 %"), SampleResult("assay", Verdict.PASS, "99 %")
    assert faults_of(tests, []) == ("no result of assay",)
    assert faults_of(tests, [failed, passed]) == ("assay is out of specification: 88 %, 90 to 110 %",)
    voided = SampleResult("assay", Verdict.FAIL, "88 %", is_void=True)
    assert faults_of(tests, [voided]) == ("no result of assay",)
    assert faults_of(tests, [voided, passed]) == ()


@pytest.mark.parametrize(
    ("after_days", "state"),
    [(27, PullState.PLANNED), (28, PullState.DUE), (32, PullState.DUE), (32.1, PullState.MISSED)],
)
def test_a_pull_point_is_due_within_its_window(after_days: float, state: PullState) -> None:
    plan, at = protocol(), AT + timedelta(days=after_days)
    assert pull_state(plan, plan.pulls[1], AT, decision=None, is_pulled=False, at=at) is state
    assert pull_state(plan, plan.pulls[1], AT, decision=None, is_pulled=True, at=at) is PullState.PULLED


def test_data_support_a_day_once_so_many_lots_passed_all_pull_points_up_to_it() -> None:
    plan = protocol()
    both, one = frozenset({0, 30}), frozenset({0})
    assert supported_days(plan, {1: both}) == 0, "two lots are asked for"
    assert supported_days(plan, {1: both, 2: one}) == 0
    assert supported_days(plan, {1: both, 2: one, 3: both}) == 30


def test_stability_data_extend_what_the_table_allows_and_never_a_component() -> None:
    made = {"preparation": Preparation.CATEGORY_2_ASEPTIC_UNTESTED, "storage": Storage.REFRIGERATOR}
    late = GivenBud(AT + timedelta(days=25), "data")
    component = [AT + timedelta(days=90)]
    with pytest.raises(BudRefusedError):
        decide_bud(AT, *made.values(), component, late)
    assert decide_bud(AT, *made.values(), component, late, supported=timedelta(days=30)).at == late.at
    with pytest.raises(BudRefusedError):
        decide_bud(AT, *made.values(), component, late, supported=timedelta(days=20))
    with pytest.raises(BudRefusedError):
        decide_bud(AT, *made.values(), [AT + timedelta(days=24)], late, supported=timedelta(days=30))
    usual = decide_bud(AT, *made.values(), component, supported=timedelta(days=30))
    assert usual.at == AT + timedelta(days=10), "without a date of its own it keeps that of the table"


def test_a_qualification_ends_on_its_day_and_a_fill_that_failed_is_none() -> None:
    plan = read(kind="qualification", preparations=["category_1"], units_min=20, valid_days=180,
                tests=[{"name": "contaminated units", "high": 0, "source": "SOP 21"}])  # fmt: skip
    assert isinstance(plan, QualificationPlan)
    day = timedelta(days=1)
    accepted = {"filled_at": AT, "decision": "accepted"}
    assert unqualified("aseptic", plan, **accepted, at=AT + 180 * day - timedelta(seconds=1)) is None
    assert unqualified("aseptic", plan, **accepted, at=AT + 180 * day) == "was qualified for aseptic until 2026-11-28"
    for decision in ("rejected", None):
        assert "did not pass" in str(unqualified("aseptic", plan, filled_at=AT, decision=decision, at=AT))
    assert unqualified("aseptic", plan, filled_at=None, decision=None, at=AT) == "has no media fill for aseptic"


def test_a_raw_material_waits_for_tests_its_retest_day_and_tests_after_an_exposure() -> None:
    plan = read(kind="material", item="drug", units=5, retest_days=90, after_exposure=True, tests=[ASSAY])
    assert isinstance(plan, MaterialPlan)
    tested = {"sampled_at": AT, "decision": "accepted", "exposed_until": None, "is_exposed": False, "at": AT}
    assert untested(plan, **tested) is None
    assert "is not yet sampled" in str(untested(plan, **(tested | {"sampled_at": None, "decision": None})))
    assert "was rejected" in str(untested(plan, **(tested | {"decision": "rejected"})))
    assert "tested again by 2026-08-30" in str(untested(plan, **(tested | {"at": AT + timedelta(days=90)})))
    assert untested(plan, **(tested | {"exposed_until": AT - timedelta(hours=1)})) is None, "it was tested after that"
    for exposed in ({"exposed_until": AT + timedelta(hours=1)}, {"is_exposed": True}):
        assert "was exposed" in str(untested(plan, **(tested | exposed)))
    once = plan.model_copy(update={"retest_days": None, "after_exposure": False})
    assert untested(once, **(tested | {"is_exposed": True, "at": AT + timedelta(days=999)})) is None


def test_an_in_process_control_counts_what_is_outside_and_accepts_as_many_as_its_plan_says() -> None:
    given = {"name": "weight", "low": 9.5, "high": 10.5, "samples": 5, "accept_max": 1, "source": "SOP 21"}
    assert ProcessControl(**given).outside([9.4, 9.5, 10.5, 10.6, 10]) == 2
    for changed, said in (({"accept_max": 5}, "as many values"), ({"low": None, "high": None}, "has no limit"),
                          ({"low": 11}, "above its upper one")):  # fmt: skip
        with pytest.raises(ValidationError, match=said):
            ProcessControl(**(given | changed))
    for missing in ("samples", "accept_max", "source"):
        with pytest.raises(ValidationError, match="Field required"):
            ProcessControl(**{name: value for name, value in given.items() if name != missing})


def test_plates_have_the_limits_of_their_point() -> None:
    plan = read(kind="environment", place="room", points=[
        {"name": "bench", "method": "settle_plate", "alert": 1, "action": 3, "source": "SOP 7"},
        {"name": "glove", "method": "gloved_fingertip", "action": 0, "source": "SOP 7"},
    ])  # fmt: skip
    assert isinstance(plan, EnvironmentPlan)
    (bench,), (glove,) = plan.tests_at("bench"), plan.tests_at("glove")
    assert [bench.verdict(count, None).value for count in (1, 2, 3, 4)] == ["pass", "alert", "alert", "fail"]
    assert [glove.verdict(count, None).value for count in (0, 1)] == ["pass", "fail"]
    assert plan.tests_at("floor") == ()
