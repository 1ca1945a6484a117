"""From the movement log to a plan, requisitions, transfers and shortages: by the API, as people ask for it."""

import re
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.ledger_api import NOW, Api, api_on, movement

WEEKS = 20
WHY = {"reason": "as agreed"}


@pytest.fixture(scope="module")
def planned(databases: Any) -> Iterator[Api]:
    """Two sites, twenty weeks of dispensing insulin at both, four lots in north that nobody will use in time."""
    with databases.lent() as url:
        database: Database = databases.open(url)
        with api_on(database) as api:
            house(api)
            yield api


def house(api: Api) -> None:
    api.place("acme", "supplier")
    api.quality.ok("PUT", "/v1/suppliers/acme", json={"status": "qualified", **WHY})
    for site, ward in (("main", "ward-1"), ("north", "ward-2")):
        api.place(site, "site", zone="America/Chicago")
        api.place(f"fridge-{site}", parent=site)
        api.place(f"returns-{site}", parent=site)
        body = {"kind": "ward", "parent": site, "care_priority": 1 if ward == "ward-1" else 3, **WHY}
        api.administrator.ok("PUT", f"/v1/recipients/{ward}", json=body)
    api.item()
    api.item("insulin-b")
    level = {"supplier": "acme", "reorder_point": 5, "par_level": 20, "pack_size": 5, **WHY}
    api.administrator.ok("PUT", "/v1/reorder-levels/insulin/main", json=level)
    api.administrator.ok("PUT", "/v1/reorder-levels/insulin/north", json=level)
    receive(api, "M1", 212, "fridge-main", "2027-01-31", weeks_ago=WEEKS)
    receive(api, "N1", 60, "fridge-north", "2026-07-01", weeks_ago=WEEKS)
    for week in range(WEEKS, 0, -1):
        move(api, "dispense", "fridge-main", "ward-1", "M1", 10, weeks_ago=week)
        if week % 10 == 0:
            move(api, "dispense", "fridge-north", "ward-2", "N1", 1, weeks_ago=week)
    # None of this is demand: what comes back, what is transferred, and what is destroyed.
    move(api, "return", "ward-1", "returns-main", "M1", 3, weeks_ago=1)
    move(api, "move", "fridge-main", "main", "M1", 2, weeks_ago=1)


def receive(api: Api, lot: str, units: int, place: str, expires_on: str, *, weeks_ago: int) -> None:
    line = {"item": "insulin", "lot_number": lot, "quantity": units, "expires_on": expires_on}
    at = (NOW - timedelta(weeks=weeks_ago, hours=6)).isoformat()
    api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", place, [line], occurred_at=at))


def move(api: Api, action: str, source: str, target: str, lot: str, units: int, *, weeks_ago: int) -> None:
    line = {"item": "insulin", "lot_number": lot, "quantity": units}
    at = (NOW - timedelta(weeks=weeks_ago) + timedelta(days=3)).isoformat()
    api.operator.ok("POST", "/v1/movements", json=movement(action, source, target, [line], occurred_at=at))


def asked(**more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid.uuid4()), **more}


def test_a_plan_is_made_of_the_log_and_made_again_the_same(planned: Api) -> None:
    api = planned
    run = api.operator.ok("POST", "/v1/planning/runs")
    lines = {line["place"]: line for line in api.reader.ok("GET", f"/v1/planning/runs/{run['id']}/lines")}
    main = lines["main"]
    # 212 received, 200 dispensed; of the 15 that are back or left, the returned 3 are held.
    assert (main["usable"], main["held"]) == (12, 3)
    assert main["rate"] == pytest.approx(10 / 7, rel=0.05)
    assert main["order_quantity"] > 0 and main["order_quantity"] % 5 == 0
    assert lines["north"]["left_unused"] > 40
    path = f"/v1/planning/runs/{run['id']}/lines/insulin/main"
    detail = api.reader.ok("GET", path)
    assert sum(detail["used"]) == 200 and not any(detail["censored"][:-1])
    steps = {step["what"]: step["value"] for step in detail["reasons"]}
    assert steps["to order"] == main["order_quantity"] and steps["reorder point"] == main["reorder_point"]
    checked = api.reader.ok("GET", f"/v1/planning/runs/{run['id']}/check")
    assert checked == {"rules_same": True, "results_same": True, "inputs_same": True, "changed": []}
    (rescue,) = api.reader.ok("GET", f"/v1/planning/runs/{run['id']}/rescues")
    assert (rescue["lot_number"], rescue["from_place"], rescue["to_place"]) == ("N1", "north", "main")
    api.client.post("/login/token", data={"token": api.operator.token})
    expiry = api.client.get("/expiry?days=365").text
    assert "Suggested transfers" in expiry and "by the newest plan" in expiry
    api.client.cookies.clear()


def test_low_stock_is_taken_from_another_site_before_it_is_bought(planned: Api) -> None:
    api = planned
    run = api.operator.ok("POST", "/v1/planning/runs")
    found = api.reader.ok("GET", f"/v1/planning/runs/{run['id']}/sources")
    wanted = next(each for each in found if each["place"] == "main")
    kinds = [source["kind"] for source in wanted["sources"]]
    assert kinds[0] == "transfer" and wanted["sources"][0]["name"] == "north"
    lines = [{"item": "insulin", "place": "main"}]
    made = api.operator.ok("POST", f"/v1/planning/runs/{run['id']}/requisitions", json=asked(lines=lines))
    (number,) = made["transfers"]
    own = api.operator.post(f"/v1/planning/transfers/{number}/reject", asked(**WHY))
    assert own.status_code == 403 and "somebody else has to decide" in own.json()["error"]
    other = api.known_as("approver-1", Role.OPERATOR)
    done = other.ok("POST", f"/v1/planning/transfers/{number}/approve", json=asked(**WHY))
    order = api.reader.ok("GET", f"/v1/orders/{done['order_number']}")
    assert (order["kind"], order["from_place"], order["to_place"]) == ("transfer", "north", "main")
    # Who agrees to a transfer has approved it: its order can be filled at once, from what expires first.
    filled = api.operator.ok("POST", f"/v1/orders/{order['number']}/allocate", json=asked())
    assert [each["lot_number"] for each in filled["lines"][0]["reservations"]] == ["N1"]
    # What is on its way is counted: nothing is suggested twice.
    again = api.operator.ok("POST", "/v1/planning/runs")
    lines = {line["place"]: line for line in api.reader.ok("GET", f"/v1/planning/runs/{again['id']}/lines")}
    assert lines["main"]["on_order"] == order["lines"][0]["quantity"]


def test_suggested_levels_come_into_force_by_a_person_alone(planned: Api) -> None:
    api = planned
    run = api.operator.ok("POST", "/v1/planning/runs")
    said = {"item": "insulin", "place": "main", **WHY}
    path = f"/v1/planning/runs/{run['id']}/levels"
    assert api.operator.post(path, said).status_code == 403
    row = api.administrator.ok("POST", path, json=said)
    (level,) = [each for each in api.reader.rows("/v1/reorder-levels") if each["place"] == "main"]
    assert (level["reorder_point"], level["par_level"]) == (row["reorder_point"], row["par_level"])
    assert level["pack_size"] == 5


def test_what_expires_unused_is_offered_to_whom_needs_it(planned: Api) -> None:
    api = planned
    run = api.operator.ok("POST", "/v1/planning/runs")
    found = api.reader.ok("GET", f"/v1/planning/runs/{run['id']}/rescues")
    assert {(each["lot_number"], each["from_place"], each["to_place"]) for each in found} <= {("N1", "north", "main")}


def test_a_shortage_is_shared_by_priority_and_orders_are_held_to_it(planned: Api) -> None:
    api = planned
    until = (NOW.date() + timedelta(days=28)).isoformat()
    order = {
        "kind": "requisition", "from_place": "main", "to_place": "ward-2", "lines": [{"item": "insulin",
        "quantity": 30}],
    }  # fmt: skip
    api.operator.ok("POST", "/v1/orders", json=asked(**order))
    shortage = api.operator.ok("POST", "/v1/shortages", json={"item": "insulin", "site": "main", "until": until, **WHY})
    assert (shortage["state"], shortage["needs_second_person"]) == ("to approve", True)
    shares = {share["place"]: share for share in shortage["shares"]}
    assert shares["ward-1"]["share"] == shortage["supply"] and shares["ward-2"]["share"] == 0
    assert "life-saving" in shares["ward-1"]["why"] and "nothing is left" in shares["ward-2"]["why"]
    path = f"/v1/shortages/{shortage['id']}"
    assert api.operator.post(f"{path}/approve", WHY).status_code == 403
    other = api.known_as("approver-2", Role.OPERATOR)
    too_much = other.post(f"{path}/override", {"place": "ward-2", "share": 1, **WHY})
    assert too_much.status_code == 409 and "there are only" in too_much.json()["error"]
    other.ok("POST", f"{path}/override", json={"place": "ward-1", "share": 8, **WHY})
    assert other.ok("POST", f"{path}/approve", json=WHY)["response_hours"] == 0
    new = {**order, "to_place": "ward-1", "lines": [{"item": "insulin", "quantity": 9}]}
    refused = api.operator.post("/v1/orders", asked(**new))
    assert refused.status_code == 409 and "8 of a share of 8 are left" in refused.json()["error"]
    api.operator.ok("POST", "/v1/orders", json=asked(**{**new, "lines": [{"item": "insulin", "quantity": 8}]}))
    assert (
        api.operator.post("/v1/orders", asked(**{**new, "lines": [{"item": "insulin", "quantity": 1}]})).status_code
        == 409
    )
    other.ok("POST", f"{path}/end", json=WHY)
    api.operator.ok("POST", "/v1/orders", json=asked(**{**new, "lines": [{"item": "insulin", "quantity": 1}]}))
    assert date.fromisoformat(until) == date.fromisoformat(shortage["until_day"])


def test_waste_has_a_price_and_a_month_its_figures(planned: Api) -> None:
    api = planned
    lots = {row["lot_number"]: row["id"] for row in api.reader.rows("/v1/lots")}
    said = {"unit_cost": "4.50", "currency": "USD", **WHY}
    api.operator.ok("POST", f"/v1/lots/{lots['M1']}/costs", json={**said, "unit_cost": "9.99"})
    costs = api.operator.ok("POST", f"/v1/lots/{lots['M1']}/costs", json=said)
    assert [(row["unit_cost"], row["quantity"]) for row in costs] == [(4.5, 212), (9.99, 212)]
    wrong = api.operator.post(f"/v1/lots/{lots['M1']}/costs", {**said, "order": "PO-99"})
    assert wrong.status_code == 409 and "nothing of lot" in wrong.json()["error"]
    values = {row["lot_number"]: row for row in api.reader.rows("/v1/inventory-value", site="main")}
    assert values["M1"]["value"] == values["M1"]["units"] * 4.5 and values["M1"]["is_actual"]
    names = {row["name"] for row in api.reader.ok("GET", "/v1/kpis")}
    march = api.reader.ok("GET", "/v1/kpis/main/2026-03")
    assert set(march["figures"]) == names and march["is_over"]
    # Four times 10 were dispensed in March, each worth 4.50; nothing of the workflow named an order.
    assert march["parts"]["issued_value"] == pytest.approx(march["parts"]["workflow_movements"] * 45)
    assert march["figures"]["standard_share"] == 0
    assert march["figures"]["stock_out_days"] == 0
    north = api.reader.ok("GET", "/v1/kpis/north/2026-01")
    assert north["parts"]["level_days"] == 31 and north["figures"]["stock_out_days"] > 0
    house = api.reader.ok("GET", "/v1/kpis/house/2026-03")
    assert house["parts"]["workflow_movements"] >= march["parts"]["workflow_movements"]
    bad = api.reader.ok("GET", "/v1/kpi-exceptions", params={"month": "2026-03"})
    assert [each["score"] for each in bad] == sorted((each["score"] for each in bad), reverse=True)
    assert ("main", "standard_share", 1.0) in [(each["site"], each["name"], each["score"]) for each in bad]


def test_counts_that_keep_differing_become_one_case(planned: Api) -> None:
    api = planned
    counter, approver = api.known_as("counter-1", Role.OPERATOR), api.known_as("approver-3", Role.OPERATOR)
    for found in (57, 55, 54):
        number = counter.ok("POST", "/v1/counts", json={"place": "fridge-north"})["number"]
        line = {"item": "insulin", "lot_number": "N1", "place": "fridge-north", "quantity": found}
        said = asked(counted_at=NOW.isoformat(), found=[line])
        counter.ok("POST", f"/v1/counts/{number}/findings", json=said)
        approver.ok("POST", f"/v1/counts/{number}/approve", json=WHY)
    (case,) = api.quality.ok("POST", "/v1/anomalies")["cases"]
    assert api.quality.ok("POST", "/v1/anomalies")["cases"] == []
    (row,) = [each for each in api.reader.rows("/v1/cases") if each["id"] == case]
    assert row["kind"] == "count_differs_again" and row["data"]["gaps"] == [-1, -2, -1]


@pytest.mark.parametrize("path", ["/planning", "/shortages", "/control-tower", "/control-tower?month=2026-03"])
def test_pages_show_it(planned: Api, path: str) -> None:
    api = planned
    api.operator.ok("POST", "/v1/planning/runs")
    api.client.cookies.clear()
    api.client.post("/login/token", data={"token": api.operator.token})
    page = api.client.get(path)
    assert page.status_code == 200, page.text
    for link in set(re.findall(r'href="(/(?:planning|shortages)/[^"#?]+)"', page.text)):
        assert api.client.get(link).status_code == 200, link
    figures = api.client.get("/control-tower", params={"csv": "figures"}).text
    assert figures.splitlines()[0] == "Figure,main,north,Formula" and "Inventory turns a year" in figures
