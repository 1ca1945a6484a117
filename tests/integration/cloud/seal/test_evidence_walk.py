"""Excursion, investigation, release by two people, evidence file, offline check: the walk of cloud_sync/README.md."""

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.ledger_keys import ledger_keys, rotate
from cloud_sync.app import create_app
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.seal import offline_verifier
from cloud_sync.seal.evidence_file import write_evidence
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.seal.witnesses import add_cosignature
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from edge_agent.domain.seal.notes import cosignature_line, cosignature_words, opened_note
from tests.integration.cloud import test_requisition_to_patient as story
from tests.support.builders import reading
from tests.support.quick_client import QuickClient
from tests.support.recycled_databases import RecycledDatabases

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHY = {"reason": "stability data of the maker cover 30 minutes at 12 °C"}


def seal_all(database: Database) -> None:
    while seal_once(database):
        pass


def excursion_to_release(database: Database) -> int:
    """A refrigerator gets warm; quality looks into it, and two people release what was inside. Gives the excursion."""
    now = story.START + timedelta(days=1)
    with QuickClient(create_app(database, clock=lambda: now), raise_server_exceptions=False) as client:
        house = story.House(client, database)
        story.settle(house)
        story.receive(house, story.buy(house))
        for minute, value in ((20, 5.0), (25, 12.0), (40, 12.5), (45, 5.0)):
            house.say(reading(story.START + timedelta(minutes=minute), value, "probe"))
        (excursion,) = house.quality.rows("/v1/excursions")
        exposed = house.quality.rows("/v1/exposures", excursion=excursion["id"])
        lots = sorted({row["lot_id"] for row in exposed})
        assert len(lots) == 2
        for lot in lots:
            hold = house.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "under investigation"})
            decision = {"excursion_id": excursion["id"], "lot_id": lot, "decision": "release", **WHY}
            # Who holds it by hand does not release it: two people stand for what becomes of the lot.
            assert house.quality.post("/v1/dispositions", decision).status_code == 403
            house.second_quality.ok("POST", "/v1/dispositions", json=decision)
            house.second_quality.ok("POST", f"/v1/holds/{hold['id']}/lift", json=WHY)
        assert house.stock_states("fridge") == [{"available": 12}, {"available": 8}]
        cosign_latest(database, house.gateway.name, house.gateway.key)
        return int(excursion["id"])


def cosign_latest(database: Database, name: str, key: Ed25519PrivateKey) -> None:
    seal_all(database)
    with database.transaction() as connection:
        row = connection.execute("SELECT note FROM seal_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    assert row is not None
    checkpoint, _ = opened_note(row["note"])
    signature = key.sign(cosignature_words(checkpoint, 1_800_000_000))
    line = cosignature_line(name, key.public_key().public_bytes_raw(), 1_800_000_000, signature)
    add_cosignature(database, name, checkpoint.size, line)


@pytest.fixture(scope="module")
def walked(databases: RecycledDatabases) -> Iterator[tuple[Database, int]]:
    with databases.lent() as url:
        database = databases.open(url)
        yield database, excursion_to_release(database)


@pytest.fixture(scope="module")
def evidence(walked: tuple[Database, int]) -> bytes:
    database, excursion = walked
    file = io.BytesIO()
    done = write_evidence(database, f"excursion:{excursion}", file, now=NOW)
    assert done["rows"] > 20 and done["batches"] >= 5 and done["readings"] == 5
    return file.getvalue()


def test_the_walk_ends_with_a_file_that_is_checked_where_there_is_nothing_but_python(
    walked: tuple[Database, int], evidence: bytes, tmp_path: Path
) -> None:
    database, excursion = walked
    file = tmp_path / "evidence.zip"
    file.write_bytes(evidence)
    with zipfile.ZipFile(file) as archive:
        archive.extract("verify.py", tmp_path)
        assert archive.read("report.pdf").startswith(b"%PDF-")
        told = json.loads(archive.read("evidence.json"))
    tables = {row["table"] for row in told["rows"]}
    assert tables >= {"event", "excursion_version", "disposition", "hold", "movement", "evidence"}
    kinds = {json.loads(row["text"])["kind"] for row in told["rows"] if row["table"] == "event"}
    assert {"exposure_decided", "hold_placed", "hold_lifted", "excursion_opened"} <= kinds, kinds
    key = ledger_keys(database).public_key
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(file), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, env={}, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK: the evidence is what was sealed." in done.stdout
    assert "witnessed by gateway gw-1" in done.stdout
    assert f"excursion:{excursion}" == told["case"]
    assert verify(database).findings == []


def changed(evidence: bytes, name: str, change: Callable[[Any], Any]) -> io.BytesIO:
    """The file with one of its members changed."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(evidence)) as old, zipfile.ZipFile(result, "w") as new:
        names = [each for each in old.namelist() if each.startswith(name)]
        for each in old.namelist():
            raw = old.read(each)
            if each == names[0]:
                raw = json.dumps(change(json.loads(raw))).encode() if each.endswith(".json") else change(raw)
            new.writestr(each, raw)
    return result


def with_row(at: int, **members: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(told: dict[str, Any]) -> dict[str, Any]:
        told["rows"][at] |= members
        return told

    return change


def other_text(told: dict[str, Any]) -> dict[str, Any]:
    row = next(row for row in told["rows"] if row["table"] == "disposition")
    row["text"] = row["text"].replace("release", "destroy")
    return told


def other_witness(told: dict[str, Any]) -> dict[str, Any]:
    told["checkpoint"] = told["checkpoint"][:-20] + "AAAA" + told["checkpoint"][-16:]
    return told


def other_root(told: dict[str, Any]) -> dict[str, Any]:
    lines = told["checkpoint"].split("\n")
    lines[2] = base64.b64encode(b"x" * 32).decode()
    return {**told, "checkpoint": "\n".join(lines)}


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("evidence.json", other_text, "it does not say what was sealed"),
        ("evidence.json", other_root, "the checkpoint is not signed by the ledger's key"),
        ("evidence.json", other_witness, "the signature of gateway gw-1"),
        ("evidence.json", with_row(3, index=2), "it is not in the sealed tree"),
        ("evidence.json", with_row(3, proof=[]), "it is not in the sealed tree"),
        ("evidence.json", with_row(3, key="1000"), "its entry is of another row"),
        ("batches/", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "no sealed row has the digest of these bytes"),
    ],
)
def test_whatever_is_changed_in_the_file_is_found(
    walked: tuple[Database, int], evidence: bytes, name: str, change: Callable[[Any], Any], fault: str
) -> None:
    faults, _ = offline_verifier.check(changed(evidence, name, change), ledger_keys(walked[0]).public_key)
    assert [each for each in faults if fault in each], faults


def test_a_file_of_another_ledger_is_not_taken_for_this_one(evidence: bytes) -> None:
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    faults, _ = offline_verifier.check(io.BytesIO(evidence), base64.b64encode(other).decode())
    assert faults == ["the checkpoint is not signed by the ledger's key"]


def test_who_knows_an_older_key_of_the_ledger_can_check_a_newer_file(walked: tuple[Database, int]) -> None:
    database, excursion = walked
    old, _ = rotate(database, actor="admin", reason="yearly")
    with database.transaction() as connection:
        add_event(connection, actor="quinn", kind="looked", subject=f"excursion:{excursion}")
    seal_all(database)
    file = io.BytesIO()
    write_evidence(database, f"excursion:{excursion}", file, now=NOW)
    assert offline_verifier.check(file, old)[0] == []
    told = "\n".join(offline_verifier.check(file, None)[1])
    assert "NOT CHECKED: whether that key is the ledger's" in told


def test_what_is_no_case_unknown_or_not_sealed_yet_is_said(database: Database) -> None:
    for case in ("lot:x", "lot", "place:1", "excursion:" + "9" * 40):
        with pytest.raises(Invalid):
            write_evidence(database, case, io.BytesIO(), now=NOW)
    with pytest.raises(NotFound):
        write_evidence(database, "lot:1", io.BytesIO(), now=NOW)
    with database.transaction() as connection:
        add_event(connection, actor="amy", kind="tried", subject="lot:1")
    with pytest.raises(Conflict):
        write_evidence(database, "lot:1", io.BytesIO(), now=NOW)


@pytest.mark.parametrize("number", range(20))
def test_the_verifiers_own_ed25519_agrees_with_the_library(number: int) -> None:
    key, words = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32), bytes(range(number))
    public, signature = key.public_key().public_bytes_raw(), key.sign(words)
    assert offline_verifier.is_signed(public, signature, words)
    assert not offline_verifier.is_signed(public, signature, words + b"x")
    assert not offline_verifier.is_signed(public, signature[:32] + bytes(32), words)
    assert not offline_verifier.is_signed(bytes(31) + b"\xff", signature, words)


def test_the_vectors_of_rfc_8032_hold() -> None:
    # Section 7.1, tests 1 and 2.
    for public, message, signature in (
        ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
         "d25bf5f0595bbe24655141438e7a100b"),
        ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
         "387b2eaeb4302aeeb00d291612bb0c00"),
    ):  # fmt: skip
        assert offline_verifier.is_signed(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message))
