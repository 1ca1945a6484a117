"""The storage policies that come with the program: limits as the standards say, with their sources."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from cloud_sync.actions.master_data.master_data import read_policies
from cloud_sync.errors import ConfigError
from edge_agent.domain.monitoring.cleanroom import GRADE_MONITORING_LIMITS, ISO_CLASS_LIMITS
from edge_agent.domain.monitoring.excursions import Rule, Severity, SilenceRule
from edge_agent.domain.monitoring.policies import Policy
from tests.support.paths import ROOT

FOLDER = ROOT / "config" / "policies"
POLICIES = {policy.name: policy for policy in read_policies(FOLDER)}


SAID_BY = {
    "limit": {"limit", "on_limit_is_outside", "delay_s"},
    "cumulative": {"limit", "on_limit_is_outside", "budget_s", "window_s", "spell_max_s"},
    "rate": {"change", "window_s"},
    "mkt": {"limit", "on_limit_is_outside", "window_s", "spell_max_s", "cover_min"},
    "particles": {"limit", "on_limit_is_outside", "litres_per_sample", "window_s"},
    "no_data": {"after_s"},
}


def rule(policy: str, name: str) -> Rule:
    found = next(rule.as_rule() for rule in POLICIES[policy].rules if rule.name == name)
    assert isinstance(found, Rule)
    return found


def test_they_are_found_without_naming_a_folder() -> None:
    assert {policy.name for policy in read_policies()} == set(POLICIES)


def test_each_is_named_like_its_file_and_each_rule_names_a_source() -> None:
    assert {f"{name}.toml" for name in POLICIES} == {path.name for path in FOLDER.glob("*.toml")}
    for policy in POLICIES.values():
        assert all(len(rule.source) > 20 for rule in policy.rules)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_no_delay_or_limit_is_left_unsaid(path: Path) -> None:
    for text in path.read_text().split("[[rules]]")[1:]:
        kind = re.search(r'^kind = "(\w+)"', text, re.MULTILINE)
        for key in SAID_BY[kind[1] if kind else "limit"] | {"source"}:
            assert len(re.findall(rf"^{key} = ", text, re.MULTILINE)) == 1, (key, text)


@pytest.mark.parametrize("kind", sorted(SAID_BY))
def test_a_rule_that_leaves_out_what_protects_product_is_refused(kind: str) -> None:
    every = {"limit": 8, "on_limit_is_outside": True, "side": "above", "delay_s": 1, "budget_s": 1, "window_s": 60,
             "spell_max_s": 9, "cover_min": 0.5, "change": 2, "litres_per_sample": 28.3, "after_s": 60}  # fmt: skip
    wanted = SAID_BY[kind] | ({"side"} if kind in ("limit", "cumulative") else set())
    rule = {"kind": kind, "name": "r", "metric": "temp_c", "source": "s", **{key: every[key] for key in wanted}}
    policy = {"name": "p", "title": "", "rules": [rule]}
    assert Policy.model_validate(policy).rules[0].as_rule().name == "r"
    for key in wanted:
        lacking = {name: value for name, value in rule.items() if name != key}
        with pytest.raises(ValidationError, match=key):
            Policy.model_validate({**policy, "rules": [lacking]})


def test_an_unknown_kind_of_rule_is_refused() -> None:
    with pytest.raises(ValidationError, match="kind"):
        Policy.model_validate({"name": "p", "title": "", "rules": [{"kind": "guess", "name": "r"}]})


def test_grades_and_classes_are_those_of_the_tables() -> None:
    for grade in "abc":
        limits = GRADE_MONITORING_LIMITS[grade.upper()]["in_operation"]
        assert limits is not None
        assert {
            0.5: rule(f"grade-{grade}", "action-0-5").limit,
            5.0: rule(f"grade-{grade}", "action-5").limit,
        } == limits
    for number in (5, 7, 8):
        assert rule(f"iso-{number}", "action-0-5").limit == ISO_CLASS_LIMITS[number][0.5]


@pytest.mark.parametrize(
    ("policy", "high", "low"),
    [("usp-refrigerator", 8.0, 2.0), ("usp-freezer", -10.0, -25.0), ("usp-crt", 30.0, 15.0)],
)
def test_a_value_on_a_limit_of_a_usp_range_is_in_range(policy: str, high: float, low: float) -> None:
    assert not rule(policy, "high").is_outside(high)
    assert rule(policy, "high").is_outside(high + 0.1)
    assert not rule(policy, "low").is_outside(low)
    assert rule(policy, "low").is_outside(low - 0.1)


def test_a_gateway_judges_alone_only_by_limits_that_hold() -> None:
    room = POLICIES["usp-controlled-room"]
    assert {type(rule.as_rule()) for rule in room.rules} == {Rule, SilenceRule}
    assert all(rule.signal is None and rule.severity is Severity.ACTION for rule in room.holding_limits)
    assert 0 < len(room.holding_limits) < len(room.rules)


def test_a_value_on_a_who_limit_counts() -> None:
    high, low = rule("who-vaccine-fridge", "high-10h"), rule("who-vaccine-fridge", "low-60min")
    assert (high.is_outside(8.0), high.is_outside(7.9), high.delay_s) == (True, False, 36000)
    assert (low.is_outside(-0.5), low.is_outside(-0.4), low.delay_s) == (True, False, 3600)


def test_every_faulty_file_is_named(tmp_path: Path) -> None:
    good = (FOLDER / "usp-crt.toml").read_text()
    (tmp_path / "a.toml").write_text(good.replace("delay_s = 1800\n", ""))
    (tmp_path / "b.toml").write_text("name = ")
    with pytest.raises(ConfigError) as raised:
        read_policies(tmp_path)
    assert any("a.toml: rules.0.delay_s" in fault for fault in raised.value.faults)
    assert any("b.toml: is not TOML" in fault for fault in raised.value.faults)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        read_policies(tmp_path / "none")


def test_a_policy_survives_being_kept_as_json() -> None:
    for policy in POLICIES.values():
        assert Policy.model_validate(policy.model_dump(mode="json")) == policy


def test_a_limit_that_holds_stock_needs_a_rule_for_silence_or_a_reason_why_none() -> None:
    limit = {
        "name": "warm", "metric": "temp_c", "kind": "limit", "side": "above", "limit": 8, "on_limit_is_outside": False,
        "delay_s": 0, "severity": "action", "source": "a test",
    }  # fmt: skip
    silence = {"name": "silent", "metric": "temp_c", "kind": "no_data", "after_s": 600, "severity": "action",
               "source": "a test"}  # fmt: skip
    said = {"name": "cool", "title": "Cool", "rules": [limit]}
    assert Policy.model_validate(said).unguarded_silence == ("temp_c",)
    assert Policy.model_validate(said | {"silence_accepted": "a person looks every hour"}).unguarded_silence == ()
    assert Policy.model_validate(said | {"rules": [limit, silence]}).unguarded_silence == ()
    alert = limit | {"severity": "alert"}
    assert Policy.model_validate(said | {"rules": [alert]}).unguarded_silence == (), "an alert holds nothing"


def test_a_policy_and_its_rules_may_say_when_an_excursion_is_severe() -> None:
    limit = {
        "name": "freeze", "metric": "temp_c", "side": "below", "limit": -0.5, "on_limit_is_outside": True, "delay_s": 0,
        "severe_after_s": 0, "source": "a test",
    }  # fmt: skip
    warm = {**limit, "name": "warm", "side": "above", "limit": 8, "severe_after_s": None}
    said = {"name": "cold", "title": "Cold", "silence_accepted": "a person looks every hour"}
    policy = Policy.model_validate({**said, "rules": [limit, warm], "severe_after_s": 3600})
    assert [policy.severe_from_s(rule) for rule in ("freeze", "warm", "gone")] == [0, 3600, 3600]
    silent = Policy.model_validate({**said, "rules": [warm]})
    assert silent.severe_from_s("warm") is None
    assert "severe_after_s" not in silent.model_dump_json(), "gateways of before would refuse it"
    for rules, more in (
        ([{**limit, "severity": "alert"}], {}),
        ([{**warm, "severity": "alert"}], {"severe_after_s": 60}),
    ):
        with pytest.raises(ValueError, match=r"severe_after_s: .* holds"):
            Policy.model_validate({**said, "rules": rules, **more})
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Policy.model_validate({**said, "rules": [warm], "severe_after_s": -1})
