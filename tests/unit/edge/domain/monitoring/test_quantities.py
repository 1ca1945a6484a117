"""Rules apply to a quantity such as temperature, not to a spelling; what no rule judges is named, with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.monitoring.judged import Judged, judged_by, rules_about, unjudged
from edge_agent.domain.monitoring.policies import NoDataRule, Policy
from edge_agent.domain.monitoring.quantities import is_about, quantity_of
from tests.support.builders import COLD


@pytest.mark.parametrize(
    "metric",
    ["temp_c", "temp_2_c", "ch2_temp_c", "temp_ch3_c", "probe_2_temp_c", "temp2_c", "ext_temp_c", "temperature_c"],
)
def test_every_spelling_of_a_temperature_is_judged_by_a_rule_for_temperature(metric: str) -> None:
    assert is_about("temp_c", metric)
    assert rules_about(COLD, metric) == ("too-warm", "too-cold")
    assert judged_by(metric, "fridge-a", [COLD]) is Judged.JUDGED


def test_what_a_policy_leaves_out_on_purpose_need_not_be_judged() -> None:
    dry = COLD.model_copy(update={"name": "dry", "not_judged": {"rh_pct": "no limit for this storage"}})
    assert judged_by("ch2_rh_pct", "fridge-a", [dry]) is Judged.NOT_NEEDED
    assert judged_by("rh_pct", "shelf", [COLD, dry]) is Judged.NOT_NEEDED, (
        "what a nearer policy is silent of, the next says"
    )
    assert judged_by("rh_pct", "shelf", [COLD]) is Judged.NO_RULE
    assert judged_by("dp_pa", "fridge-a", [dry]) is Judged.NO_RULE


def test_a_policy_says_one_thing_of_each_quantity() -> None:
    said = COLD.model_dump(mode="json") | {"not_judged": {"temp_c": "no limit for this storage"}}
    with pytest.raises(ValueError, match="temp_c is judged by the rule"):
        Policy.model_validate(said)


@pytest.mark.parametrize("metric", ["dew_c", "rh_pct", "battery_pct", "p_pa", "temp_f", "particles_5_um_count"])
def test_what_is_no_temperature_is_not_judged_as_one(metric: str) -> None:
    assert not is_about("temp_c", metric)


def test_the_size_of_a_particle_is_no_number_of_a_probe() -> None:
    assert not is_about("particles_5_um_count", "particles_0_5_um_count")
    assert is_about("particles_0_5_um_count", "particles_0_5_um_count")


def test_a_rule_for_one_probe_judges_that_one_only() -> None:
    assert is_about("temp_2_c", "temp_2_c")
    assert not is_about("temp_2_c", "temp_c") and not is_about("temp_2_c", "temp_3_c")


@pytest.mark.parametrize(
    ("metric", "place", "policies", "judged"),
    [
        ("temp_2_c", None, [], Judged.NO_PLACE),
        ("temp_2_c", "fridge-a", [], Judged.NO_POLICY),
        ("rh_pct", "fridge-a", [COLD], Judged.NO_RULE),
        ("object_temp_c", "fridge-a", [COLD], Judged.NO_RULE),
        ("battery_pct", "fridge-a", [COLD], Judged.NOT_NEEDED),
        ("ch2_rssi_dbm", None, [], Judged.NOT_NEEDED),
        ("door_open", "fridge-a", [], Judged.NOT_NEEDED),
    ],
)
def test_what_nobody_judges_says_why(metric: str, place: str | None, policies: list[Policy], judged: Judged) -> None:
    assert judged_by(metric, place, policies) is judged
    assert judged.is_silent_gap == (unjudged([metric], place, policies) == {metric: judged})


def test_a_silence_rule_alone_judges_too() -> None:
    rule = NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=600, source="test")
    assert judged_by("temp_2_c", "fridge-a", [Policy(name="p", title="p", rules=(rule,))]) is Judged.JUDGED


@given(st.from_regex(r"[a-z][a-z0-9]{0,8}(_[a-z0-9]{1,8}){0,4}", fullmatch=True))
def test_a_quantity_is_its_own_quantity_and_every_metric_is_about_itself(metric: str) -> None:
    assert quantity_of(quantity_of(metric)) == quantity_of(metric)
    assert is_about(metric, metric)
