"""Who was in a room: page by page, whether they came lately or long ago."""

from datetime import datetime, timedelta

import pytest

from cloud_sync.actions.overview.rooms import LATELY, residents_between, room_now
from cloud_sync.domain.list_request import ListRequest
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, minute, scan

NOW = minute(0) + timedelta(days=60)
OLD, YOUNG = ("A", "B", "C"), ("D", "E", "F")


@pytest.fixture
def lots(ledger: Ledger, say: Said) -> tuple[str, ...]:
    """Three came two months ago, of which one has left, and three in the last hours; the last that came first."""
    for number, lot in enumerate(OLD):
        say(scan(minute(number), Action.RECEIVE, "acme", "fridge-a", line(5, lot)))
    say(scan(minute(30), Action.SHIP, "fridge-a", "st-mary", line(5, "B")))
    for number, lot in enumerate(YOUNG):
        came_at: datetime = NOW - timedelta(hours=5 - number)
        say(scan(came_at, Action.RECEIVE, "acme", "fridge-a", line(5, lot)))
    return tuple(sorted((*OLD, *YOUNG), reverse=True))


@pytest.mark.parametrize("rows_max", [1, 2, 3, 4, 7])
def test_every_page_of_who_was_in_a_room_is_what_it_would_be_of_all(
    ledger: Ledger, lots: tuple[str, ...], rows_max: int
) -> None:
    room = room_now(ledger.database, "fridge-a", NOW)
    since = NOW - timedelta(days=90)
    assert NOW - minute(0) > LATELY
    for is_forward in (False, True):
        sort = "began_at" if is_forward else ""
        told: list[str] = []
        for skipped in range(0, len(lots), rows_max):
            rows = residents_between(ledger.database, room, since, NOW, ListRequest(rows_max, skipped, sort=sort))
            assert len(rows) <= rows_max
            told += [row["lot_number"] for row in rows]
        assert tuple(told) == (lots[::-1] if is_forward else lots)


def test_who_left_before_is_not_told(ledger: Ledger, lots: tuple[str, ...]) -> None:
    room = room_now(ledger.database, "fridge-a", NOW)
    rows = residents_between(ledger.database, room, NOW - timedelta(days=1), NOW, ListRequest(50))
    assert [row["lot_number"] for row in rows] == [lot for lot in lots if lot != "B"]
