"""Administration and audit in the console: people, master data with history, imports, and who did what."""

import re

import httpx
import pytest

from cloud_sync.actions.people.accounts import init
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import NOW, api_on
from tests.support.people import PASSWORD, Browser, Clock, browser_at, opened_account


def as_administrator(browser: Browser, database: Database) -> httpx.Client:
    secret = init(database, "ada", "Ada Ames", at=NOW)
    browser.client.post("/login", data={"person": "ada", "password": secret, "new_password": PASSWORD})
    return browser.client


def test_people_are_invited_given_roles_locked_and_never_by_themselves(database: Database) -> None:
    with api_on(database) as api:
        api.house()
    with browser_at(database, Clock()) as browser:
        client = as_administrator(browser, database)
        assert "Ada Ames" in client.get("/administration/people").text
        form = {"person": "quinn", "name": "Quinn Quill", "site": "main"}
        assert "no role was ticked" in client.post("/administration/people", data=form).text.lower()
        made = client.post("/administration/people", data=form | {"role": ["quality", "auditor"]}).text
        (secret,) = re.findall(r'class="secret"><code>([^<]+)<', made)
        person = "/administration/people/quinn"
        assert client.get(person).text.count("at main") == 2
        grown = client.post(f"{person}/roles", data={"role": "receiver"}).text
        assert "<b>receiver</b> everywhere" in grown
        assert "<b>receiver</b>" not in client.post(f"{person}/roles/withdraw", data={"role": "receiver"}).text
        for own in ("lock", "reset", "roles"):
            refused = client.post(f"/administration/people/ada/{own}", data={"role": "quality", "reason": "just so"})
            assert refused.status_code == 403 and "nobody changes their own access" in refused.text.lower()
        assert "needs a reason" in client.post(f"{person}/lock").text
        locked = client.post(f"{person}/lock", data={"reason": "left the house"}).text
        assert "left the house" in locked and "account locked" in locked
        assert "Unlock the account" not in client.post(f"{person}/unlock", data={"reason": "came back"}).text
        again = re.findall(r'class="secret"><code>([^<]+)<', client.post(f"{person}/reset").text)
        assert again and again != [secret]
        browser.sign_in("ada")
        by_api = browser.post("/v1/accounts", {"person": "otto", "printed_name": "Otto", "roles": ["operator"]})
        assert by_api.status_code == 201 and by_api.json()["one_time_secret"]
        assert browser.post("/v1/accounts/ada/roles", {"role": "quality"}).status_code == 403
        assert browser.post("/v1/accounts/otto/lock", {"reason": "on leave"}).status_code == 204


def test_an_auditor_reviews_access_and_gives_none_out(database: Database) -> None:
    opened_account(database, "audrey", Role.AUDITOR)
    with browser_at(database, Clock()) as browser:
        browser.client.post("/login", data={"person": "audrey", "password": PASSWORD})
        page = browser.client.get("/administration/people").text
        assert "audrey" in page and "Open an account" not in page
        refused = browser.client.post("/administration/people/audrey/roles", data={"role": "administrator"})
        assert refused.status_code == 403 and "may not give out access" in refused.text
        assert "✓" in browser.client.get("/administration/roles").text


def test_records_are_added_changed_and_shown_with_their_history_and_the_audit_finds_it(database: Database) -> None:
    with api_on(database) as api:
        api.house()
    with browser_at(database, Clock()) as browser:
        client = as_administrator(browser, database)
        item = {"name": "saline", "title": "Saline", "gtins": "09501101530003=1", "reason": "new product"}
        wrong = client.post("/administration/items/new", data=item | {"gtins": "123=1"})
        assert wrong.status_code == 422 and "14 digits" in wrong.text and 'value="123=1"' in wrong.text
        added = client.post("/administration/items/new", data=item)
        assert added.url.path == "/administration/items/saline" and "new product" in added.text
        changed = client.post(
            "/administration/items/saline", data=item | {"title": "Saline 0.9 %", "reason": "as labelled"}
        )
        assert "title: Saline → Saline 0.9 %" in changed.text
        shown = client.get("/administration/items?q=saline").text
        assert "09501101530003 (1)" in shown and "insulin" not in shown
        assert "Saline 0.9 %" in client.get("/administration/items?csv=items").text
        assert "09501101530003=1" in client.get("/administration/exports/items").text
        assert (
            client.post("/administration/suppliers/acme", data={"name": "acme", "reason": "why not"}).status_code == 403
        )
        assert client.get("/administration/nonsense").status_code == 404

        events = client.get("/audit", params={"who": "ada", "what": "item changed"}).text
        assert "as labelled" in events and "new product" not in events and "/administration/items/saline" in events
        assert "as labelled" not in client.get("/audit", params={"until": "2020-01-01"}).text
        assert "as labelled" in client.get("/audit", params={"about": "item:saline", "csv": "events"}).text
        assert client.get("/audit", params={"since": "yesterday"}).status_code == 422


def test_a_file_is_tried_with_faults_by_line_before_it_is_imported(database: Database) -> None:
    with browser_at(database, Clock()) as browser:
        client = as_administrator(browser, database)
        form = {"kind": "places", "reason": "first fill", "dry_run": "true"}
        bad = "name,kind,zone\nmain,site,Europe/Berlin\nx y,room,\n"
        tried = client.post("/administration/imports", data=form, files={"file": ("p.csv", bad)})
        assert (
            tried.status_code == 422
            and '<td class="n"><span class="nb">3</span></td>' in tried.text
            and "1 fault<" in tried.text
        )
        good = "name,kind,zone\nmain,site,Europe/Berlin\n"
        tried = client.post("/administration/imports", data=form, files={"file": ("p.csv", good)}).text
        assert "1 added, 0 changed" in tried and "Nothing was changed yet" in tried
        assert "Europe/Berlin" not in client.get("/administration/places").text
        done = client.post(
            "/administration/imports", data={"kind": "places", "reason": "first fill", "text": good}
        ).text
        assert "1 added" in done and "Europe/Berlin" in client.get("/administration/places").text


@pytest.mark.parametrize("page", ["/administration/imports", "/administration/spreadsheets"])
def test_suppliers_are_imported_by_quality_alone_and_everything_else_by_an_administrator(
    page: str, database: Database
) -> None:
    with api_on(database) as api:
        api.house()
        console = Console(api)
        files = {"suppliers": b"name,status\nbolt,qualified\n", "owners": b"name,title\nclinic,Clinic\n"}
        others = {"suppliers": ("administrator", api.administrator), "owners": ("quality", api.quality)}
        for kind, (role, somebody) in others.items():
            console.sign_in(somebody)
            form = console.page(page)
            assert f'<option value="{kind}"' not in form
            assert ("Suppliers are imported by quality" in form) is (role == "administrator")
            said = {"kind": kind, "reason": "first fill"}
            refused = api.client.post(page, data=said, files={"file": ("f.csv", files[kind])})
            assert refused.status_code == 403 and f"the role {role}, which may not" in refused.text
        for kind, somebody in (("suppliers", api.quality), ("owners", api.administrator)):
            console.sign_in(somebody)
            done = api.client.post(page, data=said | {"kind": kind}, files={"file": ("f.csv", files[kind])})
            assert done.status_code == 200 and "1 added" in done.text
        console.sign_in(api.operator)
        assert api.client.get(page).status_code == 403


@pytest.mark.parametrize("path", ["/v1/imports/suppliers", "/v1/spreadsheets/suppliers"])
def test_a_program_of_an_administrator_approves_no_supplier_either(path: str, database: Database) -> None:
    with api_on(database) as api:
        said = {"params": {"reason": "first fill"}, "content": b"name,status\nbolt,qualified\n"}
        refused = api.administrator.request("POST", path, **said)
        assert refused.status_code == 403 and "may not qualify suppliers" in refused.json()["error"]
        assert api.quality.ok("POST", path, **said)["added"] == 1


def test_policies_are_shown_in_words_with_where_they_are_in_force(database: Database) -> None:
    with api_on(database) as api:
        rule = {"name": "high", "metric": "temp_c", "side": "above", "limit": 8.0, "on_limit_is_outside": False,
                "delay_s": 600, "source": "USP 659"}  # fmt: skip
        silence = {"kind": "no_data", "name": "gone", "metric": "temp_c", "after_s": 3600, "source": "house"}
        api.administrator.ok("POST", "/v1/policies", json={"name": "cold", "title": "Cold", "rules": [rule, silence]})
        api.place("main", "site")
        api.place("fridge-a", parent="main", policy="cold", title="Fridge A")
        api.client.post("/login/token", data={"token": api.reader.token})
        page = api.client.get("/administration/policies/cold").text
        assert "above 8 °C, for longer than 10 min" in page and "no value for 1 h" in page
        assert "Fridge A" in page and "policy added" in page
        assert "Fridge A" in api.client.get("/administration/policies").text
