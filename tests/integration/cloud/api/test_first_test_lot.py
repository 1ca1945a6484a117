"""The ledger's side of commissioning, from nothing to the first quarantined test lot (README walks the same way)."""

from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.actions.master_data.master_data import read_policies
from cloud_sync.actions.monitoring.policy_files import import_policies
from cloud_sync.domain.place_templates import policy_by_name
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Quality, Reading, Record
from tests.support.builders import GatewayWithKey, minute, reading, stamp
from tests.support.ledger_api import Api, api_on


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    import_policies(database, read_policies(), actor="ledger")  # as serve does at its start
    with api_on(database) as opened:
        opened.place("acme", "supplier")
        opened.place("pharmacy", "site")
        yield opened


@pytest.fixture
def gateway(database: Database) -> GatewayWithKey:
    made = GatewayWithKey()
    made.register(database)
    return made


def say(api: Api, gateway: GatewayWithKey, *records: Record) -> None:
    assert store_batch(api.database, gateway.batch(*records)).outcome is BatchOutcome.STORED


def unjudged(api: Api) -> list[dict[str, Any]]:
    return api.reader.rows("/v1/cases", kind="channel_not_judged")


def test_a_ledger_is_commissioned_up_to_its_first_quarantined_test_lot(api: Api, gateway: GatewayWithKey) -> None:
    fridge = api.place("fridge-a", parent="pharmacy")
    assert fridge["policy"] == "usp-refrigerator", "a place is guarded from its creation"
    probe = "fridge-a/probe-1"
    say(api, gateway, reading(minute(0), 5.0, probe))
    (case,) = unjudged(api)
    assert (case["data"]["why"], case["data"]["proposed_place"]) == ("no_place", "fridge-a")
    (channel,) = api.reader.rows("/v1/channels")
    assert (channel["not_judged"], channel["proposed_place"]) == ("no_place", "fridge-a")
    assert 'not_judged{why="no_place"} 1' in api.reader.get("/v1/metrics").text
    place = {"place": channel["proposed_place"]}
    api.administrator.ok("PUT", f"/v1/channels/{channel['id']}/place", json=place)
    assert unjudged(api) == []
    assert 'not_judged{why="no_place"} 0' in api.reader.get("/v1/metrics").text
    api.item("test-item")
    line = {"item": "test-item", "lot_number": "TEST-1", "quantity": 1, "expires_on": "2027-01-31"}
    body = {"client_id": "6f0f3a8e-1111-4111-8111-111111111111", "action": "receive", "from_place": "acme",
            "to_place": "fridge-a", "occurred_at": minute(1).isoformat(), "lines": [line]}  # fmt: skip
    api.operator.ok("POST", "/v1/movements", json=body)
    say(api, gateway, *(reading(minute(n), 20.0, probe) for n in range(2, 15)))
    (held,) = api.reader.rows("/v1/holds")
    assert (held["lot_number"], held["place"], held["kind"]) == ("TEST-1", "fridge-a", "exposure")
    say(api, gateway, reading(minute(15), 5.0, probe))
    (excursion,) = api.reader.rows("/v1/excursions")
    assert excursion["ended_at"] is not None


def test_a_channel_where_no_policy_holds_or_that_no_rule_is_about_is_a_case_too(
    api: Api, gateway: GatewayWithKey
) -> None:
    assert api.place("dock", parent="pharmacy")["policy"] is None
    api.place("fridge-a", parent="pharmacy")
    values = {"temp_c": 5.0, "temp_2_c": 5.0, "rh_pct": 40.0, "battery_pct": 90.0}
    say(api, gateway, Reading(stamp(minute(0)), DeviceName("tag-7"), Quality.GOOD, values))
    assert {case["data"]["why"] for case in unjudged(api)} == {"no_place"}
    names = {row["metric"]: row["id"] for row in api.reader.rows("/v1/channels")}
    assert {row["not_judged"] for row in api.reader.rows("/v1/channels") if row["metric"] == "battery_pct"} == {None}
    for metric in ("temp_c", "temp_2_c", "rh_pct"):
        api.administrator.ok("PUT", f"/v1/channels/{names[metric]}/place", json={"place": "dock"})
    assert {case["data"]["why"] for case in unjudged(api)} == {"no_policy"}
    change = {"kind": "room", "parent": "pharmacy", "policy": "usp-crt", "reason": "it is used as a store"}
    api.administrator.ok("PUT", "/v1/places/dock", json=change)
    assert unjudged(api) == [], "humidity has no limit there on purpose: the policy says so"


def test_a_quantity_that_a_policy_neither_judges_nor_leaves_out_is_one_case_for_each_channel(
    api: Api, gateway: GatewayWithKey
) -> None:
    api.place("iso-5-hood", parent="pharmacy", policy="iso-5")
    for minutes in (0, 1, 2):
        values = {"particles_0_5_um_count": 1.0, "rh_pct": 40.0, "p_hpa": 1000.0}
        say(api, gateway, Reading(stamp(minute(minutes)), DeviceName("hood"), Quality.GOOD, values))
        for row in api.reader.rows("/v1/channels"):
            if row["place"] is None:
                body = {"place": "iso-5-hood"}
                api.administrator.ok("PUT", f"/v1/channels/{row['id']}/place", json=body)
    (case,) = unjudged(api)
    assert (case["data"]["why"], "has no rule about rh_pct" in case["text"]) == ("no_rule", True)
    api.quality.ok("POST", f"/v1/cases/{case['id']}/resolve", json={"resolution": "a hood", "decision": "accepted"})
    say(api, gateway, Reading(stamp(minute(9)), DeviceName("hood"), Quality.GOOD, {"rh_pct": 41.0}))
    assert unjudged(api) == []


def test_somebody_says_that_a_channel_is_not_judged_on_purpose_until_it_is_moved(
    api: Api, gateway: GatewayWithKey
) -> None:
    api.place("dock", parent="pharmacy")
    api.place("yard", parent="pharmacy")
    say(api, gateway, reading(minute(0), 22.0, "tag-7"), reading(minute(0), 22.0, "tag-8"))
    first, second = (row["id"] for row in api.reader.rows("/v1/channels"))
    path = f"/v1/channels/{first}/on-purpose"
    assert api.operator.request("PUT", path, json={"reason": "a test probe"}).status_code == 403
    api.administrator.ok("PUT", path, json={"reason": "a test probe"})
    (case,) = unjudged(api)
    assert case["key"] == f"channel:{second}"
    body = {"resolution": "weather station on the roof", "decision": "accepted"}
    api.quality.ok("POST", f"/v1/cases/{case['id']}/resolve", json=body)
    say(api, gateway, reading(minute(1), 22.0, "tag-7"), reading(minute(1), 22.0, "tag-8"))
    assert unjudged(api) == []
    api.administrator.ok("PUT", f"/v1/channels/{first}/place", json={"place": "dock"})
    assert [case["data"]["why"] for case in unjudged(api)] == ["no_policy"]


@pytest.mark.parametrize(
    ("kind", "name", "is_guarded", "policy"),
    [
        ("room", "freezer-2", False, "usp-freezer"), ("room", "Cold room 1", True, "usp-refrigerator"),
        ("bin", "fridge-a-shelf-1", True, None), ("room", "store-room", True, None), ("site", "cold-site", False, None),
        ("room", "grade-b", False, "grade-b"), ("room", "storeroom", False, "usp-controlled-room"),
    ],
)  # fmt: skip
def test_templates_go_by_kind_and_name(kind: str, name: str, is_guarded: bool, policy: str | None) -> None:
    assert policy_by_name(kind, name, is_guarded=is_guarded) == policy
