"""The files of releases lie in a folder by their hash, and no longer in the database."""

import shutil
from pathlib import Path

import pytest

from cloud_sync.actions.gateways.release_files import ReleaseFolder
from cloud_sync.actions.gateways.releases import add_release, files_with_faults, make_release, move_files
from cloud_sync.errors import Invalid
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from edge_agent.domain.fleet.releases import FILES_PATH, ReleaseNeeds
from tests.integration.cloud.actions.gateways.test_desk import NOW, client_of, served
from tests.support.builders import GatewayWithKey, Ledger
from tests.support.fleet_parts import release_in

SAID = {"at": NOW, "actor": "faye"}


def made(database: Database, kept: ReleaseFolder, stick: Path, version: str) -> Path:
    release_in(stick, version, {"bin/edge-agent": "#!/bin/sh\n", "more": "program " * 400_000})
    make_release(database, kept, stick, version, needs=ReleaseNeeds(), **SAID)
    return stick / "edge-agent.tar.gz"


async def fetched(url: str, gateway: GatewayWithKey, version: str) -> bytes:
    client, raw = client_of(url, gateway), b""
    while part := await client.signed_get(FILES_PATH, f"version={version}&name=edge-agent.tar.gz&start={len(raw)}"):
        raw += part
    return raw


async def test_a_gateway_fetches_what_lies_in_the_folder_and_what_is_still_in_the_database(
    ledger: Ledger, gateway: GatewayWithKey, tmp_path: Path
) -> None:
    kept, database = ReleaseFolder(tmp_path / "releases"), ledger.database
    program = made(database, kept, tmp_path / "stick", "0.2.0")
    assert ledger.rows("SELECT content FROM release_file") == [{"content": None}]
    with served(database, releases=kept) as url:
        assert await fetched(url, gateway, "0.2.0") == program.read_bytes()
        # As a ledger of before kept it.
        ledger.run_as_owner("ALTER TABLE release_file DISABLE TRIGGER USER")
        ledger.run_as_owner(f"UPDATE release_file SET content = '\\x{program.read_bytes().hex()}'")
        ledger.run_as_owner("ALTER TABLE release_file ENABLE TRIGGER USER")
        shutil.rmtree(kept.path)
        assert await fetched(url, gateway, "0.2.0") == program.read_bytes()
        assert move_files(database, kept) == 1 and move_files(database, kept) == 0
        assert ledger.rows("SELECT content FROM release_file") == [{"content": None}]
        assert await fetched(url, gateway, "0.2.0") == program.read_bytes()
    while seal_once(database):
        pass
    assert verify(database).findings == []


def test_what_is_lost_or_changed_is_told_and_brought_back_from_the_stick(database: Database, tmp_path: Path) -> None:
    kept, stick = ReleaseFolder(tmp_path / "releases"), tmp_path / "stick"
    made(database, kept, stick, "0.2.0")
    (file,) = kept.path.glob("*/*")
    assert files_with_faults(database, kept) == []
    raw = file.read_bytes()
    for spoilt, fault in ((raw[:-1], "was cut off or changed"), (raw[:-1] + b"?", "was changed"), (None, "is missing")):
        file.unlink()
        if spoilt is not None:
            file.write_bytes(spoilt)
        (found,) = files_with_faults(database, kept)
        assert (found["version"], found["name"], found["fault"]) == ("0.2.0", "edge-agent.tar.gz", fault)
        add_release(database, kept, stick, **SAID)
        assert files_with_faults(database, kept) == [] and file.read_bytes() == raw
    assert files_with_faults(database, None)[0]["fault"].startswith("has no folder")
    (stick / "edge-agent.tar.gz").write_bytes(raw[:-1] + b"?")
    with pytest.raises(Invalid, match="not what the manifest says"):
        add_release(database, kept, stick, **SAID)
    assert [each.name for each in kept.path.rglob("*") if each.is_file()] == [file.name], "nothing half is left"


def test_two_releases_share_a_file_and_a_folder_that_cannot_be_written_is_told(
    database: Database, tmp_path: Path
) -> None:
    kept = ReleaseFolder(tmp_path / "releases")
    made(database, kept, tmp_path / "a", "0.2.0")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    make_release(database, kept, tmp_path / "b", "0.3.0", needs=ReleaseNeeds(), **SAID)
    assert len([each for each in kept.path.rglob("*") if each.is_file()]) == 1
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="cannot be kept"):
        made(database, ReleaseFolder(tmp_path / "file"), tmp_path / "c", "0.4.0")
