"""The ledger's configuration file: the example works, and every fault is named with its line and its cure."""

import os
import shutil
from pathlib import Path

import pytest

from cloud_sync.config import DATABASE_URL, load_config
from cloud_sync.errors import ConfigError
from cloud_sync.ingest.mqtt.receiver import MqttSection
from tests.support.paths import ROOT

EXAMPLE = ROOT / "config" / "ledger.example.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "ledger.toml"
    path.write_text(text)
    return path


def faults_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load_config(path, {})
    return raised.value.faults


def test_the_example_is_good_and_shows_every_key() -> None:
    config = load_config(EXAMPLE, {})
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8443)
    text = EXAMPLE.read_text()
    for section in (type(config.server), type(config.database)):
        for key in section.model_fields:
            assert f"{key} = " in text
    assert "policies_dir = " in text


def test_what_the_example_comments_out_is_good_too(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace('data_dir = "/var', '# data_dir = "/var')
    lines = [line.removeprefix("# ") if " = " in line or line.startswith("# [") else line for line in text.splitlines()]
    files = ("data_dir", "tls_", "ca_file", "client_cert", "client_key", "client_ca", "credentials_file", "recipients")
    uncommented = "\n".join(line for line in lines if not line.startswith(files))
    (tmp_path / "hl7").mkdir()
    shutil.copy(ROOT / "config/hl7/pharmacy-rds.toml", tmp_path / "hl7/pharmacy.toml")
    config = load_config(written(tmp_path, uncommented), {})
    assert config.policies_dir == tmp_path / "policies"
    assert config.hl7 is not None and config.hl7.senders["pharmacy"].map_file == tmp_path / "hl7/pharmacy.toml"
    assert config.database.url == "postgresql://cloud_sync@db.example:5432/cloud_sync"
    assert config.mqtt == MqttSection(
        url="mqtts://broker.example:8883", group="sixteen-letters-or-more-that-nobody-guesses"
    )


def test_every_fault_is_named_at_once_with_its_line_and_what_to_write(tmp_path: Path) -> None:
    path = written(tmp_path, '[server]\nport = "high"\nhots = "x"\n\n[database]\nurl = "mysql://x"\n')
    faults = faults_of(path)
    assert len(faults) == 3
    assert any(f"{path}:2: server.port" in fault and "whole number" in fault for fault in faults)
    assert any(f"{path}:3: server.hots" in fault and "remove it" in fault for fault in faults)
    assert any(f"{path}:6: database.url" in fault and "postgresql://" in fault for fault in faults)


def test_without_tls_only_this_machine_is_served(tmp_path: Path) -> None:
    text = '[server]\nhost = "0.0.0.0"\n[database]\ndata_dir = "pg"\n'
    (fault,) = faults_of(written(tmp_path, text))
    assert "without TLS" in fault
    assert "behind_proxy = true" in fault
    proxied = text.replace('"0.0.0.0"', '"0.0.0.0"\nbehind_proxy = true')
    assert load_config(written(tmp_path, proxied), {}).server.behind_proxy


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_tls(tmp_path: Path, host: str) -> None:
    text = f'[server]\nhost = "{host}"\n[database]\ndata_dir = "pg"\n'
    assert load_config(written(tmp_path, text), {}).server.host == host


def test_tls_needs_both_files_and_they_must_exist(tmp_path: Path) -> None:
    half = '[server]\ntls_cert_file = "a.crt"\n[database]\ndata_dir = "pg"\n'
    assert "both files" in faults_of(written(tmp_path, half))[0]
    both = half.replace('"a.crt"', '"a.crt"\ntls_key_file = "a.key"')
    assert "there is no file" in faults_of(written(tmp_path, both))[0]


def test_exactly_one_database_is_named(tmp_path: Path) -> None:
    assert "either data_dir" in faults_of(written(tmp_path, "[database]\n"))[0]
    assert "database" in faults_of(written(tmp_path, ""))[0]
    both = '[database]\ndata_dir = "x"\nurl = "postgresql://x"\n'
    assert "one of them" in faults_of(written(tmp_path, both))[0]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[database]\ndata_dir = "pg"\n')
    config = load_config(path, {DATABASE_URL: "postgresql://secret@db/x"})
    assert (config.database.url, config.database.data_dir) == ("postgresql://secret@db/x", None)


def test_relative_paths_are_below_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[database]\ndata_dir = "pg"\n')
    assert load_config(path, {}).database.data_dir == tmp_path / "pg"
    assert load_config(Path(os.path.relpath(path)), {}).database.data_dir == tmp_path / "pg"


def test_a_file_that_is_not_there_or_not_toml_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in faults_of(tmp_path / "none.toml")[0]
    assert "is not TOML" in faults_of(written(tmp_path, "[server\n"))[0]
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    assert "UTF-8" in faults_of(tmp_path / "bytes.toml")[0]
