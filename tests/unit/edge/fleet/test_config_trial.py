"""A configuration from the ledger: checked, on probation, confirmed or out again; a person's edit is never lost."""

from pathlib import Path

import pytest

from edge_agent.config.policy_files import read_policies
from edge_agent.errors import ConfigError
from edge_agent.fleet.config_file import ConfigFile
from edge_agent.fleet.config_trial import ConfigTrial
from edge_agent.runtime.config_loader import load_config
from tests.support.builders import COLD
from tests.support.fleet_parts import handed_out

LOCAL = (
    '# who we are\n[gateway]\nname = "gw-1"\ndata_dir = "{home}/data"\n\n[uplink]\nurl = "https://ledger.example.org"\n'
)
MADE_THERE = '\n# by the technician\n[calendar]\nat = "01:00"\n'
HANDED = '[calendar]\nat = "03:10"\n\n[journal]\nthin_window_s = 300\n'


@pytest.fixture
def trial(tmp_path: Path) -> ConfigTrial:
    path = tmp_path / "gateway.toml"
    path.write_text(LOCAL.format(home=tmp_path) + MADE_THERE)
    return ConfigTrial(path, tmp_path / "data" / "fleet", load_config)


def _digest(trial: ConfigTrial) -> str:
    return ConfigFile.read(trial.path).digest


def test_what_was_made_there_stays_until_somebody_decides_and_then_the_local_part_stays(trial: ConfigTrial) -> None:
    before = trial.path.read_text()
    assert not trial.put_in(handed_out(1, HANDED))
    assert trial.path.read_text() == before
    assert trial.put_in(handed_out(2, HANDED, replaces=_digest(trial)))
    loaded = load_config(trial.path)
    assert (loaded.calendar.at, loaded.journal.thin_window_s, loaded.fleet.version) == ("03:10", 300, 2)
    text = trial.path.read_text()
    assert "# who we are" in text and "by the technician" not in text
    assert ConfigFile.read(trial.path).managed_text().strip().endswith(HANDED.strip())  # type: ignore[union-attr]


def test_it_is_confirmed_by_the_receipt_and_a_later_edit_is_drift(trial: ConfigTrial) -> None:
    assert trial.put_in(handed_out(1, HANDED, replaces=_digest(trial)))
    assert not trial.is_drifted(ConfigFile.read(trial.path)), "on probation"
    assert trial.confirm() == 1 and trial.confirm() is None
    assert not trial.is_drifted(ConfigFile.read(trial.path))
    trial.path.write_text(trial.path.read_text().replace("03:10", "05:05") + "# a word\n")
    assert trial.is_drifted(ConfigFile.read(trial.path))
    assert not trial.put_in(handed_out(2, HANDED.replace("300", "600"))), "an edit is not overwritten silently"
    assert load_config(trial.path).calendar.at == "05:05"


def test_without_a_receipt_the_file_before_comes_back_byte_for_byte(trial: ConfigTrial) -> None:
    before = trial.path.read_bytes()
    handed = handed_out(1, HANDED, replaces=_digest(trial))
    assert trial.put_in(handed) and trial.go_back("no receipt")
    assert trial.path.read_bytes() == before
    state = trial.state()
    assert (state.trial, state.tried, state.last, state.reason) == (None, 1, "rolled_back", "no receipt")
    assert not trial.put_in(handed), "it is not tried again"
    assert trial.put_in(handed_out(2, HANDED, replaces=_digest(trial)))


def test_a_configuration_with_faults_is_refused_with_its_faults_and_changes_nothing(trial: ConfigTrial) -> None:
    before = trial.path.read_bytes()
    faulty = '[calendar]\nat = "25:10"\n\n[[device]]\nname = "f/p"\nbus = "nowhere"\nprofile = "xy-md02"\npoll_s = 10\n'
    assert not trial.put_in(handed_out(1, faulty, replaces=_digest(trial)))
    assert trial.path.read_bytes() == before
    state = trial.state()
    assert (state.tried, state.last) == (1, "refused")
    assert state.reason.startswith("line 2: calendar.at"), "lines are those of what was handed out"
    assert "there is no bus 'nowhere'" in state.reason


def test_one_that_keeps_the_agent_from_starting_goes_out_at_the_fourth_start(trial: ConfigTrial) -> None:
    before = trial.path.read_bytes()
    trial.put_in(handed_out(1, HANDED, replaces=_digest(trial)))
    for _ in range(3):
        trial.settle_at_start()
        assert trial.path.read_bytes() != before
    trial.settle_at_start()
    assert trial.path.read_bytes() == before and trial.state().last == "rolled_back"


def test_profiles_come_with_their_configuration_and_are_checked(trial: ConfigTrial) -> None:
    devices = (
        '[[bus]]\nkind = "modbus-tcp"\nname = "b"\nhost = "192.0.2.1"\n'
        '[[device]]\nname = "f/p"\nbus = "b"\nprofile = "our-own"\npoll_s = 10\n'
    )
    broken = handed_out(1, devices, replaces=_digest(trial), **{"our-own": "maker = 3\n"})
    assert not trial.put_in(broken) and "our-own" in trial.state().reason
    shipped = (Path(__file__).parents[4] / "config/devices/xy-md02.toml").read_text().replace("xy-md02", "our-own")
    assert trial.put_in(handed_out(2, devices, replaces=_digest(trial), **{"our-own": shipped}))
    loaded = load_config(trial.path)
    assert loaded.fleet.profiles_dir == trial.fleet_dir / "profiles" / "2"
    assert trial.confirm() == 2 and not trial.is_drifted(ConfigFile.read(trial.path))
    (trial.fleet_dir / "profiles/2/our-own.toml").write_text(shipped + "\n# touched\n")
    assert trial.is_drifted(ConfigFile.read(trial.path)), "an edited register map is drift"


def test_policies_come_with_their_configuration_are_checked_and_go_out_again_with_it(trial: ConfigTrial) -> None:
    cold = COLD.model_dump_json()
    newer = cold.replace('"kind":"limit"', '"kind":"of_tomorrow"')
    assert trial.put_in(handed_out(1, HANDED, replaces=_digest(trial), policies={"cold": cold}))
    assert trial.confirm() == 1
    assert [each.name for each in read_policies(load_config(trial.path).fleet.policies_dir)] == ["cold"]
    assert not trial.put_in(handed_out(2, HANDED, policies={"cold": newer}))
    assert trial.state().last == "refused" and "policy cold: rules.0" in trial.state().reason
    warm = cold.replace('"name":"cold"', '"name":"warm"')
    assert trial.put_in(handed_out(3, HANDED, policies={"cold": cold, "warm": warm})) and trial.go_back("no receipt")
    assert [each.name for each in read_policies(load_config(trial.path).fleet.policies_dir)] == ["cold"]
    (trial.fleet_dir / "policies/1/cold.json").write_text(cold.replace("8.0", "18.0"))
    assert trial.is_drifted(ConfigFile.read(trial.path)), "an edited policy is drift"


def test_a_file_that_does_not_part_into_sections_is_refused(trial: ConfigTrial) -> None:
    trial.path.write_text(
        trial.path.read_text() + "journal.thin_window_s = 60\n".replace("journal.", "journal = {") + "}"
    )
    with pytest.raises(ValueError, match=r"Expected|Invalid|newline|Unclosed|key"):
        ConfigFile.read(trial.path)
    trial.path.write_text("journal = {thin_window_s = 60}\n" + trial.path.read_text().rpartition("journal = {")[0])
    assert not trial.put_in(handed_out(1, HANDED, replaces=_digest(trial)))
    assert "parted" in trial.state().reason


def test_a_check_that_fails_is_what_check_config_says(trial: ConfigTrial) -> None:
    with pytest.raises(ConfigError, match="there is no such key"):
        load_config(_with(trial, "[journal]\nbogus = 1\n"))


def _with(trial: ConfigTrial, text: str) -> Path:
    trial.path.write_text(trial.path.read_text() + text)
    return trial.path
