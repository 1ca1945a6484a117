"""The hashes are of the packages that are pinned."""

import json
import re
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.support.hash_lock import FILE, locked
from tests.support.paths import ROOT

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def test_what_is_locked_is_what_is_pinned() -> None:
    pinned = {canonicalize_name(name): version for name, version in PIN.findall((ROOT / "constraints.txt").read_text())}
    found = dict(PIN.findall(FILE.read_text()))
    wanted = {"psycopg", "pydantic", "cryptography", "fastapi", "paho-mqtt"}
    assert wanted - found.keys() == set()
    assert {name: version for name, version in found.items() if pinned.get(name, version) != version} == {}


def test_every_package_that_is_locked_has_a_hash() -> None:
    entries = re.split(r"\n(?=\S)", FILE.read_text())
    names = [entry for entry in entries if PIN.match(entry)]
    assert len(names) > 50
    assert [entry for entry in names if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)] == []


def test_files_for_several_machines_stand_side_by_side(tmp_path: Path) -> None:
    for machine in "ab":
        info = {"archive_info": {"hashes": {"sha256": machine * 64}}}
        report = {"install": [{"metadata": {"name": "A_pkg", "version": "1.0"}, "download_info": info}]}
        (tmp_path / machine).write_text(json.dumps(report))
    lines = locked([tmp_path / "a", tmp_path / "b"]).splitlines()
    assert lines[-3:] == ["a-pkg==1.0 \\", f"    --hash=sha256:{'a' * 64} \\", f"    --hash=sha256:{'b' * 64}"]
