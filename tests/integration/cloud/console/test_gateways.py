"""Gateways in the console: what is known of each, and where its probes are."""

import re
from datetime import timedelta

import psycopg

from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.fleet.heartbeats import ReleaseStanding
from edge_agent.domain.wire.records import Notice, NoticeKind
from tests.browser.console_fleet import EDITED, FIRST, heard
from tests.support.builders import GatewayWithKey, minute, reading, stamp
from tests.support.ledger_api import NOW, api_on
from tests.support.people import PASSWORD, Clock, browser_at, opened_account


def test_a_probe_without_a_place_is_a_to_do_until_somebody_picks_its_room(database: Database) -> None:
    with api_on(database) as api:
        api.house()
    gateway = GatewayWithKey()
    gateway.register(database)
    report = {
        "used_bytes": 2_000_000, "bytes_max": 10_000_000, "free_bytes": 5_000_000, "written_bytes": 7_000_000,
        "scans_waiting": 1, "readings_waiting": 11, "version": "0.9.9",
        "disk": "mmcblk0", "disk_kind": "MMC", "disk_life_used_pct": 40, "disk_written_bytes_a_day": 3_000_000_000,
    }  # fmt: skip
    for records in (
        [reading(minute(0), 5.0, "probe-x")],
        [Notice(stamp(minute(0)), NoticeKind.STATISTICS, "journal", "12 records wait", report)],
    ):
        assert store_batch(database, gateway.batch(*records)).outcome is BatchOutcome.STORED
    opened_account(database, "faye", Role.FACILITIES)
    opened_account(database, "audrey", Role.AUDITOR)
    with browser_at(database, Clock()) as browser:
        client = browser.client
        client.post("/login", data={"person": "audrey", "password": PASSWORD})
        page = client.get("/gateways").text
        assert "Where are these probes?" in page and "Assign the place" not in page
        (channel,) = {row["id"] for row in browser.get("/v1/channels").json()["rows"]}
        assert client.post(f"/channels/{channel}/place", data={"place": "fridge-a"}).status_code == 403

        client.post("/login", data={"person": "faye", "password": PASSWORD})
        page = client.get("/gateways").text
        assert f'action="/channels/{channel}/place"' in page and "0.9.9" in page
        placed = client.post(f"/channels/{channel}/place", data={"place": "fridge-a"}).text
        assert "Where are these probes?" not in placed and 'href="/rooms/fridge-a"' in placed

        detail = client.get("/gateways/gw-1").text
        for known in (
            "0.9.9",
            "12 records",
            "2.0 MB of 10.0 MB",
            "7.0 MB",
            "all of 2 records",
            "mmcblk0 (MMC), up to 40 % of its life used; 3.0 GB written a day",
        ):
            assert known in detail, known
        assert "nothing to report" in detail and "from 30 days before expiry" in detail
        assert client.get("/gateways/gw-9").status_code == 404


def test_what_a_gateway_has_not_reported_is_said_and_it_is_invited_again_moved_and_revoked(database: Database) -> None:
    with api_on(database) as api:
        api.house()
    GatewayWithKey().register(database)
    opened_account(database, "faye", Role.FACILITIES)
    with browser_at(database, Clock()) as browser:
        client = browser.client
        client.post("/login", data={"person": "faye", "password": PASSWORD})
        detail = client.get("/gateways/gw-1").text
        assert detail.count("not reported yet") == 6 and "nothing yet" in detail
        assert "fridge-a" in client.post("/gateways/gw-1/place", data={"place": "fridge-a"}).text
        taken = client.post("/gateways/invitations", data={"name": "gw-1", "place": "fridge-a"})
        assert taken.status_code == 409 and "is registered already" in taken.text
        again = client.post("/gateways/gw-1/replace", data={"hours": "1"})
        assert re.search(r'class="secret"><code>[A-Z0-9-]{20,}<', again.text)
        until = f"{NOW + timedelta(hours=1):%d %b %Y %H:%M}"
        assert until in again.text and "gw-1" in client.get("/gateways").text
        assert "needs a reason" in client.post("/gateways/gw-1/revoke").text
        assert ">revoked<" in client.post("/gateways/gw-1/revoke", data={"reason": "stolen"}).text
        browser.sign_in("faye")
        invited = browser.post("/v1/gateways/gw-2/invitations", {"place": "fridge-b"})
        assert invited.status_code == 201 and len(invited.json()["code"]) > 20, invited.text


def test_in_a_house_with_many_places_forms_share_one_list_and_any_place_can_be_typed(database: Database) -> None:
    with api_on(database) as api:
        api.house()
    gateway = GatewayWithKey()
    gateway.register(database)
    records = [reading(minute(0), 5.0, f"probe-{number}") for number in range(60)]
    assert store_batch(database, gateway.batch(*records)).outcome is BatchOutcome.STORED
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "WITH room AS (SELECT id, ancestors FROM place WHERE name = 'fridge-a'),"
            " new AS (SELECT n, nextval('place_id_seq') AS id FROM generate_series(1, 1500) n)"
            " INSERT INTO place (id, name, kind, parent_id, ancestors) OVERRIDING SYSTEM VALUE"
            " SELECT new.id, 'bin-' || n, 'bin', room.id, room.ancestors || new.id FROM new, room"
        )
    opened_account(database, "faye", Role.FACILITIES)
    with browser_at(database, Clock()) as browser:
        browser.client.post("/login", data={"person": "faye", "password": PASSWORD})
        page = browser.client.get("/gateways").text
        assert page.count('list="places"') == 60 and page.count('<datalist id="places">') == 1
        assert len(page) < 70_000
        channel = re.findall(r"/channels/(\d+)/place", page)[0]
        placed = browser.client.post(f"/channels/{channel}/place", data={"place": "bin-1477"}).text
        assert 'href="/rooms/bin-1477"' in placed
        unknown = browser.client.post(f"/channels/{channel}/place", data={"place": "bin-9999"})
        assert unknown.status_code == 404 and "bin-9999" in unknown.text


def test_a_configuration_is_edited_checked_handed_out_and_put_back_after_drift(database: Database) -> None:
    with api_on(database) as api:
        api.house()
    GatewayWithKey().register(database)
    opened_account(database, "faye", Role.FACILITIES)
    with browser_at(database, Clock()) as browser:
        client = browser.client
        client.post("/login", data={"person": "faye", "password": PASSWORD})
        page = "/gateways/gw-1/config"
        assert "Nothing was handed out yet" in client.get(page).text
        checked = client.post(page, data={"toml": "[uplink]\n", "step": "check"}).text
        assert "[uplink] stays at the gateway" in checked and "Deploy it" not in checked
        checked = client.post(page, data={"toml": FIRST, "step": "check"}).text
        assert "calendar.at" in checked and "Deploy it" in checked
        assert "version 1" in client.post(page, data={"toml": FIRST, "step": "set", "reason": "first"}).text
        assert "needs a reason" in client.post(page, data={"toml": EDITED, "step": "set"}).text
        heard(database, "gw-1", NOW, ReleaseStanding(version="0.1.0"))
        drifted = client.get(page).text
        assert "The configuration was edited at the gateway" in drifted and "device[fridge-a/probe-1].poll_s" in drifted
        taken = client.post(f"{page}/take-over", data={"reason": "it was right"}).text
        assert "waits for a second person" in taken and "proposed by faye" in taken.lower()
        assert "No releases yet" in client.get("/releases").text
        cohort = client.post("/releases/cohorts", data={"gateway": "gw-1", "cohort": "canary"}).text
        assert 'value="canary"' in cohort
        assert (
            "is no name of a cohort" in client.post("/releases/cohorts", data={"gateway": "gw-1", "cohort": "A b"}).text
        )
