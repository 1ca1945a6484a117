"""Installed on Monday: both packages by apt into a Debian as it comes, started by its own systemd, and validated.

Each test goes on where the one before ended. Of another processor (``--arch arm64``) only the programs are tried, under
qemu: nothing of the system itself can run.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pip
import pytest

from tests.installed.debian import Debian
from tests.support.own_systemd import OwnSystemd, is_possible, on_root

pytestmark = pytest.mark.installed
COMMANDS = {"edge-agent": "edge", "cloud-sync": "cloud"}
CONFIG = "/etc/lotwarden/gateway.toml"
LEDGER = "https://localhost:8443"
AS_LEDGER = ("setpriv", "--reuid=cloud-sync", "--regid=cloud-sync", "--init-groups", "/usr/bin/cloud-sync")
CONNECT = (
    "import socket, sys, time\n"
    "for attempt in range(600):\n"
    "    try:\n"
    "        socket.create_connection(('127.0.0.1', 8443), 1).close()\n"
    "        break\n"
    "    except OSError:\n"
    "        time.sleep(0.2)\n"
    "else:\n"
    "    sys.exit('nothing listens on port 8443')\n"
)


@pytest.fixture
def is_native(system: Debian) -> None:
    """Skips what only a system that can run can show."""
    if not system.is_native:
        pytest.skip("another processor: only the programs are tried")


def program(name: str) -> tuple[str, ...]:
    """A command of ours, as its script starts it; qemu does not read the first line of scripts."""
    home = f"/opt/lotwarden/{COMMANDS[name]}/bin"
    return (f"{home}/python3", "-s", f"{home}/{name}")


def test_apt_installs_them_with_nothing_but_what_debian_has(system: Debian, packages: list[Path]) -> None:
    there = [system.copy_in(each, "/opt/packages") for each in packages]
    if system.is_native:
        # A disk that forgets by a power cut is good enough here.
        unsafe = ("-o", "Dpkg::Options::=--force-unsafe-io")
        system.check("apt-get", "install", "-y", "--no-install-recommends", *unsafe, *there, timeout_s=1800)
        assert "lotwarden:x:" in system.check("getent", "passwd", "lotwarden")
        enabled = system.check("systemctl", "is-enabled", *(f"{name}.service" for name in COMMANDS))
        assert enabled.split() == ["enabled"] * len(COMMANDS)
        return
    for each in packages:
        _extract(each, system.folder)


def _extract(package: Path, folder: Path) -> None:
    import subprocess

    subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_programs_run_on_debians_own_python(system: Debian, name: str, pytestconfig: pytest.Config) -> None:
    said = system.check(*program(name), "--version")
    assert re.search(r"\d+\.\d+\.\d+", said)
    python = {"12": "3.11", "13": "3.13"}[pytestconfig.getoption("--debian")]
    assert f"Python {python}." in system.check(program(name)[0], "--version")
    assert "Usage" in system.check(*program(name), "--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_package_has_what_it_needs_here(system: Debian, name: str) -> None:
    if not (system.folder / "opt/check/pip").exists():
        system.copy_in(Path(pip.__file__).parent, "/opt/check")
    code = (
        "import sys; sys.path.append('/opt/check'); from pip._internal.cli.main import main; sys.exit(main(['check']))"
    )
    assert "No broken requirements" in system.check(program(name)[0], "-s", "-c", code)


def test_a_gateway_is_configured_and_checked(system: Debian) -> None:
    assert "--code" in system.check(*program("edge-agent"), "enroll", "--help")
    system.check(*program("edge-agent"), "init", "gw-cold-1", "--url", LEDGER)
    checked = system.check(*program("edge-agent"), "check-config", "--config", CONFIG)
    assert "config is good" in checked


@pytest.mark.usefixtures("is_native")
@pytest.mark.parametrize("name", COMMANDS)
def test_systemd_finds_no_fault_in_the_units(system: Debian, name: str) -> None:
    units = sorted((system.folder / "usr/lib/systemd/system").glob(f"{name}*.*"))
    files = [str(each.relative_to(system.folder.parent / system.folder.name)) for each in units if each.is_file()]
    done = system.run("systemd-analyze", "verify", *(f"/{each}" for each in files))
    ours = [line for line in done.stderr.splitlines() if name in line]
    assert (done.returncode, ours) == (0, [])


@pytest.fixture(scope="module")
def booted(system: Debian) -> Iterator[OwnSystemd]:
    """The system, booted to multi-user.target."""
    if not is_possible():
        pytest.fail("this needs root and a kernel that lets it make namespaces")
    with on_root(system.folder) as running:
        yield running


def as_ledger(booted: OwnSystemd, *arguments: str) -> str:
    """A command of the ledger, by its own user."""
    return booted.check(*AS_LEDGER, *arguments, timeout_s=600, HOME="/var/lib/cloud-sync")


@pytest.mark.usefixtures("is_native")
def test_both_units_start_and_the_gateway_enrols(booted: OwnSystemd) -> None:
    as_ledger(booted, "init", "amy", "--name", "Amy Miller", "--host", "localhost")
    booted.check("systemctl", "start", "cloud-sync")
    booted.check("/opt/lotwarden/cloud/bin/python3", "-c", CONNECT, timeout_s=300)
    assert booted.check("systemctl", "is-active", "cloud-sync").strip() == "active"
    code = as_ledger(booted, "gateway", "invite", "gw-cold-1").strip()
    authority = as_ledger(booted, "certificate", "show").strip()
    booted.check("rm", CONFIG)
    new = ("--name", "gw-cold-1", "--url", LEDGER, "--authority", authority)
    booted.check("edge-agent", "enroll", "--code", code, *new)
    booted.check("systemctl", "start", "edge-agent")
    assert booted.check("systemctl", "is-active", "edge-agent").strip() == "active"


@pytest.mark.usefixtures("is_native")
def test_the_installed_ledger_is_well_and_passes_its_own_validation(booted: OwnSystemd) -> None:
    assert "FAIL" not in as_ledger(booted, "doctor")
    as_ledger(booted, "status")
    validate = ("validate", "--out", "/var/lib/cloud-sync/protocol.pdf")
    done = booted.run(*AS_LEDGER, *validate, timeout_s=600, HOME="/var/lib/cloud-sync")
    # Whether the clock of the machine is synchronised is not the package's doing; everything else is.
    failed = re.findall(r"^(\S+)\s+failed", done.stdout, re.MULTILINE)
    assert failed == [] or (failed == ["IQ-11"] and "it is not synchronised" in done.stdout), done.stdout
    assert "OQ-12  passed" in done.stdout, done.stdout + done.stderr
    assert booted.check("head", "-c", "5", "/var/lib/cloud-sync/protocol.pdf") == "%PDF-"


@pytest.mark.usefixtures("is_native")
def test_the_same_package_again_restarts_what_ran(booted: OwnSystemd, packages: list[Path]) -> None:
    before = booted.check("systemctl", "show", "-P", "MainPID", "edge-agent")
    booted.check("sh", "-c", "dpkg -i --force-unsafe-io /opt/packages/*.deb", timeout_s=1800)
    for name in COMMANDS:
        assert booted.check("systemctl", "is-active", name).strip() == "active"
    assert booted.check("systemctl", "show", "-P", "MainPID", "edge-agent") != before


@pytest.mark.usefixtures("is_native")
def test_purged_packages_leave_the_evidence(booted: OwnSystemd) -> None:
    booted.check("apt-get", "purge", "-y", *COMMANDS, timeout_s=600)
    kept = booted.check("sh", "-c", "ls /var/lib/lotwarden /var/lib/cloud-sync")
    assert "journal" in kept, kept
    assert booted.run("systemctl", "is-active", "edge-agent").stdout.strip() == "inactive"
