"""A small site for tests of desk and dock: two fridges, three items, lots in every state."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from edge_agent.buffer.desk_store import Desk
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import Policy, PolicyRule
from edge_agent.domain.stock.badges import badge_digest
from edge_agent.domain.stock.desk import (
    DeskBalance,
    DeskBlock,
    DeskChannel,
    DeskItem,
    DeskLot,
    DeskOperator,
    DeskOrder,
    DeskOrderLine,
    DeskPlace,
    DeskReservation,
    DeskSnapshot,
    DeskSupplier,
    desk_etag,
    desk_json,
)
from edge_agent.domain.stock.eligibility import HoldKind
from edge_agent.timekeeping.clock import ManualClock

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
INSULIN, VACCINE, GAUZE = "00312345678906", "04012345678901", "05012345678900"
INSULIN_CASE = "10312345678903"
"""Ten of them."""


def end_of_day(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def lot(
    item: str, number: str, expires_on: date | None, *stock: DeskBalance, blocks: tuple[DeskBlock, ...] = (),
    owner: str = "house",
) -> DeskLot:  # fmt: skip
    expires_at = end_of_day(expires_on) if expires_on else None
    return DeskLot(item, number, owner, expires_on, expires_at, blocks, stock)


SALT = "0123456789abcdef0123456789abcdef"
COLD = Policy(
    name="cold-2-8",
    title="2 to 8 °C",
    rules=(
        PolicyRule(name="above-8", metric="temp_c", side=Side.ABOVE, limit=8.0, on_limit_is_outside=False, delay_s=60.0,
                   hysteresis=0.5, source="test"),
        PolicyRule(name="below-2", metric="temp_c", side=Side.BELOW, limit=2.0, on_limit_is_outside=False, delay_s=60.0,
                   hysteresis=0.5, source="test"),
    ),
)  # fmt: skip

SITE = DeskSnapshot(
    gateway="gw-test",
    site="north",
    items=(
        DeskItem("insulin", "Insulin 100 IU/ml", {INSULIN: 1, INSULIN_CASE: 10}, receipt_days_min=90),
        DeskItem("vaccine", "Vaccine", {VACCINE: 1}, serial_tracked=True),
        DeskItem("gauze", "Gauze", {GAUZE: 1}, expiry_required=False),
    ),
    lots=(
        lot("insulin", "GOOD", date(2027, 12, 31), DeskBalance("fridge-a", 40)),
        lot("insulin", "OLD", date(2026, 11, 20), DeskBalance("fridge-a", 5)),
        lot("insulin", "HELD", date(2027, 12, 31), DeskBalance("fridge-a", 7), blocks=(
            DeskBlock(HoldKind.EXPOSURE, "exposed since 2026-11-20: fridge-a broke above-8", "fridge-a"),
            DeskBlock(HoldKind.MANUAL, "outer box torn"),
        )),
        lot("insulin", "PROMISED", date(2027, 12, 31), DeskBalance("fridge-b", 3, "", (DeskReservation("SO-1", 3),))),
        lot("vaccine", "V1", date(2027, 6, 30), DeskBalance("fridge-b", 1, "S1"), DeskBalance("fridge-b", 1, "S2")),
    ),
    places=(
        DeskPlace("north", "site", ("north",)),
        DeskPlace("cold-room", "room", ("north", "cold-room")),
        DeskPlace("fridge-a", "bin", ("north", "cold-room", "fridge-a"), "Fridge A", "cold-2-8"),
        DeskPlace("fridge-b", "bin", ("north", "cold-room", "fridge-b"), "Fridge B", "cold-2-8"),
        DeskPlace("dock-1", "bin", ("north", "dock-1")),
        DeskPlace("acme", "supplier", ("acme",)),
        DeskPlace("shady", "supplier", ("shady",)),
        DeskPlace("ward-3", "ward", ("north", "ward-3")),
        DeskPlace("clinic", "customer", ("clinic",)),
    ),
    orders=(
        DeskOrder("PO-1", "receipt", "acme", (DeskOrderLine("insulin", 20, 5),)),
        DeskOrder("PO-2", "receipt", "acme", (DeskOrderLine("vaccine", 2, 0, "V9"),)),
        DeskOrder("SO-1", "issue", "clinic", (DeskOrderLine("insulin", 3),), shelf_life_days_min=30),
    ),
    operators=tuple(
        DeskOperator(name, badge_digest(badge, SALT), active=name != "cyd")
        for name, badge in (("amy", "amy"), ("ben", "b-17"), ("cyd", "cyd"))
    ),
    badge_salt=SALT,
    suppliers=(DeskSupplier("acme", True), DeskSupplier("shady", False, "audit failed in May")),
    policies=(COLD,),
    channels=(
        DeskChannel("fridge-a/probe-1", "temp_c", "fridge-a"),
        DeskChannel("fridge-b/probe-1", "temp_c", "fridge-b"),
    ),
)  # fmt: skip


def desk_from(snapshot: DeskSnapshot, clock: ManualClock) -> Desk:
    """As it would be after asking the ledger just now."""
    now = clock.now()
    return Desk(snapshot, desk_etag(desk_json(snapshot)), now, now, clock.mono_s(), str(clock.boot))


def with_block(snapshot: DeskSnapshot, number: str, block: DeskBlock) -> DeskSnapshot:
    """The same site with one more hold."""
    lots = tuple(replace(lot, blocks=(*lot.blocks, block)) if lot.number == number else lot for lot in snapshot.lots)
    return replace(snapshot, lots=lots)


FAR_OFF = date(2027, 12, 31)
