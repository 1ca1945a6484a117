"""Lots of which all stock is held by measurement are marked, and only as long as that is so."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.actions.orders import allocation_group
from cloud_sync.storage.locks import lock_exposed
from edge_agent.domain.intervals import Interval
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, minute, reading, scan
from tests.support.ledger_api import Api, api_on

WHY = {"decision": "release", "reason": "stability data cover it"}


@pytest.fixture
def api(ledger: Ledger) -> Iterator[Api]:
    with api_on(ledger.database) as opened:
        yield opened


def marked(ledger: Ledger) -> set[str]:
    return {row["lot_number"] for row in ledger.rows("SELECT lot_number FROM lot WHERE is_wholly_exposed")}


def ask(api: Api, quantity: int = 1, **query: Any) -> dict[str, Any]:
    body = {"client_id": str(uuid.uuid4()), "item": "insulin", "quantity": quantity, "demand": "W-1"}
    answer: dict[str, Any] = api.operator.ok("POST", "/v1/allocations", json=body, params=query)
    return answer


def test_the_mark_comes_with_the_hold_and_goes_with_free_stock_a_release_or_a_correction(
    api: Api, ledger: Ledger, say: Said
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "A")))
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-b", line(10, "B")))
    say(reading(minute(1), 5.0), reading(minute(2), 9.0))
    assert marked(ledger) == {"A"}
    say(scan(minute(1), Action.RECEIVE, "acme", "fridge-b", line(5, "A")))
    assert marked(ledger) == set()
    say(scan(minute(2.5), Action.MOVE, "fridge-b", "fridge-a", line(5, "A")))
    assert marked(ledger) == {"A"}
    say(reading(minute(4), 5.0))
    (lot,) = [row for row in api.reader.rows("/v1/lots") if row["lot_number"] == "A"]
    (excursion,) = api.reader.rows("/v1/excursions")
    body = {"excursion_id": excursion["id"], "lot_id": lot["id"], **WHY}
    api.quality.ok("POST", "/v1/dispositions", json=body)
    assert marked(ledger) == set()
    say(reading(minute(3), 11.0))
    assert marked(ledger) == set()  # held again, and looked at: somebody decided on it
    assert ("A", "", "fridge-a") in ledger.held()


def test_lots_that_are_exposed_once_more_are_not_written_again(ledger: Ledger, say: Said) -> None:
    """Ten thousand were unmarked and marked anew by each excursion of their room, in all their indexes."""
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "A")))
    say(reading(minute(1), 5.0), reading(minute(2), 9.0), reading(minute(3), 5.0))
    assert marked(ledger) == {"A"}
    ledger.run_as_owner(
        "CREATE TRIGGER once BEFORE UPDATE ON lot FOR EACH ROW EXECUTE FUNCTION refuse_change();"
        "ALTER TABLE lot ENABLE ALWAYS TRIGGER once"
    )
    say(reading(minute(5), 9.0))
    assert len(ledger.excursions()) == 2
    assert marked(ledger) == {"A"}


def test_ten_held_lots_before_the_free_one_are_told_and_counted_and_explained_one_by_one_to_who_asks(
    api: Api, ledger: Ledger, say: Said
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", *(line(1, f"A{n}") for n in range(10))))
    say(scan(minute(1), Action.RECEIVE, "acme", "fridge-b", line(10, "B")))
    say(reading(minute(1), 5.0), reading(minute(2), 9.0))
    assert len(marked(ledger)) == 10
    answer = ask(api)
    assert [each["lot_number"] for each in answer["reservations"]] == ["B"]
    assert [each["lot_number"] for each in answer["skipped"]] == [f"A{n}" for n in range(8)]
    assert all("too-warm" in each["reasons"][0]["text"] for each in answer["skipped"])
    assert answer["skipped_more"] == {"held": 2}
    whole = ask(api, explain="all")
    assert [each["lot_number"] for each in whole["skipped"]] == [f"A{n}" for n in range(10)]
    assert whole["skipped_more"] == {}
    second = ask(api, explain="all", limit=4, offset=4)
    assert [each["lot_number"] for each in second["skipped"]] == ["A4", "A5", "A6", "A7"]


def test_an_allocation_alone_says_the_same_as_one_among_others(
    api: Api, ledger: Ledger, say: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", *(line(1, f"A{n}") for n in range(10))))
    say(scan(minute(1), Action.RECEIVE, "acme", "fridge-b", line(10, "B"), line(10, "C")))
    say(reading(minute(1), 5.0), reading(minute(2), 9.0))
    among_others = ask(api, 12)
    (first, second) = among_others["reservations"]
    for each in (first, second):
        api.operator.ok("POST", f"/v1/reservations/{each['id']}/void", json={"reason": "again"})
    monkeypatch.setattr("cloud_sync.actions.orders.allocate.allocate_with_others", lambda *_: None)
    alone = ask(api, 12)
    for answer in (among_others, alone):
        for each in answer["reservations"]:
            each.pop("id")
    assert alone == among_others
    assert allocation_group.AT_ONCE_MAX > 1


def test_stock_in_a_room_that_is_being_judged_is_passed_over_instead_of_waited_for(
    api: Api, ledger: Ledger, say: Said
) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "A")))
    say(scan(minute(1), Action.RECEIVE, "acme", "fridge-b", line(10, "B")))
    (room,) = ledger.rows("SELECT id FROM place WHERE name = 'fridge-a'")
    with ledger.database.transaction() as judging:
        lock_exposed(judging, {room["id"]: Interval(minute(0), minute(2))})
        asked = ask(api)
        assert [row["lot_number"] for row in asked["reservations"]] == ["B"]
        assert [(row["lot_number"], row["reasons"]) for row in asked["skipped"]] == [
            ("A", [{"code": "held", "text": allocation_group.BEING_JUDGED["text"]}])
        ]
    assert [row["lot_number"] for row in ask(api)["reservations"]] == ["A"]
