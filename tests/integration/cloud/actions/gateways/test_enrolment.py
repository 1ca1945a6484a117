"""Enrolment: a one-time code, a key pair made at the gateway, and every way in which it must not work."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from cloud_sync.actions.gateways.enrolment import FAILURES_OF_ADDRESS_MAX, invite
from cloud_sync.actions.gateways.gateways import revoke_gateway
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.enrolment import PATH, enrolment_words, plain_code
from edge_agent.domain.wire.ids import GatewayName, JournalId
from edge_agent.domain.wire.records import Lane, NoticeKind
from edge_agent.domain.wire.wire import NO_PREVIOUS, BatchHeader, encode_batch, encode_record
from edge_agent.uplink.identity import Identity
from tests.integration.cloud.commands.test_cloud_sync import config, run, serving
from tests.integration.edge.test_agent import result_of
from tests.support.builders import minute, notice
from tests.support.ledger_api import NOW, Api, api_on

JOURNAL = JournalId("11111111-1111-4111-8111-111111111111")


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


@dataclass
class Candidate:
    """A gateway that wants to be known."""

    api: Api
    identity: Identity
    name: str = "gw-9"

    def asks(self, typed: str, /, **other: str) -> httpx.Response:
        key = other.get("public_key", self.identity.public_key)
        proof = self.identity.sign(enrolment_words(self.name, key, typed))
        body = {"gateway": self.name, "public_key": key, "code": typed, "proof": base64.b64encode(proof).decode()}
        return self.api.client.post(PATH, json={**body, **other})

    def says(self, database: Database, first: int = 1) -> BatchOutcome:
        line = encode_record(notice(minute(0), NoticeKind.STARTED))
        header = BatchHeader(
            gateway=GatewayName(self.name), journal=JOURNAL, lane=Lane.SCANS, first=first, count=1, previous=NO_PREVIOUS
        )
        return store_batch(database, encode_batch(header, [line], self.identity.sign)).outcome


@pytest.fixture
def candidate(api: Api, tmp_path: Path) -> Candidate:
    return Candidate(api, Identity.load_or_make(tmp_path / "gw-9"))


def invited(database: Database, name: str = "gw-9", **other: Any) -> str:
    arguments: dict[str, Any] = {"place": None, "valid": timedelta(hours=24), "replaces": False, "now": NOW, **other}
    return invite(database, name, actor="tester", **arguments)[0]


def events(database: Database, subject: str = "gateway:gw-9") -> list[str]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT kind FROM event WHERE subject = %s ORDER BY id", (subject,)).fetchall()
    return [row["kind"] for row in rows]


def test_a_gateway_with_a_code_is_believed_and_only_the_digest_of_the_code_is_kept(
    database: Database, candidate: Candidate
) -> None:
    candidate.api.place("main", "site")
    assert candidate.says(database) is BatchOutcome.UNKNOWN
    code = invited(database, place="main")
    answer = candidate.asks(code.lower())
    assert (answer.status_code, answer.json()["name"]) == (201, "gw-9")
    assert candidate.says(database) is BatchOutcome.STORED
    assert events(database) == ["gateway_invited", "gateway_enrolled"]
    with database.transaction() as connection:
        kept = str(connection.execute("SELECT * FROM gateway_invite").fetchall())
        everything = str(connection.execute("SELECT * FROM event").fetchall()) + kept
        place = connection.execute("SELECT p.name FROM gateway g JOIN place p ON p.id = g.place_id").fetchone()
    assert plain_code(code) not in everything and code not in everything
    assert place == {"name": "main"}


def test_a_code_is_good_once_but_a_lost_answer_may_be_asked_for_again(
    database: Database, candidate: Candidate, tmp_path: Path
) -> None:
    code = invited(database)
    assert candidate.asks(code).status_code == 201
    assert candidate.asks(code).status_code == 201
    assert events(database).count("gateway_enrolled") == 1
    thief = Candidate(candidate.api, Identity.load_or_make(tmp_path / "thief"))
    answer = thief.asks(code)
    assert answer.status_code == 409
    assert "was used" in answer.json()["error"]
    assert thief.says(database) is BatchOutcome.REFUSED


def test_a_code_ends_and_a_newer_one_takes_the_place_of_older_ones(database: Database, candidate: Candidate) -> None:
    late = invited(database, now=NOW - timedelta(hours=25))
    answer = candidate.asks(late)
    assert answer.status_code == 409
    assert "expired at" in answer.json()["error"]
    assert "gateway invite" in answer.json()["what_to_do"]


def test_a_code_is_for_one_name_only(database: Database, candidate: Candidate) -> None:
    code = invited(database, "gw-8")
    answer = candidate.asks(code)
    assert (answer.status_code, "not one for gateway gw-9" in answer.json()["error"]) == (403, True)


def test_wrong_codes_are_limited_and_become_one_case(database: Database, candidate: Candidate, tmp_path: Path) -> None:
    code = invited(database)
    for _ in range(FAILURES_OF_ADDRESS_MAX):
        assert candidate.asks("00000-00000-00000-00000").status_code == 403
    answer = candidate.asks("00000-00000-00000-00000")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert candidate.asks(code).status_code == 201, "nobody is locked out by what was tried in its name"
    other = Candidate(candidate.api, Identity.load_or_make(tmp_path / "gw-8"), name="gw-8")
    assert other.asks(invited(database, "gw-8")).status_code == 201, "others are not locked out"
    with database.transaction() as connection:
        cases = connection.execute("SELECT data FROM exception_case WHERE kind = 'enrolment_wrong_code'").fetchall()
    assert [case["data"]["count"] for case in cases] == [FAILURES_OF_ADDRESS_MAX]


@pytest.mark.parametrize(
    "wrong",
    [
        {"proof": base64.b64encode(bytes(64)).decode()},
        {"proof": "???"},
        {"public_key": base64.b64encode(bytes(31)).decode()},
        {"public_key": "no key"},
        {"code": "A" * 20},
        {"gateway": "gw-8"},
    ],
)
def test_without_proof_of_the_key_a_code_is_neither_used_nor_tried(
    database: Database, candidate: Candidate, wrong: dict[str, str]
) -> None:
    code = invited(database)
    assert candidate.asks(code, **wrong).status_code == 422
    assert candidate.asks(code).status_code == 201


def test_another_key_for_a_known_name_needs_an_invitation_that_says_replace(
    database: Database, candidate: Candidate, tmp_path: Path
) -> None:
    assert candidate.asks(invited(database)).status_code == 201
    assert candidate.says(database) is BatchOutcome.STORED
    with pytest.raises(Conflict, match="registered already"):
        invited(database)
    successor = Candidate(candidate.api, Identity.load_or_make(tmp_path / "new"))
    assert successor.asks(invited(database, replaces=True)).status_code == 201
    assert successor.says(database, first=2) is BatchOutcome.STORED
    assert candidate.says(database, first=3) is BatchOutcome.REFUSED, "the old key is worth nothing"
    assert events(database)[-1] == "gateway_key_replaced"
    revoke_gateway(database, "gw-9", "stolen", actor="tester")
    assert successor.says(database, first=4) is BatchOutcome.UNKNOWN
    with pytest.raises(Conflict, match="was revoked"):
        invited(database)


def test_an_invitation_that_makes_no_sense_is_refused(database: Database, api: Api) -> None:
    with pytest.raises(NotFound, match="no place attic"):
        invited(database, place="attic")
    for valid in (timedelta(0), timedelta(days=31)):
        with pytest.raises(Invalid, match="30 days"):
            invited(database, valid=valid)
    assert events(database) == []


async def test_the_two_commands_bring_a_gateway_to_a_ledger(tmp_path: Path, ledger_url: str) -> None:
    ledger = str(config(tmp_path / "etc", 'data_dir = "x"'))
    assert "write e.g. 30m" in run("gateway", "invite", "gw-test", "--valid", "1y", "--config", ledger).stderr
    made = run("gateway", "invite", "gw-test", "--valid", "2h", "--config", ledger, url=ledger_url)
    assert made.returncode == 0, made.stderr
    code = made.stdout.strip()
    gateway = tmp_path / "gateway.toml"
    gateway.write_text(
        f'[gateway]\nname = "gw-test"\ndata_dir = "{tmp_path / "data"}"\n[uplink]\nurl = "http://127.0.0.1:9"\n'
    )
    down, _, err = await result_of("enroll", "--config", gateway, "--code", code)
    assert (down, "check --url" in err) == (1, True)
    with serving(tmp_path / "etc" / "ledger.toml", ledger_url) as served:
        wrong, _, err = await result_of("enroll", "--config", gateway, "--code", "WRONG", "--url", served.url)
        assert (wrong, "Check name and code" in err) == (1, True)
        good, out, err = await result_of("enroll", "--config", gateway, "--code", code, "--url", served.url)
        assert (good, "gateway gw-test is enrolled" in out) == (0, True), err
        plain, _, err = await result_of("enroll", "--config", gateway, "--code", code, "--url", "http://10.0.0.1")
        assert (plain, "in the clear" in err) == (1, True)
    with psycopg.connect(ledger_url) as connection:
        row = connection.execute("SELECT public_key FROM gateway WHERE name = 'gw-test'").fetchone()
    assert row is not None
    assert base64.b64encode(row[0]).decode() == Identity.load(tmp_path / "data").public_key
