"""Stock, movements, reservations: what may be issued, and that no more is reserved than is there."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from cloud_sync.actions.orders.allocate import allocate, confirm_reservation, end_unconfirmed
from cloud_sync.actions.orders.reallocation_worker import Replanning
from cloud_sync.errors import Conflict, DatabaseDown
from tests.support.builders import Ledger
from tests.support.ledger_api import LATER, NOW, SOON, Api, demand, movement


def moved(api: Api, action: str, source: str, target: str, lot: str, quantity: int, **more: Any) -> Any:
    line = {"item": "insulin", "lot_number": lot, "quantity": quantity}
    return api.operator.post("/v1/movements", movement(action, source, target, [line], **more))


# Movements


def test_stock_is_what_came_less_what_went(api: Api) -> None:
    api.receive("A", 10)
    assert moved(api, "move", "fridge-a", "fridge-b", "A", 4).status_code == 201
    found = {row["place"]: row["quantity"] for row in api.reader.rows("/v1/stock", item="insulin")}
    assert found == {"fridge-a": 6, "fridge-b": 4}
    assert sum(row["quantity"] for row in api.reader.rows("/v1/stock", everywhere=True)) == 0
    assert [row["quantity"] for row in api.reader.rows("/v1/stock", place="main")] == [6, 4]
    assert [row["action"] for row in api.reader.rows("/v1/movements")] == ["receive", "move"][::-1]


def test_the_same_command_again_changes_nothing_and_another_under_its_id_is_refused(api: Api) -> None:
    body = movement("receive", "acme", "fridge-a", [{"item": "insulin", "lot_number": "A", "quantity": 3}])
    first = api.operator.post("/v1/movements", body)
    assert (first.status_code, api.operator.post("/v1/movements", body).json()) == (201, first.json())
    assert api.operator.post("/v1/movements", body | {"to_place": "fridge-b"}).status_code == 409
    assert [row["quantity"] for row in api.reader.rows("/v1/stock")] == [3]


def test_the_same_command_from_many_clients_at_once_is_done_once(api: Api) -> None:
    body = movement("receive", "acme", "fridge-a", [{"item": "insulin", "lot_number": "A", "quantity": 3}])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.operator.post("/v1/movements", body).json(), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert [row["quantity"] for row in api.reader.rows("/v1/stock")] == [3]


def test_expired_and_held_stock_cannot_be_shipped_but_moved_and_destroyed(api: Api) -> None:
    api.place("scrap", "scrap")
    lot = api.receive("A", 10, expires_on="2026-05-30")
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    response = moved(api, "ship", "fridge-a", "st-mary", "A", 1)
    assert response.status_code == 409
    assert "torn box" in response.json()["error"]
    assert "expired" in response.json()["error"]
    assert moved(api, "move", "fridge-a", "st-mary", "A", 1).status_code == 422
    assert moved(api, "move", "fridge-a", "fridge-b", "A", 5).status_code == 201
    assert api.destroy("fridge-a", "A", 5).status_code == 200


def test_a_lot_may_be_used_until_the_end_of_the_day_on_its_label(api: Api) -> None:
    api.receive("A", 1, expires_on="2026-06-01")  # today
    assert moved(api, "ship", "fridge-a", "st-mary", "A", 1).status_code == 201


def test_more_than_there_is_cannot_be_moved_also_not_in_two_lines(api: Api) -> None:
    api.receive("A", 5)
    line = {"item": "insulin", "lot_number": "A", "quantity": 3}
    response = api.operator.post("/v1/movements", movement("move", "fridge-a", "fridge-b", [line, line]))
    assert (response.status_code, "has 5 of lot A" in response.json()["error"]) == (409, True)
    assert [row["quantity"] for row in api.reader.rows("/v1/stock")] == [5]


def test_stock_that_is_reserved_to_others_cannot_be_shipped(api: Api) -> None:
    api.receive("A", 5)
    api.operator.ok("POST", "/v1/allocations", json=demand(4))
    assert moved(api, "ship", "fridge-a", "st-mary", "A", 2).status_code == 409
    assert moved(api, "ship", "fridge-a", "st-mary", "A", 1).status_code == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"to_place": "fridge-a", "from_place": "fridge-a"}, 422),
        ({"occurred_at": (NOW + timedelta(hours=1)).isoformat()}, 422),
        ({"occurred_at": "2026-05-01T00:00:00"}, 422),
        ({"from_place": "nowhere"}, 404),
        ({"action": "allocate"}, 422),
        ({"lines": []}, 422),
        ({"lines": [{"item": "insulin", "lot_number": "A", "quantity": 0}]}, 422),
        ({"lines": [{"item": "insulin", "lot_number": "A", "quantity": 1, "owner": "nobody"}]}, 404),
        ({"lines": [{"item": "insulin", "lot_number": "A", "quantity": 1, "expires_on": SOON}]}, 409),
    ],
)
def test_a_command_that_contradicts_itself_or_the_ledger_is_refused(
    api: Api, change: dict[str, Any], status: int
) -> None:
    api.receive("A", 5)
    body = movement("receive", "acme", "fridge-a", [{"item": "insulin", "lot_number": "A", "quantity": 1}])
    response = api.operator.post("/v1/movements", body | change)
    assert response.status_code == status, response.text
    assert [row["quantity"] for row in api.reader.rows("/v1/stock")] == [5]


def test_stock_that_the_ledger_does_not_know_cannot_be_moved_within_the_house(api: Api) -> None:
    assert moved(api, "move", "fridge-a", "fridge-b", "A", 1).status_code == 404


@pytest.mark.parametrize(
    ("action", "source", "instead"),
    [
        ("move", "acme", "use receive"),
        ("return", "acme", "use receive"),
        ("put_away", "st-mary", "use return"),
        ("receive", "st-mary", "use return"),
        ("move", "count-difference", "count it (POST /v1/counts), and have it approved"),
        ("count", "count-difference", "count it (POST /v1/counts), and have it approved"),
        ("move", "scrap", "count it (POST /v1/counts), and have it approved"),
    ],
)
def test_nothing_comes_into_the_house_past_what_would_hold_it(api: Api, action: str, source: str, instead: str) -> None:
    Ledger(api.database).add_place("count-difference", "count_difference")
    Ledger(api.database).add_place("scrap", "scrap")
    api.receive("A", 5)
    response = moved(api, action, source, "fridge-a", "A", 1)
    assert response.status_code == 422, response.text
    assert instead in response.json()["error"]
    assert [row["quantity"] for row in api.reader.rows("/v1/stock", place="main")] == [5]


# Allocation


def test_the_first_expiring_eligible_lot_is_reserved_and_the_others_are_explained(api: Api) -> None:
    api.receive("LATE", 10, expires_on=LATER)
    api.receive("SOON", 10, expires_on=SOON)
    expired = api.receive("OLD", 10, expires_on="2026-05-01")
    held = api.receive("BAD", 10, expires_on="2026-06-15")
    api.excursion("fridge-a", held)
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(12))
    assert [(r["lot_number"], r["quantity"]) for r in answer["reservations"]] == [("SOON", 10), ("LATE", 2)]
    skipped = {row["lot_id"]: [reason["code"] for reason in row["reasons"]] for row in answer["skipped"]}
    assert skipped == {expired: ["expired"], held: ["held"]}
    assert answer["missing"] == 0


def test_a_demand_that_cannot_be_covered_gets_what_there_is(api: Api) -> None:
    api.receive("A", 5)
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(8))
    assert (answer["reservations"][0]["quantity"], answer["missing"]) == (5, 3)
    again = api.operator.ok("POST", "/v1/allocations", json=demand(8))
    assert (again["reservations"], again["missing"]) == ([], 8)
    assert again["skipped"][0]["reasons"][0]["code"] == "reserved"


def test_the_same_demand_again_gets_the_same_answer_and_another_under_its_id_is_refused(api: Api) -> None:
    api.receive("A", 10)
    body = demand(3)
    first = api.operator.ok("POST", "/v1/allocations", json=body)
    assert api.operator.ok("POST", "/v1/allocations", json=body) == first
    assert api.operator.post("/v1/allocations", body | {"quantity": 4}).status_code == 409
    assert api.reader.rows("/v1/stock")[0]["reserved"] == 3


def test_a_demand_may_be_limited_to_a_site_and_to_one_owner(api: Api) -> None:
    api.administrator.ok("POST", "/v1/owners", json={"name": "client-x"})
    api.place("annex", "site")
    api.receive("FAR", 10, place="annex", expires_on=SOON)
    api.receive("HERS", 10, expires_on=SOON, owner="client-x")
    api.receive("HERE", 10)
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(5, site="main"))
    assert [r["lot_number"] for r in answer["reservations"]] == ["HERE"]
    hers = api.operator.ok("POST", "/v1/allocations", json=demand(5, owner="client-x"))
    assert [r["lot_number"] for r in hers["reservations"]] == ["HERS"]
    assert api.operator.post("/v1/allocations", demand(5, site="nowhere")).status_code == 404
    assert api.operator.post("/v1/allocations", demand(5, item="unknown")).status_code == 404


def test_a_hold_at_one_place_leaves_the_rest_of_the_lot_free(api: Api) -> None:
    lot = api.receive("A", 10)
    lines = [{"item": "insulin", "lot_number": "A", "quantity": 4}]
    a_moment_ago = (NOW - timedelta(seconds=30)).isoformat()
    before = movement("move", "fridge-a", "fridge-b", lines, occurred_at=a_moment_ago)
    api.operator.ok("POST", "/v1/movements", json=before)
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "door was open"})
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(10))
    assert [(r["place"], r["quantity"]) for r in answer["reservations"]] == [("fridge-b", 4)]
    held = api.reader.rows("/v1/stock", place="fridge-a")
    assert [reason["text"] for reason in held[0]["reasons"]] == ["door was open"]


def test_a_serial_that_was_not_exposed_stays_available(api: Api) -> None:
    for serial in ("S1", "S2"):
        lot = api.receive("A", 1, serial=serial)
    excursion = api.excursion("fridge-b", lot)
    with api.database.transaction() as connection:
        connection.execute("DELETE FROM exposure")
        connection.execute(
            "INSERT INTO residency (lot_id, serial, place_id, began_at) SELECT %s, 'S1', id, %s FROM place"
            " WHERE name = 'fridge-a' ON CONFLICT DO NOTHING",
            (lot, NOW - timedelta(days=1)),
        )
        connection.execute(
            "INSERT INTO exposure (excursion_id, lot_id, serial, place_id, residency_began_at, since)"
            " SELECT %s, lot_id, serial, place_id, began_at, began_at FROM residency WHERE serial = 'S1'",
            (excursion,),
        )
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(2))
    assert [r["serial"] for r in answer["reservations"]] == ["S2"]
    assert [r["serial"] for r in answer["skipped"]] == ["S1"]


def test_a_demand_looks_past_any_number_of_blocked_lots(api: Api) -> None:
    with api.database.transaction() as connection:
        connection.execute(
            "INSERT INTO lot (item_id, lot_number, owner, expires_on)"
            " SELECT i.id, 'OLD-' || n, 'house', '2020-01-01' FROM item i, generate_series(1, 700) n"
        )
        connection.execute(
            "INSERT INTO position (lot_id, place_id, quantity) SELECT l.id, p.id, 1 FROM lot l, place p"
            " WHERE p.name = 'fridge-a'"
        )
    api.receive("GOOD", 1)
    answer = api.operator.ok("POST", "/v1/allocations", json=demand(1))
    assert [r["lot_number"] for r in answer["reservations"]] == ["GOOD"]
    assert len(answer["skipped"]) + sum(answer["skipped_more"].values()) == 700


def test_fifty_clients_at_once_are_never_reserved_more_than_there_is(api: Api) -> None:
    api.receive("A", 40)
    api.receive("B", 33, place="fridge-b", expires_on=SOON)
    bad = api.receive("C", 100, expires_on="2026-06-10")
    api.quality.ok("POST", "/v1/holds", json={"lot_id": bad, "reason": "recalled"})

    def ask(number: int) -> int:
        body = demand(number % 3 + 1, client_id=uuid.uuid4(), demand=f"SO-{number}", owner="house", site=None)
        while True:  # the pool is smaller than the crowd: who got no connection asks again, as clients do
            try:
                answer = allocate(api.database, **body, shelf_life_min_days=0, at=NOW, actor=f"client-{number}")
            except DatabaseDown:
                continue
            return sum(r["quantity"] for r in answer["reservations"])

    with ThreadPoolExecutor(50) as pool:
        reserved = sum(pool.map(ask, range(50)))
    wanted = sum(number % 3 + 1 for number in range(50))
    assert reserved == min(wanted, 73) == 73
    stock = {row["lot_number"]: (row["quantity"], row["reserved"]) for row in api.reader.rows("/v1/stock")}
    assert stock == {"A": (40, 40), "B": (33, 33), "C": (100, 0)}


# Reservations


def test_a_reservation_taken_back_frees_its_stock_and_taking_it_back_twice_is_harmless(api: Api) -> None:
    api.receive("A", 5)
    (reservation,) = api.operator.ok("POST", "/v1/allocations", json=demand(5))["reservations"]
    path = f"/v1/reservations/{reservation['id']}"
    for _ in range(2):
        assert api.operator.post(f"{path}/void", {"reason": "order cancelled"}).status_code == 204
    assert api.reader.rows("/v1/stock")[0]["reserved"] == 0
    assert api.reader.rows("/v1/reservations", demand="SO-1")[0]["ended_as"] == "void"
    assert api.operator.post(f"{path}/pick", {"to_place": "st-mary", "action": "ship"}).status_code == 409
    assert api.operator.post("/v1/reservations/999/void", {"reason": "order cancelled"}).status_code == 404


def test_a_reservation_is_kept_by_moving_its_stock_once(api: Api) -> None:
    api.receive("A", 5)
    (reservation,) = api.operator.ok("POST", "/v1/allocations", json=demand(4))["reservations"]
    path = f"/v1/reservations/{reservation['id']}/pick"
    first = api.operator.ok("POST", path, json={"to_place": "st-mary", "action": "ship"})
    assert api.operator.ok("POST", path, json={"to_place": "st-mary", "action": "ship"}) == first
    assert (first[0]["quantity"], first[0]["order_ref"]) == (4, "SO-1")
    (left,) = api.reader.rows("/v1/stock")
    assert (left["quantity"], left["reserved"]) == (1, 0)


def test_stock_that_was_exposed_after_it_was_reserved_is_not_picked(api: Api) -> None:
    lot = api.receive("A", 5)
    (reservation,) = api.operator.ok("POST", "/v1/allocations", json=demand(4))["reservations"]
    api.excursion("fridge-a", lot)
    response = api.operator.post(
        f"/v1/reservations/{reservation['id']}/pick", {"to_place": "st-mary", "action": "ship"}
    )
    assert (response.status_code, "exposed since" in response.json()["error"]) == (409, True)
    assert api.reader.rows("/v1/stock")[0]["quantity"] == 5


def test_stock_of_a_place_that_does_not_exist_is_not_found(api: Api) -> None:
    assert api.reader.get("/v1/stock", place="nowhere").status_code == 404


def pending(api: Api, quantity: int = 5) -> int:
    body = demand(quantity, pending_minutes=30)
    (reservation,) = api.operator.ok("POST", "/v1/allocations", json=body)["reservations"]
    assert api.operator.ok("POST", "/v1/allocations", json=body)["reservations"] == [reservation]
    return int(reservation["id"])


def test_a_pending_reservation_ends_unless_it_is_confirmed_in_time(api: Api) -> None:
    api.receive("A", 5)
    reservation = pending(api)
    (row,) = api.reader.rows("/v1/reservations")
    assert (row["expires_at"], row["ended_as"]) == ("2026-06-01T12:30:00Z", None)
    assert api.operator.ok("POST", "/v1/allocations", json=demand(1))["missing"] == 1, "nobody else gets it meanwhile"
    assert end_unconfirmed(api.database, at=NOW + timedelta(minutes=29)) == 0
    assert end_unconfirmed(api.database, at=NOW + timedelta(minutes=30)) == 1
    (row,) = api.reader.rows("/v1/reservations")
    assert (row["ended_as"], row["ended_reason"]) == ("expired", "not confirmed in time")
    assert api.operator.post(f"/v1/reservations/{reservation}/confirm").status_code == 409
    assert (
        api.operator.post(f"/v1/reservations/{reservation}/pick", {"to_place": "st-mary", "action": "ship"}).status_code
        == 409
    )
    assert api.operator.ok("POST", "/v1/allocations", json=demand(5))["missing"] == 0


def test_a_confirmed_reservation_is_firm_and_confirming_it_twice_is_harmless(api: Api) -> None:
    api.receive("A", 5)
    path = f"/v1/reservations/{pending(api)}/confirm"
    for _ in range(2):
        assert api.operator.post(path).status_code == 204
    assert end_unconfirmed(api.database, at=NOW + timedelta(days=9)) == 0
    assert api.reader.rows("/v1/reservations", only_open=True)[0]["expires_at"] is None
    assert api.operator.post("/v1/reservations/999/confirm").status_code == 404


def test_a_reservation_that_is_over_is_neither_confirmed_nor_picked_before_anybody_ended_it(api: Api) -> None:
    api.receive("A", 5)
    reservation = pending(api)
    with pytest.raises(Conflict, match="in time"):
        confirm_reservation(api.database, reservation, at=NOW + timedelta(minutes=30), actor="amy")


def test_a_running_ledger_ends_pending_reservations_by_itself(api: Api) -> None:
    api.receive("A", 5)
    pending(api)
    ended = Event()
    with Replanning(api.database, every_s=0.01, clock=lambda: NOW + timedelta(hours=1)):
        for _ in range(3000):  # half a minute at most; the condition ends it
            if api.reader.rows("/v1/reservations")[0]["ended_as"] == "expired":
                ended.set()
                break
            ended.wait(0.01)
    assert ended.is_set()
