"""Verdicts at the dock: all reasons, offline."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from edge_agent.dock.offline_eligibility import DeskJudge
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.verdicts import Doing, Verdict
from edge_agent.domain.stock.desk import DeskBalance, DeskBlock, DeskLostSerial, DeskLot, DeskSnapshot
from edge_agent.domain.stock.eligibility import ISSUING, HoldKind
from edge_agent.domain.wire.ids import DeviceName, PlaceName
from edge_agent.domain.wire.records import Action, ScanLine, ScanTransaction
from edge_agent.timekeeping.clock import ManualClock, stamp
from tests.support.desk_parts import INSULIN, INSULIN_CASE, NOW, SITE, VACCINE, desk_from, lot, with_block

FAR = date(2027, 12, 31)


class Bench:
    """A judge with a desk, and a clock to move."""

    def __init__(self, snapshot: DeskSnapshot | None = SITE) -> None:
        self.clock = ManualClock(NOW)
        self.known = OfflineStock()
        self.known.take(desk_from(snapshot, self.clock) if snapshot else None)
        self.judge = DeskJudge(self.known, self.clock, old_after_s=900)

    def line(
        self, action: Action, lot: str | None, *, gtin: str = INSULIN, quantity: int = 1, expires_on: date | None = FAR,
        serial: str | None = None, from_place: str | None = None, order: str | None = None,
        before: tuple[ScanLine, ...] = (),
    ) -> tuple[Verdict, ...]:  # fmt: skip
        places = ("acme", "dock-1") if action is Action.RECEIVE else (from_place or "fridge-a", "dock-1")
        doing = Doing(action, from_place or places[0], places[1], order)
        return self.judge.line(doing, item(lot, gtin, quantity, expires_on, serial), before, stamp(self.clock))

    def commit(self, action: Action, from_place: str, to_place: str, *lines: ScanLine, order: str | None = None) -> str:
        name = str(uuid.uuid4())
        self.known.add(
            ScanTransaction(stamp(self.clock), name, DeviceName("s"), action, "amy", lines, PlaceName(from_place),
                            PlaceName(to_place), order)
        )  # fmt: skip
        return name


def item(
    lot: str | None, gtin: str = INSULIN, quantity: int = 1, expires_on: date | None = FAR, serial: str | None = None
) -> ScanLine:
    return ScanLine(gtin, quantity, "scanned", lot, expires_on, serial)


def codes(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [("!" if verdict.refuses else "?") + verdict.code for verdict in verdicts]


@pytest.mark.parametrize("action", [Action.PICK, Action.SHIP, Action.DISPENSE])
def test_a_held_and_exposed_lot_is_refused_with_every_reason(action: Action) -> None:
    verdicts = Bench().line(action, "HELD")
    assert codes(verdicts) == ["!held", "!held"]
    assert [v.text for v in verdicts] == ["exposed since 2026-11-20: fridge-a broke above-8", "outer box torn"]


def test_what_is_in_a_pallet_the_ledger_knows() -> None:
    bench = Bench()
    pallet = ScanLine("", 1, "scanned", codes=("sscc:106141412345678908",))
    (verdict,) = bench.judge.line(Doing(Action.RECEIVE, "acme", "dock-1", None), pallet, (), stamp(bench.clock))
    assert (verdict.code, verdict.refuses) == ("package", False) and "SSCC 106141412345678908" in verdict.text


@pytest.mark.parametrize("action", [Action.RECEIVE, Action.PUT_AWAY, Action.PICK, Action.DISPENSE, Action.RETURN])
def test_every_dock_refuses_a_lost_serial_offline_and_lets_it_be_set_apart(action: Action) -> None:
    lost = DeskLostSerial("insulin", "S7", "serial S7 of insulin is on the list of lost serials: it was stolen")
    bench = Bench(replace(SITE, lost=(lost,)))
    (verdict,) = bench.line(action, "GOOD", serial="S7")
    assert (verdict.code, verdict.refuses) == ("lost_serial", True) and "it was stolen" in verdict.text
    assert [v.refuses for v in bench.line(Action.MOVE, "GOOD", serial="S7")] == [False]
    assert "!lost_serial" not in codes(bench.line(action, "GOOD", serial="S8"))


def test_a_good_lot_may_go() -> None:
    assert Bench().line(Action.PICK, "GOOD") == ()


@pytest.mark.parametrize("action", [Action.RETURN, Action.COUNT, Action.DESTROY])
def test_blocked_stock_may_be_returned_counted_and_destroyed(action: Action) -> None:
    assert Bench().line(action, "HELD") == ()


@pytest.mark.parametrize("action", [Action.PUT_AWAY, Action.MOVE])
def test_whoever_moves_held_stock_is_told_that_it_is_held_and_stays_so(action: Action) -> None:
    (verdict,) = Bench().line(action, "HELD")
    assert codes((verdict,)) == ["?held"] and not verdict.quiet
    assert verdict.text == (
        "lot HELD is on hold: exposed since 2026-11-20: fridge-a broke above-8; outer box torn. "
        "It stays on hold wherever it is put"
    )
    assert Bench().line(action, "GOOD") == ()


def test_an_expired_lot_is_refused_by_the_desk_even_if_its_label_says_otherwise() -> None:
    assert codes(Bench().line(Action.PICK, "OLD", expires_on=FAR)) == ["!expired"]


def test_an_expired_label_is_refused_even_if_the_desk_says_otherwise_or_nothing() -> None:
    assert codes(Bench().line(Action.PICK, "GOOD", expires_on=date(2026, 11, 20))) == ["!expired"]
    assert codes(Bench(None).line(Action.PICK, "ANY", expires_on=date(2026, 11, 20))) == ["!expired", "?no_desk"]


def test_a_clock_that_was_set_back_makes_nothing_good_again() -> None:
    bench = Bench()
    bench.clock.step_wall(-30 * 86_400)
    assert codes(bench.line(Action.PICK, "OLD", expires_on=None)) == ["!expired"]


def test_stock_reserved_to_others_is_refused_and_for_its_own_order_is_not() -> None:
    assert codes(Bench().line(Action.PICK, "PROMISED", from_place="fridge-b")) == ["!reserved"]
    assert Bench().line(Action.PICK, "PROMISED", from_place="fridge-b", order="SO-1") == ()


def test_too_little_shelf_life_for_the_order_is_refused() -> None:
    site = replace(SITE, orders=tuple(replace(order, shelf_life_days_min=500) for order in SITE.orders))
    assert codes(Bench(site).line(Action.SHIP, "GOOD", order="SO-1")) == ["!short_dated"]


def test_more_than_is_known_warns_but_is_taken() -> None:
    bench = Bench()
    assert codes(bench.line(Action.PICK, "GOOD", quantity=41)) == ["?more_than_known"]
    assert codes(bench.line(Action.PICK, "GOOD", quantity=2, before=(item("GOOD", quantity=39),))) == [
        "?more_than_known"
    ]
    assert codes(bench.line(Action.PICK, "GOOD", from_place="dock-1")) == ["?no_stock"]


def test_an_exposure_elsewhere_does_not_hold_stock_that_was_not_there() -> None:
    block = DeskBlock(HoldKind.EXPOSURE, "exposed in fridge-b", "fridge-b")
    assert Bench(with_block(SITE, "GOOD", block)).line(Action.PICK, "GOOD") == ()


def test_a_hold_follows_stock_that_was_moved_here_since() -> None:
    bench = Bench()
    bench.commit(Action.MOVE, "fridge-a", "fridge-b", item("HELD", quantity=7))
    assert "!held" in codes(bench.line(Action.PICK, "HELD", from_place="fridge-b"))


def test_a_hold_counts_when_nobody_knows_how_the_lot_came_here() -> None:
    assert "!held" in codes(Bench().line(Action.PICK, "HELD", from_place="dock-1"))


@pytest.mark.parametrize(("place", "held"), [("fridge-a", ["!held"]), ("cold-room", [])])
def test_a_hold_is_on_the_goods_in_the_very_place_where_they_are(place: str, held: list[str]) -> None:
    site = with_block(SITE, "GOOD", DeskBlock(HoldKind.MANUAL, "box is torn", place))
    assert codes(Bench(site).line(Action.PICK, "GOOD")) == held


def test_a_hold_on_one_serial_leaves_the_others() -> None:
    site = with_block(SITE, "V1", DeskBlock(HoldKind.MANUAL, "cap is off", "fridge-b", "S1"))
    pick = {"gtin": VACCINE, "expires_on": date(2027, 6, 30), "from_place": "fridge-b"}
    assert codes(Bench(site).line(Action.PICK, "V1", serial="S1", **pick)) == ["!held"]  # type: ignore[arg-type]
    assert codes(Bench(site).line(Action.PICK, "V1", serial="S2", **pick)) == []  # type: ignore[arg-type]


def test_an_old_desk_says_so_in_each_verdict() -> None:
    bench = Bench()
    bench.clock.advance(3 * 3600)
    assert bench.line(Action.PICK, "OLD")[0].text.endswith("(ledger data from 3 h ago)")


@pytest.mark.parametrize("action", [Action.PICK, Action.RECEIVE])
def test_an_old_desk_says_so_even_if_it_knows_nothing_against_the_box(action: Action) -> None:
    bench = Bench()
    bench.clock.advance(3 * 3600)
    (verdict,) = bench.line(action, "GOOD")
    assert (verdict.refuses, verdict.quiet) == (False, True)
    assert verdict.text == "no hold is known (ledger data from 3 h ago)"


@pytest.mark.parametrize("action", [Action.PUT_AWAY, Action.MOVE, Action.RETURN, Action.COUNT, Action.DESTROY])
def test_an_unknown_item_is_told_whatever_is_done_with_it(action: Action) -> None:
    assert codes(Bench().line(action, "NEW", gtin="09506000134352")) == ["?unknown_item"]
    assert codes(Bench(None).line(action, "NEW")) == []


@pytest.mark.parametrize("action", sorted(ISSUING))
def test_a_lot_or_item_that_the_desk_does_not_know_may_not_be_issued(action: Action) -> None:
    bench = Bench()
    bench.clock.advance(200)
    assert "!unknown_lot" in codes(bench.line(action, "NEVER-RECEIVED"))
    assert "!unknown_lot" in codes(bench.line(action, None, gtin=VACCINE, serial="S99"))
    item_verdicts = bench.line(action, "GOOD", gtin="09506000134352")
    assert "!unknown_item" in codes(item_verdicts)
    assert [v.text for v in bench.line(action, "NEVER-RECEIVED")] == [
        "lot NEVER-RECEIVED of insulin is not in the ledger data from 3 min ago: it may be moved or counted, "
        "but not issued until newer data has it"
    ]


@pytest.mark.parametrize("action", sorted(set(Action) - ISSUING - {Action.RECEIVE}))
def test_a_lot_that_the_desk_does_not_know_may_be_moved_counted_returned_and_destroyed(action: Action) -> None:
    assert Bench().line(action, "NEVER-RECEIVED") == ()


def test_moving_an_unknown_lot_does_not_make_it_known_but_receiving_it_does() -> None:
    bench = Bench()
    bench.commit(Action.MOVE, "fridge-a", "dock-1", item("NEW", quantity=5))
    assert "!unknown_lot" in codes(bench.line(Action.PICK, "NEW", from_place="dock-1"))
    bench.commit(Action.RECEIVE, "acme", "dock-1", item("NEW", quantity=5))
    assert bench.line(Action.PICK, "NEW", from_place="dock-1") == ()


def test_the_age_of_the_desk_is_told_once_of_a_lot_it_does_not_know() -> None:
    bench = Bench()
    bench.clock.advance(3 * 3600)
    (verdict,) = bench.line(Action.PICK, "NEVER-RECEIVED")
    assert verdict.text.count("3 h ago") == 1


def test_without_a_desk_everything_is_taken_with_a_warning() -> None:
    assert codes(Bench(None).line(Action.RECEIVE, "NEW")) == ["?no_desk"]
    assert codes(Bench(None).line(Action.PICK, "NEW")) == ["?no_desk"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"lot": "NEW"}, []),
        ({"lot": "NEW", "gtin": "09506000134352"}, ["?unknown_item"]),
        ({"lot": "NEW", "expires_on": date(2026, 11, 20)}, ["!expired"]),
        ({"lot": "NEW", "expires_on": date(2026, 12, 24)}, ["?short_dated"]),
        ({"lot": "NEW", "expires_on": None}, ["!missing_expiry"]),
        ({"lot": "GOOD", "expires_on": date(2028, 1, 1)}, ["!wrong_expiry"]),
        ({"lot": None, "gtin": VACCINE, "serial": "S9"}, ["!missing_lot"]),
        ({"lot": "V1", "gtin": VACCINE, "expires_on": date(2027, 6, 30)}, ["!missing_serial"]),
        ({"lot": "V1", "gtin": VACCINE, "expires_on": date(2027, 6, 30), "serial": "S1"}, ["!duplicate_serial"]),
        ({"lot": "NEW", "order": "PO-1", "quantity": 15}, []),
        ({"lot": "NEW", "order": "PO-1", "quantity": 16}, ["?over_delivery"]),
        ({"lot": "NEW", "order": "PO-1", "gtin": INSULIN_CASE, "quantity": 2}, ["?over_delivery"]),
        ({"lot": "V8", "order": "PO-2", "gtin": VACCINE, "serial": "S9"}, ["!wrong_lot"]),
        ({"lot": "NEW", "order": "PO-2"}, ["!unexpected_item"]),
        ({"lot": "NEW", "order": "PO-77"}, ["?no_such_order"]),
        ({"lot": "NEW", "from_place": "shady"}, ["!supplier_not_qualified"]),
        ({"lot": "NEW", "from_place": "clinic"}, ["?supplier_unknown"]),
    ],
)  # fmt: skip
def test_receiving_checks(case: dict[str, object], expected: list[str]) -> None:
    assert codes(Bench().line(Action.RECEIVE, **case)) == expected  # type: ignore[arg-type]


def test_what_was_received_here_since_the_desk_counts() -> None:
    bench = Bench()
    unit = item("V9", VACCINE, serial="S5")
    bench.commit(Action.RECEIVE, "acme", "dock-1", unit)
    bench.commit(Action.RECEIVE, "acme", "dock-1", item("NEW", quantity=15), order="PO-1")
    assert codes(bench.line(Action.RECEIVE, "V9", gtin=VACCINE, serial="S5")) == ["!duplicate_serial"]
    assert codes(bench.line(Action.RECEIVE, "NEW", order="PO-1")) == ["?over_delivery"]
    assert bench.line(Action.PICK, "NEW", from_place="dock-1", quantity=15) == ()


def test_a_new_desk_replaces_what_it_contains_and_keeps_the_rest_on_top() -> None:
    bench = Bench()
    first = bench.commit(Action.PICK, "fridge-a", "dock-1", item("GOOD", quantity=10))
    bench.commit(Action.PICK, "fridge-a", "dock-1", item("GOOD", quantity=4))
    bench.known.take(desk_from(SITE, bench.clock), contained=[first])
    (lot,) = bench.known.lots_of("insulin", "GOOD")
    assert lot.quantity_at("fridge-a", None) == 36


def test_badges() -> None:
    judge = Bench().judge
    assert judge.badge("b-17") == ("ben", ())
    name, verdicts = judge.badge("cyd")
    assert (name, codes(verdicts)) == ("cyd", ["!badge_withdrawn"])
    assert codes(judge.badge("zoe")[1]) == ["?unknown_badge"]
    assert Bench(None).judge.badge("zoe") == ("zoe", ())


def coded(lot: str, *codes_: str, gtin: str = "") -> ScanLine:
    return ScanLine(gtin, 1, "scanned", lot, FAR, codes=codes_)


def judged(bench: Bench, action: Action, line: ScanLine) -> tuple[Verdict, ...]:
    places = ("acme", "dock-1") if action is Action.RECEIVE else ("fridge-a", "dock-1")
    return bench.judge.line(Doing(action, *places, None), line, (), stamp(bench.clock))


def coded_site() -> DeskSnapshot:
    insulin, *others = SITE.items
    codes_ = {"hibc:A123BJC5D6E71": 5, "ndc:12345067890": 1, "ndc10:1234567890": 1}
    return replace(SITE, items=(replace(insulin, codes=codes_), *others))


def test_a_hibc_code_is_judged_as_the_item_it_is() -> None:
    bench = Bench(coded_site())
    assert codes(judged(bench, Action.PICK, coded("HELD", "hibc:A123BJC5D6E71"))) == ["!held", "!held"]
    assert judged(bench, Action.PICK, coded("GOOD", "hibc:A123BJC5D6E71")) == ()
    assert bench.known.base_units(coded("GOOD", "hibc:A123BJC5D6E71")) == 5


@pytest.mark.parametrize("code", ["ndc:12345-678-90", "ndc:1234567890", "ndc:12345067890", "ndc:012345067890"])
def test_every_spelling_of_an_ndc_finds_its_item(code: str) -> None:
    assert judged(Bench(coded_site()), Action.PICK, coded("GOOD", code)) == ()


@pytest.mark.parametrize("action", [Action.PICK, Action.RECEIVE])
def test_a_code_that_nobody_knows_is_an_unknown_item_by_its_name(action: Action) -> None:
    verdicts = judged(Bench(coded_site()), action, coded("GOOD", "hibc:Z99991"))
    assert ("!" if action is Action.PICK else "?") + "unknown_item" in codes(verdicts)
    assert any("HIBC Z99991" in verdict.text for verdict in verdicts)


@pytest.mark.parametrize("action", [Action.PICK, Action.RECEIVE])
def test_a_label_whose_codes_name_two_items_is_refused(action: Action) -> None:
    verdicts = judged(Bench(coded_site()), action, coded("GOOD", "hibc:A123BJC5D6E71", gtin=VACCINE))
    (refusal,) = [verdict for verdict in verdicts if verdict.refuses]
    assert refusal.code == "different_items"
    assert refusal.text == "the barcodes on this label name different items: vaccine and insulin"
    assert "unknown_item" not in "".join(codes(verdicts))


CLOSED = replace(
    SITE, lots=(lot("insulin", "GOOD", FAR, DeskBalance("fridge-a", 10, f"(01){INSULIN_CASE}(21)C1")),)
)  # fmt: skip


def test_a_case_that_was_received_may_go_and_its_serial_is_known() -> None:
    bench = Bench(CLOSED)
    assert codes(bench.line(Action.PICK, "GOOD", gtin=INSULIN_CASE, serial="C1")) == []
    assert codes(bench.line(Action.RECEIVE, "GOOD", gtin=INSULIN_CASE, serial="C1")) == ["!duplicate_serial"]
    assert codes(bench.line(Action.RECEIVE, "GOOD", gtin=INSULIN, serial="C1")) == []


def test_a_loose_unit_of_what_is_in_closed_cases_asks_for_the_case_to_be_opened_first() -> None:
    bench = Bench(CLOSED)
    assert codes(bench.line(Action.PICK, "GOOD")) == ["?in_closed_cases"]
    case = item("GOOD", INSULIN_CASE, serial="C1")
    bench.known.add(
        ScanTransaction(
            stamp(bench.clock), "t", DeviceName("s"), Action.OPEN_CASE, "amy", (case,), PlaceName("fridge-a")
        )
    )
    assert codes(bench.line(Action.PICK, "GOOD")) == []
    assert bench.known.serial_at("insulin", f"(01){INSULIN_CASE}(21)C1") is None


def test_a_hold_on_a_case_leaves_the_unit_of_the_same_serial() -> None:
    snapshot = with_block(CLOSED, "GOOD", DeskBlock(HoldKind.MANUAL, "crushed", None, f"(01){INSULIN_CASE}(21)C1"))
    assert codes(Bench(snapshot).line(Action.PICK, "GOOD", gtin=INSULIN_CASE, serial="C1")) == ["!held"]
    assert "!held" not in codes(Bench(snapshot).line(Action.PICK, "GOOD", serial="C1"))


def in_zone(zone: str) -> DeskSnapshot:
    places = tuple(replace(place, zone=zone, is_zone_known=True) for place in SITE.places)
    return replace(SITE, places=places)


@pytest.mark.parametrize(
    ("zone", "minutes_before_utc_midnight"),
    [("UTC", 0), ("Pacific/Auckland", 13 * 60), ("America/Los_Angeles", -8 * 60)],
)
def test_a_day_ends_at_the_dock_where_the_dock_is(zone: str, minutes_before_utc_midnight: int) -> None:
    """As at the ledger: Auckland in summer time is 13 hours ahead, Los Angeles 8 behind."""
    day = date(2026, 12, 10)
    end = datetime(2026, 12, 11, tzinfo=UTC) - timedelta(minutes=minutes_before_utc_midnight)
    for seconds, wanted in ((-1, []), (1, ["!expired"])):
        bench = Bench(in_zone(zone))
        bench.clock.advance((end + timedelta(seconds=seconds) - bench.clock.now()).total_seconds())
        found = codes(bench.line(Action.RECEIVE, "NEW", expires_on=day))
        assert [code for code in found if code == "!expired"] == wanted


def test_an_hour_on_the_label_ends_the_use_at_the_dock() -> None:
    bench = Bench(in_zone("America/Los_Angeles"))
    at = datetime(2026, 12, 10, 22, 31, tzinfo=UTC)  # 14:31 there
    bench.clock.advance((at - bench.clock.now()).total_seconds())
    doing = Doing(Action.RECEIVE, "acme", "dock-1", None)
    for hour, is_over in ((time(14, 30), True), (time(15), False)):
        label = replace(item("NEW", expires_on=date(2026, 12, 10)), expires_hour=hour)
        found = codes(bench.judge.line(doing, label, (), stamp(bench.clock)))
        assert ("!expired" in found) is is_over


def test_a_beyond_use_date_in_hours_is_one_instant_also_where_its_label_is_read_in_another_zone() -> None:
    """Made in Los Angeles until 14:30 there, which is 09:30 of the next day in Auckland."""
    end = datetime(2026, 12, 10, 22, 30, tzinfo=UTC)
    made = DeskLot(
        "insulin", "BUD", "house", date(2026, 12, 10), end, (), (DeskBalance("fridge-a", 9),), time(14, 30), end
    )
    snapshot = in_zone("Pacific/Auckland")
    bench = Bench(replace(snapshot, lots=(*snapshot.lots, made)))
    label = replace(item("BUD", expires_on=date(2026, 12, 10)), expires_hour=time(14, 30))
    doing = Doing(Action.PICK, "fridge-a", "dock-1", None)
    for seconds, wanted in ((-1, []), (1, ["!expired"])):
        bench.clock.advance((end + timedelta(seconds=seconds) - bench.clock.now()).total_seconds())
        found = codes(bench.judge.line(doing, label, (), stamp(bench.clock)))
        assert [code for code in found if code == "!expired"] == wanted


def test_the_dock_is_never_more_generous_than_what_an_older_ledger_says() -> None:
    """It sends the instant of a beyond-use date in hours as expires_at alone."""
    end = datetime(2026, 12, 10, 22, 30, tzinfo=UTC)
    made = DeskLot("insulin", "BUD", "house", date(2026, 12, 10), end, (), (DeskBalance("fridge-a", 9),))
    bench = Bench(replace(SITE, lots=(*SITE.lots, made)))
    doing = Doing(Action.PICK, "fridge-a", "dock-1", None)
    label = item("BUD", expires_on=date(2026, 12, 10))
    for seconds, wanted in ((-1, []), (1, ["!expired"])):
        bench.clock.advance((end + timedelta(seconds=seconds) - bench.clock.now()).total_seconds())
        found = codes(bench.judge.line(doing, label, (), stamp(bench.clock)))
        assert [code for code in found if code == "!expired"] == wanted
