"""Verification, suspect product and its clocks, and what regulators ask."""

import io
import json
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import uvicorn

from cloud_sync.actions.interop.verification import ask_verification, identifier
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.notify.conditions import look_once
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.storage.database import Database
from tests.support.dscsa_parts import (
    ACME,
    CLINIC,
    GTIN,
    NDC,
    US,
    held,
    licence,
    line,
    receive,
    ship,
    tell,
    trading_house,
    waiting,
)
from tests.support.ledger_api import NOW, Api, api_on

EXP = "270131"
PATH = f"/v1/verification/gtin/{GTIN}/lot/A1/ser"


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        trading_house(opened)
        yield opened


def test_a_partner_asks_whether_packages_are_ours(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 2, ("s1", "s/2")))
    lot = receive(api, "A1", 2, ("s1", "s/2"))
    partner = api.known_as("clinic", Role.PARTNER)
    api.quality.ok("PUT", "/v1/dscsa/partners/clinic", json={**CLINIC, "gln": "0614141000050"})

    def ask(path: str, **query: str) -> dict[str, Any]:
        answer = partner.get(path, **{"exp": EXP, "reqGLN": "0614141000050", "corrUUID": "c-1", **query})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["corrUUID"], answer.json()["responderGLN"]) == ("c-1", "0614141000012")
        data: dict[str, Any] = answer.json()["data"]
        return data

    assert ask(f"{PATH}/s1") == {"verified": True} == ask(f"{PATH}/s%2F2")
    assert ask(f"{PATH}/s9") == {"verified": False, "verificationFailureReason": "No_match_GTIN_Serial"}
    assert ask(f"{PATH}/s1", exp="280131")["verificationFailureReason"] == "No_match_GTIN_Serial_Expiry"
    other_lot = ask(PATH.replace("A1", "B7") + "/s1")
    assert other_lot["verificationFailureReason"] == "No_match_GTIN_Serial_Lot"
    assert partner.get(f"{PATH}/s1", reqGLN="0614141999999").status_code == 403
    assert partner.get(f"{PATH}/s1", exp="271399").status_code == 400
    assert partner.get("/v1/lots").status_code == 403
    suspect = {"lot_id": lot, "serial": "s1", "classification": "counterfeit", "description": "seal looks wrong"}
    api.operator.ok("POST", "/v1/dscsa/suspects", json=suspect)
    assert ask(f"{PATH}/s1") == {
        "verified": False, "verificationFailureReason": "Not_for_re-distribution", "additionalInfo": "Suspect",
    }  # fmt: skip
    answered = api.reader.rows("/v1/dscsa/verifications", direction="answered")
    assert {(row["partner"], row["person"]) for row in answered} == {("clinic", "clinic")} and len(answered) == 6


def test_what_its_maker_does_not_verify_is_held(api: Api, databases: Any) -> None:
    """The other side is a second ledger on a socket of its own."""
    tell(api, "ASN-1", line("A1", 2, ("s1", "s2")))
    lot = receive(api, "A1", 2, ("s1", "s2"))
    with databases.lent() as url:
        theirs = databases.open(url)
        with api_on(theirs) as maker:
            trading_house(maker)
            tell(maker, "ASN-0", line("A1", 1, ("s1",)))
            receive(maker, "A1", 1, ("s1",))
            maker.quality.ok("PUT", "/v1/dscsa/partners/clinic", json=US)  # that is us, for them
            token = maker.known_as("st-mary", Role.PARTNER).token
        config = uvicorn.Config(create_app(theirs, clock=lambda: NOW), port=0, log_level="error")
        with served(config) as port:
            at_port(api, port, token)
            assert asked(api, "s1") is True
            assert (held(api, lot), asked(api, "s2")) == (set(), False)
            assert held(api, lot) == {"s2"}
            (case,) = api.reader.rows("/v1/cases", kind="verification_failed", only_open=True)
            assert "does not verify" in case["text"] and "No_match_GTIN_Serial" in case["text"]
            at_port(api, port, "lw_wrong")
            assert asked(api, "s1") is None
    errors = [row["error"] for row in api.reader.rows("/v1/dscsa/verifications", direction="asked")]
    assert errors == ["127.0.0.1 answered 401", "", ""]


@contextmanager
def served(config: uvicorn.Config) -> Iterator[int]:
    """A ledger on a socket; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield int(door.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def at_port(api: Api, port: int, token: str) -> None:
    """Where the supplier answers; a private address, as no form takes it."""
    api.quality.ok("PUT", "/v1/dscsa/partners/acme", json={**ACME, "verification_token": token})
    with api.database.transaction() as connection:
        url = f"http://127.0.0.1:{port}/v1/verification"
        connection.execute("UPDATE trading_partner SET verification_url = %s WHERE gln = %s", (url, ACME["gln"]))


def asked(api: Api, serial: str) -> bool | None:
    row = ask_verification(
        api.database, "acme", identifier(GTIN, "A1", serial, date(2027, 1, 31)), context="dscsaSuspect",
        private_hosts=frozenset({"127.0.0.1"}), at=NOW, actor="q",
    )  # fmt: skip
    verified: bool | None = row["verified"]
    return verified


def test_a_suspicion_is_held_until_it_is_cleared_by_somebody_else(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 5))
    lot = receive(api, "A1", 5)
    suspect = {"lot_id": lot, "classification": "unfit_for_distribution", "description": "label is smeared"}
    opened = api.quality.ok("POST", "/v1/dscsa/suspects", json=suspect)
    assert (opened["stage"], opened["due_at"][:19]) == ("investigating", "2026-06-02T12:00:00")
    assert held(api, lot) == {None}
    resolve = {"resolution": "looks fine", "decision": "explained"}
    refused = api.quality.post(f"/v1/cases/{opened['case_id']}/resolve", resolve)
    assert refused.status_code == 409 and "its hold cannot be lifted" in refused.json()["error"]
    clear = {"determination": "cleared", "reason": "the maker confirms its label"}
    path = f"/v1/dscsa/suspects/{opened['id']}/determine"
    assert api.quality.post(path, clear).status_code == 403
    other = api.known_as("quinn", Role.QUALITY)
    assert other.ok("POST", path, json=clear)["stage"] == "cleared" and held(api, lot) == set()


def test_illegitimate_product_is_told_to_the_fda_and_partners_within_24_hours(api: Api) -> None:
    tell(api, "ASN-1", line("A1", 5))
    lot = receive(api, "A1", 5)
    assert ship(api, "A1", 2).status_code == 201
    suspect = {"lot_id": lot, "classification": "counterfeit", "description": "no hologram"}
    opened = api.quality.ok("POST", "/v1/dscsa/suspects", json=suspect)
    path = f"/v1/dscsa/suspects/{opened['id']}"
    assert alerts_at(api, NOW + timedelta(hours=17)) == set()
    assert alerts_at(api, NOW + timedelta(hours=19)) == {"suspect_due"}
    found = api.quality.ok(
        "POST", f"{path}/determine", json={"determination": "illegitimate", "reason": "the maker never made it"}
    )
    assert (found["stage"], found["partners_waiting"]) == ("notifying", 2)
    assert {row["partner"] for row in found["messages"]} == {"acme", "clinic"}
    assert all(row["due_at"][:19] == "2026-06-02T12:00:00" for row in found["messages"])
    form = api.reader.ok("GET", f"{path}/form-3911")
    assert form["5. Classification of notification"] == "Counterfeit"
    assert form["13. NDC number"].startswith(NDC[:5]) and form["15. Lot numbers"] == "A1"
    assert form["12. Quantity of drug (number and unit)"] == "3 each"
    assert api.quality.post(f"{path}/terminate", {"reason": "too early"}).status_code == 409
    fda = {"reason": "mail to drugnotifications@fda.hhs.gov", "incident": "INC-7"}
    assert api.quality.ok("POST", f"{path}/fda-notified", json=fda)["stage"] == "notifying"
    for message in found["messages"]:
        api.quality.ok("POST", f"/v1/dscsa/messages/{message['id']}/sent", json={"reason": "by mail"})
    shown = api.reader.ok("GET", path)
    assert (shown["stage"], shown["due_at"], waiting(api)) == ("notified", None, {})
    resolve = {"resolution": "destroyed", "decision": "explained"}
    assert api.quality.post(f"/v1/cases/{opened['case_id']}/resolve", resolve).status_code == 409
    api.quality.ok("POST", f"{path}/terminate", json={"reason": "agreed with the FDA on 3 June"})
    assert set(waiting(api)) == {"notification_terminated"} and held(api, lot) == {None}
    assert api.quality.post(f"/v1/cases/{opened['case_id']}/resolve", resolve).status_code == 200


def alerts_at(api: Api, at: datetime) -> set[str]:
    """Kinds of the alerts of clocks that are open then."""
    look_once(api.database, AlertSettings(), at)
    kinds = {"suspect_due", "tracing_request_due", "licence_due"}
    with api.database.transaction() as connection:
        rows = connection.execute("SELECT kind FROM alert_condition").fetchall()
    return {row["kind"] for row in rows} & kinds


def test_a_regulator_gets_everything_that_was_told_of_a_product(api: Api) -> None:
    told = tell(api, "ASN-1", line("A1", 2, ("s1", "s2")), line("B1", 5))
    receive(api, "A1", 2, ("s1", "s2"))
    assert ship(api, "A1", 1, ("s1",)).status_code == 201
    ask = {"asked_by": "FDA, J. Doe", "reference": "R-5", "gtin": GTIN, "lot_number": "A1", "serial": "s1"}
    asked = api.quality.ok("POST", "/v1/dscsa/requests", json=ask)
    assert asked["due_at"][:19] == "2026-06-03T12:00:00"
    assert alerts_at(api, NOW + timedelta(hours=43)) >= {"tracing_request_due"}
    answer = api.quality.post(f"/v1/dscsa/requests/{asked['id']}/answer")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        found = json.loads(file.read("answer.json"))
        assert [row["direction"] for row in found["transactions"]] == ["in", "out"]
        assert file.read("transactions.csv").decode().count("\n") == 4
        assert json.loads(file.read(f"transactions/in-{told['id']}.json"))["reference"] == "ASN-1"
        (document,) = [name for name in file.namelist() if name.startswith("documents/")]
        assert json.loads(file.read(document))["reference"] == "ASN-1"
    (row,) = api.reader.rows("/v1/dscsa/requests")
    assert row["answered_by"] == "quality-1" and api.quality.post("/v1/dscsa/requests/99/answer").status_code == 404


def test_a_licence_that_ends_is_told_in_time(api: Api) -> None:
    assert alerts_at(api, NOW) == set()
    assert alerts_at(api, datetime(2027, 12, 15, tzinfo=UTC)) == {"licence_due"}
    licence(api, "acme", "wholesale_distributor", "W-77", "2029-12-31")
    licence(api, "clinic", "dispenser", "P-12", "2029-12-31")
    assert alerts_at(api, datetime(2027, 12, 15, tzinfo=UTC)) == set()
