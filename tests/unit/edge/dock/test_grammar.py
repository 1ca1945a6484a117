"""Badge, action, places, items, commit: what an operator does with a scanner."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.dock.effects import Book, Dropped, Effect, Feedback, RefusedScan, Tone
from edge_agent.dock.grammar import step
from edge_agent.dock.non_gs1 import parse_foreign
from edge_agent.dock.session_state import NEEDS, Dock, SessionState
from edge_agent.dock.session_timeout import expire
from edge_agent.domain.barcodes.command_codes import SCANNED_ACTIONS, is_code, parse_code
from edge_agent.domain.barcodes.gs1 import parse
from edge_agent.domain.barcodes.gs1_elements import GS
from edge_agent.domain.barcodes.hibc import check_character
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.domain.wire.ids import BootId, DeviceName
from edge_agent.domain.wire.records import Action, ScanTransaction, Stamp

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DOCK = Dock(DeviceName("dock-1"), idle_s=120)
GTIN = "00312345678906"
LOT_A = f"]d201{GTIN}1727123110A"
LOT_B = f"]d201{GTIN}1728013110B"
SERIAL_1 = f"]d201{GTIN}1727123110A{GS}21S1"
SERIAL_2 = f"]d201{GTIN}1727123110A{GS}21S2"
CASE_OF_48 = f"]C102{GTIN}1727123110A{GS}3748"
RECEIVE = ("LW.BADGE.amy", "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock")


def read(text: str, today: date) -> Scanned:
    symbol = symbol_of(text)
    return parse_foreign(symbol, today=today) or parse(symbol, today=today)


class Bench:
    """Scans one code a second and keeps what came of it."""

    def __init__(self) -> None:
        self.state = SessionState()
        self.mono_ms = 1_000_000
        self.scans = 0
        self.last: tuple[Effect, ...] = ()
        self.booked: list[ScanTransaction] = []

    def scan(self, *texts: str, after_s: float = 1.0) -> "Bench":
        for text in texts:
            self.mono_ms += int(after_s * 1000)
            self.scans += 1
            at = START + timedelta(milliseconds=self.mono_ms)
            code = parse_code(symbol_of(text)) if is_code(symbol_of(text)) else read(text, at.date())
            stamp = Stamp(at, self.mono_ms, BootId("b"), synced=True)
            self.state, self.last = step(self.state, code, stamp=stamp, transaction=f"id-{self.scans}", dock=DOCK)
            self.booked += [effect.transaction for effect in self.last if isinstance(effect, Book)]
        return self

    def refuses(self, text: str) -> RefusedScan:
        before = self.state
        self.scan(text)
        now = replace(self.state, refused_mono_ms=before.refused_mono_ms, is_last_refused=before.is_last_refused)
        assert now == before, "a refused scan changed the state"
        (refused,) = self.last
        assert isinstance(refused, RefusedScan)
        assert refused.reason and refused.hint
        return refused

    @property
    def said(self) -> str:
        (feedback,) = (effect for effect in self.last if isinstance(effect, Feedback))
        return feedback.text


def test_a_receipt_is_booked_with_who_what_where_and_what_for() -> None:
    bench = Bench().scan(*RECEIVE, "LW.ORDER.PO-1001", LOT_A, LOT_B, "LW.COMMIT")
    (transaction,) = bench.booked
    assert (transaction.operator, transaction.action, transaction.order) == ("amy", Action.RECEIVE, "PO-1001")
    assert (transaction.from_place, transaction.to_place, transaction.scanner) == ("acme", "dock", "dock-1")
    assert [(line.lot, line.quantity, line.expires_on) for line in transaction.lines] == [
        ("A", 1, date(2027, 12, 31)),
        ("B", 1, date(2028, 1, 31)),
    ]
    assert transaction.lines[0].scanned == LOT_A
    assert transaction.transaction == f"id-{bench.scans}"
    assert transaction.stamp.mono_ms == bench.mono_ms


def test_the_good_answer_comes_after_the_booking_and_not_before() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, "LW.COMMIT")
    book, feedback = bench.last
    assert isinstance(book, Book)
    assert feedback == Feedback(Tone.GOOD, "Booked: Receive from acme to dock, 1 unit in 1 line. Scan an item.")


@pytest.mark.parametrize("action", SCANNED_ACTIONS)
def test_every_action_asks_for_what_it_needs_and_then_books(action: Action) -> None:
    needs = NEEDS[action]
    bench = Bench().scan("LW.BADGE.amy", f"LW.ACTION.{action.value.upper()}")
    assert needs.from_place in bench.said
    bench.refuses(LOT_A)
    bench.scan("LW.PLACE.one")
    if needs.to_place is not None:
        assert needs.to_place in bench.said
        bench.refuses(LOT_A)
        bench.refuses("LW.PLACE.one")
        bench.scan("LW.PLACE.two")
    if not needs.order:
        bench.refuses("LW.ORDER.X")
    bench.scan(SERIAL_1 if action is Action.OPEN_CASE else LOT_A, "LW.COMMIT")
    (transaction,) = bench.booked
    assert transaction.from_place == "one"
    assert transaction.to_place == ("two" if needs.to_place else None)


def test_every_action_an_operator_can_choose_has_its_needs() -> None:
    assert set(NEEDS) == set(SCANNED_ACTIONS)


@pytest.mark.parametrize(
    ("before", "text", "hint"),
    [
        ((), LOT_A, "your badge"),
        ((), "LW.COMMIT", "your badge"),
        ((), "LW.UNDO", "your badge"),
        ((), "LW.CANCEL", "your badge"),
        ((), "LW.QTY.2", "your badge"),
        ((), "LW.ACTION.MOVE", "your badge"),
        ((), "LW.PLACE.a", "your badge"),
        (("LW.BADGE.amy",), "LW.PLACE.a", "an action card"),
        (("LW.BADGE.amy",), "LW.ORDER.a", "an action card"),
        (("LW.BADGE.amy",), LOT_A, "an action card"),
        (RECEIVE[:2], LOT_A, "the supplier"),
        (RECEIVE[:3], "LW.COMMIT", "the receiving location"),
        (RECEIVE, "LW.COMMIT", "an item"),
        (RECEIVE, "LW.UNDO", "an item"),
    ],
)
def test_what_comes_too_early_is_refused_and_told_what_is_missing(
    before: tuple[str, ...], text: str, hint: str
) -> None:
    assert hint in Bench().scan(*before).refuses(text).hint


def test_the_same_lot_again_adds_up_to_one_line() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, LOT_B, LOT_A)
    assert "2 units of it so far" in bench.said
    bench.scan("LW.COMMIT")
    assert [(line.lot, line.quantity) for line in bench.booked[0].lines] == [("A", 2), ("B", 1)]


def test_a_quantity_counts_for_the_item_before_it_or_the_next() -> None:
    bench = Bench().scan(*RECEIVE, "LW.QTY.10", LOT_A, "LW.QTY.5", LOT_B, "LW.COMMIT")
    assert [(line.lot, line.quantity) for line in bench.booked[0].lines] == [("A", 10), ("B", 5)]
    bench = Bench().scan(*RECEIVE, LOT_A, "LW.QTY.10", LOT_B, "LW.QTY.5", "LW.COMMIT")
    assert [(line.lot, line.quantity) for line in bench.booked[0].lines] == [("A", 10), ("B", 5)]


def test_a_quantity_is_not_carried_into_the_next_transaction() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, "LW.QTY.10", "LW.COMMIT", LOT_B, "LW.COMMIT")
    assert bench.booked[1].lines[0].quantity == 1


def test_a_quantity_without_its_item_is_not_committed() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, "LW.QTY.2", "LW.QTY.3")
    bench.refuses("LW.COMMIT")
    bench.scan("LW.UNDO", "LW.COMMIT")
    assert bench.booked[0].lines[0].quantity == 2


def test_a_label_with_a_count_speaks_for_itself() -> None:
    bench = Bench().scan(*RECEIVE, CASE_OF_48)
    bench.scan("LW.QTY.2")
    bench.refuses(CASE_OF_48)
    bench.scan("LW.UNDO", "LW.COMMIT")
    assert bench.booked[0].lines[0].quantity == 48


def test_serials_stay_lines_of_their_own() -> None:
    bench = Bench().scan(*RECEIVE, SERIAL_1, SERIAL_2, "LW.COMMIT")
    assert [(line.serial, line.quantity) for line in bench.booked[0].lines] == [("S1", 1), ("S2", 1)]


def test_a_serial_is_one_unit_and_is_scanned_once() -> None:
    bench = Bench().scan(*RECEIVE, SERIAL_1)
    assert "already" in bench.refuses(SERIAL_1).reason
    assert "one unit" in bench.refuses("LW.QTY.2").reason
    bench.scan(SERIAL_2, "LW.QTY.1", "LW.QTY.2")
    assert "one unit" in bench.refuses(f"]d201{GTIN}1727123110A{GS}21S3").reason


def test_a_serial_may_come_back_in_a_later_transaction() -> None:
    bench = Bench().scan(*RECEIVE, SERIAL_1, "LW.COMMIT", SERIAL_1, "LW.COMMIT")
    assert len(bench.booked) == 2


def test_two_expiry_dates_for_one_lot_are_refused() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A)
    assert "2028-06-30" in bench.refuses(f"]d201{GTIN}1728063010A").reason


@pytest.mark.parametrize(
    "label",
    [
        f"]I1{GTIN}",
        f"]d201{GTIN}17271231",
        "]d210A",
    ],
)
def test_labels_that_name_no_lot_of_an_item_are_refused(label: str) -> None:
    Bench().scan(*RECEIVE).refuses(label)


def test_a_pallet_is_received_by_its_number_and_once() -> None:
    pallet = "]C100106141412345678908"
    bench = Bench().scan(*RECEIVE, pallet, LOT_A)
    assert "was scanned already" in bench.refuses(pallet).reason
    bench.scan("LW.COMMIT")
    package, box = bench.booked[0].lines
    assert (package.codes, package.quantity, package.lot) == (("sscc:106141412345678908",), 1, None)
    assert box.lot == "A"


def test_elsewhere_a_pallet_label_names_no_item() -> None:
    assert (
        "pallet label"
        in Bench()
        .scan("LW.BADGE.amy", "LW.ACTION.MOVE", "LW.PLACE.dock", "LW.PLACE.fridge")
        .refuses("]C100106141412345678908")
        .hint
    )


def test_a_code_read_twice_at_once_counts_once() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A).scan(LOT_A, after_s=0.1)
    assert "Double read ignored" in bench.said
    bench.scan("LW.COMMIT").scan("LW.COMMIT", after_s=0.1)
    assert len(bench.booked) == 1
    assert bench.booked[0].lines[0].quantity == 1


def test_undo_takes_back_the_last_item_alone() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, LOT_B, LOT_A, "LW.UNDO", "LW.COMMIT")
    assert [(line.lot, line.quantity) for line in bench.booked[0].lines] == [("A", 1), ("B", 1)]


def test_after_an_undo_a_quantity_is_for_the_next_item() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, LOT_B, "LW.UNDO", "LW.QTY.7", LOT_B, "LW.COMMIT")
    assert [(line.lot, line.quantity) for line in bench.booked[0].lines] == [("A", 1), ("B", 7)]


def test_cancel_forgets_items_first_and_the_action_next() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, "LW.CANCEL")
    assert (bench.state.items, bench.state.action) == ((), Action.RECEIVE)
    bench.scan("LW.CANCEL")
    assert (bench.state.operator, bench.state.action) == ("amy", None)
    assert bench.booked == []


def test_action_and_places_stay_after_a_commit() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, "LW.COMMIT", LOT_B, "LW.COMMIT")
    first, second = bench.booked
    assert (second.from_place, second.to_place) == (first.from_place, first.to_place)
    assert [line.lot for line in second.lines] == ["B"]
    assert first.transaction != second.transaction


def test_a_place_after_a_commit_begins_the_places_anew() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, "LW.COMMIT", "LW.PLACE.other")
    assert (bench.state.from_place, bench.state.to_place) == ("other", None)
    bench.refuses(LOT_A)


@pytest.mark.parametrize("text", ["LW.BADGE.bob", "LW.ACTION.MOVE", "LW.PLACE.x", "LW.ORDER.x"])
def test_nothing_changes_hands_or_places_while_items_are_open(text: str) -> None:
    assert "COMMIT card" in Bench().scan(*RECEIVE, LOT_A).refuses(text).hint


def test_another_badge_starts_over_and_the_own_badge_does_not() -> None:
    bench = Bench().scan(*RECEIVE, "LW.BADGE.amy")
    assert bench.state.action is Action.RECEIVE
    bench.scan("LW.BADGE.bob")
    assert (bench.state.operator, bench.state.action) == ("bob", None)


def test_an_idle_operator_is_signed_out() -> None:
    bench = Bench().scan(*RECEIVE)
    state, effects = expire(bench.state, mono_ms=bench.mono_ms + 119_999, dock=DOCK)
    assert (state, effects) == (bench.state, ())
    state, effects = expire(bench.state, mono_ms=bench.mono_ms + 120_000, dock=DOCK)
    assert state == SessionState()
    assert "amy" in str(effects[0])


def test_an_operator_whose_scans_are_refused_is_there_and_keeps_what_is_open() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A)
    for _ in range(4):
        bench.mono_ms += 50_000
        bench.refuses("LW.ACTION.MOVE")
    bench.scan("LW.COMMIT")
    assert [line.lot for line in bench.booked[0].lines] == ["A"]


def test_an_open_transaction_that_times_out_is_told_with_all_its_items() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, LOT_A, SERIAL_1)
    state, (dropped,) = expire(bench.state, mono_ms=bench.mono_ms + 120_000, dock=DOCK)
    assert state == SessionState(kept=bench.state)
    assert isinstance(dropped, Dropped)
    assert "NOT BOOKED" in dropped.text and "scan the badge of amy to continue" in dropped.text
    assert f"2 × GTIN {GTIN}, lot A, 1 × GTIN {GTIN}, lot A, serial S1" in dropped.text
    assert (dropped.operator, len(dropped.items)) == ("amy", 3)


def test_a_commit_that_comes_too_late_books_nothing_and_says_so() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A).scan("LW.COMMIT", after_s=121)
    dropped, refused = bench.last
    assert isinstance(dropped, Dropped)
    assert isinstance(refused, RefusedScan)
    assert bench.booked == [] and bench.state.operator is None and bench.state.kept is not None


def test_a_transaction_is_bounded() -> None:
    bench = Bench().scan(*RECEIVE)
    for number in range(DOCK.items_max):
        bench.scan(f"]d201{GTIN}1727123110L{number}")
    refused = bench.refuses(LOT_A)
    assert "limited to 500 items" in refused.reason and "COMMIT card" in refused.hint
    bench.scan("LW.COMMIT")
    assert len(bench.booked[0].lines) == DOCK.items_max


NDC, NDC_LOT = "]C00591-0369-01", "]C11727123110A"


def checked(text: str) -> str:
    return text + check_character(text)


PRIMARY, SECONDARY = "+A123BJC5D6E71G", checked("+$$52801510X3G")
OTHER_PRIMARY, BOTH, VARIABLE = checked("+A99912345"), checked("+A99912345/$$52801510X3"), checked("+A99912349")


ANY_SCAN = st.sampled_from(
    [*RECEIVE, "LW.BADGE.bob", "LW.ACTION.COUNT", "LW.ACTION.MOVE", "LW.ORDER.PO-1", "LW.QTY.2", "LW.QTY.1",
     "LW.COMMIT", "LW.COMMIT", "LW.CANCEL", "LW.UNDO", LOT_A, LOT_A, LOT_B, SERIAL_1, SERIAL_2, CASE_OF_48,
     PRIMARY, SECONDARY, SECONDARY, BOTH, VARIABLE, NDC, NDC_LOT]
)  # fmt: skip


@given(st.lists(st.tuples(ANY_SCAN, st.sampled_from([0.1, 1.0, 1.0, 1.0, 130.0])), max_size=40))
def test_no_sequence_of_scans_breaks_the_grammar_or_books_half_a_fact(scans: list[tuple[str, float]]) -> None:
    bench = Bench()
    for text, after_s in scans:
        before = bench.state
        bench.scan(text, after_s=after_s)
        assert bench.last, "every scan is answered"
        if all(isinstance(effect, RefusedScan) for effect in bench.last):
            untouched = {"refused_mono_ms": before.refused_mono_ms, "is_last_refused": before.is_last_refused}
            assert replace(bench.state, **untouched) == before
    for transaction in bench.booked:
        needs = NEEDS[transaction.action]
        assert transaction.operator and transaction.lines and transaction.from_place
        assert (transaction.to_place is None) == (needs.to_place is None)
        assert transaction.from_place != transaction.to_place
        assert all(line.names and (line.lot or line.serial) for line in transaction.lines), "a whole label each"
        assert needs.order or transaction.order is None
        assert all(line.quantity > 0 for line in transaction.lines)
        serials = [line.serial for line in transaction.lines if line.serial]
        assert len(serials) == len(set(serials))


@pytest.mark.parametrize("order", [(PRIMARY, SECONDARY), (SECONDARY, PRIMARY)])
def test_the_two_codes_of_a_hibc_label_make_one_line_whichever_comes_first(order: tuple[str, str]) -> None:
    bench = Bench().scan(*RECEIVE, order[0])
    assert bench.said.endswith("or the UNDO card.")
    assert bench.state.items == ()
    bench.scan(order[1], "LW.COMMIT")
    (line,) = bench.booked[0].lines
    assert (line.gtin, line.codes) == ("", ("hibc:A123BJC5D6E71",))
    assert (line.lot, line.expires_on) == ("10X3", date(2028, 1, 15))
    assert line.scanned == "\n".join(order)


def test_a_lot_of_another_hibc_label_is_refused_by_its_link_character() -> None:
    bench = Bench().scan(*RECEIVE, OTHER_PRIMARY)
    assert "link character 'G'" in bench.refuses(SECONDARY).reason
    assert bench.state.half is not None, "the first half waits on"


def test_half_a_label_is_neither_booked_nor_mixed_with_anything_else() -> None:
    bench = Bench().scan(*RECEIVE, PRIMARY)
    for code in ("LW.COMMIT", LOT_A, OTHER_PRIMARY):
        assert "incomplete label: only HIBC A123BJC5D6E71" in bench.refuses(code).reason
    bench.refuses("LW.ACTION.MOVE")
    bench.scan("LW.UNDO", LOT_A, "LW.COMMIT")
    assert [line.lot for line in bench.booked[0].lines] == ["A"]


def test_cancel_forgets_half_a_label() -> None:
    bench = Bench().scan(*RECEIVE, PRIMARY, "LW.CANCEL")
    assert bench.state.half is None
    assert bench.state.from_place == "acme"


def test_one_hibc_code_with_everything_needs_no_second() -> None:
    bench = Bench().scan(*RECEIVE, BOTH, BOTH, "LW.COMMIT")
    (line,) = bench.booked[0].lines
    assert (line.codes, line.lot, line.quantity) == (("hibc:A99912345",), "10X3", 2)


def test_an_ndc_takes_its_lot_from_the_code_beside_it() -> None:
    bench = Bench().scan(*RECEIVE, NDC, NDC_LOT, "LW.COMMIT")
    (line,) = bench.booked[0].lines
    assert (line.codes, line.lot, line.expires_on) == (("ndc:0591-0369-01",), "A", date(2027, 12, 31))
    assert line.scanned == f"{NDC}\n{NDC_LOT}"


def test_a_label_with_an_ndc_beside_its_gtin_keeps_both() -> None:
    bench = Bench().scan(*RECEIVE, f"]d201{GTIN}1727123110A{GS}715012345067890", "LW.COMMIT")
    (line,) = bench.booked[0].lines
    assert (line.gtin, line.codes) == (GTIN, ("ndc:012345067890",))


def test_a_hibc_container_of_any_quantity_needs_one_that_is_said() -> None:
    bench = Bench().scan(*RECEIVE, VARIABLE)
    lot = checked(f"+$$528015LOT1{VARIABLE[-1]}")
    assert "variable pack" in bench.refuses(lot).reason
    bench.scan("LW.UNDO", "LW.QTY.12", VARIABLE, lot, "LW.COMMIT")
    assert bench.booked[0].lines[0].quantity == 12


def test_half_a_label_does_not_outlast_the_operator() -> None:
    bench = Bench().scan(*RECEIVE, PRIMARY)
    state, (feedback,) = expire(bench.state, mono_ms=bench.mono_ms + 120_000, dock=DOCK)
    assert state == SessionState()
    assert isinstance(feedback, Feedback)


def test_a_case_without_a_serial_needs_no_opening() -> None:
    bench = Bench().scan("LW.BADGE.amy", "LW.ACTION.OPEN_CASE", "LW.PLACE.dock")
    assert "loose units" in bench.refuses(LOT_A).reason
    bench.scan(SERIAL_1, "LW.COMMIT")
    assert bench.booked[0].action is Action.OPEN_CASE and bench.booked[0].lines[0].serial == "S1"


@pytest.mark.parametrize(
    ("label", "expires_on", "hour"),
    [
        (f"]d201{GTIN}10A{GS}7003" + "2712311430", date(2027, 12, 31), time(14, 30)),
        (f"]d201{GTIN}1727120010A{GS}7003" + "2712310005", date(2027, 12, 31), time(0, 5)),
    ],
)
def test_a_label_with_an_hour_is_booked_with_it(label: str, expires_on: date, hour: time) -> None:
    """AI 7003; day 00 beside it is the same date as the last day of the month."""
    bench = Bench().scan(*RECEIVE, label, "LW.COMMIT")
    (line,) = bench.booked[0].lines
    assert (line.lot, line.expires_on, line.expires_hour) == ("A", expires_on, hour)


def test_a_hibc_label_with_an_hour_is_booked_with_it() -> None:
    primary = "+A123BJC5D6E71"
    text = f"{primary}/$$428022923LOT1"
    bench = Bench().scan(*RECEIVE, f"]C0{text}{check_character(text)}", "LW.COMMIT")
    (line,) = bench.booked[0].lines
    assert (line.lot, line.expires_on, line.expires_hour) == ("LOT1", date(2028, 2, 29), time(23))


def test_two_hours_on_labels_of_one_lot_contradict_each_other_and_a_day_alone_does_not() -> None:
    bench = Bench().scan(*RECEIVE, f"]d201{GTIN}10A{GS}7003" + "2712311430", LOT_A)
    reason = bench.refuses(f"]d201{GTIN}10A{GS}7003" + "2712311530").reason
    assert "2027-12-31 14:30" in reason or "2027-12-31 15:30" in reason


def test_an_hour_that_no_clock_shows_is_refused() -> None:
    with pytest.raises(ScanRejected, match="no time 25:00"):
        read(f"]d201{GTIN}10A{GS}7003" + "2712312500", date(2026, 11, 21))


@pytest.mark.parametrize("refused", [SERIAL_1, f"]d201{GTIN}1726010110A"])
def test_an_undo_after_a_refused_box_removes_nothing_and_says_what_a_second_one_would(refused: str) -> None:
    bench = Bench().scan(*RECEIVE, LOT_B, SERIAL_1)
    bench.refuses(refused)
    bench.scan("LW.UNDO")
    assert [line.lot for line in bench.state.items] == ["B", "A"]
    assert "nothing was removed" in bench.said and "serial S1" in bench.said
    bench.scan("LW.UNDO")
    assert [line.lot for line in bench.state.items] == ["B"]
    bench.scan(SERIAL_1, "LW.UNDO")
    assert [line.lot for line in bench.state.items] == ["B"], "after a good scan an undo is meant for it"


def test_the_time_out_warns_once_at_three_quarters_and_a_scan_begins_it_again() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A)
    state, effects = expire(bench.state, mono_ms=bench.mono_ms + 89_000, dock=DOCK)
    assert effects == ()
    state, (warning,) = expire(state, mono_ms=bench.mono_ms + 90_000, dock=DOCK)
    assert isinstance(warning, Feedback) and warning.tone is Tone.WARN and "within 30 s" in warning.text
    assert expire(state, mono_ms=bench.mono_ms + 91_000, dock=DOCK) == (state, ())
    bench.state = state
    bench.scan(LOT_B)
    assert expire(bench.state, mono_ms=bench.mono_ms + 89_000, dock=DOCK) == (bench.state, ())


def test_the_same_badge_goes_on_where_it_was_and_another_one_does_not() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A, LOT_B)
    bench.scan("LW.BADGE.amy", after_s=600)
    assert bench.state.action is Action.RECEIVE and len(bench.state.items) == 2
    bench.scan("LW.COMMIT")
    assert [line.lot for line in bench.booked[0].lines] == ["A", "B"]
    bench.scan(LOT_A).scan("LW.BADGE.bob", after_s=600)
    *_, given_up, hello = bench.last
    assert isinstance(given_up, Dropped) and "bob signed in" in given_up.text and given_up.operator == "amy"
    assert isinstance(hello, Feedback) and bench.state.items == ()


def test_what_was_left_open_is_given_up_when_the_shift_is_over() -> None:
    bench = Bench().scan(*RECEIVE, LOT_A)
    state, _ = expire(bench.state, mono_ms=bench.mono_ms + 120_000, dock=DOCK)
    state, (dropped,) = expire(state, mono_ms=bench.mono_ms + int(DOCK.kept_s * 1000) + 1, dock=DOCK)
    assert state == SessionState() and isinstance(dropped, Dropped) and "within 8 h" in dropped.text
