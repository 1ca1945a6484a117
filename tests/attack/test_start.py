"""It starts, and stays one ledger."""

import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pydantic
import pytest

from cloud_sync.config import DATABASE_URL
from tests.conftest import database_url
from tests.integration.cloud.commands.test_cloud_sync import config, healthy, make_certificate, serving
from tests.support.own_systemd import OwnSystemd, is_possible, like_this_machine
from tests.support.paths import ROOT
from tests.support.warm_commands import Ended, run_command

BIN = Path(sys.executable).parent
DEADLINE_S = 60
EXEC = re.compile(r"^(Exec\w+)=[-+!@:]*(.+)$", re.MULTILINE)
UNITS = sorted((ROOT / "systemd").glob("*.service"))
LINES = [(unit.name, *found) for unit in UNITS for found in EXEC.findall(unit.read_text())]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(command), capture_output=True, text=True, timeout=DEADLINE_S, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )  # fmt: skip


def cloud_sync(*arguments: str, **environment: str) -> Ended:
    return run_command("cloud_sync", *arguments, environment={**os.environ, **environment})


@pytest.fixture
def etc(tmp_path: Path, ledger_url: str) -> Path:
    """What would stand in /etc: a gateway's and a ledger's configuration."""
    gateway, data = tmp_path / "lotwarden/gateway.toml", tmp_path / "data"
    made = run_command("edge_agent", "init", "gw-1", "--url", "https://ledger.example.org",
                       "--config", str(gateway), "--data-dir", str(data))  # fmt: skip
    assert made.returncode == 0, made.stderr
    (tmp_path / "cloud-sync").mkdir()
    said = cloud_sync("backup-key", str(tmp_path / "backup.key"))
    (recipient,) = re.findall(r"age1[0-9a-z]{58}", said.stdout)
    (tmp_path / "cloud-sync/ledger.toml").write_text(
        f'[server]\nport = 0\n[database]\nurl = "{ledger_url}"\n[backup]\nrecipients = ["{recipient}"]\n'
    )
    (tmp_path / "backups").mkdir()
    return tmp_path


@pytest.mark.parametrize(("unit", "kind", "line"), LINES)
def test_every_exec_line_of_every_unit_runs(etc: Path, unit: str, kind: str, line: str) -> None:
    here = {"/opt/lotwarden/bin": str(BIN), "/etc/": f"{etc}/", "${BACKUPS}": f"{etc}/backups"}
    for there, path in here.items():
        line = line.replace(there, path)
    command = shlex.split(line)
    is_once = "Type=oneshot" in (ROOT / "systemd" / unit).read_text()
    if kind == "ExecReload":
        assert shutil.which(command[0])
        return
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        if kind == "ExecStart" and not is_once:
            ready = next((text for text in process.stdout if "listens" in text or "gw-1" in text), "")
            assert ready, f"{unit} does not start"
            process.send_signal(signal.SIGTERM)
        said = process.stdout.read()
        assert process.wait(DEADLINE_S) == 0, said
    if "backups" in line:
        assert list((etc / "backups").iterdir()), said


PREPARE = """
set -e
for each in "$PACKAGES"/edge-agent "$PACKAGES"/cloud-sync; do
    systemd-sysusers "$each/sysusers.conf"
    systemd-tmpfiles --create "$each/tmpfiles.conf"
done
mkdir -p /opt/lotwarden /srv/database
ln -s "$BIN" /opt/lotwarden/bin
: > "/srv/database/$SOCKET"
mount --bind "$DATABASE/$SOCKET" "/srv/database/$SOCKET"
"""
"""Users and folders as the packages make them, the programs of this checkout, and a way to the tests' database."""

CONFIGURE = """
set -e
for each in lotwarden cloud-sync; do
    cp -r "$ETC/$each/." "/etc/$each"
    chgrp -R "$each" "/etc/$each"
    chmod 640 "/etc/$each"/*
done
cp "$ETC/$UNIT" /run/systemd/system/
systemctl daemon-reload
"""


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[OwnSystemd]:
    """One of its own, which sees this project, its Python, the tests' folder and their database; nothing else."""
    database = Path(str(psycopg.conninfo.conninfo_to_dict(postgres_url)["host"]))
    with like_this_machine([ROOT, Path(sys.prefix), tmp_path_factory.getbasetemp(), database]) as running:
        (socket,) = database.glob(".s.PGSQL.[0-9]*[0-9]")
        running.check("sh", "-c", PREPARE, PACKAGES=str(ROOT / "systemd/packages"), BIN=str(BIN),
                      DATABASE=str(database), SOCKET=socket.name)  # fmt: skip
        yield running


@pytest.mark.skipif(not is_possible(), reason="NOT ROOT, or in a container without its rights: no systemd of its own")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_starts_under_systemd(
    etc: Path, unit: Path, systemd: OwnSystemd, ledger_url: str, tmp_path: Path
) -> None:
    database = str(psycopg.conninfo.conninfo_to_dict(ledger_url)["host"])
    for name, here, there in (
        ("lotwarden/gateway.toml", f"{tmp_path}/data", "/var/lib/lotwarden"),
        ("cloud-sync/ledger.toml", database, "/srv/database"),
    ):
        (etc / name).write_text((etc / name).read_text().replace(here, there))
    # All of the unit, but that it may not see where this checkout may be.
    text = re.sub(r"^(ProtectHome|PrivateTmp)=.*$", "", unit.read_text(), flags=re.MULTILINE)
    (etc / unit.name).write_text(text)
    systemd.check("sh", "-c", CONFIGURE, ETC=str(etc), UNIT=unit.name)
    started = systemd.run("systemctl", "start", unit.name)
    assert started.returncode == 0, systemd.run("journalctl", "-n", "50", "-u", unit.name).stdout
    is_once = "Type=oneshot" in text
    assert systemd.run("systemctl", "is-active", unit.name).stdout.strip() == ("inactive" if is_once else "active")
    if is_once:
        assert "lotwarden" in systemd.check("ls", "/var/backups/cloud-sync")
    systemd.check("systemctl", "stop", unit.name)
    assert systemd.check("systemctl", "show", "-P", "Result", unit.name).strip() == "success"


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A database without a ledger."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE no_ledger_here")
        yield database_url(postgres_url, "no_ledger_here")
        connection.execute("DROP DATABASE no_ledger_here WITH (FORCE)")


def test_a_command_beside_the_service_finds_the_database_that_the_service_uses(tmp_path: Path, ledger_url: str) -> None:
    config = tmp_path / "ledger.toml"
    config.write_text(f'[database]\ndata_dir = "{tmp_path / "pg"}"\n')
    environment = tmp_path / "environment"
    environment.write_text(f'# what the unit reads\n{DATABASE_URL}="{ledger_url}"\n')
    environment.chmod(0o640)
    made = cloud_sync("token", "create", "amy", "--role", "auditor", "--config", str(config))
    assert made.returncode == 0, made.stderr
    assert not (tmp_path / "pg").exists()
    with psycopg.connect(ledger_url) as connection:
        assert connection.execute("SELECT name FROM api_token").fetchall() == [("amy",)]


def test_a_command_does_not_make_a_second_ledger_unasked(tmp_path: Path, empty_url: str) -> None:
    config = tmp_path / "ledger.toml"
    for database in (f'data_dir = "{tmp_path / "pg"}"', f'url = "{empty_url}"'):
        config.write_text(f"[database]\n{database}\n")
        refused = cloud_sync("token", "create", "amy", "--role", "auditor", "--config", str(config))
        assert refused.returncode == 1
        assert "there is no ledger yet in" in refused.stderr and "cloud-sync migrate" in refused.stderr
    assert not (tmp_path / "pg").exists()
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT to_regclass('event')").fetchone() == (None,)


def test_check_config_opens_the_certificate_that_serve_would(tmp_path: Path) -> None:
    config = tmp_path / "ledger.toml"
    key, cert = make_certificate(tmp_path)
    files = f'[server]\ntls_cert_file = "{cert}"\ntls_key_file = "{key}"\n'
    config.write_text(f'{files}[database]\ndata_dir = "pg"\n')

    def checked() -> subprocess.CompletedProcess[str]:
        return cloud_sync("check-config", "--config", str(config))

    assert checked().returncode == 0
    key.chmod(0o644)
    assert "everybody on this machine can open" in checked().stderr
    key.chmod(0o600)
    cert.write_text("no certificate")
    assert (checked().returncode, "no certificate chain with its key" in checked().stderr) == (1, True)
    make_certificate(tmp_path, days=-1)
    assert (checked().returncode, "expired at" in checked().stderr) == (1, True)


def test_a_configuration_with_a_password_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "ledger.toml"
    config.write_text('[database]\nurl = "postgresql://ledger:secret@db.example/ledger"\n')
    config.chmod(0o644)
    refused = cloud_sync("check-config", "--config", str(config))
    assert (refused.returncode, "everybody on this machine" in refused.stderr) == (1, True)
    config.chmod(0o640)
    assert cloud_sync("check-config", "--config", str(config)).returncode == 0


def test_the_event_log_names_the_real_user_whatever_the_environment_says(tmp_path: Path, ledger_url: str) -> None:
    config = tmp_path / "ledger.toml"
    config.write_text(f'[database]\nurl = "{ledger_url}"\n')
    made = cloud_sync("token", "create", "amy", "--role", "auditor", "--config", str(config),
                      USER="somebody", SUDO_USER="somebody", LOGNAME="somebody")  # fmt: skip
    assert made.returncode == 0, made.stderr
    with psycopg.connect(ledger_url) as connection:
        row = connection.execute("SELECT actor FROM event WHERE kind = 'token_created'").fetchone()
    assert row is not None and "somebody" not in row[0]
    assert re.fullmatch(r"command line \(\S+\)", row[0])
    assert pwd.getpwnam(row[0].split("(")[1].rstrip(")"))


def test_the_package_is_built_and_installed_as_the_readme_says(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    (build,) = re.findall(r"^python3 -m pip wheel .*$", readme, re.MULTILINE)
    (install,) = re.findall(r"^(python3 -m pip install .*lotwarden.*\[cloud,s3\]\S*)", readme, re.MULTILINE)
    dist, there = tmp_path / "dist", tmp_path / "there"
    assert run(sys.executable, "-m", "venv", "--without-pip", str(there)).returncode == 0
    # A Python of its own, so that the one of the tests keeps what it has.
    pip = f"{sys.executable} -m pip --python {there / 'bin/python'}"
    for command in (f"{build} --no-build-isolation", install.replace("python3 -m pip", pip) + " --no-deps"):
        command = command.replace("python3 ", f"{sys.executable} ").replace(" dist ", f" {dist} ")
        command = command.replace("dist/", f"{dist}/")
        # Not compiled: half of the time, and nothing of the case.
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT,
                              env={**os.environ, "PIP_NO_COMPILE": "1"})  # fmt: skip
        assert done.returncode == 0, done.stderr
    packages = Path(pydantic.__file__).parents[1]
    example = subprocess.run(
        [there / "bin/cloud-sync", "example", "ledger.toml"],
        capture_output=True, text=True, timeout=DEADLINE_S, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(packages)},
    )  # fmt: skip
    assert "[server]" in example.stdout, example.stderr
    assert next(there.glob("lib/*/site-packages/cloud_sync/data/examples/ledger.toml")).is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: that root's rights are given up is not tried")
def test_a_ledger_that_root_starts_gives_up_roots_rights_before_it_answers(tmp_path: Path) -> None:
    path = config(tmp_path / "etc", f'data_dir = "{tmp_path / "pg"}"')
    with serving(path) as ledger:
        threads = list(Path(f"/proc/{ledger.process.pid}/task").iterdir())
        said = [
            re.findall(r"^(?:Uid|Gid|Groups):\s*(.*)$", (each / "status").read_text(), re.MULTILINE) for each in threads
        ]
        assert len(said) > 1
        assert {user for ids in said for user in ids[0].split()} == {str(pwd.getpwnam("pgserver").pw_uid)}
        assert "0" not in {group for ids in said for part in ids[1:] for group in part.split()}
        assert healthy(ledger.url)
        status, err = ledger.stop()
        assert status == 0, err
    assert not (tmp_path / "pg" / "postmaster.pid").exists()
