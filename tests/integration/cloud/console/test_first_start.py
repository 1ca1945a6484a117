"""The first start in a browser: from an empty ledger to a site with rooms and an invited gateway."""

import base64
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.enrolment import Enrolment, enrol
from cloud_sync.actions.people.first_start import setup_code
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.enrolment import enrolment_words
from tests.support.ledger_api import NOW
from tests.support.people import PASSWORD, Clock, browser_at


def test_a_fresh_ledger_leads_from_the_code_of_its_console_to_an_enrolled_gateway(database: Database) -> None:
    with browser_at(database, Clock()) as browser:
        client = browser.client
        first = client.get("/")
        assert first.url.path == "/setup" and "Set-up code" in first.text
        form = {"code": "WRONG", "person": "amy", "name": "Amy Miller"}
        wrong = client.post("/setup/administrator", data=form)
        assert wrong.status_code == 403 and "not the code of this ledger" in wrong.text
        nobody = client.post("/setup/administrator", data=form | {"code": setup_code(database), "person": "admin"})
        assert nobody.status_code == 422 and "nobody in particular" in nobody.text
        made = client.post("/setup/administrator", data=form | {"code": setup_code(database).lower()})
        (secret,) = re.findall(r'name="password" value="([^"]+)"', made.text)
        chosen = {"person": "amy", "password": secret, "new_password": PASSWORD}
        steps = client.post("/login?next=/setup", data=chosen)
        assert steps.url.path == "/setup" and steps.text.count(">to do<") == 3
        again = client.post("/setup/administrator", data=form | {"code": setup_code(database), "person": "eve"})
        assert again.status_code == 409 and "has an administrator already" in again.text

        site = {"name": "pharmacy", "title": "Hospital pharmacy", "zone": "Europe/Berlin"}
        assert "time zone" in client.post("/setup/site", data=site | {"zone": ""}).text
        assert "Europe/Berlin" in client.post("/setup/site", data=site).text
        rooms = {
            "site": "pharmacy", "room": ["0", "2"], "name": ["dock", "fridge-1", "cold-1"],
            "title": ["Dock", "Refrigerator 1", "Cold room"], "policy": ["", "usp-refrigerator", ""],
        }  # fmt: skip
        assert "no room was ticked" in client.post("/setup/rooms", data=rooms | {"room": []}).text.lower()
        shown = client.post("/setup/rooms", data=rooms).text
        assert "Cold room" in shown and "Refrigerator 1</a>" not in shown

        invited = client.post("/gateways/invitations", data={"name": "gw-1", "place": "dock", "hours": "1"})
        (code,) = re.findall(r'class="secret"><code>([^<]+)<', invited.text)
        assert f"edge-agent enroll --code {code} --url https://ledger" in invited.text and "<svg" in invited.text
        enrol(database, a_gateway_with("gw-1", code), now=NOW)
        assert client.get("/setup").text.count(">to do<") == 0
        assert "never heard" in client.get("/gateways").text


def a_gateway_with(name: str, code: str) -> Enrolment:
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return Enrolment(name, public, code, base64.b64encode(key.sign(enrolment_words(name, public, code))).decode())


@pytest.mark.parametrize("path", ["/setup/site", "/setup/rooms", "/gateways/invitations"])
def test_nobody_goes_on_without_signing_in(database: Database, path: str) -> None:
    with browser_at(database, Clock()) as browser:
        answer = browser.client.post(path, data={"name": "x", "zone": "UTC"}, follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/login")
