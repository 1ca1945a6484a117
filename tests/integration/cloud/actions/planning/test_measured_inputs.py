"""What a plan takes from the ledger's own past: how suppliers delivered, and weeks in which nothing could be issued."""

import uuid
from datetime import timedelta
from typing import Any

from tests.support.builders import Ledger
from tests.support.ledger_api import LATER, NOW, Api, api_on, movement

WHY = {"reason": "as agreed"}
LEVEL = {"supplier": "acme", "reorder_point": 5, "par_level": 20, **WHY}


def test_suppliers_are_measured_by_orders_and_weeks_without_stock_say_little(databases: Any) -> None:
    with databases.lent() as url, api_on(databases.open(url)) as api:
        api.house()
        api.administrator.ok("PUT", "/v1/reorder-levels/insulin/main", json=LEVEL)
        bought(api, ordered_days=100, came_days=95, units=(50, 40), lot="A")
        for week in range(13, 9, -1):
            used(api, "A", 10, days_ago=7 * week)
        bought(api, ordered_days=60, came_days=45, units=(100, 100), lot="B")
        for week in range(6, 3, -1):
            used(api, "B", 10, days_ago=7 * week)
        (lot,) = [row["id"] for row in api.reader.rows("/v1/lots") if row["lot_number"] == "B"]
        api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, **WHY})
        Ledger(api.database).run_as_owner(f"UPDATE hold SET since = '{NOW - timedelta(days=20)}'")
        # What is typed now may have left until now; a scanner would have told on the day.
        gone = f"UPDATE residency SET ended_at = '{NOW - timedelta(days=70)}' WHERE ended_at IS NOT NULL"
        Ledger(api.database).run_as_owner(gone)

        run = api.operator.ok("POST", "/v1/planning/runs")["id"]
        line = api.reader.ok("GET", f"/v1/planning/runs/{run}/lines/insulin/main")
        steps = {each["what"]: each for each in line["reasons"]}
        assert 5 < steps["days until an order is there"]["value"] < 15
        assert "measured of 2 orders" in steps["days until an order is there"]["why"]
        # Nine to six weeks ago it was out, and since twenty days it is on hold.
        assert [12 - week for week, cut in enumerate(line["censored"]) if cut] == [9, 8, 7, 6, 2, 1, 0]
        assert steps["used a week"]["value"] == 10, "weeks without stock do not count as weeks without use"

        parts = api.reader.ok("GET", "/v1/kpis/main/2026-04")["parts"]
        assert (parts["purchased_ordered"], parts["purchased_received"]) == (100, 100)
        february = api.reader.ok("GET", "/v1/kpis/main/2026-02")
        assert february["figures"]["supplier_fill_rate"] == 0.8 and february["figures"]["turns"] is None


def bought(api: Api, *, ordered_days: int, came_days: int, units: tuple[int, int], lot: str) -> None:
    """An order of so many units, placed some days ago, of which some came later."""
    wanted, received = units
    order = {"client_id": str(uuid.uuid4()), "kind": "purchase", "from_place": "acme", "to_place": "fridge-a"}
    lines = [{"item": "insulin", "quantity": wanted}]
    number = api.operator.ok("POST", "/v1/orders", json={**order, "lines": lines})["number"]
    api.quality.ok("POST", f"/v1/orders/{number}/approve", json=WHY)
    api.operator.ok("POST", f"/v1/orders/{number}/place", json=WHY)
    placed_at = NOW - timedelta(days=ordered_days)
    Ledger(api.database).run_as_owner(
        f"UPDATE order_step SET at = '{placed_at}' FROM stock_order o WHERE o.id = order_id AND o.number = '{number}'"
    )
    line = {"item": "insulin", "lot_number": lot, "quantity": received, "expires_on": LATER}
    at = (NOW - timedelta(days=came_days)).isoformat()
    receipt = {"client_id": str(uuid.uuid4()), "occurred_at": at, "lines": [line]}
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=receipt)


def used(api: Api, lot: str, units: int, *, days_ago: int) -> None:
    line = {"item": "insulin", "lot_number": lot, "quantity": units}
    at = (NOW - timedelta(days=days_ago) + timedelta(hours=1)).isoformat()
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [line], occurred_at=at))
