"""The console's pages without a browser: who gets in, what a form may do, and what is told when it may not."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from zipfile import ZipFile

import httpx
import pytest

from cloud_sync.actions.people.accounts import add_account
from cloud_sync.api.limits import BODY_BYTES_MAX
from cloud_sync.app import create_app
from cloud_sync.domain.roles import Role
from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, reading
from tests.support.console import Console
from tests.support.ledger_api import LATER, NOW, SOON, Api, api_on, movement
from tests.support.people import PASSWORD, Clock, browser_at
from tests.support.quick_client import QuickClient

PAGES = ("/", "/quarantine", "/lots", "/lots?q=L", "/cases", "/cases?all=true", "/gateways", "/rooms/fridge-a")


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        yield api


def as_role(api: Api, role: str) -> httpx.Client:
    api.client.cookies.clear()
    answer = api.client.post("/login/token", data={"token": getattr(api, role).token}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    return api.client


@pytest.mark.parametrize("path", [*PAGES, "/rooms/fridge-a/series", "/live", "/quarantine/1", "/lots/1"])
def test_nobody_sees_anything_without_logging_in(api: Api, path: str) -> None:
    answer = api.client.get(path, follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login?next=/")
    assert answer.content == b""


def test_whoever_has_to_sign_in_again_goes_on_where_they_were(api: Api) -> None:
    """With what the list was narrowed to; from a form, to the page with the form, if it is one of ours."""
    assert api.client.get("/lots?q=L1", follow_redirects=False).headers["location"] == "/login?next=/lots%3Fq%3DL1"
    here = str(api.client.base_url).rstrip("/")
    for came_from, target in (
        (f"{here}/new-order?kind=transfer", "/new-order%3Fkind%3Dtransfer"),
        ("https://evil.example/new-order", "/"),
        (f"{here}/login?next=/lots", "/"),
        (f"{here}/lots?q={'x' * 600}", "/"),
    ):
        sent = api.client.post("/orders", data={}, headers={"referer": came_from}, follow_redirects=False)
        assert sent.headers["location"] == f"/login?next={target}"


def test_an_error_has_the_way_back_to_its_form_or_on_to_the_list(api: Api) -> None:
    client = as_role(api, "operator")
    here = str(client.base_url).rstrip("/")
    missing = client.get("/lots/999", headers={"referer": f"{here}/expiry?days=30"})
    assert missing.status_code == 404 and '<a class="button" href="/lots">Open Lots</a>' in missing.text
    assert '<a href="/expiry?days=30">Back</a>' in missing.text
    refused = client.post("/orders", data={"kind": "transfer"}, headers={"referer": f"{here}/new-order?kind=transfer"})
    assert refused.status_code == 422 and 'data-refused="422"' in refused.text
    assert 'id="back" href="/new-order?kind=transfer"' in refused.text


BROWSER = {"accept": "text/html,application/xhtml+xml"}


def test_a_browser_gets_a_page_where_no_page_answers_and_programs_get_data(api: Api) -> None:
    client = as_role(api, "operator")
    for path in ("/nonsense", "/orders/PO-1/approve"):
        page = client.get(path, headers=BROWSER)
        assert page.status_code in (404, 405) and "There is no such page." in page.text and 'id="menu"' in page.text
        assert "style-src 'self'" in page.headers["content-security-policy"]
        assert client.get(path).json()["error"] in ("Not Found", "Method Not Allowed")
    assert client.get("/v1/nonsense", headers=BROWSER).json()["error"] == "Not Found"
    large = client.post("/orders", content=b"x" * (BODY_BYTES_MAX + 1), headers=BROWSER)
    assert large.status_code == 413 and "<h1>Too large</h1>" in large.text
    client.cookies.clear()
    assert "There is no such page." in client.get("/nonsense", headers=BROWSER).text


def test_a_defect_is_told_with_the_number_it_has_in_the_log(database: Database) -> None:
    def broken() -> datetime:
        raise ZeroDivisionError

    app = create_app(database, clock=broken)
    with QuickClient(app, base_url="https://ledger", raise_server_exceptions=False) as client:
        for accept, shown in ((BROWSER, "<h1>That did not work</h1>"), ({}, '"error":"the ledger has a defect')):
            answer = client.get("/account", headers={**accept, "x-request-id": "n-17"})
            assert answer.status_code == 500 and shown in answer.text and "n-17" in answer.text
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_wrong_token_is_told_and_nobody_is_sent_elsewhere_after_logging_in(api: Api) -> None:
    wrong = api.client.post("/login/token", data={"token": "lw_wrong"})
    assert wrong.status_code == 401 and "This token is unknown" in wrong.text
    for target in ("//evil.example/x", "/\\evil.example", "https://evil.example"):
        data = {"token": api.reader.token}
        answer = api.client.post("/login/token", params={"next": target}, data=data, follow_redirects=False)
        assert answer.headers["location"] == "/"


def test_a_person_signs_in_chooses_a_password_and_a_session_that_ended_asks_again(database: Database) -> None:
    clock = Clock()
    secret = add_account(database, "amy", "Amy Miller", [Role.QUALITY], at=NOW)
    with browser_at(database, clock) as browser:
        form = {"person": "amy", "password": "wrong"}
        wrong = browser.client.post("/login", data=form)
        assert wrong.status_code == 401 and "name or the password is wrong" in wrong.text
        once = browser.client.post("/login", data=form | {"password": secret})
        assert once.status_code == 422 and 'name="new_password"' in once.text
        chosen = form | {"password": secret, "new_password": PASSWORD}
        signed_in = browser.client.post("/login", data=chosen, params={"next": "/cases"}, follow_redirects=False)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/cases")
        cookie = signed_in.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "secure"))
        assert "amy" in browser.client.get("/").text
        clock.passes(minutes=16)
        assert browser.client.get("/", follow_redirects=False).headers["location"] == "/login?next=/&over=true"
        assert "You were signed out" in browser.client.get("/login?next=/&over=true").text
        browser.client.post("/login", data=form | {"password": PASSWORD})
        browser.client.post("/logout")
        assert browser.client.get("/", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("role", ["reader", "operator", "quality", "administrator"])
def test_every_page_is_shown_to_every_role_under_a_strict_policy(api: Api, role: str) -> None:
    lot = api.receive("L1", 5)
    excursion = api.excursion("fridge-a", lot)
    client = as_role(api, role)
    for path in (*PAGES, f"/lots/{lot}", f"/quarantine/{excursion}"):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
    assert (">Decide</button>" in client.get(f"/quarantine/{excursion}").text) is (role == "quality")


def test_quality_decides_on_the_ticked_lots_of_an_event(api: Api) -> None:
    lot = api.receive("L1", 5)
    excursion = api.excursion("fridge-a", lot)
    client = as_role(api, "quality")
    without = client.post(f"/quarantine/{excursion}", data={"decision": "release", "reason": "x"})
    assert without.status_code == 422 and "no lot was ticked" in without.text.lower()
    blank = client.post(f"/quarantine/{excursion}", data={"decision": "release", "reason": " ", "lot": lot})
    assert blank.status_code == 422 and "needs a reason" in blank.text
    done = client.post(
        f"/quarantine/{excursion}", data={"decision": "release", "reason": "stability data", "lot": lot},
        follow_redirects=False,
    )  # fmt: skip
    assert done.status_code == 303
    page = client.get(f"/quarantine/{excursion}").text
    assert "released by quality-1" in page and "stability data" in page
    assert api.reader.rows("/v1/holds", lot=lot) == []


def test_a_form_from_another_site_and_one_of_a_role_that_may_not_change_nothing(api: Api) -> None:
    lot = api.receive("L1", 5)
    excursion = api.excursion("fridge-a", lot)
    form = {"decision": "release", "reason": "x", "lot": lot}
    client = as_role(api, "quality")
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        answer = client.post(f"/quarantine/{excursion}", data=form, headers=headers)
        assert answer.status_code == 403 and "another site&#39;s page sent this" in answer.text.lower()
    answer = as_role(api, "operator").post(f"/quarantine/{excursion}", data=form)
    assert answer.status_code == 403 and "may not lift holds" in answer.text
    assert api.reader.rows("/v1/holds", lot=lot) != []


def test_a_lot_is_held_and_freed_again_by_somebody_else(api: Api) -> None:
    lot = api.receive("L1", 5)
    operator = as_role(api, "operator")
    assert operator.post(f"/lots/{lot}/hold", data={"reason": "torn box"}, follow_redirects=False).status_code == 303
    assert "torn box" in operator.get(f"/lots/{lot}").text
    (hold,) = api.reader.rows("/v1/holds/placed", only_open=True)
    page = as_role(api, "quality").get("/quarantine").text
    assert f"/holds/{hold['id']}/lift" in page
    api.client.post(f"/holds/{hold['id']}/lift", data={"reason": "box only"})
    assert api.reader.rows("/v1/holds", lot=lot) == []


def test_a_case_is_closed_with_what_was_found(api: Api, console: Console) -> None:
    lot = api.receive("L1", 5)
    case = api.operator.ok("POST", "/v1/cases", json={"lot_id": lot, "text": "label is smeared"})
    console.sign_in(api.operator)
    assert f"/cases/{case['id']}/resolve" not in console.page("/cases"), "closed by quality"
    console.sign_in(api.quality)
    assert "label is smeared" in console.page("/cases")
    form = {"decision": "explained", "resolution": "printer ribbon"}
    console.does(f"/cases/{case['id']}", f"/cases/{case['id']}/resolve", **form)
    assert "label is smeared" not in console.page("/cases")
    assert "printer ribbon" in console.page("/cases?all=true")


@pytest.mark.parametrize("path", ["/rooms/nowhere", "/lots/999999", "/quarantine/999999", f"/lots/{10**30}"])
def test_what_is_not_there_is_told_on_a_page(api: Api, path: str) -> None:
    answer = as_role(api, "reader").get(path)
    assert answer.status_code == 404 and "Not found" in answer.text


@pytest.mark.parametrize("path", ["/quarantine/x", "/lots/none", "/cases/1e3"])
def test_an_address_that_no_page_has_is_told_in_plain_words(api: Api, path: str) -> None:
    answer = as_role(api, "reader").get(path)
    assert answer.status_code == 404 and "There is no such page" in answer.text and "integer" not in answer.text


def test_the_evidence_of_a_lot_is_downloaded_from_its_page(api: Api) -> None:
    lot = api.receive("L1", 5)
    client = as_role(api, "quality")
    assert f'href="/evidence/lot/{lot}"' in client.get(f"/lots/{lot}").text
    early = client.get(f"/evidence/lot/{lot}")
    assert early.status_code == 409 and "sealed" in early.text
    while seal_once(api.database):
        pass
    answer = client.get(f"/evidence/lot/{lot}")
    assert answer.headers["content-disposition"] == f'attachment; filename="evidence-lot-{lot}.zip"'
    with ZipFile(BytesIO(answer.content)) as archive:
        assert {"README.txt", "report.pdf", "evidence.json", "verify.py"} <= set(archive.namelist())
    refused = as_role(api, "operator").get(f"/evidence/lot/{lot}")
    assert refused.status_code == 403 and "Ask somebody with the role" in refused.text and "quality" in refused.text
    assert f"/evidence/lot/{lot}" not in client.get(f"/lots/{lot}").text


def test_what_a_label_says_is_shown_as_text(api: Api) -> None:
    lot = api.receive("<b>L</b>", 5)
    client = as_role(api, "reader")
    for path in ("/lots", f"/lots/{lot}", "/rooms/fridge-a"):
        page = client.get(path).text
        assert "<b>L</b>" not in page and "&lt;b&gt;L&lt;/b&gt;" in page


def test_the_search_finds_by_number_item_and_gtin(api: Api) -> None:
    api.administrator.ok("POST", "/v1/items", json={"name": "saline", "title": "Saline 0.9 %"})
    api.receive("ABC-1", 5)
    api.receive("XYZ-1", 5, item="saline")
    client = as_role(api, "reader")
    saline = {"XYZ-1"}
    for words, found in (("abc", {"ABC-1"}), ("saline", saline), ("0.9 %", saline), ("%", saline), ("none", set())):
        page = client.get("/lots", params={"q": words}).text
        assert {lot for lot in ("ABC-1", "XYZ-1") if lot in page} == found, words


def test_a_trace_is_searched_shown_step_by_step_and_given_to_be_drawn(api: Api) -> None:
    lot = api.receive("L1", 5)
    line = {"item": "insulin", "lot_number": "L1", "quantity": 2}
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [line]))
    client = as_role(api, "reader")
    page = client.get(f"/lots/{lot}/trace").text
    assert all(word in page for word in ("acme", "fridge-a", "st-mary", "Draw it"))
    assert "st-mary" in client.get(f"/lots/{lot}/trace?csv=steps").text
    graph = client.get(f"/lots/{lot}/trace/graph").json()
    places = {node["key"]: node["place"] for node in graph["nodes"]}
    assert {(places[edge["source"]], places[edge["target"]]) for edge in graph["edges"]} == {
        ("acme", "fridge-a"), ("fridge-a", "st-mary"),
    }  # fmt: skip
    found = client.get("/trace", params={"lot_number": "L1"}).text
    assert "1 lot<" in found and "st-mary" in found
    assert "no lot matches" in client.get("/trace", params={"lot_number": "L9"}).text.lower()


def test_what_expires_unused_is_foreseen_and_offered_to_where_it_is_short(api: Api) -> None:
    api.receive("OLD", 100, expires_on=SOON)
    api.receive("NEW", 10, place="fridge-b", expires_on=LATER)
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [
        {"item": "insulin", "lot_number": "OLD", "quantity": 9}]))  # fmt: skip
    level = {"reorder_point": 20, "par_level": 40}
    api.administrator.ok("PUT", "/v1/reorder-levels/insulin/fridge-b", json=level | {"reason": "so it is"})
    client = as_role(api, "reader")
    page = client.get("/expiry").text
    assert "at risk" in page and "Suggested transfers" in page and "NEW" not in page
    csv = client.get("/expiry?csv=expiry").text.splitlines()
    assert csv[1].split(",")[3:6] == ["OLD", "fridge-a", "91"] and csv[1].endswith("88,at risk")
    assert "No stock expires" in client.get("/expiry?days=1").text


@pytest.mark.parametrize("name", ["stock", "holds", "excursions", "decisions", "movements", "exceptions"])
def test_every_report_is_a_page_and_a_file_of_what_the_ledger_has(api: Api, name: str) -> None:
    lot = api.receive("L1", 5)
    excursion = api.excursion("fridge-a", lot)
    api.operator.ok("POST", "/v1/cases", json={"lot_id": lot, "place": "fridge-a", "text": "L1 fridge-a smeared"})
    form = {"excursion_ids": [excursion], "lot_ids": [lot], "decision": "release", "reason": "stable"}
    if name == "decisions":
        api.quality.ok("POST", "/v1/dispositions/event", json=form)
    client = as_role(api, "reader")
    assert f'href="/reports/{name}"' in client.get("/reports").text
    words = "fridge-a" if name == "excursions" else "L1"
    for answer in (client.get(f"/reports/{name}"), client.get(f"/reports/{name}?q={words}&csv={name}")):
        assert answer.status_code == 200 and words in answer.text, answer.text


def test_a_room_shows_who_was_there_and_when_calibrations_are_due(api: Api) -> None:
    gone, _ = api.receive("GONE", 5), api.receive("HERE", 5)
    line = {"item": "insulin", "lot_number": "GONE", "quantity": 5}
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [line]))
    api.excursion("fridge-a", gone)
    with api.database.transaction() as connection:
        connection.execute(
            """INSERT INTO evidence (gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw)
               SELECT gateway_id, gen_random_uuid(), 'scans', 1, 1, sha256('a'), sha256('b'), 'x' FROM channel"""
        )
        connection.execute(
            """INSERT INTO notice (evidence_id, seq, gateway_id, at, kind, subject, text, data)
               SELECT e.id, 1, c.gateway_id, now(), 'calibration_due', c.device, 'soon', '{"due": "2026-07-01"}'
               FROM channel c JOIN evidence e USING (gateway_id)"""
        )
    page = as_role(api, "reader").get("/rooms/fridge-a?hours=8760").text
    assert page.count("GONE") >= 1 and page.count("HERE") >= 2, "now and then"
    assert "01 Jul 2026" in page


def test_the_description_of_the_api_takes_and_shows_no_token(api: Api) -> None:
    page = api.client.get("/docs").text
    assert "/static/docs.css" in page and '"supportedSubmitMethods": ["get"]' in page
    style = api.client.get("/static/docs.css").text
    assert ".auth-wrapper" in style and "display: none" in style


def test_files_are_kept_for_good_under_the_hash_of_what_they_are(api: Api) -> None:
    lot = api.receive("L1", 5)
    pages = [as_role(api, "reader").get(path).text for path in ("/", "/rooms/fridge-a", f"/lots/{lot}/trace", "/docs")]
    assert files_kept_for_good(api, *pages) >= {
        "console.css", "console.js", "live.js", "trace.js", "dagre.min.js", "docs.css",
    }  # fmt: skip
    assert api.client.get("/static/nothing.css?v=000000000000").headers["cache-control"] == "no-store"


def files_kept_for_good(api: Api, *pages: str) -> set[str]:
    """The names of the files that these pages ask for, each of them under the hash of what it is."""
    addresses = set(re.findall(r"/static/[^\"' ]+", " ".join(pages)))
    for address in addresses:
        path, _, version = address.partition("?v=")
        kept = api.client.get(address)
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable", address
        assert sha256(kept.content).hexdigest().startswith(version) and version
        known = api.client.get(address, headers={"if-none-match": kept.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")
        for other in (path, f"{path}?v=000000000000"):
            asked_again = api.client.get(other)
            assert (asked_again.status_code, asked_again.headers["cache-control"]) == (200, "private, no-cache")
    return {address.partition("?")[0].rpartition("/")[2] for address in addresses}


def test_the_curve_of_a_long_time_comes_with_the_page_and_that_of_a_short_one_is_asked_for(
    ledger: Ledger, say: Said
) -> None:
    say(*(reading(minute(20 * n), 4.0 + n / 8) for n in range(9)))
    with api_on(ledger.database) as api:
        client = as_role(api, "reader")
        data = re.compile(r'<script type="application/json">(.*)</script>')
        short, long = (client.get(f"/rooms/fridge-a?hours={hours}").text for hours in (24, 8760))
        assert data.search(short) is None
        assert short.count("/rooms/fridge-a/series?hours=24") == 2, "asked for early, and by the script"
        given = data.search(long)
        assert given is not None and 'rel="preload"' not in long
        told, asked = json.loads(given[1]), client.get("/rooms/fridge-a/series?hours=8760").json()
        assert told["channels"] == asked["channels"] and len(told["channels"][0]["at"]) > 0
        assert files_kept_for_good(api, long) == {"console.css", "console.js", "uPlot.min.css", "curves.js"}


def test_a_page_loads_no_script_that_nothing_on_it_needs_and_each_is_compressed(api: Api) -> None:
    client = as_role(api, "reader")
    scripts = {path: set(re.findall(r'<script src="/static/([^?]+)', client.get(path).text)) for path in ("/", "/lots")}
    assert scripts == {"/": {"console.js", "live.js"}, "/lots": {"console.js"}}
    api.client.cookies.clear()
    assert "keys.js" not in api.client.get("/login").text, "nobody has a key yet"
    plain = api.client.get("/static/live.js", headers={"accept-encoding": "identity"})
    vendor = [api.client.get(f"/static/vendor/{name}.min.js").content for name in ("htmx", "htmx-ext-sse")]
    assert plain.content == vendor[0] + b"\n;" + vendor[1] and "content-encoding" not in plain.headers
    sent = api.client.get("/static/live.js", headers={"accept-encoding": "gzip"})
    assert sent.headers["content-encoding"] == "gzip" and sent.content == plain.content
    assert int(sent.headers["content-length"]) < len(plain.content) / 3
    for path in ("/static/..%2fconsole.css", "/static/", "/static/../build.py"):
        assert api.client.get(path).status_code == 404
    assert api.client.post("/static/live.js").status_code in (403, 405)


def test_a_lots_page_has_its_stays_and_its_documents(api: Api) -> None:
    lot = api.receive("L1", 5)
    paper = {"lot_id": lot, "kind": "coa", "reference": "CoA-77", "sha256": "ab" * 32}
    api.quality.ok("POST", "/v1/documents", json=paper)
    page = as_role(api, "reader").get(f"/lots/{lot}").text
    assert "CoA-77" in page and "abababab" in page and '<rect class="bar-' in page


def test_a_list_longer_than_any_page_is_sorted_and_filtered_as_a_whole(api: Api) -> None:
    api.receive("A-FIRST", 5)
    with api.database.transaction() as connection:
        connection.execute(
            """INSERT INTO lot (item_id, lot_number, owner, expires_on)
               SELECT i.id, 'M-' || lpad(n::text, 5, '0'), 'house', date '2027-01-01' + n
               FROM item i, generate_series(1, 2500) n WHERE i.name = 'insulin'"""
        )
        connection.execute(
            """INSERT INTO position (lot_id, serial, place_id, quantity)
               SELECT l.id, '', p.id, 1 FROM lot l, place p WHERE p.name = 'fridge-a' AND l.lot_number LIKE 'M-%'"""
        )
    held = api.reader.rows("/v1/lots", lot_number="M-02400")[0]["id"]
    api.quality.ok("POST", "/v1/holds", json={"lot_id": held, "reason": "torn box"})
    client = as_role(api, "reader")
    last = client.get("/lots?sort=-lot_number").text
    assert last.index("M-02500") < last.index("M-02499") and "Only the first" not in last
    assert "A-FIRST" in client.get("/lots?sort=lot_number").text
    assert "M-02500" in client.get("/lots?sort=-expires_on").text
    only_held = client.get("/lots?state=on+hold").text
    assert "M-02400" in only_held and "M-02399" not in only_held
    assert "M-02400" not in client.get("/lots?state=available&q=M-024").text
    assert len(client.get("/lots?csv=lots&sort=lot_number").text.splitlines()) == 2502
