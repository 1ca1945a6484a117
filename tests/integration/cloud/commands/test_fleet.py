"""``cloud-sync gateway config`` and ``cloud-sync release`` at the command line, and the stick at the gateway."""

import base64
from pathlib import Path

from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.storage.database import Database
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.trust import LedgerTrust
from tests.integration.cloud.commands.test_cloud_sync import config, run
from tests.support.fleet_parts import release_in
from tests.support.warm_commands import run_command

HANDED = '[calendar]\nat = "03:10"\n'
MEASURES = HANDED + '[[bus]]\nkind = "modbus-tcp"\nname = "b"\nhost = "192.0.2.1"\n'


def test_a_configuration_is_set_compared_and_taken_back(tmp_path: Path, ledger_url: str, database: Database) -> None:
    path = config(tmp_path, 'data_dir = "nowhere"')
    add_gateway(database, "gw-1", base64.b64encode(b"k" * 32).decode(), actor="test")
    file = tmp_path / "gw-1.toml"

    def said(*arguments: str) -> tuple[int, str]:
        ended = run("gateway", "config", *arguments, "--config", str(path), url=ledger_url)
        return ended.returncode, " ".join((ended.stdout + ended.stderr).split())

    file.write_text("[journal]\nthin_windows_s = 1\n[uplink]\n")
    code, text = said("set", "gw-1", str(file), "--reason", "first")
    assert code == 1 and "did you mean thin_window_s?" in text and "[uplink] stays at the gateway" in text
    file.write_text(HANDED)
    code, text = said("set", "gw-1", str(file), "--reason", "first")
    assert code == 0 and "version 1 is handed to gateway gw-1" in text
    file.write_text(HANDED.replace("03:10", "04:10"))
    assert said("set", "gw-1", str(file), "--reason", "later")[0] == 0
    assert said("diff", "gw-1", "1", "2") == (0, 'calendar.at: "03:10" -> "04:10"')
    assert "first" in said("history", "gw-1")[1]
    file.write_text(MEASURES)
    code, text = said("set", "gw-1", str(file), "--reason", "a bus")
    assert code == 0 and "waits for a second person" in text
    code, text = said("roll-back", "gw-1", "1", "--reason", "no")
    assert code == 1 and "waits already" in text
    assert "version 2, not fetched yet" in said("show", "gw-1")[1]
    assert said("show", "gw-9")[0] == 1


def test_a_release_is_signed_added_rolled_out_and_installed_from_a_stick(
    tmp_path: Path, ledger_url: str, database: Database
) -> None:
    path, stick, data = config(tmp_path, 'data_dir = "nowhere"'), tmp_path / "stick", tmp_path / "data"
    add_gateway(database, "gw-1", Identity.load_or_make(data).public_key, actor="test")
    release_in(stick, "0.2.0")
    (stick / "manifest.json").unlink()

    def said(*arguments: str) -> tuple[int, str]:
        ended = run("release", *arguments, "--config", str(path), url=ledger_url)
        return ended.returncode, " ".join((ended.stdout + ended.stderr).split())

    assert said("add", str(stick))[0] == 1
    code, text = said("make", "0.2.0", str(stick), "--notes", "faster")
    assert code == 1 and "[releases] folder" in text
    path.write_text(f'{path.read_text()}\n[releases]\nfolder = "releases"\n')
    assert said("make", "0.2.0", str(stick), "--notes", "faster")[0] == 0
    assert said("verify")[0] == 0
    (kept,) = (tmp_path / "releases").glob("*/*")
    kept.unlink()
    code, text = said("verify")
    assert code == 1 and "edge-agent.tar.gz of release 0.2.0 is missing" in text and "release add DIR" in text
    assert said("add", str(stick))[0] == 0, "the same again brings it back"
    assert said("verify")[0] == 0
    code, text = said("roll-out", "0.2.0", "--waves", "canary", "--reason", "r")
    assert code == 1 and "no gateway is in any of the waves" in text
    assert said("roll-out", "0.2.0", "--reason", "faster")[0] == 0
    code, text = said("status")
    assert code == 0 and "0.2.0" in text and "ordered" in text
    assert said("stop", "1", "--reason", "enough")[0] == 0
    assert said("stop", "1", "--reason", "enough")[0] == 1

    gateway = tmp_path / "gateway.toml"
    gateway.write_text(f'[gateway]\nname = "gw-1"\ndata_dir = "{data}"\n[uplink]\nurl = "https://ledger.example.org"\n')

    def upgraded() -> tuple[int, str]:
        ended = run_command("edge_agent", "upgrade", "--from", str(stick), "--config", str(gateway))
        return ended.returncode, " ".join((ended.stdout + ended.stderr).split())

    code, text = upgraded()
    assert code == 1 and "not signed by the ledger" in text
    LedgerTrust.load(data).believe_only(ledger_keys(database).public_key)
    code, text = upgraded()
    assert code == 0 and "release 0.2.0 is in place, on probation" in text
    assert (data / "releases/current/bin/edge-agent").exists()
    (stick / "edge-agent.tar.gz").write_bytes(b"torn")
    assert "on probation" in upgraded()[1]
