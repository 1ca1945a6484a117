"""Configurations: the example is good, and every fault is named at once with its line and the remedy."""

import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from edge_agent.config.model import GatewayConfig, url_fault
from edge_agent.errors import ConfigError
from edge_agent.runtime.config_loader import load_config
from tests.support.paths import ROOT


def faults_of(tmp_path: Path, text: str) -> tuple[str, ...]:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return caught.value.faults


def test_the_example_is_good(tmp_path: Path) -> None:
    text = (ROOT / "config" / "gateway.example.toml").read_text().replace("/var/lib/lotwarden", str(tmp_path))
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    config = load_config(path)
    assert [device.name for device in config.device] == ["fridge-a/probe-1", "fridge-b/probe-1"]


def models_in(annotation: object) -> list[type[BaseModel]]:
    """Every section model that an annotation names: of unions and tuples all of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def test_the_example_shows_every_key_of_every_section_and_the_true_defaults() -> None:
    text = (ROOT / "config" / "gateway.example.toml").read_text()
    lines = [line.removeprefix("# ") if " = " in line or line[:4] == "# [[" else line for line in text.splitlines()]
    shown = tomllib.loads("\n".join(lines))
    for section, field in GatewayConfig.model_fields.items():
        entries = shown[section] if isinstance(shown[section], list) else [shown[section]]
        for model in models_in(field.annotation):
            keys = set(model.model_fields)
            assert any(keys == set(entry) for entry in entries), f"{model.__name__} is shown with all its keys"
            for entry in (entry for entry in entries if set(entry) == keys):
                for key, example in entry.items():
                    default = model.model_fields[key].default
                    default = list(default) if isinstance(default, tuple) else default  # TOML has lists
                    is_plain = default is not None and not isinstance(example, dict)
                    is_plain = is_plain and not model.model_fields[key].is_required()
                    assert not is_plain or example == default, f"{section}.{key} is shown as its default"


BROKEN = """\
[gateway]
name = "Cold Room"
data_dir = "{file}"

[uplink]
url = "http://ledger.example.org"
ca_file = "/nowhere/ca.pem"
timeout_s = 0

[jornal]

[[bus]]
kind = "modbus-tcp"
name = "room"
host = "192.0.2.10"
prot = 502

[[bus]]
kind = "modbus-tcp"
name = "room"
port = 70000

[[device]]
name = "fridge-a/probe-1"
bus = "rom"
profile = "xy-md20"
unit = 1
pol_s = 10

[[device]]
name = "fridge-b/probe-1"
bus = "room"
profile = "xy-md02"
unit = 7
poll_s = "often"

[[device]]
name = "fridge-b/probe-1"
bus = "room"
profile = "xy-md02"
unit = 7
poll_s = 5

[[scanner]]
name = "dock"
port = ""
suffix = "tabs"
"""


def test_a_broken_file_has_all_its_faults_named_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()
    faults = faults_of(tmp_path, BROKEN.format(file=file))
    expected = {
        2: 'gateway.name: may have small letters, digits, dot, dash and underscore only, not "Cold Room"; write e.g.',
        3: f"gateway.data_dir: {file} is a file; write the path of a directory",
        6: "uplink.url: http:// is for this very machine only and would send in the clear; write https://ledger",
        7: "uplink.ca_file: there is no file /nowhere/ca.pem",
        8: "uplink.timeout_s: input should be greater than 0, not 0; write e.g. timeout_s = 10.0 instead",
        10: "jornal: there is no such key; did you mean journal?",
        16: "bus.prot: there is no such key; did you mean port?",
        18: 'bus.host: is missing; write e.g. host = "192.0.2.10"',
        20: "bus.name: 'room' is the name of a bus already",
        21: "bus.port: input should be less than or equal to 65535, not 70000; write e.g. port = 502 instead",
        25: "device.bus: there is no bus 'rom'; did you mean room?",
        26: "device.profile: profile 'xy-md20' is not in ",
        28: "device.pol_s: there is no such key; did you mean poll_s?",
        35: 'device.poll_s: input should be a valid number, unable to parse string as a number, not "often"; '
        "write e.g. poll_s = 10 instead",
        38: "device.name: 'fridge-b/probe-1' is the name of a device already",
        41: "device.unit: unit 7 of bus room is fridge-b/probe-1 already",
        46: "scanner.port: ",
        47: "scanner.suffix: ",
    }
    found = {int(fault.split(":")[0].removeprefix("line ")): fault.split(": ", 1)[1] for fault in faults}
    assert len(found) == len(faults), "one fault a line in this file"
    assert sorted(found) == sorted(expected)
    for line, words in expected.items():
        assert found[line].startswith(words), line


def test_two_devices_on_a_bus_need_their_unit_numbers(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        f"""\
[gateway]
name = "gw"
data_dir = "{tmp_path}"
[uplink]
url = "https://ledger.example.org"
[[bus]]
kind = "modbus-tcp"
name = "room"
host = "192.0.2.10"
[[device]]
name = "a"
bus = "room"
profile = "xy-md02"
poll_s = 10
[[device]]
name = "b"
bus = "room"
profile = "xy-md02"
unit = 2
poll_s = 10
""",
    )
    assert faults == ("line 10: device.unit: bus room has 2 devices, so a needs its unit number; write e.g. unit = 1",)


@pytest.mark.parametrize(
    ("text", "line"),
    [("[gateway]\nname = gw\n", 2), ('[gateway]\nname = "gw"\nname = "gx"\n', 3), ('[gateway\nname = "gw"\n', 1)],
)
def test_what_is_not_toml_is_named_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (fault,) = faults_of(tmp_path, text)
    assert fault.startswith(f"line {line}: this is not TOML")


def test_an_empty_file_says_which_sections_it_wants(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, "")
    assert faults == (
        "line 1: gateway: is missing; write e.g. [gateway]",
        "line 1: uplink: is missing; write e.g. [uplink]",
    )


def test_sections_of_the_wrong_shape_do_not_break_the_check(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, 'gateway = 3\nuplink = []\nbus = "x"\ndevice = [1, "a"]\nscanner = {}\n')
    assert {int(fault.split(":")[0].removeprefix("line ")) for fault in faults} == {1, 2, 3, 4, 5}


def test_a_file_that_cannot_be_read_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="edge-agent init writes one"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "K\xfchlraum"')
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_config(tmp_path / "latin.toml")


def test_a_value_on_many_lines_does_not_shift_the_lines(tmp_path: Path) -> None:
    faults = faults_of(
        tmp_path,
        f'[gateway]\nname = """\\\n  gw"""\ndata_dir = "{tmp_path}"\n[uplink]\nurl = "https://x.example"\nca = 1\n',
    )
    assert len(faults) == 1
    assert faults[0].startswith("line 7: uplink.ca: there is no such key; known here: backfill_bytes_per_s, ca_file, ")


@pytest.mark.parametrize(
    "url",
    ["http://ledger.example.org", "ftp://x", "ledger.example.org", "https://", "http://127.0.0.1.example.org",
     "http://10.0.0.1:8080", "https://user:secret@ledger.example.org", "https://x.example:99999", "http://localhost.example"],
)  # fmt: skip
def test_an_address_that_would_leak_or_cannot_work_is_refused(url: str) -> None:
    assert url_fault(url)


@pytest.mark.parametrize(
    "url", ["https://x.example", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80/l"]
)
def test_https_anywhere_and_http_on_this_machine_are_taken(url: str) -> None:
    assert url_fault(url) is None


def test_a_profile_of_the_site_is_known(tmp_path: Path) -> None:
    profiles = tmp_path / "devices"
    profiles.mkdir()
    shipped = (ROOT / "config" / "devices" / "xy-md02.toml").read_text()
    (profiles / "house-made.toml").write_text(shipped.replace('name = "xy-md02"', 'name = "house-made"'))
    text = (ROOT / "config" / "gateway.example.toml").read_text().replace("/var/lib/lotwarden", str(tmp_path))
    text = text.replace('# profiles_dir = "/etc/lotwarden/devices"', f'profiles_dir = "{profiles}"')
    path = tmp_path / "gateway.toml"
    path.write_text(text.replace('profile = "xy-md02"', 'profile = "house-made"'))
    assert {device.profile for device in load_config(path).device} == {"house-made"}


BLUETOOTH = """\
[gateway]
name = "gw"
data_dir = "{data_dir}"
[uplink]
url = "https://ledger.example.org"
[[bus]]
kind = "ble"
name = "air"
[[device]]
name = "fridge-a/tag-1"
bus = "air"
{key}
poll_s = 60
[[device]]
name = "fridge-a/tag-2"
bus = "air"
format = "ruuvi"
address = "CB:B8:33:4C:88:4F"
poll_s = 60
"""


def test_a_bluetooth_sensor_needs_no_unit_number(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(BLUETOOTH.format(data_dir=tmp_path, key='format = "bthome"\naddress = "54:48:E6:8F:80:A5"'))
    assert len(load_config(path).device) == 2


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('format = "bthome"', 'line 9: device.address: is missing; write e.g. address = "A4:C1:38:02:83:F4"'),
        (
            'format = "bthum"\naddress = "54:48:E6:8F:80:A5"',
            "line 12: device.format: there is no format 'bthum': write one",
        ),
        ('format = "ruuvi"\naddress = "54:48"', "device.address: must be the sensor's six bytes with colons, not"),
        ('adress = "54:48:E6:8F:80:A5"\nformat = "ela"', "device.adress: there is no such key; did you mean address?"),
        (
            'format = "ela"\naddress = "54:48:E6:8F:80:A5"\nbindkey = "231d39c1d7cc1ab1aee224cd096db932"',
            "device: format ela is never encrypted: leave the bindkey out",
        ),
        (
            'format = "bthome"\naddress = "54:48:E6:8F:80:A5"\nbindkey = "231d39c1d7cc1ab1aee224cd096db93"',
            "device.bindkey: a bindkey is 32 hexadecimal digits",
        ),
    ],
)
def test_a_fault_of_a_bluetooth_sensor_is_named_and_its_key_is_not_shown(tmp_path: Path, key: str, words: str) -> None:
    faults = faults_of(tmp_path, BLUETOOTH.format(data_dir=tmp_path, key=key))
    assert len(faults) == 1
    assert words in faults[0]
    assert "231d39c1" not in faults[0]


@pytest.mark.parametrize("suffix", ["tab", "etx", "\\u0004", "##", "\\t\\r"])
def test_a_scan_may_end_in_any_mark_that_is_in_no_code(tmp_path: Path, suffix: str) -> None:
    scanner = f'[[scanner]]\nname = "dock/s"\nport = "/dev/null"\nsuffix = "{suffix}"\n'
    assert load_config(_with(tmp_path, scanner)).scanner


@pytest.mark.parametrize("suffix", ["", "END", "7", "\\u001d", " "])
def test_a_scan_may_not_end_in_what_codes_have_in_them(tmp_path: Path, suffix: str) -> None:
    scanner = f'[[scanner]]\nname = "dock/s"\nport = "/dev/null"\nsuffix = "{suffix}"\n'
    with pytest.raises(ConfigError, match="no letter or digit"):
        load_config(_with(tmp_path, scanner))


def _with(folder: Path, section: str) -> Path:
    path = folder / "gateway.toml"
    head = f'[gateway]\nname = "gw-1"\ndata_dir = "{folder}"\n\n[uplink]\nurl = "http://127.0.0.1:9"\n\n'
    path.write_text(head + section)
    return path
