"""The image of a gateway: its last step in a root of its own, and the first boot from a file on the boot partition."""

import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.fleet_parts import LEDGER_KEY
from tests.support.paths import ROOT

IMAGE = ROOT / "systemd/image"
CODE = "7K3QD-01ABC-23DEF-45GHJ"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as Debian and the gateway's package leave it, after the last step."""
    root = tmp_path / "root"
    for folder in ("etc", "var/log", "var/cache/apt/archives", "var/lib/apt/lists", "boot"):
        (root / folder).mkdir(parents=True)
    (root / "etc/shadow").write_text("root::19000:0:99999:7:::\n")
    (root / "etc/machine-id").write_text("1234\n")
    subprocess.run([str(IMAGE / "finish"), str(root)], check=True)
    return root


class _Ledger(BaseHTTPRequestHandler):
    """Enrols who comes with the code; ``is_up`` False: answers 503."""

    is_up: ClassVar[bool] = True
    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(said["code"])
        answer = {"name": said["gateway"], "public_key": said["public_key"], "ledger_key": LEDGER_KEY}
        body = json.dumps(answer if self.is_up else {"error": "the database does not answer"}).encode()
        self.send_response(201 if self.is_up else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def ledger() -> Iterator[str]:
    _Ledger.is_up, _Ledger.asked = True, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Ledger)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def first_boot(root: Path, ledger: str) -> subprocess.CompletedProcess[str]:
    """As systemd runs it. The address of the tests' ledger is put in where the file's is used: it must be https."""
    agent = root / "agent"
    agent.write_text(
        f'#!/bin/sh\n[ "$1" = enroll ] && set -- "$@" --url {ledger}\nexec {sys.executable} -m edge_agent "$@"\n'
    )
    agent.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "ROOT": str(root), "EDGE_AGENT": str(agent), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [str(root / "usr/lib/lotwarden/first-boot")], env=environment, capture_output=True, text=True, timeout=120
    )  # fmt: skip


def write_conf(root: Path, **values: str) -> Path:
    path = root / "boot/firmware/lotwarden.conf"
    said = {"NAME": "gw-cold-1", "URL": "https://ledger.example.org", "CODE": CODE} | values
    path.write_text("".join(f"{key}={value}\r\n" for key, value in said.items()))
    return path


def test_the_image_has_a_read_only_root_and_no_secret_or_name_of_its_own(root: Path) -> None:
    assert (root / "etc/machine-id").read_text() == ""
    assert (root / "etc/shadow").read_text().startswith("root:*:")
    lines = [line.split() for line in (root / "etc/fstab").read_text().splitlines() if line and line[0] != "#"]
    mounts = {where: options.split(",") for _, where, _, options, *_ in lines}
    assert "ro" in mounts["/"] and "rw" in mounts["/var/lib/lotwarden"]
    assert "bind" in mounts["/etc/lotwarden"], "what enrolment writes outlives the root's memory"
    wanted = root / "etc/systemd/system/multi-user.target.wants/lotwarden-first-boot.service"
    assert (wanted.parent / os.readlink(wanted)).resolve().exists()
    for script in ("usr/lib/lotwarden/first-boot", "etc/initramfs-tools/scripts/init-bottom/overlay-root"):
        assert (root / script).stat().st_mode & 0o111
        subprocess.run(["sh", "-n", str(root / script)], check=True)
    assert (root / "boot/firmware/lotwarden.conf.example").exists()


def test_the_first_boot_enrols_and_leaves_no_code_on_the_card(root: Path, ledger: str) -> None:
    conf = write_conf(root)
    _Ledger.is_up = False
    done = first_boot(root, ledger)
    assert done.returncode == 1 and "not enrolled yet" in (root / "boot/firmware/lotwarden.log").read_text()
    assert CODE in conf.read_text(), "it is tried again"
    _Ledger.is_up = True
    done = first_boot(root, ledger)
    assert done.returncode == 0, done.stderr
    config = tomllib.loads((root / "etc/lotwarden/gateway.toml").read_text())
    assert config["gateway"]["name"] == "gw-cold-1"
    assert config["uplink"]["url"] == "https://ledger.example.org"
    assert (root / "var/lib/lotwarden/ledger.keys").read_text().strip() == LEDGER_KEY
    assert CODE not in conf.read_text() and "NAME=gw-cold-1" in conf.read_text()
    assert "is enrolled" in (root / "boot/firmware/lotwarden.log").read_text()
    assert first_boot(root, ledger).returncode == 0 and len(_Ledger.asked) == 2, "done once"


def test_the_authority_of_the_invitation_is_looked_at_before_anything_is_told(root: Path, ledger: str) -> None:
    conf = write_conf(root, AUTHORITY="00" * 32)
    _Ledger.is_up, asked = True, len(_Ledger.asked)
    assert first_boot(root, ledger).returncode == 1
    assert "/v1/authority" in (root / "boot/firmware/lotwarden.log").read_text()
    assert CODE in conf.read_text() and len(_Ledger.asked) == asked, "the code was not sent"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"NAME": "x; reboot"}, "NAME in lotwarden.conf"),
        ({"URL": "http://ledger.example.org"}, "URL in lotwarden.conf"),
        ({"URL": 'https://a"b'}, "URL in lotwarden.conf"),
        ({"CA_FILE": "../../etc/shadow"}, "CA_FILE in lotwarden.conf"),
        ({"AUTHORITY": "abc; reboot"}, "AUTHORITY in lotwarden.conf"),
        ({"CA_FILE": "missing.pem"}, "there is no missing.pem"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_beside_it_and_never_run(
    root: Path, values: dict[str, str], told: str
) -> None:
    write_conf(root, **values)
    assert first_boot(root, "http://127.0.0.1:9").returncode == 1
    assert told in (root / "boot/firmware/lotwarden.log").read_text()
    assert not (root / "etc/lotwarden/gateway.toml").exists()
