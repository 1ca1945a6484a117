"""Places, items, owners, policies, gateways: create, again, differently."""

import base64
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.storage.database import Database
from tests.support.builders import GatewayWithKey
from tests.support.ledger_api import Api, api_on

KEY = base64.b64encode(bytes(range(32))).decode()
POLICY = {
    "name": "cool", "title": "Cool",
    "rules": [{"name": "high", "metric": "temp_c", "side": "above", "limit": 15, "on_limit_is_outside": False,
               "delay_s": 0, "source": "a test"}],
    "silence_accepted": "a test",
}  # fmt: skip


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("/v1/places", {"name": "main", "kind": "site", "title": "Main", "zone": "UTC"}, {"title": "Other"}),
        ("/v1/owners", {"name": "acme", "title": "ACME"}, {"title": "Other"}),
        ("/v1/items", {"name": "insulin", "base_unit": "vial"}, {"base_unit": "box"}),
        ("/v1/policies", POLICY, {"title": "Other"}),
        (
            "/v1/gateways",
            {"name": "gw", "public_key": KEY},
            {"public_key": base64.b64encode(GatewayWithKey().public_key).decode()},
        ),
    ],
)
def test_the_same_again_is_harmless_and_differently_a_conflict(
    api: Api, path: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    assert api.administrator.post(path, body).status_code == 201
    again = api.administrator.post(path, body)
    assert (again.status_code, again.json()) == (200, api.administrator.post(path, body).json())
    assert api.administrator.post(path, body | other).status_code == 409
    assert [row["name"] for row in api.reader.rows(path)].count(body["name"]) == 1
    subject = f"{path.split('/')[2].rstrip('s').replace('policie', 'policy')}:{body['name']}"
    assert len(api.reader.ok("GET", "/v1/events", params={"subject": subject})) == 1


def test_a_place_knows_everything_it_stands_in(api: Api) -> None:
    api.place("main", "site")
    api.place("cold-room", parent="main")
    shelf = api.place("shelf-1", "bin", parent="cold-room")
    api.place("elsewhere", "site")
    assert shelf["path"] == ["main", "cold-room", "shelf-1"]
    assert [row["name"] for row in api.reader.rows("/v1/places", below="cold-room")] == ["cold-room", "shelf-1"]
    assert [row["name"] for row in api.reader.rows("/v1/places", kind="site")] == ["elsewhere", "main"]


def test_a_title_is_one_line_as_in_files_of_master_data(api: Api) -> None:
    for path, said in (
        ("/v1/places", {"name": "ward-3", "kind": "ward"}),
        ("/v1/items", {"name": "insulin"}),
        ("/v1/owners", {"name": "acme"}),
    ):
        assert api.administrator.post(path, {**said, "title": "two\nlines"}).status_code == 422, path
    assert api.administrator.get("/v1/recipients").status_code == 200


@pytest.mark.parametrize(
    ("kind", "parent", "status"), [("site", "main", 422), ("room", "nowhere", 404), ("supplier", "main", 422)]
)
def test_a_place_stands_where_its_kind_may(api: Api, kind: str, parent: str, status: int) -> None:
    api.place("main", "site")
    response = api.administrator.post("/v1/places", {"name": "x", "kind": kind, "parent": parent})
    assert response.status_code == status
    assert [row["name"] for row in api.reader.rows("/v1/places")] == ["main"]


def test_a_place_may_only_name_a_policy_that_exists(api: Api) -> None:
    body = {"name": "fridge", "kind": "room", "policy": "cool"}
    assert api.administrator.post("/v1/places", body).status_code == 404
    api.administrator.ok("POST", "/v1/policies", json=POLICY)
    assert api.administrator.post("/v1/places", body).json()["policy"] == "cool"


def test_a_policy_without_a_delay_is_refused(api: Api) -> None:
    rule = {key: value for key, value in POLICY["rules"][0].items() if key != "delay_s"}  # type: ignore[attr-defined]
    response = api.administrator.post("/v1/policies", POLICY | {"rules": [rule]})
    assert (response.status_code, "delay_s" in response.json()["error"]) == (422, True)


def test_gtins_may_be_added_later_but_never_mean_two_things(api: Api) -> None:
    vial, box = {"gtin": "00312345678906"}, {"gtin": "10312345678903", "base_units": 10}
    api.item("insulin", gtins=[vial])
    assert len(api.item("insulin", gtins=[vial, box])["gtins"]) == 2
    response = api.administrator.post("/v1/items", {"name": "other", "gtins": [vial]})
    assert (response.status_code, "insulin" in response.json()["error"]) == (409, True)
    assert [row["name"] for row in api.reader.rows("/v1/items")] == ["insulin"]


@pytest.mark.parametrize("key", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_what_is_not_a_key_is_refused(api: Api, key: str) -> None:
    assert api.administrator.post("/v1/gateways", {"name": "gw", "public_key": key}).status_code == 422


def test_a_revoked_gateway_does_not_come_back(api: Api) -> None:
    body = {"name": "gw", "public_key": KEY}
    api.administrator.ok("POST", "/v1/gateways", json=body)
    api.administrator.ok("POST", "/v1/gateways/gw/revoke", json={"reason": "stolen"})
    assert api.administrator.post("/v1/gateways/gw/revoke", {"reason": "again"}).status_code == 404
    assert api.administrator.post("/v1/gateways", body).status_code == 409
    assert api.reader.rows("/v1/gateways")[0]["revoked_at"] is not None


def test_a_gateway_shows_what_is_missing_of_its_journals(api: Api) -> None:
    api.administrator.ok("POST", "/v1/gateways", json={"name": "gw", "public_key": KEY})
    journal = str(uuid.uuid4())
    with api.database.transaction() as connection:
        for first, last in ((3, 4), (5, 9), (12, 12)):
            connection.execute(
                "INSERT INTO evidence (gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw)"
                " SELECT id, %s, 'scans', %s, %s, sha256(%s), sha256(''), '' FROM gateway",
                (journal, first, last, str(first).encode()),
            )
    (gateway,) = api.reader.rows("/v1/gateways")
    assert [(gap["missing_from"], gap["missing_to"]) for gap in gateway["gaps"]] == [(1, 2), (10, 11)]
    assert (gateway["lanes"][0]["journal"], gateway["lanes"][0]["last_seq"]) == (journal, 12)


def test_a_channel_is_given_its_place(api: Api) -> None:
    api.house()
    api.administrator.ok("POST", "/v1/gateways", json={"name": "gw", "public_key": KEY})
    with api.database.transaction() as connection:
        connection.execute("INSERT INTO channel (gateway_id, device, metric) SELECT id, 'probe', 'temp_c' FROM gateway")
    (channel,) = api.reader.rows("/v1/channels")
    assert (channel["place"], channel["device"]) == (None, "probe")
    path = f"/v1/channels/{channel['id']}/place"
    assert api.administrator.request("PUT", path, json={"place": "nowhere"}).status_code == 404
    assert api.administrator.request("PUT", path, json={"place": "fridge-a"}).status_code == 204
    assert [row["id"] for row in api.reader.rows("/v1/channels", place="fridge-a")] == [channel["id"]]
    assert api.administrator.request("PUT", "/v1/channels/999/place", json={"place": "fridge-a"}).status_code == 404


def test_a_list_says_when_there_is_more(api: Api) -> None:
    for number in range(5):
        api.place(f"room-{number}")
    first = api.reader.ok("GET", "/v1/places", params={"limit": 3})
    rest = api.reader.ok("GET", "/v1/places", params={"limit": 3, "offset": 3})
    assert ([row["name"] for row in first["rows"]], first["more"]) == (["room-0", "room-1", "room-2"], True)
    assert ([row["name"] for row in rest["rows"]], rest["more"]) == (["room-3", "room-4"], False)
