"""What a plan takes from the ledger's own past: how suppliers delivered, and weeks in which nothing could be issued."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
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
        assert 5 < steps["lead time, days"]["value"] < 15
        assert "measured of 2 orders" in steps["lead time, days"]["why"]
        # Nine to six weeks ago it was out, and since twenty days it is on hold.
        assert [12 - week for week, cut in enumerate(line["censored"]) if cut] == [9, 8, 7, 6, 2, 1, 0]
        assert steps["weekly use"]["value"] == 10, "weeks without stock do not count as weeks without use"

        parts = api.reader.ok("GET", "/v1/kpis/main/2026-04")["parts"]
        assert (parts["purchased_ordered"], parts["purchased_received"]) == (100, 100)
        february = api.reader.ok("GET", "/v1/kpis/main/2026-02")
        assert february["figures"]["supplier_fill_rate"] == 0.8 and february["figures"]["turns"] is None


def test_figures_of_a_month_are_what_happened_in_it(databases: Any) -> None:
    with databases.lent() as url, api_on(databases.open(url)) as api:
        api.house()
        owner = Ledger(api.database)
        bought(api, ordered_days=25, came_days=20, units=(10, 10), lot="A")
        bought(api, ordered_days=24, came_days=19, units=(10, 14), lot="B")
        lots = {row["lot_number"]: row["id"] for row in api.reader.rows("/v1/lots")}
        held = api.quality.ok("POST", "/v1/holds", json={"lot_id": lots["A"], **WHY})
        second = api.known_as("quality-2", Role.QUALITY)
        second.ok("POST", f"/v1/holds/{held['id']}/lift", json=WHY)
        came_at = NOW - timedelta(days=20)
        free_at = came_at + timedelta(hours=48)
        owner.run_as_owner(f"UPDATE hold SET since = '{came_at}', placed_at = '{came_at}', lifted_at = '{free_at}'")
        moved(api, "fridge-a", "fridge-b", lot="A", units=4, requested_days=18, came_hours_later=30)
        counted(api, "fridge-b", lot="A", units=3)

        told = api.reader.ok("GET", "/v1/kpis/main/2026-05")
        figures, parts = told["figures"], told["parts"]
        assert figures["receiving_hours"] == 24, "A was there 48 hours after it had come, B at once"
        assert figures["quarantine_hours"] == 48
        assert figures["transfer_hours"] == 30
        assert (parts["receipts"], figures["supplier_quality"]) == (2, 0.5), "of B came more than was ordered"
        assert figures["supplier_fill_rate"] == 1
        april = api.reader.ok("GET", "/v1/kpis/main/2026-04")["figures"]
        assert april["receiving_hours"] is None and april["transfer_hours"] is None
        assert (parts["positions_counted"], figures["inventory_accuracy"]) == (1, 0), "3 were found of 4"


WORTH = """
    SELECT sum(units * unit_cost(lot_id, item_id, '{at}', 'EUR'))::float AS value
    FROM (SELECT m.lot_id, l.item_id, sum(CASE WHEN p.id = m.to_place THEN m.quantity ELSE -m.quantity END) AS units
          FROM movement m JOIN lot l ON l.id = m.lot_id JOIN place p ON p.id IN (m.from_place, m.to_place)
          WHERE m.occurred_at < '{at}' AND l.owner = 'house' AND p.kind = 'room' AND p.ancestors @> ARRAY[
                (SELECT id FROM place WHERE name = 'main')]
          GROUP BY 1, 2) moved
    WHERE units > 0
"""
"""What all movements until an instant left, lot by lot."""


def test_stock_is_worth_what_the_movements_until_then_left_at_the_cost_of_the_day(databases: Any) -> None:
    with databases.lent() as url, api_on(databases.open(url)) as api:
        api.house()
        for lot, days, units in (("A", 70, 10), ("B", 50, 7), ("C", 30, 5)):
            bought(api, ordered_days=days + 5, came_days=days, units=(units, units), lot=lot)
        for days, units in ((40, 3), (20, 2)):
            line = {"item": "insulin", "lot_number": "A", "quantity": units}
            at = (NOW - timedelta(days=days)).isoformat()
            gone = movement("ship", "fridge-a", "st-mary", [line], occurred_at=at)
            api.operator.ok("POST", "/v1/movements", json=gone)
        owner = Ledger(api.database)
        owner.run_as_owner(
            """INSERT INTO item_cost (item_id, supplier_id, valid_from, cost, currency, told_by)
               SELECT i.id, s.id, v.day, v.cost, 'EUR', 'amy'
               FROM item i, (VALUES ('2026-01-01'::date, 2.5, ''), ('2026-04-20', 4, ''), ('2026-04-25', 9, 'acme'))
                            v (day, cost, supplier)
               LEFT JOIN place s ON s.name = v.supplier WHERE i.name = 'insulin';
               INSERT INTO receipt_cost (lot_id, quantity, unit_cost, currency, reason, said_by, said_at)
               SELECT id, 7, 1.25, 'EUR', 'invoice', 'amy', now() FROM lot WHERE lot_number = 'B'"""
        )
        for month, first, last in (
            ("2026-04", "2026-04-01 00:00Z", "2026-05-01 00:00Z"), ("2026-05", "2026-05-01 00:00Z", str(NOW)),
            ("2026-03", "2026-03-01 00:00Z", "2026-04-01 00:00Z"),
        ):  # fmt: skip
            known = [owner.rows(WORTH.format(at=at))[0]["value"] for at in (first, last)]
            known = [each for each in known if each is not None]
            value = api.reader.ok("GET", f"/v1/kpis/main/{month}")["parts"]["stock_value"]
            assert value == pytest.approx(sum(known) / len(known)) and value > 0, month
        values = {row["lot_number"]: row["value"] for row in api.reader.rows("/v1/inventory-value", site="main")}
        assert values == {"A": 5 * 4, "B": 7 * 1.25, "C": 5 * 4}
        assert sum(values.values()) == owner.rows(WORTH.format(at=NOW))[0]["value"]


def moved(
    api: Api, source: str, target: str, *, lot: str, units: int, requested_days: int, came_hours_later: int
) -> None:
    """A transfer that was asked for some days ago, and came some hours after that."""
    order = {"client_id": str(uuid.uuid4()), "kind": "transfer", "from_place": source, "to_place": target}
    line = {"item": "insulin", "quantity": units, "lot_number": lot}
    number = api.operator.ok("POST", "/v1/orders", json={**order, "lines": [line]})["number"]
    asked_at = NOW - timedelta(days=requested_days)
    Ledger(api.database).run_as_owner(f"UPDATE stock_order SET requested_at = '{asked_at}' WHERE number = '{number}'")
    came_at = asked_at + timedelta(hours=came_hours_later)
    said = {"client_id": str(uuid.uuid4()), "occurred_at": came_at.isoformat(), "lines": [line]}
    api.operator.ok("POST", f"/v1/orders/{number}/receive", json=said)


def counted(api: Api, place: str, *, lot: str, units: int) -> None:
    """A count of a place that somebody else approved."""
    number = api.operator.ok("POST", "/v1/counts", json={"place": place})["number"]
    found = {"item": "insulin", "lot_number": lot, "quantity": units, "place": place}
    said = {"client_id": str(uuid.uuid4()), "counted_at": NOW.isoformat(), "found": [found]}
    api.operator.ok("POST", f"/v1/counts/{number}/findings", json=said)
    api.quality.ok("POST", f"/v1/counts/{number}/approve", json=WHY)
    Ledger(api.database).run_as_owner(f"UPDATE stock_count SET decided_at = '{NOW - timedelta(days=2)}'")


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
