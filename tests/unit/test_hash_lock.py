"""The hashes are of the packages that are pinned."""

import json
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
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


def test_everything_that_is_installed_for_the_project_is_locked_and_pinned() -> None:
    """An entry that was left out by hand would be fetched unchecked, or not at all."""
    locked_names = {name for name, _ in PIN.findall(FILE.read_text())}
    pinned = {canonicalize_name(name) for name, _ in PIN.findall((ROOT / "constraints.txt").read_text())}
    wanted = {name for machine in ("x86_64", "aarch64") for name in needed("lotwarden", frozenset({"dev"}), machine)}
    assert (wanted - locked_names, locked_names - wanted, wanted - pinned) == (set(), set(), set())


def needed(name: str, extras: frozenset[str], machine: str) -> set[str]:
    """What a distribution that is installed here needs on such a machine, and what that needs."""
    todo, done, names = [(name, extras)], set(), set()
    environment = {"python_version": "3.11", "python_full_version": "3.11.0", "platform_machine": machine}
    while todo:
        if (asked := todo.pop()) in done:
            continue
        done.add(asked)
        for text in requires(asked[0]) or ():
            each = Requirement(text)
            marked = each.marker
            if marked is None or any(marked.evaluate(environment | {"extra": extra}) for extra in asked[1] | {""}):
                names.add(canonicalize_name(each.name))
                todo.append((canonicalize_name(each.name), frozenset(each.extras)))
    return names - {"lotwarden"}


def requires(name: str) -> list[str] | None:
    """What is declared; nothing of what only another machine has."""
    try:
        return distribution(name).requires
    except PackageNotFoundError:
        return None


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
