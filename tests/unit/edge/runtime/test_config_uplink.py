"""``[uplink]``: two ways to the ledger, and every fault of their settings on its line."""

import tomllib
from pathlib import Path

import pytest

from edge_agent.config.model import GatewayConfig, UplinkMqttSection, url_fault
from edge_agent.errors import ConfigError
from edge_agent.runtime.config_loader import load_config
from tests.support.paths import ROOT


def load(tmp_path: Path, uplink: str) -> GatewayConfig:
    path = tmp_path / "gateway.toml"
    path.write_text(f'[gateway]\nname = "gw"\ndata_dir = "{tmp_path}"\n[uplink]\n{uplink}')
    return load_config(path)


def faults_of(tmp_path: Path, uplink: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, uplink)
    return caught.value.faults


def test_https_is_the_default_and_mqtt_is_asked_for(tmp_path: Path) -> None:
    assert load(tmp_path, 'url = "https://x.example"\n').uplink.kind == "https"
    (tmp_path / "secret").touch()
    config = load(
        tmp_path,
        'kind = "mqtt"\nurl = "mqtts://x.example"\n[uplink.mqtt]\n'
        f'version = "3.1.1"\ncredentials_file = "{tmp_path}/secret"\ninflight_max = 3\n',
    )
    assert (config.uplink.kind, config.uplink.mqtt.version, config.uplink.mqtt.inflight_max) == ("mqtt", "3.1.1", 3)


def test_an_address_that_does_not_fit_its_kind_is_named_with_the_remedy(tmp_path: Path) -> None:
    assert faults_of(tmp_path, 'kind = "mqtt"\nurl = "https://x.example"\n') == (
        "line 6: uplink.url: 'https://x.example' is not an mqtts address; write e.g. mqtts://broker.example.org",
    )
    assert faults_of(tmp_path, 'url = "mqtts://x.example"\n') == (
        "line 5: uplink.url: 'mqtts://x.example' is the address of a broker; write kind = \"mqtt\" too, or an address "
        "like https://ledger.example.org",
    )
    (fault,) = faults_of(tmp_path, 'kind = "mqqt"\nurl = "mqtts://x.example"\n')
    assert fault.startswith("line 5: uplink.kind: ")


def test_files_that_are_not_there_are_named_on_their_lines(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        'kind = "mqtt"\nurl = "mqtts://x.example"\nclient_cert_file = "/nowhere/c.pem"\n'
        'client_key_file = "/nowhere/k.pem"\n[uplink.mqtt]\ncredentials_file = "/nowhere/p"\nversion = "4"\n',
    )
    assert [fault.split(";")[0] for fault in faults] == [
        "line 7: uplink.client_cert_file: there is no file /nowhere/c.pem",
        "line 8: uplink.client_key_file: there is no file /nowhere/k.pem",
        "line 10: uplink.mqtt.credentials_file: there is no file /nowhere/p",
        "line 11: uplink.mqtt.version: input should be 'auto', '5' or '3.1.1', not \"4\"",
    ]


def test_a_key_without_its_certificate_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "k.pem").touch()
    assert faults_of(tmp_path, f'url = "https://x.example"\nclient_key_file = "{tmp_path}/k.pem"\n') == (
        "line 6: uplink.client_key_file: a key needs its certificate; write client_cert_file too",
    )


def test_settings_for_mqtt_without_mqtt_are_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, 'url = "https://x.example"\n[uplink.mqtt]\ninflight_max = 3\n')
    assert fault.startswith("line 6: uplink.mqtt: is not used by an https uplink")


def test_the_example_shows_every_key_for_mqtt_and_the_true_defaults() -> None:
    lines = (ROOT / "config" / "gateway.example.toml").read_text().splitlines()
    start = lines.index("[uplink.mqtt]")
    shown = [line.removeprefix("# ") for line in lines[start : lines.index("[journal]")] if " = " in line]
    mqtt = tomllib.loads("\n".join(shown))
    assert set(mqtt) == set(UplinkMqttSection.model_fields)
    del mqtt["credentials_file"], mqtt["other_urls"]
    assert UplinkMqttSection.model_validate(mqtt) == UplinkMqttSection()


@pytest.mark.parametrize(
    "url",
    ["mqtt://broker.example.org", "mqtt://192.0.2.1:1883", "mqtt://localhost.example", "mqtts://", "broker:8883",
     "mqtts://user:secret@x.example", "mqtts://x.example/topic", "mqtts://x.example:99999", "ws://x.example",
     "mqtts://x.example?a=1"],
)  # fmt: skip
def test_an_address_of_a_broker_that_would_leak_or_cannot_work_is_refused(url: str) -> None:
    assert url_fault(url, "mqtt")


@pytest.mark.parametrize(
    "url", ["mqtts://x.example", "mqtts://x.example:443/", "mqtt://127.0.0.1:1", "mqtt://localhost", "mqtt://[::1]"]
)
def test_mqtts_anywhere_and_mqtt_on_this_machine_are_taken(url: str) -> None:
    assert url_fault(url, "mqtt") is None
