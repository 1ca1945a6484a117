"""Master formulation records and production batches: what goes in, what is done, what comes out, and who releases it.

Locks: the batch first, then those of ``storage/locks.py``; nobody who holds one of those waits for a batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from cloud_sync.actions.compounding.batch_execution import check_may_work
from cloud_sync.actions.compounding.batch_records import (
    Loaded,
    add_batch_fact,
    batch_subject,
    check_unfinished,
    load_batch,
    lock_batch,
    shown_batch,
)
from cloud_sync.actions.compounding.master_formulation_records import master_record_version
from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.actions.stock.movements import MovementLine, Transfer, move_in, moved_before
from cloud_sync.domain.booking import NewMovement
from cloud_sync.domain.bud import BudRefusedError, GivenBud, NoBudRuleError, decide_bud
from cloud_sync.domain.compounding import (
    FactKind,
    Kind,
    yield_of,
)
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER, latest_of
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.movements import book, rebook_cases
from cloud_sync.posting.personal_data import keep_prescription_apart
from cloud_sync.posting.quality_control.gates import check_materials
from cloud_sync.posting.quality_control.support import approved_beyond_use
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import Expiry, exactly, zone_named
from edge_agent.domain.wire.records import Action

USED_UP = "used-up"
"""The place where ingredients end that are in a product now."""


@dataclass(frozen=True, slots=True)
class Yield:
    """What came out, in base units, as which lot, to which place. ``bud`` only where a person gives it."""

    lot_number: str
    quantity: int
    to_place: str
    occurred_at: datetime
    bud: GivenBud | None = None


def plan_batch(
    database: Database,
    *,
    number: str,
    master_formulation_record: str,
    version: int | None,
    room: str,
    quantity: int,
    prescription: str,
    owner: str,
    actor: str,
) -> Row:
    """A batch, and the production place of its name in ``room``. ``version`` None: the newest approved one.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        wanted = version or queries("compounding").newest_approved(connection, name=master_formulation_record)
        if wanted is None:
            raise Conflict(
                f"no version of master formulation record {master_formulation_record} is approved",
                "Have quality approve one.",
            )
        row = master_record_version(connection, master_formulation_record, wanted)
        if row["approved_by"] is None:
            raise Conflict(
                f"master formulation record {master_formulation_record} version {wanted} is not approved",
                "Have quality approve it first.",
            )
        _check_prescription(row, prescription)
        prescription = keep_prescription_apart(connection, prescription)
        if queries("master_data").owner_by_name(connection, name=owner) is None:
            raise NotFound(f"there is no owner {owner}", "See GET /v1/owners for those there are, or create it.")
        place_id = _add_place(connection, number, room)
        batch_id = queries("compounding").add_batch(
            connection,
            place_id=place_id,
            master_formulation_record_id=row["id"],
            quantity=quantity,
            prescription=prescription,
            owner=owner,
            planned_by=actor,
        )
        data = {
            "master_formulation_record": master_formulation_record,
            "version": wanted,
            "room": room,
            "quantity": quantity,
            "prescription": prescription,
        }
        add_event(
            connection, actor=actor, kind="batch_planned", subject=batch_subject(number), data={"id": batch_id, **data}
        )
        rebook_cases(connection, actor=actor)
        return shown_batch(connection, load_batch(connection, number))


def consume(
    database: Database,
    number: str,
    *,
    from_place: str,
    lines: tuple[MovementLine, ...],
    occurred_at: datetime,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> list[Row]:
    """Take ingredients into a batch; gives the movements. Blocked stock is refused with all reasons.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        transfer = Transfer(Action.CONSUME, from_place, number, occurred_at, number)
        if before := moved_before(connection, transfer, lines, client_id=client_id):
            return before
        check_unfinished(loaded)
        check_may_work(connection, loaded, at=at, actor=actor)
        named = {ingredient.item for ingredient in loaded.record.master_record.ingredients}
        for line in lines:
            if line.item not in named:
                raise Invalid(
                    f"{line.item} is not an ingredient of {loaded.row['master_formulation_record']} "
                    f"version {loaded.row['version']}",
                    f"The master formulation record names {', '.join(sorted(named))}.",
                )
        check_materials(connection, [lot["id"] for line in lines if (lot := _lot_of(connection, line))], at)
        return move_in(connection, transfer, lines, client_id=client_id, at=at, actor=actor)


def _lot_of(connection: Connection, line: MovementLine) -> Row | None:
    row: Row | None = queries("availability").lot_by_number(
        connection, item=line.item, lot_number=line.lot_number, owner=line.owner
    )
    return row


def take_out(database: Database, number: str, made: Yield, *, client_id: UUID, at: datetime, actor: str) -> Row:
    """Product leaves the batch as a lot with a beyond-use date, blocked until the batch is released.

    The same under the same ``client_id`` again changes nothing. Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    request = {
        "batch": number,
        "lot_number": made.lot_number,
        "quantity": made.quantity,
        "to_place": made.to_place,
        "occurred_at": made.occurred_at.isoformat(),
        "bud": [made.bud.at.isoformat(), made.bud.reason] if made.bud else None,
    }
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        if answered_before(connection, "yielded", client_id, request):
            return shown_batch(connection, loaded)
        check_unfinished(loaded)
        if made.occurred_at > at + CLOCKS_MAY_DIFFER:
            raise Invalid("occurred_at is in the future", "Check the client's clock.")
        check_may_work(connection, loaded, at=at, actor=actor)
        lock_holds(connection)
        target = _checked_target(connection, made.to_place)
        bud = _bud(connection, loaded, made)
        lot_id = _product_lot(connection, loaded, made.lot_number, _expiry(loaded, bud.at))
        facts = [f"api/{client_id}#1"]
        event_id = answer(connection, "yielded", client_id, request, facts, actor=actor)
        data = {"lot_number": made.lot_number, "quantity": made.quantity, "beyond_use_at": bud.at.isoformat(),
                "source": bud.source}  # fmt: skip
        add_batch_fact(connection, loaded, FactKind.YIELD, data, at=made.occurred_at, actor=actor)
        movement = NewMovement(
            fact=facts[0],
            lot_id=lot_id,
            quantity=made.quantity,
            from_place=loaded.row["place_id"],
            to_place=target["id"],
            occurred_at=made.occurred_at,
            action=Action.RECEIVE.value,
            operator=actor,
            order_ref=number,
            latest_at=latest_of(made.occurred_at, at),
        )
        book(connection, [movement], event_id=event_id)
        return shown_batch(connection, load_batch(connection, number))


def finish(database: Database, number: str, *, occurred_at: datetime, at: datetime, actor: str) -> Row:
    """Nothing more comes out; what is still in the batch of its ingredients is used up.

    Raises ``NotFound``, ``Invalid``, ``Conflict`` if it was finished before or nothing went in.
    """
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_unfinished(loaded)
        if not loaded.components:
            raise Conflict(f"nothing was consumed by batch {number}", "Consume its ingredients first.")
        last_at = max([row["last_at"] for row in loaded.products] + [row["first_at"] for row in loaded.components])
        if occurred_at > at + CLOCKS_MAY_DIFFER or occurred_at < last_at:
            raise Invalid(
                f"batch {number} cannot be finished at {occurred_at:%Y-%m-%d %H:%M:%S} UTC",
                f"Its last movement was at {last_at:%Y-%m-%d %H:%M:%S} UTC, and it is not in the future.",
            )
        lock_holds(connection)
        used_up = _used_up_place(connection)
        made, pct = yield_of(loaded.record)
        add_batch_fact(connection, loaded, FactKind.FINISHED, {"made": made, "pct": pct}, at=occurred_at, actor=actor)
        event_id = add_event(connection, actor=actor, kind="batch_closed_out", subject=batch_subject(number))
        left = list(queries("compounding").left_in_batch(connection, place_id=loaded.row["place_id"]))
        book(
            connection,
            [
                NewMovement(
                    fact=f"batch/{loaded.row['id']}/used#{line}",
                    lot_id=row["lot_id"],
                    serial=row["serial"],
                    quantity=row["quantity"],
                    from_place=loaded.row["place_id"],
                    to_place=used_up,
                    occurred_at=occurred_at,
                    action=Action.CONSUME.value,
                    operator=actor,
                    order_ref=number,
                    latest_at=latest_of(occurred_at, at),
                )
                for line, row in enumerate(left, start=1)
            ],
            event_id=event_id,
        )
        return shown_batch(connection, load_batch(connection, number))


def _check_prescription(master_record: Row, prescription: str) -> None:
    for_patient = master_record["kind"] == Kind.FOR_PATIENT
    if for_patient and not prescription:
        raise Invalid(
            f"{master_record['item']} is made for one patient at a time (503A)", "Name the prescription it is made for."
        )
    if prescription and not for_patient:
        raise Invalid(f"{master_record['item']} is made for stock (503B)", "Leave the prescription out.")


def _add_place(connection: Connection, number: str, room: str) -> int:
    above = place_named(connection, room)
    if above["kind"] != "room":
        raise Invalid(f"{room} is a {above['kind']}, not a room", "Name the room that the batch is made in.")
    if not queries("master_data").add_place(
        connection, name=number, title="", kind="production", parent_id=above["id"], policy=None
    ):
        raise Conflict(f"there is a place or batch {number} already", "Give each batch a number of its own.")
    return int(place_named(connection, number)["id"])


def _used_up_place(connection: Connection) -> int:
    queries("master_data").add_place(
        connection, name=USED_UP, title="Used up in products", kind="used_up", parent_id=None, policy=None
    )
    return int(place_named(connection, USED_UP)["id"])


def _checked_target(connection: Connection, to_place: str) -> Row:
    target = place_named(connection, to_place)
    if target["kind"] not in {"room", "bin", "site"}:
        raise Invalid(
            f"product does not leave a batch for {target['kind']} {to_place}",
            "Take it to a room or bin; it leaves from there once it is released.",
        )
    return target


def _bud(connection: Connection, loaded: Loaded, made: Yield) -> Any:
    if loaded.began_at is None:
        raise Conflict(f"nothing was consumed by batch {loaded.row['number']}", "Consume its ingredients first.")
    if made.occurred_at < loaded.began_at:
        raise Invalid(
            f"batch {loaded.row['number']} began at {loaded.began_at:%Y-%m-%d %H:%M:%S} UTC, after its product"
        )
    master_record = loaded.record.master_record
    within = [each for each in loaded.record.components if each.consumed > each.returned]
    components = [each.expires_at for each in within if each.expires_at is not None]
    supported = approved_beyond_use(connection, loaded.row["item_id"], master_record.storage)
    try:
        return decide_bud(
            loaded.began_at, master_record.preparation, master_record.storage, components, made.bud,
            zone=_zone(loaded), supported=supported,
        )  # fmt: skip
    except NoBudRuleError as error:
        raise Conflict(str(error), "Give beyond_use_at and the reason for it.") from error
    except BudRefusedError as error:
        raise Conflict(f"beyond-use date refused: {error}", "Give an earlier one.") from error


def _zone(loaded: Loaded) -> tzinfo:
    """What counts in the room of the batch."""
    return zone_named(loaded.row["zone"])


def _expiry(loaded: Loaded, bud: datetime) -> Expiry:
    """The expiry of the product: the very day of the component that bounds it, else one instant."""
    for row in loaded.components:
        if row["expires_at"] == bud:
            return Expiry(row["expires_on"], row["expires_hour"], row["expires_exactly"])
    return exactly(bud, _zone(loaded))


def _product_lot(connection: Connection, loaded: Loaded, lot_number: str, expiry: Expiry) -> int:
    row = loaded.row
    dates: Mapping[str, Any] = {
        "expires_on": expiry.on,
        "expires_hour": expiry.hour,
        "expires_exactly": expiry.exactly,
    }
    queries("availability").add_lot(
        connection, item_id=row["item_id"], lot_number=lot_number, owner=row["owner"], **dates
    )
    lot = queries("availability").lot_by_number(connection, item=row["item"], lot_number=lot_number, owner=row["owner"])
    queries("compounding").limit_expiry(connection, lot_id=lot["id"], zone=row["zone"], **dates)
    return int(lot["id"])
