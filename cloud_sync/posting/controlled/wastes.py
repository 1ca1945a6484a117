"""Waste of controlled items, as it is kept: seen by a second person, or waiting for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cloud_sync.domain.controlled import schedules_asking
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

NOT_WITNESSED = "waste_not_witnessed"


@dataclass(frozen=True, slots=True)
class NewWaste:
    """What was thrown away: a whole unit of stock (``amount`` None), or so much of a dose.

    ``fact`` is the movement that took a unit out of stock, None while it waits for a witness.
    """

    lot_id: int
    place_id: int
    reason: str
    wasted_by: str
    wasted_at: datetime
    serial: str = ""
    amount: Decimal | None = None
    unit: str = ""
    administration_id: int | None = None
    fact: str | None = None
    witness: str = ""


def keep_waste(connection: Connection, new: NewWaste, *, how: str = "dock") -> int | None:
    """Keep it and give its id; None if it was kept before."""
    seen = bool(new.witness)
    waste_id: int | None = queries("controlled").add_waste(
        connection, lot_id=new.lot_id, serial=new.serial, place_id=new.place_id, takes_unit=new.amount is None,
        amount=new.amount, unit=new.unit, administration_id=new.administration_id, fact=new.fact, reason=new.reason,
        wasted_by=new.wasted_by, wasted_at=new.wasted_at, witness=new.witness or None,
        witnessed_at=new.wasted_at if seen else None, witnessed_how=how if seen else None,
    )  # fmt: skip
    if waste_id is not None:
        data = {
            "lot": new.lot_id, "amount": None if new.amount is None else str(new.amount), "unit": new.unit,
            "witness": new.witness,
        }  # fmt: skip
        add_event(
            connection, actor=new.wasted_by, kind="wasted", subject=f"waste:{waste_id}", reason=new.reason, data=data
        )
    return waste_id


def is_witness_asked(connection: Connection, schedule: str) -> bool:
    """Whether the house asks that a second person sees waste of this schedule."""
    return schedule in schedules_asking(queries("controlled").rules(connection), "witnessed_waste")


def record_dock_waste(connection: Connection, action: Action, facts: Mapping[str, Decimal], *, witness: str) -> None:
    """Keep what a dock threw away of controlled items: destroyed units, and (by fact) what was left of doses.

    What nobody witnessed although the house asks for it is a case.
    """
    for row in list(queries("billing").lot_of_fact(connection, facts=sorted(facts))):
        if not row["controlled_schedule"]:
            continue
        amount = facts[row["fact"]]
        if action is Action.DESTROY:
            new = NewWaste(
                row["lot_id"], row["from_place"], "destroyed at the dock", row["operator"], row["occurred_at"],
                row["serial"], fact=row["fact"], witness=witness,
            )  # fmt: skip
        elif amount:
            new = _of_dose(connection, row, amount, witness)
        else:
            continue
        if keep_waste(connection, new) is not None and not witness:
            _miss_witness(connection, row)


def _of_dose(connection: Connection, row: Row, amount: Decimal, witness: str) -> NewWaste:
    given: Sequence[Row] = list(queries("controlled").administration_of_fact(connection, fact=row["fact"]))
    return NewWaste(
        row["lot_id"], row["from_place"], "left of a dose", row["operator"], row["occurred_at"], row["serial"],
        amount=amount, unit=given[0]["dose_unit"] if given else "",
        administration_id=given[0]["id"] if given else None, witness=witness,
    )  # fmt: skip


def _miss_witness(connection: Connection, row: Row) -> None:
    if not is_witness_asked(connection, row["controlled_schedule"]):
        return
    text = (
        f"{row['operator']} threw away {row['item']}, lot {row['lot_number']} (schedule {row['controlled_schedule']}), "
        "and nobody witnessed it: find out who saw it, and record it under Controlled items"
    )
    data = {"lot": row["lot_id"], "fact": row["fact"]}
    open_case(connection, Case(NOT_WITNESSED, row["fact"], text, data=data, place_id=row["from_place"]))
