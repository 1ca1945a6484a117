"""What the ledger knows of a person can be erased, by two people, and what was sealed still fits."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cloud_sync.actions.people.erasure import erase
from cloud_sync.domain.personal_data import TOKEN
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict
from cloud_sync.seal.evidence_file import write_evidence
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import Finding, verify
from cloud_sync.storage.database import Database
from tests.integration.cloud.api.test_signatures import person, signed
from tests.support.ledger_api import NOW, Api, Somebody, demand
from tests.support.people import PASSWORD

NAME = "Amy Miller"
WHY = {"reason": "she left, and asked for it"}


def everything(database: Database) -> str:
    """All rows of all tables as text."""
    with psycopg.connect(database.url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
        return "".join(
            str(connection.execute(f"SELECT to_jsonb(t)::text FROM {name} t").fetchall())  # type: ignore[call-overload]
            for (name,) in tables
        )


def evidence_of(database: Database, case: str, folder: Path) -> tuple[str, str]:
    """What evidence.json says, and what the verifier in the file does."""
    while seal_once(database):
        pass
    file = io.BytesIO()
    write_evidence(database, case, file, now=NOW)
    path = folder / "evidence.zip"
    path.write_bytes(file.getvalue())
    with zipfile.ZipFile(file) as archive:
        (folder / "verify.py").write_bytes(archive.read("verify.py"))
        said = archive.read("evidence.json").decode()
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env={}, timeout=120)
    assert done.returncode == 0, done.stdout
    return said, done.stdout


def hold_signed_by(api: Api, amy: Somebody) -> tuple[int, dict[str, Any]]:
    """A lot, and the signature on a hold of it."""
    lot = api.receive("A", 5)
    hold = api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})["id"]
    made = signed(amy, "hold", str(hold), "release")
    assert made.status_code == 201, made.text
    return lot, made.json()


def test_a_person_who_signed_is_erased_and_the_seal_still_fits(api: Api, tmp_path: Path) -> None:
    database = api.database
    amy = person(api, "amy", Role.QUALITY)
    session = {"person": "amy", "password": PASSWORD}
    assert api.client.post("/v1/sessions", json=session).is_success
    lot, signature = hold_signed_by(api, amy)
    assert signature["printed_name"] == NAME
    told, checked = evidence_of(database, f"lot:{lot}", tmp_path)
    assert NAME in told and "1 names and addresses as they were sealed, 0 erased" in checked
    assert [NAME in row["text"] for row in json.loads(told)["rows"] if row["table"] == "signature"] == [False]
    (added,) = api.reader.ok("GET", "/v1/events", params={"subject": "account:amy", "kind": "account_added"})
    assert added["data"]["printed_name"] == NAME

    first, second = api.administrator, api.known_as("bea", Role.ADMINISTRATOR)
    refused = first.post("/v1/accounts/amy/erase", WHY)
    assert (refused.status_code, "21 CFR 11.50" in refused.json()["error"]) == (409, True)
    asked = {**WHY, "although_signed": True}
    waits = first.ok("POST", "/v1/accounts/amy/erase", json=asked)
    assert (waits["state"], waits["values"]) == ("waits", 2)
    assert first.ok("POST", "/v1/accounts/amy/erase", json=asked)["state"] == "waits"  # it takes another one
    assert NAME in everything(database)
    assert second.ok("POST", "/v1/accounts/amy/erase", json=asked)["state"] == "erased"

    assert NAME not in everything(database)
    assert api.client.post("/v1/sessions", json=session).status_code == 401
    assert amy.get("/v1/lots").status_code == 401
    (kept,) = api.reader.ok("GET", f"/v1/signatures/hold/{signature['record_id']}")["signatures"]
    assert (kept["person"], kept["printed_name"], kept["intact"]) == ("amy", "erased", True)
    told, checked = evidence_of(database, f"lot:{lot}", tmp_path)
    assert NAME not in told and "0 names and addresses as they were sealed, 1 erased" in checked
    assert verify(database).findings == []
    events = api.reader.ok("GET", "/v1/events", params={"subject": "account:amy"})
    assert [event["kind"] for event in events][-2:] == ["erasure_asked", "erased"] and NAME not in str(events)


def test_a_name_belongs_to_what_was_signed_until_the_record_may_go(api: Api) -> None:
    hold_signed_by(api, person(api, "amy", Role.QUALITY))

    def erased(actor: str, after_years: int) -> str:
        at = NOW + after_years * timedelta(days=366)
        return str(erase(api.database, "amy", reason="she left", at=at, actor=actor)["state"])

    with pytest.raises(Conflict, match="until 2032"):
        erased("ada", 0)
    assert [erased("ada", 6), erased("bea", 6)] == ["waits", "erased"]


def test_a_prescription_is_erased_from_its_orders(api: Api) -> None:
    prescription = "RX-4711-KLEIN"
    body = {
        "client_id": "11111111-1111-4111-8111-111111111111", "kind": "requisition", "from_place": "fridge-a",
        "to_place": "st-mary", "patient_ref": prescription, "lines": [{"item": "insulin", "quantity": 1}],
    }  # fmt: skip
    order = api.operator.ok("POST", "/v1/orders", json=body)
    assert order["patient_ref"] == prescription
    assert api.operator.ok("POST", "/v1/orders", json=body)["number"] == order["number"]  # the same again
    seal_once(api.database)
    with psycopg.connect(api.database.url) as connection:
        (kept,) = connection.execute("SELECT patient_ref FROM stock_order").fetchone() or ("",)
    assert TOKEN.fullmatch(kept)
    with pytest.raises(Conflict, match="it is kept until 20"):
        erase(api.database, prescription, reason="asked for", at=NOW, actor="ada")
    assert everything(api.database).count(prescription) == 1  # where it can be erased
    for actor in ("ada", "bea"):
        erase(api.database, prescription, reason="asked for", although_signed=True, at=NOW, actor=actor)
    assert prescription not in everything(api.database)
    assert api.reader.ok("GET", f"/v1/orders/{order['number']}")["patient_ref"] == "erased"
    assert verify(api.database).findings == []
    api.receive("A", 5)
    made = api.operator.ok("POST", "/v1/allocations", json=demand(1, demand=order["number"]))
    assert made["missing"] == 0


def test_who_changes_or_removes_what_stands_apart_is_found(api: Api) -> None:
    _, signature = hold_signed_by(api, person(api, "amy", Role.QUALITY))
    seal_once(api.database)
    with psycopg.connect(api.database.url) as administrator:
        (token,) = administrator.execute(
            "UPDATE personal_data SET value = 'Eve Stone' WHERE value = %s RETURNING token", (NAME,)
        ).fetchone() or ("",)
    changed = Finding(f"personal_data {token}", "it has another hash than the one that is sealed")
    assert verify(api.database).findings == [changed]
    with psycopg.connect(api.database.url) as administrator:
        administrator.execute("DELETE FROM personal_data WHERE token = %s", (token,))
    gone = "the personal data that it names are gone, and were not erased"
    assert verify(api.database).findings == [Finding(f"signature {signature['id']}", gone)]


def test_the_mail_address_of_an_alert_target_goes_with_its_person(api: Api) -> None:
    database, mail = api.database, "amy.miller@example.org"
    person(api, "amy", Role.OPERATOR)
    boss = api.administrator
    boss.ok("PUT", "/v1/alert-targets/amy", json={"channel": "mail", "address": mail})
    boss.ok("PUT", "/v1/alert-subscriptions/all", json={"goes_to": "amy", "severity_min": "info"})
    with database.transaction() as connection:
        (sealed,) = connection.execute("SELECT data FROM event WHERE kind = 'alert_target_put'").fetchall()
    assert TOKEN.fullmatch(sealed["data"]["address"]), "what is sealed does not hold it"
    (told,) = api.reader.ok("GET", "/v1/events", params={"kind": "alert_target_put"})
    assert told["data"]["address"] == mail
    with pytest.raises(Conflict, match="leads to amy"):
        erase(database, "amy", reason="she left", at=NOW, actor="ada")
    boss.ok("DELETE", "/v1/alert-subscriptions/all")
    for actor in ("ada", "bea"):
        done = erase(database, "amy", reason="she left", at=NOW, actor=actor)
    assert done["state"] == "erased" and mail not in everything(database)
