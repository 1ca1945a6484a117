"""Which lots an excursion holds, and which it does not."""

from tests.builders import GTIN, Ledger, line, minute, reading, scan
from tests.integration.conftest import Said
from edge_agent.domain.records import Action


def test_a_lot_in_the_refrigerator_is_held_and_others_are_not(ledger: Ledger, say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "dock", line(10, "A"), line(10, "B"), line(10, "LEFT")),
        scan(minute(1), Action.PUT_AWAY, "dock", "fridge-a", line(10, "A"), line(10, "LEFT")),
        scan(minute(2), Action.PUT_AWAY, "dock", "fridge-b", line(10, "B")),
        scan(minute(5), Action.MOVE, "fridge-a", "dock", line(10, "LEFT")),
    )
    say(reading(minute(1), 5.0), reading(minute(6), 9.0), reading(minute(7), 5.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(6), minute(7), 9.0)}
    assert ledger.held() == {("A", "", "fridge-a")}
