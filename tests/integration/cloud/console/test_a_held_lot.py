"""What the page of a held lot says after somebody has moved the goods with a scanner."""

from cloud_sync.console.visitor import TOKEN_COOKIE
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, minute, reading, scan
from tests.support.ledger_api import api_on


def test_a_held_lot_that_was_moved_is_shown_where_it_is_and_still_held(ledger: Ledger, say: Said) -> None:
    """A dock books what was done with the goods; the hold is on them, not on where they were."""
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(lot="L1")))
    say(*[reading(minute(1 + step), 12.0, "probe-a") for step in range(20)])
    say(scan(minute(30), Action.MOVE, "fridge-a", "fridge-b", line(lot="L1")))
    with api_on(ledger.database) as api:
        page = api.client.get("/lots/1", headers={"cookie": f"{TOKEN_COOKIE}={api.reader.token}"}).text
        (held,) = [row for row in api.reader.rows("/v1/holds", lot_id=1) if row["kind"] == "exposure"]
    where, moves = page.split("Storage history")[0], page.split("<h2>Movements</h2>")[1]
    assert "fridge-b" in where and "too-warm" in held["text"] and held["place"] == "fridge-b"
    assert "move" in moves.split("</tr>")[1] and "fridge-a" in moves.split("</tr>")[1]
