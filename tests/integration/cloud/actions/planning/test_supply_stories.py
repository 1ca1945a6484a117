"""Suppliers, substitutes, wards' own stock, and what is unusual: by the API, as people ask for it."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
from tests.support.ledger_api import NOW, Api, api_on, movement

WHY = {"reason": "as agreed"}
WEEKS = 10


@pytest.fixture(scope="module")
def supplied(databases: Any) -> Iterator[Api]:
    """A ward with a cabinet of its own; heparin with a suspended supplier, a qualified one and a substitute."""
    with databases.lent() as url, api_on(databases.open(url)) as api:
        for supplier, status in (("acme", "suspended"), ("beta", "qualified")):
            api.place(supplier, "supplier")
            api.quality.ok("PUT", f"/v1/suppliers/{supplier}", json={"status": status, **WHY})
        api.place("main", "site", zone="America/Chicago")
        api.place("fridge", parent="main")
        for ward in ("icu", "ward-2"):
            body = {"kind": "ward", "parent": "main", "care_priority": 1, **WHY}
            api.administrator.ok("PUT", f"/v1/recipients/{ward}", json=body)
        api.place("cabinet", "bin", parent="icu")
        api.item("dalteparin")
        of_item = {"substitutes": ["dalteparin"], "controlled_schedule": "II", **WHY}
        api.administrator.ok("PUT", "/v1/items/heparin", json=of_item)
        level = {"supplier": "acme", "reorder_point": 20, "par_level": 60, "pack_size": 10, **WHY}
        api.administrator.ok("PUT", "/v1/reorder-levels/heparin/main", json=level)
        receive(api, "heparin", "H1", 200, "beta")
        receive(api, "heparin", "H2", 40, "beta")
        receive(api, "dalteparin", "D1", 70, "beta")
        people = [api.known_as(f"nurse-{number}", Role.OPERATOR) for number in range(4)]
        for week in range(WEEKS, 0, -1):
            for number, person in enumerate(people):
                move(person, "dispense", "fridge", "ward-2", 2 + (number + week) % 2, weeks_ago=week)
        move(api.operator, "dispense", "fridge", "icu", 13, weeks_ago=2)
        move(people[3], "dispense", "fridge", "ward-2", 80, weeks_ago=0.5)
        yield api


def receive(api: Api, item: str, lot: str, units: int, supplier: str) -> None:
    line = {"item": item, "lot_number": lot, "quantity": units, "expires_on": "2027-12-31"}
    at = (NOW - timedelta(weeks=WEEKS + 2)).isoformat()
    api.operator.ok("POST", "/v1/movements", json=movement("receive", supplier, "fridge", [line], occurred_at=at))


def move(who: Any, action: str, source: str, target: str, units: int, *, weeks_ago: float) -> None:
    line = {"item": "heparin", "lot_number": "H1", "quantity": units}
    at = (NOW - timedelta(weeks=weeks_ago) + timedelta(hours=1)).isoformat()
    who.ok("POST", "/v1/movements", json=movement(action, source, target, [line], occurred_at=at))


def asked(**more: Any) -> dict[str, Any]:
    return {"client_id": str(uuid.uuid4()), **more}


def sources_of(api: Api) -> tuple[int, list[dict[str, Any]]]:
    run = api.operator.ok("POST", "/v1/planning/runs")["id"]
    found = api.reader.ok("GET", f"/v1/planning/runs/{run}/sources")
    (line,) = [each for each in found if each["item"] == "heparin"]
    return run, line["sources"]


def test_where_no_supplier_may_deliver_it_is_said_and_nothing_is_ordered(supplied: Api) -> None:
    supplied.quality.ok("PUT", "/v1/suppliers/beta", json={"status": "suspended", **WHY})
    run, sources = sources_of(supplied)
    (told,) = [each for each in sources if each["kind"] == "supplier not qualified"]
    assert "acme is suspended; beta is suspended" in told["why"] and told["quantity"] == 0
    made = supplied.operator.ok("POST", f"/v1/planning/runs/{run}/requisitions",
                                json=asked(lines=[{"item": "heparin", "place": "main"}]))  # fmt: skip
    assert made["orders"] == [] and made["no_source"] == [["heparin", "main"]]
    supplied.quality.ok("PUT", "/v1/suppliers/beta", json={"status": "qualified", **WHY})


def test_a_supplier_that_may_not_deliver_is_passed_over_for_one_that_may(supplied: Api) -> None:
    run, sources = sources_of(supplied)
    bought = next(each for each in sources if each["kind"] == "purchase")
    assert bought["name"] == "beta" and "acme is suspended" in bought["why"]
    assert bought["quantity"] % 10 == 0 and bought["quantity"] > 0
    assert [each["name"] for each in sources if each["kind"] == "substitute"] == ["dalteparin"]
    lines = {"lines": [{"item": "heparin", "place": "main"}]}
    made = supplied.operator.ok("POST", f"/v1/planning/runs/{run}/requisitions", json=asked(**lines))
    (order,) = made["orders"]
    assert (order["kind"], order["from_place"], order["state"]) == ("purchase", "beta", "requested")
    assert supplied.operator.post(f"/v1/orders/{order['number']}/approve", WHY).status_code == 403, "not one alone"


def test_a_shortage_counts_what_wards_have_themselves_and_names_substitutes(supplied: Api) -> None:
    until = (NOW.date() + timedelta(days=91)).isoformat()
    opened = {"item": "heparin", "site": "main", "until": until, **WHY}
    before = supplied.operator.ok("POST", "/v1/shortages", json=opened)
    supplied.operator.ok("POST", f"/v1/shortages/{before['id']}/reject", json=WHY)
    move(supplied.operator, "move", "fridge", "cabinet", 5, weeks_ago=0.1)
    after = supplied.operator.ok("POST", "/v1/shortages", json=opened)
    assert after["substitutes"] == [{"item": "dalteparin", "there": 70}]
    assert after["supply"] == before["supply"] - 5, "what lies in a ward's cabinet is not shared out again"
    of = {name: {share["place"]: share for share in each["shares"]} for name, each in (("b", before), ("a", after))}
    assert (of["b"]["icu"]["stock"], of["b"]["icu"]["wanted"]) == (0, 13)
    assert (of["a"]["icu"]["stock"], of["a"]["icu"]["wanted"]) == (5, 8)
    assert "has 5" in of["a"]["icu"]["why"] and of["a"]["ward-2"]["wanted"] == of["b"]["ward-2"]["wanted"]
    other = supplied.known_as("approver-1", Role.OPERATOR)
    other.ok("POST", f"/v1/shortages/{after['id']}/reject", json=WHY)


def test_much_more_of_a_controlled_item_than_ever_is_a_case_with_its_numbers_and_no_verdict(supplied: Api) -> None:
    supplied.quality.ok("POST", "/v1/anomalies")
    (case,) = [row for row in supplied.reader.rows("/v1/cases") if row["kind"] == "unusual_use"]
    assert (case["data"]["operator"], case["data"]["ward"], case["data"]["last_week"]) == ("nurse-3", "ward-2", 82)
    assert case["data"]["colleagues"] == 3 and case["data"]["own_mean"] < 4
    assert "explain it as well" in case["text"] and "nurse-3" not in case["text"]
    assert supplied.quality.ok("POST", "/v1/anomalies")["cases"] == []


def test_a_sensor_that_moves_away_from_its_neighbour_is_a_case(supplied: Api) -> None:
    with supplied.database.transaction() as connection:
        connection.execute("SELECT make_reading_partitions(%s, %s)", (NOW - timedelta(days=31), NOW))
        connection.execute(
            """
            WITH gw AS (INSERT INTO gateway (name, public_key) VALUES ('gw-drift', sha256('x')) RETURNING id),
            c AS (INSERT INTO channel (gateway_id, device, metric, place_id)
                  SELECT gw.id, d.name, 'temp_c', p.id
                  FROM gw, place p, (VALUES ('probe-a'), ('probe-b')) AS d (name) WHERE p.name = 'fridge' RETURNING *)
            INSERT INTO reading (channel_id, at, seq, value, evidence_id)
            SELECT c.id, %(now)s::timestamptz - n * interval '2 hours', n,
                   5 + sin(n) / 5 + CASE c.device WHEN 'probe-b' THEN (300 - n) / 250.0 ELSE 0 END, 1
            FROM c CROSS JOIN generate_series(1, 300) AS n
            """,
            {"now": NOW},
        )
    supplied.quality.ok("POST", "/v1/anomalies")
    (case,) = [row for row in supplied.reader.rows("/v1/cases") if row["kind"] == "sensor_drift"]
    assert abs(case["data"]["drift"]) == pytest.approx(1.2, abs=0.1) and "compare both with a reference" in case["text"]
