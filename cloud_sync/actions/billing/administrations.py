"""Giving to patients, and charging it: stock moves, what was given is kept, charges go out; or nothing of it happens.

A charge is never changed. What was wrong is reversed, and charged again.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from cloud_sync.actions.stock.movements import MovementLine, Transfer, move_in
from cloud_sync.domain.billing import DoesNotConvert, Given, PayerClass, charge_lines
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.billing import charges
from cloud_sync.posting.billing.charges import (
    OWN,
    KnownConversion,
    NewAdministration,
    add_charges,
    conversion_of,
    fault_of_class,
    keep_administration,
    reverse_all,
    with_charges,
)
from cloud_sync.posting.controlled.wastes import NewWaste, keep_waste
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.personal_data import keep_prescription_apart, told_in
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

BY_TABLE = "Bring a conversion table that names it (Buy and bill), or say why nothing is charged."
FEED_LEAVES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Dose:
    """What was given and thrown away, in ``unit``, as the conversion table has doses."""

    given: Decimal
    wasted: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Administering:
    """Stock that is given to a patient. ``order`` may name the patient instead of ``patient``.

    ``dose`` None: all of it was given. ``not_charged``: why nothing is charged, '' to charge it.
    """

    line: MovementLine
    from_place: str
    to_place: str
    given_at: datetime
    patient: str = ""
    order: str = ""
    dose: Dose | None = None
    not_charged: str = ""


def administer(database: Database, new: Administering, *, client_id: UUID, at: datetime, actor: str) -> Row:
    """Dispense to a patient, keep the administration, and charge it; gives it. All of that, or nothing.

    The same under the same ``client_id`` again changes nothing. Raises ``NotFound``, ``Invalid`` for units that do not
    convert, and ``Conflict`` where the stock is not there or may not be issued, or nobody has said how it is paid for.
    """
    with database.transaction() as connection:
        new = replace(new, patient=keep_prescription_apart(connection, new.patient))
        request = _request(new)
        if before := answered_before(connection, "administration_asked", client_id, request):
            return shown(connection, before)
        patient = _patient(connection, new)
        transfer = Transfer(Action.DISPENSE, new.from_place, new.to_place, new.given_at, new.order)
        (moved,) = move_in(
            connection, transfer, (new.line,), client_id=uuid5(client_id, "movement"), at=at, actor=actor
        )
        (row,) = queries("billing").lot_of_fact(connection, facts=[moved["fact"]])
        known, given, not_charged = _to_charge(connection, row, new)
        unit = new.dose.unit if new.dose else known.row.dose_unit if known else ""
        administration_id = keep_administration(
            connection, NewAdministration(row, patient, new.order, given, unit, "", not_charged, actor, at)
        )
        assert administration_id is not None  # noqa: S101 - its movement was booked just now
        if given is not None and given.wasted and row["controlled_schedule"]:
            keep_waste(connection, _waste(row, administration_id, given, unit, at), how="ledger")
        if known is not None and given is not None and not not_charged:
            _charge(connection, administration_id, given, known, 1, "", at, actor)
        answer(connection, "administration_asked", client_id, request, administration_id, actor=actor)
        return shown(connection, administration_id)


def _waste(row: Row, administration_id: int, given: Given, unit: str, at: datetime) -> NewWaste:
    """What was left of a dose of a controlled item waits for a witness."""
    return NewWaste(
        row["lot_id"], row["from_place"], "left of a dose", row["operator"], at, row["serial"], amount=given.wasted,
        unit=unit, administration_id=administration_id,
    )  # fmt: skip


def _patient(connection: Connection, new: Administering) -> str:
    if new.patient:
        return new.patient
    token: str | None = queries("billing").patient_of_order(connection, number=new.order) if new.order else None
    if not token:
        raise Invalid("nobody says for whom it is", "Name the patient's reference, or an order that has one.")
    return token


def _to_charge(
    connection: Connection, row: Row, new: Administering
) -> tuple[KnownConversion | None, Given | None, str]:
    """By what it is charged, what was given, and why it is not charged. Raises ``Invalid``, ``Conflict``."""
    place = queries("billing").site_and_day(connection, place_id=row["from_place"], at=row["occurred_at"])
    known = conversion_of(connection, row["ndc"], place["day"])
    payer_class = queries("billing").payer_class_of(connection, name=row["owner"])
    not_charged = new.not_charged or (OWN if payer_class == PayerClass.PATIENT_OWNED else "")
    given = _given(new, row["quantity"], known)
    if not_charged:
        return known, given, not_charged
    if known is None:
        raise Conflict(
            f"no conversion table knows {row['item']} (NDC {row['ndc'] or 'none'}) on {place['day']}", BY_TABLE
        )
    if fault := fault_of_class(payer_class, row["owner"]):
        raise Conflict(*fault)
    return known, given, ""


def _given(new: Administering, quantity: int, known: KnownConversion | None) -> Given | None:
    if new.dose is None:
        return None if known is None else charges.all_given(quantity, Decimal(0), known.row)
    if known is not None and new.dose.unit != known.row.dose_unit:
        raise Invalid(
            f"the dose is in {new.dose.unit}, and the table converts {known.row.dose_unit}",
            f"Give dose and waste in {known.row.dose_unit}.",
        )
    return Given(quantity, new.dose.given, new.dose.wasted)


def _charge(
    connection: Connection,
    administration_id: int,
    given: Given,
    known: KnownConversion,
    version: int,
    reason: str,
    at: datetime,
    actor: str,
) -> None:
    try:
        add_charges(connection, administration_id, given, known, version=version, reason=reason, at=at, actor=actor)
    except DoesNotConvert as no:
        raise Invalid(str(no), no.hint) from no


def charge_again(
    database: Database, administration_id: int, dose: Dose | None, *, reason: str, at: datetime, actor: str
) -> Row:
    """Charge an administration of which nothing stands in charges: after a reversal, or where a dock could not.

    ``dose`` None: as it was kept. Gives the administration. Raises ``NotFound``, ``Conflict`` if it is charged already,
    ``Invalid`` for units that do not convert.
    """
    with database.transaction() as connection:
        row = _lock(connection, administration_id)
        made = list(queries("billing").charges_of(connection, administration_ids=[administration_id]))
        if any(each["kind"] == "charge" and not each["is_reversed"] for each in made):
            raise Conflict(f"administration {administration_id} is charged already", "Reverse the charge first.")
        if row["not_charged"]:
            raise Conflict(f"it was recorded as not charged: {row['not_charged']}", "Ask who recorded it.")
        if fault := fault_of_class(row["payer_class"] or _class_now(connection, row), "its owner"):
            raise Conflict(*fault)
        known = conversion_of(connection, row["ndc"], row["day"])
        if known is None:
            raise Conflict(f"no conversion table knows {row['item']} on {row['day']}", BY_TABLE)
        given = _said_dose(row, dose, known)
        version = max((each["version"] for each in made), default=0) + 1
        _charge(connection, administration_id, given, known, version, reason, at, actor)
        return shown(connection, administration_id)


def _class_now(connection: Connection, row: Row) -> str:
    owner = queries("billing").lot_of_fact(connection, facts=[row["fact"]])
    return str(queries("billing").payer_class_of(connection, name=next(iter(owner))["owner"]))


def _said_dose(row: Row, dose: Dose | None, known: KnownConversion) -> Given:
    if dose is not None:
        if dose.unit != known.row.dose_unit:
            raise Invalid(f"the dose is in {dose.unit}, and the table converts {known.row.dose_unit}", "Convert it.")
        return Given(row["quantity"], dose.given, dose.wasted)
    if row["dose"] is None:
        return charges.all_given(row["quantity"], Decimal(0), known.row)
    return Given(row["quantity"], row["dose"], row["wasted"])


def preview(database: Database, item: str, quantity: int, dose: Dose | None, *, on: date) -> dict[str, Any]:
    """What would be charged, and by which table; changes nothing. Raises ``Conflict``, ``Invalid``."""
    with database.transaction() as connection:
        row = next((each for each in queries("billing").items_with_ndc(connection) if each["name"] == item), None)
        known = conversion_of(connection, row["ndc"], on) if row else None
        if known is None:
            raise Conflict(f"no conversion table knows {item} on {on}", BY_TABLE)
        given = _said_dose({"quantity": quantity, "dose": None}, dose, known)
        try:
            lines = charge_lines(given, known.row)
        except DoesNotConvert as no:
            raise Invalid(str(no), no.hint) from no
        rows = [{name: getattr(line, name) for name in line.__dataclass_fields__} for line in lines]
        return {"item": item, "hcpcs": known.row.hcpcs, "table": known.title, "source": known.source, "lines": rows}


def reverse(database: Database, administration_id: int, reason: str, *, at: datetime, actor: str) -> Row:
    """Take back all that is charged for an administration; gives it. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        _lock(connection, administration_id)
        if not reverse_all(connection, administration_id, reason, at=at, actor=actor):
            raise Conflict(
                f"nothing of administration {administration_id} stands in charges",
                "It was reversed before, or never charged.",
            )
        return shown(connection, administration_id)


def list_administrations(
    database: Database,
    *,
    patient: str | None = None,
    day: date | None = None,
    lot_id: int | None = None,
    is_charged: bool | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """What patients were given, with charges, the newest first. ``patient`` is their reference."""
    with database.transaction() as connection:
        token = None if patient is None else queries("personal_data").token_of_prescription(connection, value=patient)
        rows = queries("billing").administrations(
            connection, administration_id=None, patients=None if patient is None else [token or ""], day=day,
            lot_id=lot_id, is_charged=is_charged, rows_max=rows_max, rows_skipped=rows_skipped,
        )  # fmt: skip
        return told_in(connection, with_charges(connection, rows), "patient")


def show_administration(database: Database, administration_id: int) -> Row:
    """One, with its charges. Raises ``NotFound``."""
    with database.transaction() as connection:
        return shown(connection, administration_id)


def charge_feed(database: Database, after: int, rows_max: int) -> dict[str, Any]:
    """Charges and reversals after a position of the feed, as they were committed: ``rows``, ``next``, ``more``."""
    with database.transaction() as connection:
        size: int = queries("connections").tree_size(connection)
        until = min(size, after + FEED_LEAVES_MAX)
        rows = told_in(
            connection,
            queries("billing").charge_feed(connection, after=after, until=until, rows_max=rows_max),
            "patient",
        )
    reached = rows[-1]["position"] if len(rows) == rows_max else max(after, until)
    return {"rows": rows, "next": reached, "more": reached < size}


def shown(connection: Connection, administration_id: int) -> Row:
    """One, with its charges, in the caller's transaction. Raises ``NotFound``."""
    rows = queries("billing").administrations(
        connection, administration_id=administration_id, patients=None, day=None, lot_id=None, is_charged=None,
        rows_max=1, rows_skipped=0,
    )  # fmt: skip
    found = told_in(connection, with_charges(connection, rows), "patient")
    if not found:
        raise NotFound(f"there is no administration {administration_id}", "See GET /v1/administrations.")
    return found[0]


def _lock(connection: Connection, administration_id: int) -> Row:
    row: Row | None = queries("billing").lock_administration(connection, administration_id=administration_id)
    if row is None:
        raise NotFound(f"there is no administration {administration_id}", "See GET /v1/administrations.")
    return row


def _request(new: Administering) -> dict[str, Any]:
    line, dose = new.line, new.dose
    return {
        "item": line.item, "lot_number": line.lot_number, "owner": line.owner, "serial": line.serial,
        "quantity": line.quantity, "from_place": new.from_place, "to_place": new.to_place,
        "given_at": new.given_at.isoformat(), "patient": new.patient, "order": new.order,
        "dose": None if dose is None else [str(dose.given), str(dose.wasted), dose.unit],
        "not_charged": new.not_charged,
    }  # fmt: skip
