"""What nobody judges is said loudly when a device is added, and fails the doctor, until the ledger says otherwise."""

from dataclasses import replace
from pathlib import Path

from edge_agent.buffer.desk_store import DeskStore
from edge_agent.commissioning.checks import CheckState
from edge_agent.commissioning.judged_channels import check_judged, told_at_add
from edge_agent.config.model import GatewayConfig
from edge_agent.domain.stock.desk import DeskChannel, DeskSnapshot
from edge_agent.timekeeping.clock import ManualClock
from tests.support.desk_parts import NOW, SITE, desk_from

LIVE = {"devices": [{"name": "fridge-a/probe-1", "values": {"temp_c": 5.0, "temp_2_c": 25.0, "battery_pct": 80.0}}]}


def gateway(tmp_path: Path, site: DeskSnapshot | None, *, has_device: bool = True) -> GatewayConfig:
    if site is not None:
        DeskStore(tmp_path).keep(desk_from(site, ManualClock(NOW)))
    device = {"name": "fridge-a/probe-1", "bus": "b", "profile": "xy-md02", "unit": 1, "poll_s": 5}
    bus = {"kind": "modbus-tcp", "name": "b", "host": "127.0.0.1"}
    return GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw-test", "data_dir": tmp_path},
            "uplink": {"url": "https://ledger.example"},
            **({"bus": [bus], "device": [device]} if has_device else {}),
        }
    )


def with_second_probe(**more: str) -> DeskSnapshot:
    place = more.get("place", "fridge-a")
    channel = DeskChannel("fridge-a/probe-1", "temp_2_c", place, more.get("because", ""))
    return replace(SITE, channels=(*SITE.channels, channel))


def test_the_doctor_fails_a_channel_that_no_rule_judges_and_names_the_place_that_its_name_proposes(
    tmp_path: Path,
) -> None:
    (check,) = check_judged(gateway(tmp_path, SITE), LIVE)
    assert check.state is CheckState.FAIL
    assert "temperature, probe 2: NOT JUDGED" in check.says and "proposes location fridge-a" in check.says


def test_the_doctor_is_content_once_all_is_judged_or_on_purpose(tmp_path: Path) -> None:
    (check,) = check_judged(gateway(tmp_path, with_second_probe()), LIVE)
    assert (check.state, check.says) == (CheckState.OK, "2 channels judged by storage policies")
    on_purpose = with_second_probe(place="", because="hangs in the compressor")
    (check,) = check_judged(gateway(tmp_path, on_purpose), LIVE)
    assert (check.state, check.says) == (CheckState.OK, "1 channel judged by storage policies")


def test_without_data_from_the_ledger_nothing_is_judged_and_a_gateway_without_sensors_needs_nothing(
    tmp_path: Path,
) -> None:
    (check,) = check_judged(gateway(tmp_path, None), LIVE)
    assert check.state is CheckState.FAIL and "no data from the ledger yet" in check.says
    assert check_judged(gateway(tmp_path, None, has_device=False), LIVE) == ()


def test_without_a_running_agent_the_ledgers_channels_are_looked_at_and_a_device_without_any_is_a_warning(
    tmp_path: Path,
) -> None:
    (check,) = check_judged(gateway(tmp_path, SITE), None)
    assert check.state is CheckState.OK
    (check,) = check_judged(gateway(tmp_path, replace(SITE, channels=())), None)
    assert check.state is CheckState.WARN and "fridge-a/probe-1" in check.says


def test_adding_a_device_says_where_it_will_be_judged_or_that_nobody_will(tmp_path: Path) -> None:
    config = gateway(tmp_path, replace(SITE, channels=()))
    lines = told_at_add(config, "fridge-b/probe-2", ("temp_c", "rh_pct", "battery_pct"))
    said = "\n".join(lines)
    assert "Proposed location, from the name: fridge-b" in said
    assert "temperature: NOT JUDGED" in said and "once set, it is judged by above-8, below-2" in said
    assert "humidity: NOT JUDGED" in said and "no rule there judges it" in said
    assert "battery" not in said and "To do: at the ledger" in lines[-1]
    strange = told_at_add(config, "tag-7", ("temp_c",))
    assert "Proposed" not in strange[0] and "NOT JUDGED" in strange[0]
