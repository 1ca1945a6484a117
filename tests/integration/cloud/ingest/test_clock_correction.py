"""Times that were said before a clock was synchronised, and the notices that correct them, in any order."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from cloud_sync.ingest.batches import store_batch, store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.movements import rebook_cases
from edge_agent.domain.wire.records import Action, Notice, NoticeKind, Reading, ScanTransaction, Stamp
from tests.integration.conftest import Said
from tests.support.builders import BOOT, GatewayWithKey, Ledger, line, minute, no_reading, reading, scan, stamp
from tests.support.ledger_api import api_on

SLOW_MS = 3_600_000
"""Before it was synchronised, the clock was an hour behind."""


def doubtful(at_minute: float) -> Stamp:
    """What a clock an hour behind says at that minute."""
    true = stamp(minute(at_minute))
    return Stamp(true.at - timedelta(milliseconds=SLOW_MS), true.mono_ms, BOOT, synced=False)


def warm(at_minute: float, celsius: float = 9.0) -> Reading:
    return replace(reading(minute(0), celsius), stamp=doubtful(at_minute))


def left(at_minute: float) -> ScanTransaction:
    return replace(scan(minute(at_minute), Action.MOVE, "fridge-a", "dock"), stamp=doubtful(at_minute))


def synchronised(at_minute: float, *, exact: bool = True) -> Notice:
    now = stamp(minute(at_minute))
    data: dict[str, str | int | float | None] = {"cause": "synced", "boot": BOOT, "offset_ms": SLOW_MS}
    if exact:
        epoch_ms = int(minute(at_minute).timestamp() * 1000)
        data |= {"by_mono_ms": now.mono_ms, "wall_minus_mono_ms": epoch_ms - now.mono_ms}
    return Notice(now, NoticeKind.CLOCK, "clock", "synchronised", data)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_notices_and_records_give_the_same_in_any_order(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...], exact: bool
) -> None:
    batches = [
        gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a")),
        gateway.batch(warm(10), warm(12, 5.0)),
        gateway.batch(left(15)),
        gateway.batch(synchronised(20, exact=exact)),
    ]
    for number in order:
        assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert ledger.excursions() == {("probe-a", "too-warm", minute(10), minute(12), 9.0)}
    assert ledger.residencies() >= {("L1", "", "fridge-a", minute(0), minute(15))}
    assert ledger.held() == {("L1", "", "dock")}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_clock_that_was_months_behind_is_corrected_in_bulk_too(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    months = timedelta(days=100)
    now = stamp(minute(20))
    data: dict[str, str | int | float | None] = {"cause": "synced", "boot": BOOT, "by_mono_ms": now.mono_ms,
                                                 "offset_ms": int(months.total_seconds() * 1000)}  # fmt: skip
    said = [replace(each, stamp=replace(each.stamp, at=each.stamp.at - months, synced=False))
            for each in (reading(minute(10), 9.0), reading(minute(12), 5.0))]  # fmt: skip
    batches = [
        *(gateway.batch(each) for each in said),
        gateway.batch(Notice(now, NoticeKind.CLOCK, "clock", "synchronised", data)),
    ]
    receipts = store_batches(ledger.database, [batches[number] for number in order])
    assert {receipt.outcome for receipt in receipts} == {BatchOutcome.STORED}
    assert ledger.excursions() == {("probe-a", "too-warm", minute(10), minute(12), 9.0)}
    rows = ledger.rows("SELECT at, said_at, boot, mono_ms FROM reading ORDER BY at")
    assert rows == [
        {"at": minute(n), "said_at": minute(n) - months, "boot": BOOT, "mono_ms": stamp(minute(n)).mono_ms}
        for n in (10, 12)
    ]


def test_what_was_said_is_kept_beside_the_corrected_time(ledger: Ledger, say: Said) -> None:
    say(warm(10))
    say(left(15))
    say(synchronised(20))
    (row,) = ledger.rows("SELECT at, said_at FROM reading")
    assert row == {"at": minute(10), "said_at": minute(10 - 60)}
    (moved,) = ledger.rows("SELECT occurred_at, said_at FROM movement")
    assert moved == {"occurred_at": minute(15), "said_at": minute(15 - 60)}


def test_a_notice_of_another_boot_corrects_nothing(ledger: Ledger, say: Said) -> None:
    say(warm(10))
    other = synchronised(20)
    say(replace(other, data={**other.data, "boot": "00000000-0000-4000-8000-000000000002"}))
    assert ledger.rows("SELECT at FROM reading") == [{"at": minute(-50)}]


def test_a_step_is_no_correction(ledger: Ledger, say: Said) -> None:
    say(warm(10))
    other = synchronised(20)
    say(replace(other, data={**other.data, "cause": "step"}))
    assert ledger.rows("SELECT said_at FROM reading") == [{"said_at": None}]


def test_without_a_notice_an_excursion_reaches_to_the_next_trusted_time(ledger: Ledger, say: Said) -> None:
    say(scan(minute(5), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(-90), 5.0))
    say(warm(10), warm(12, 5.0))
    assert ledger.excursions() == {("probe-a", "too-warm", minute(-50), minute(-48), 9.0)}
    assert ledger.held() == {("L1", "", "fridge-a")}
    say(reading(minute(3), 5.0))
    assert ledger.held() == set()
    (row,) = ledger.rows("SELECT reach_from, reach_until FROM excursion")
    assert row == {"reach_from": minute(-90), "reach_until": minute(3)}


def test_a_movement_itself_never_changes(ledger: Ledger, say: Said) -> None:
    say(left(15))
    with pytest.raises(Exception, match="append-only"):
        ledger.run("UPDATE movement SET quantity = 99")
    with pytest.raises(Exception, match="permission denied"):
        ledger.run("DELETE FROM movement")


def by_slow_clock(record: ScanTransaction) -> ScanTransaction:
    """The same, by the clock that is an hour behind."""
    said = replace(record.stamp, at=record.stamp.at - timedelta(milliseconds=SLOW_MS), synced=False)
    return replace(record, stamp=said)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_stock_of_a_doubtful_clock_came_as_early_as_it_may_have(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    elsewhere = (line(lot="L9"),)
    batches = [
        gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "dock", *elsewhere)),
        gateway.batch(by_slow_clock(scan(minute(10), Action.RECEIVE, "acme", "fridge-a"))),
        gateway.batch(scan(minute(20), Action.MOVE, "dock", "site", *elsewhere)),
        gateway.batch(reading(minute(4), 9.0), reading(minute(6), 5.0)),
    ]
    for number in order:
        assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert ledger.residencies() >= {("L1", "", "fridge-a", minute(0), None)}
    assert ledger.held() == {("L1", "", "fridge-a")}
    assert store_batch(ledger.database, gateway.batch(synchronised(30))).outcome is BatchOutcome.STORED
    assert ledger.residencies() >= {("L1", "", "fridge-a", minute(10), None)}
    assert ledger.held() == set()


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_stock_of_a_doubtful_clock_left_as_late_as_it_may_have(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    batches = [
        gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a")),
        gateway.batch(left(5)),
        gateway.batch(scan(minute(20), Action.RECEIVE, "acme", "site", line(lot="L9"))),
        gateway.batch(reading(minute(10), 9.0), reading(minute(12), 5.0)),
    ]
    for number in order:
        assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert ledger.residencies() >= {("L1", "", "fridge-a", minute(0), minute(20)), ("L1", "", "dock", minute(0), None)}
    assert ledger.held() == {("L1", "", "dock")}, "it may have been in the refrigerator for all of it"
    assert ledger.open_cases() == [], "that it left before it came is only what was said"
    assert store_batch(ledger.database, gateway.batch(synchronised(30))).outcome is BatchOutcome.STORED
    assert ledger.residencies() >= {("L1", "", "fridge-a", minute(0), minute(5)), ("L1", "", "dock", minute(5), None)}
    assert ledger.held() == set()


def test_without_any_trusted_time_a_doubtful_scan_may_have_been_whenever(ledger: Ledger, say: Said) -> None:
    say(reading(minute(-900), 9.0), reading(minute(-890), 5.0))
    say(by_slow_clock(scan(minute(10), Action.RECEIVE, "acme", "fridge-a")))
    assert ledger.held() == {("L1", "", "fridge-a")}
    (row,) = ledger.rows("SELECT earliest_at, latest_at FROM movement")
    assert [row["earliest_at"].year, row["latest_at"].year] == [1, 9999]
    say(synchronised(20))
    assert ledger.held() == set()
    assert ledger.rows("SELECT earliest_at, latest_at FROM movement") == [{"earliest_at": None, "latest_at": None}]


def test_times_that_nobody_knows_are_told_as_unknown_and_not_as_years(ledger: Ledger, say: Said) -> None:
    say(reading(minute(-900), 9.0), reading(minute(-890), 5.0))
    say(by_slow_clock(scan(minute(10), Action.RECEIVE, "acme", "fridge-a")))
    say(by_slow_clock(scan(minute(12), Action.MOVE, "fridge-a", "dock", line(4))))
    with api_on(ledger.database) as api:
        shown = api.reader.ok("GET", "/v1/lots/1/passport")
        assert [(stay["place"], stay["began_at"], stay["ended_at"]) for stay in shown["stays"]] == [
            ("dock", None, None),
            ("fridge-a", None, None),
        ]
        refrigerator = shown["stays"][1]
        assert refrigerator["channels"][0]["highest"] == 9.0
        assert shown["unmeasured_s"] < timedelta(days=200).total_seconds(), "counted from the first reading on"
        exposures = api.reader.rows("/v1/exposures", lot=1)
        assert {each["residency_began_at"] for each in exposures} == {None}
        for path in ("/v1/holds", "/v1/exposures", "/v1/cases", "/v1/stock", "/v1/lots/1/trace", "/v1/lots/1/passport"):
            text = api.reader.get(path).text
            assert "0001-" not in text, path
            assert "9999-" not in text, path


def test_what_waits_for_an_item_is_booked_with_the_doubt_about_its_time(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(lot="L9")))
    unknown = line(gtin="04012345678901")
    say(by_slow_clock(scan(minute(10), Action.RECEIVE, "acme", "fridge-a", unknown)))
    say(reading(minute(4), 9.0), reading(minute(6), 5.0))
    say(scan(minute(20), Action.MOVE, "dock", "site", line(lot="L9")))
    ledger.add_item("heparin", "04012345678901")
    with ledger.database.transaction() as connection:
        assert rebook_cases(connection, actor="amy") == 1
    assert ledger.held() == {("L1", "", "fridge-a")}


def test_a_doubtful_issue_of_held_stock_is_a_case_whatever_its_clock_says(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(4), 9.0))
    say(by_slow_clock(scan(minute(10), Action.SHIP, "fridge-a", "st-mary")))
    assert ledger.open_cases() == ["issued_while_held"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_unusable_readings_are_corrected_like_good_ones(
    ledger: Ledger, gateway: GatewayWithKey, order: tuple[int, ...]
) -> None:
    batches = [
        gateway.batch(replace(no_reading(minute(0)), stamp=doubtful(10))),
        gateway.batch(warm(12, 5.0)),
        gateway.batch(synchronised(20)),
    ]
    for number in order:
        assert store_batch(ledger.database, batches[number]).outcome is BatchOutcome.STORED
    assert ledger.rows("SELECT at, said_at FROM unusable_reading") == [{"at": minute(10), "said_at": minute(-50)}]
