"""The pedigree of a unit by the API, signed; and the report on a suspicious one, as a paper that can be checked."""

import base64
import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.actions.papers.papers import PaperName, make_paper, verify_paper
from cloud_sync.actions.papers.pedigrees import signed_words
from cloud_sync.papers.envelope import data_sha256
from cloud_sync.storage.database import Database
from tests.integration.cloud.actions.papers.test_every_paper import text_of
from tests.integration.cloud.actions.serials.told import commissioned
from tests.support.dscsa_parts import GTIN, line, receive, tell, trading_house
from tests.support.ledger_api import NOW, Api, api_on, movement


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        trading_house(api)
        yield api


def test_a_pedigree_leads_from_the_maker_to_here_and_is_signed(api: Api) -> None:
    commissioned(api.database, "L1", "S1", "S2", gtin=GTIN)
    tell(api, "ASN-1", line("L1", 2, ("S1", "S2")))
    lot = receive(api, "L1", 2, ("S1", "S2"))
    api.place("north", "site")
    api.place("fridge-n", parent="north")
    unit = {"item": "insulin", "lot_number": "L1", "quantity": 1, "serial": "S1"}
    api.operator.ok("POST", "/v1/movements", json=movement("move", "fridge-a", "fridge-n", [unit]))

    told = api.reader.ok("GET", f"/v1/pedigrees/{lot}", params={"serial": "S1"})
    assert [(leg["from_place"], leg["to_place"]) for leg in told["custody"]] == [
        ("acme", "fridge-a"), ("fridge-a", "fridge-n")
    ]  # fmt: skip
    assert [(event["step"], event["told_by"]) for event in told["maker"]] == [("commissioning", "maker")]
    (document,) = told["transactions"]
    assert (document["direction"], document["partner"], document["reference"]) == ("in", "acme", "ASN-1")
    assert document["has_statement"]
    unsigned = {**told, "digest": "", "key": "", "signature": ""}
    assert told["digest"] == data_sha256("pedigree", f"{lot}:S1", unsigned)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(told["key"]))
    key.verify(base64.b64decode(told["signature"]), signed_words(told["digest"]))

    paper = make_paper(
        api.database, PaperName.PEDIGREE, f"{lot}:S1", at=NOW, actor="amy", public_url="https://ledger.example.org"
    )
    text = text_of(paper.pdf)
    for said in ("Pedigree", "CHAIN ON FILE", "ASN-1", "commissioning", "Acme Drug Co."):
        assert said in text, said
    assert told["digest"] in text.replace(" ", "")
    verdict = verify_paper(api.database, paper.pdf)
    assert verdict.is_good, verdict.changes
    whole = api.reader.ok("GET", f"/v1/pedigrees/{lot}")
    assert [leg["quantity"] for leg in whole["custody"] if leg["from_place"] == "acme"] == [1, 1]
    assert json.dumps(whole) != json.dumps(told)
    assert api.reader.get(f"/v1/pedigrees/{lot}", serial="NEVER").status_code == 404


def test_the_report_on_a_suspicious_unit_has_the_evidence(api: Api) -> None:
    receive(api, "L1", 1, ("S1",))
    lost = {"item": "insulin", "serial": "S1", "why": "stolen", "description": "van", "lost_at": "2026-05-01T00:00:00Z"}
    api.quality.ok("POST", "/v1/lost-serials", json=lost)
    (signal,) = api.reader.rows("/v1/theft-signals")
    paper = make_paper(
        api.database, PaperName.THEFT, str(signal["id"]), at=NOW, actor="amy", public_url="https://ledger.example.org"
    )
    text = text_of(paper.pdf)
    for said in ("SUSPICIOUS", "reported lost", "receive from acme to fridge-a", "evidence", "operator-1"):
        assert said in text, (said, text)
    assert verify_paper(api.database, paper.pdf).is_good
