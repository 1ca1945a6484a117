"""The order as a checklist, in its own units: with what was committed since and what is in the operator's hands."""

from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.order_checklist import checklist, units_scanned
from edge_agent.domain.wire.ids import DeviceName, PlaceName
from edge_agent.domain.wire.records import Action, ScanLine, ScanTransaction
from edge_agent.timekeeping.clock import ManualClock, stamp
from tests.support.desk_parts import FAR_OFF, INSULIN, INSULIN_CASE, NOW, SITE, desk_from


def known() -> tuple[OfflineStock, ManualClock]:
    clock, stock = ManualClock(NOW), OfflineStock()
    stock.take(desk_from(SITE, clock))
    return stock, clock


def test_cartons_count_as_the_order_does_and_what_was_committed_stays_counted() -> None:
    stock, clock = known()
    carton, unit = ScanLine(INSULIN_CASE, 1, "x", "NEW", FAR_OFF), ScanLine(INSULIN, 2, "x", "NEW", FAR_OFF)
    found = checklist(stock, "PO-1", (carton, unit))
    assert found == {
        "number": "PO-1",
        "lines": [
            {"name": "insulin", "item": "Insulin 100 IU/ml", "lot": None, "unit": "units", "done": 17, "wanted": 20}
        ],
    }
    assert units_scanned(stock, (carton, unit)) == 12
    places = (PlaceName("acme"), PlaceName("dock-1"))
    stock.add(ScanTransaction(stamp(clock), "t", DeviceName("s"), Action.RECEIVE, "amy", (carton,), *places, "PO-1"))
    after = checklist(stock, "PO-1", ())
    assert after is not None and after["lines"][0]["done"] == 15


def test_an_order_that_is_not_known_has_no_list() -> None:
    stock, _ = known()
    assert checklist(stock, "PO-9", ()) is None and checklist(stock, None, ()) is None
