"""Loggers of shipments hold what came with them; those of rooms without a gateway are judged like one."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.builders import COLD, Ledger
from tests.support.ledger_api import NOW, Api, api_on, movement
from tests.support.logger_files import fridge_tag_2, q_tag

FIRST = datetime(2026, 5, 30, 8, 0)  # noqa: DTZ001 - by the logger's own clock
ZONE = "zone=+00:00"


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        Ledger(database).add_policy(COLD)
        opened.house()
        opened.administrator.ok(
            "PUT", "/v1/items/insulin", json={"storage_class": "cold", "reason": "it belongs into a refrigerator"}
        )
        opened.place("fridge-c", parent="main", policy="cold")
        yield opened


def ordered(api: Api) -> str:
    order = {"client_id": "00000000-0000-4000-8000-000000000077", "kind": "purchase", "from_place": "acme",
             "to_place": "fridge-a", "lines": [{"item": "insulin", "quantity": 20}], "number": "PO-7"}  # fmt: skip
    return str(api.operator.ok("POST", "/v1/orders", json=order)["number"])


def came(api: Api, lot: str, order: str) -> int:
    line = {"item": "insulin", "lot_number": lot, "quantity": 10, "expires_on": "2027-01-31"}
    return int(
        api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", "fridge-a", [line], order=order))[0][
            "lot_id"
        ]
    )


def reasons(api: Api, lot_id: int) -> list[str]:
    rows = Ledger(api.database).rows(
        "SELECT reason FROM hold WHERE lot_id = %(lot)s AND kind = 'exception' AND lifted_at IS NULL", {"lot": lot_id}
    )
    return [str(row["reason"]) for row in rows]


def test_a_shipments_logger_holds_what_came_and_what_comes_later_and_its_own_verdict_stands_beside(api: Api) -> None:
    order = ordered(api)
    first = came(api, "L1", order)
    content = q_tag([5.0, 8.4, 9.1, 5.2], first=FIRST)
    asked = api.operator.ok("POST", "/v1/logger-files/preview", content=content)
    assert [question["key"] for question in asked["questions"]] == ["zone"]
    refused = api.operator.request("POST", f"/v1/orders/{order}/logger-files", content=content)
    assert refused.status_code == 422 and "By which clock did the logger run?" in refused.json()["error"]
    path = f"/v1/orders/{order}/logger-files?answer={ZONE.replace('+', '%2B')}"
    kept = api.operator.ok("POST", path, content=content)
    assert (kept["verdict"], kept["device_verdict"], kept["policies"]) == ("broken", "ok", ["cold"])
    assert "The device alarms above 8 °C for 30 min" in kept["explanation"]
    assert reasons(api, first) == [
        f"logger RCPJ00099 of the shipment broke cold: above 8: worst 9.1, 20 min (logger file {kept['id']})"
    ]
    later = came(api, "L2", order)
    assert len(reasons(api, later)) == 1
    assert api.operator.ok("POST", path, content=content)["id"] == kept["id"]
    assert len(reasons(api, first)) == 1
    good = api.operator.ok("POST", path, content=q_tag([5.0, 5.1], first=FIRST))
    assert good["verdict"] == "kept"
    assert len(api.reader.rows("/v1/logger-files", order=order)) == 2


def test_a_rooms_logger_exposes_what_stood_there_once_however_often_it_is_read_out(api: Api) -> None:
    lot = api.receive("L3", 5, place="fridge-c")
    stay = (NOW - timedelta(days=1)).replace(tzinfo=None)
    path = f"/v1/places/fridge-c/logger-files?answer={ZONE.replace('+', '%2B')}"
    short = q_tag([5.0, 9.0, 9.2], first=stay + timedelta(hours=1))
    kept = api.known_as("fay", Role.FACILITIES).ok("POST", path, content=short)
    assert kept["verdict"] == "judged_in_place"
    (excursion,) = api.reader.rows("/v1/excursions")
    assert (excursion["place"], excursion["ended_at"], excursion["worst"]) == ("fridge-c", None, 9.2)
    assert Ledger(api.database).rows("SELECT lot_id FROM exposure") == [{"lot_id": lot}]
    longer = q_tag([5.0, 9.0, 9.2, 5.0, 5.1], first=stay + timedelta(hours=1))
    for name in ("gus", "hal"):
        api.known_as(name, Role.FACILITIES).ok("POST", path, content=longer)
    (excursion,) = api.reader.rows("/v1/excursions")
    assert excursion["ended_at"] is not None
    rows = Ledger(api.database).rows("SELECT count(*) AS readings FROM reading")
    assert rows[0]["readings"] == 5
    assert api.reader.rows("/v1/gateways")[0]["last_seen_at"] is None


def test_the_days_of_a_fridge_tag_2_are_envelopes_of_the_room(api: Api) -> None:
    days = [("2026-05-30", 2.5, 4.6, 9.5, 25), ("2026-05-29", 2.5, 4.5, 7.0, 0)]
    path = f"/v1/places/fridge-c/logger-files?answer={ZONE.replace('+', '%2B')}"
    content = fridge_tag_2(days, reported="2026-05-30 15:14")
    api.known_as("fay", Role.FACILITIES).ok("POST", path, content=content)
    (excursion,) = api.reader.rows("/v1/excursions")
    assert excursion["worst"] == 9.5


def test_a_file_that_comes_before_its_order_waits_and_is_judged_when_it_is_attached(api: Api) -> None:
    content = q_tag([5.0, 8.4, 9.1, 5.2], first=FIRST)
    path = f"/v1/logger-files?answer={ZONE.replace('+', '%2B')}"
    kept = api.operator.ok("POST", path, content=content)
    assert (kept["verdict"], kept["order"], kept["place"]) == ("waiting", None, None)
    assert api.operator.ok("POST", path, content=content)["id"] == kept["id"]
    order = ordered(api)
    lot = came(api, "L1", order)
    assert reasons(api, lot) == []
    judged = api.known_as("dock-2", Role.OPERATOR).ok("POST", f"/v1/orders/{order}/logger-files/{kept['id']}")
    assert (judged["verdict"], judged["document_id"]) == ("broken", kept["document_id"])
    assert len(reasons(api, lot)) == 1 == len(reasons(api, came(api, "L2", order)))
    again = api.operator.ok("POST", f"/v1/orders/{order}/logger-files/{kept['id']}")
    assert again["id"] == judged["id"]
    refused = api.operator.request("POST", f"/v1/orders/{order}/logger-files/{judged['id']}")
    assert refused.status_code == 409
    room = api.known_as("fay", Role.FACILITIES).ok("POST", f"/v1/places/fridge-c/logger-files/{kept['id']}")
    assert (room["verdict"], room["place"]) == ("judged_in_place", "fridge-c")
