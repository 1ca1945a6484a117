"""What follows from something being given to a patient: the administration as a record, and its charges.

Physical facts of a dock are kept also where they cannot be charged: that is a case, for somebody to charge by hand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cloud_sync.domain.billing import (
    AMOUNT_MAX,
    Container,
    Conversion,
    DoesNotConvert,
    Given,
    PayerClass,
    Rounding,
    charge_lines,
    ndc_of,
    plain,
)
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

NOT_CHARGED = "charge_not_made"
OWN = "the patient's own"
"""Why goods that belong to the patient are not charged."""


@dataclass(frozen=True, slots=True)
class KnownConversion:
    """A conversion that counts, and the row that it was read from."""

    id: int
    row: Conversion
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class NewAdministration:
    """What a patient (a token) was given: ``moved`` is a row of the query ``lot_of_fact``.

    ``given`` None: nothing is known of dose and waste. ``not_charged`` says why nothing is charged.
    """

    moved: Row
    patient: str
    order: str
    given: Given | None
    dose_unit: str
    witness: str
    not_charged: str
    recorded_by: str
    recorded_at: datetime


def conversion_of(connection: Connection, ndc: str, day: date) -> KnownConversion | None:
    """The conversion of an item's NDC that counts on a day; None if no table knows one."""
    if not ndc:
        return None
    try:
        wanted = ndc_of(ndc)
    except ValueError:  # a labeler of six digits has no form of bills
        return None
    rows = list(queries("billing").conversions_on(connection, ndcs=[wanted], day=day))
    return known_conversion(rows[0]) if rows else None


def known_conversion(row: Row) -> KnownConversion:
    """A conversion as the domain has it."""
    conversion = Conversion(
        row["ndc"], row["hcpcs"], row["dose_unit"], row["dose_per_base_unit"], row["dose_per_billing_unit"],
        row["ndc_unit"], row["ndc_units_per_base_unit"], Container(row["container"]), Rounding(row["rounding"]),
        row["valid_from"], row["valid_until"], row["description"],
    )  # fmt: skip
    return KnownConversion(row["id"], conversion, row["title"], row["source"])


def billable_items(connection: Connection, day: date) -> dict[int, str]:
    """Items that a table converts on a day, by id."""
    ndcs: dict[str, list[Row]] = {}
    for item in queries("billing").items_with_ndc(connection):
        try:
            ndcs.setdefault(ndc_of(item["ndc"]), []).append(item)
        except ValueError:
            continue
    rows = queries("billing").conversions_on(connection, ndcs=sorted(ndcs), day=day)
    return {item["id"]: item["name"] for row in rows for item in ndcs[row["ndc"]]}


def keep_administration(connection: Connection, new: NewAdministration) -> int | None:
    """Keep what a patient was given and give its id; None if this fact was kept before."""
    moved = new.moved
    place = queries("billing").site_and_day(connection, place_id=moved["from_place"], at=moved["occurred_at"])
    payer_class: str = queries("billing").payer_class_of(connection, name=moved["owner"])
    given = new.given if new.given is not None and max(new.given.dose, new.given.wasted) < AMOUNT_MAX else None
    administration_id: int | None = queries("billing").add_administration(
        connection, fact=moved["fact"], lot_id=moved["lot_id"], serial=moved["serial"], quantity=moved["quantity"],
        expires_on=moved["expires_on"], from_place=moved["from_place"], to_place=moved["to_place"],
        site_id=place["site_id"], day=place["day"], payer_class=payer_class, patient=new.patient,
        order_number=new.order, dose=None if given is None else given.dose,
        wasted=None if given is None else given.wasted, dose_unit=new.dose_unit,
        given_by=moved["operator"], given_at=moved["occurred_at"], witness=new.witness,
        not_charged=new.not_charged, recorded_by=new.recorded_by, recorded_at=new.recorded_at,
    )  # fmt: skip
    if administration_id is not None:
        data = {
            "fact": moved["fact"], "lot": moved["lot_id"], "quantity": moved["quantity"], "patient": new.patient,
            "payer_class": payer_class, "not_charged": new.not_charged,
        }  # fmt: skip
        _tell(connection, administration_id, "administered", new.recorded_by, data)
    return administration_id


def fault_of_class(payer_class: str, owner: str) -> tuple[str, str] | None:
    """Why stock of this payer class is not charged, and what to do; None if it is."""
    if not payer_class:
        return (
            f"the owner {owner} has no payer class",
            "Set its payer class under Buy and bill (purchased, 340B, consignment, patient-owned).",
        )
    if payer_class == PayerClass.PATIENT_OWNED:
        return f"stock of {owner} belongs to the patient and is not charged", "Record it as not charged."
    return None


def add_charges(
    connection: Connection,
    administration_id: int,
    given: Given,
    known: KnownConversion,
    *,
    version: int,
    reason: str,
    at: datetime,
    actor: str,
) -> list[int]:
    """Charge an administration and give the charges' ids. Raises ``DoesNotConvert``. The caller owns it."""
    ids = []
    for line in charge_lines(given, known.row):
        charge_id: int = queries("billing").add_charge(
            connection, administration_id=administration_id, conversion_id=known.id, version=version, part=line.part,
            hcpcs=known.row.hcpcs, units=line.units, modifier=line.modifier, ndc=known.row.ndc,
            ndc_units=line.ndc_units, ndc_unit=known.row.ndc_unit, dose=line.dose, reason=reason, made_by=actor,
            made_at=at,
        )  # fmt: skip
        ids.append(charge_id)
        data = {
            "administration": administration_id, "charge": charge_id, "hcpcs": known.row.hcpcs,
            "units": plain(line.units), "modifier": line.modifier, "ndc": known.row.ndc,
        }  # fmt: skip
        add_event(connection, actor=actor, kind="charge_made", subject=f"charge:{charge_id}", reason=reason, data=data)
    return ids


def all_given(quantity: int, wasted: Decimal, conversion: Conversion) -> Given:
    """What a dock says by leaving it out: what was not wasted was given."""
    return Given(quantity, quantity * conversion.dose_per_base_unit - wasted, wasted)


@dataclass(frozen=True, slots=True)
class DockLine:
    """A line of a dispense scan: its fact, and how much of it was wasted (in the units of its doses)."""

    fact: str
    wasted: Decimal


def record_dock_dispense(
    connection: Connection, order: str, lines: Sequence[DockLine], *, witness: str, at: datetime, actor: str
) -> None:
    """Keep what a dock dispensed for a patient, and charge it; what cannot be charged is a case.

    Nothing, where the order is for no patient, or no table converts the item.
    """
    patient = queries("billing").patient_of_order(connection, number=order) if order else ""
    if not patient:
        return
    moved = {
        row["fact"]: row for row in queries("billing").lot_of_fact(connection, facts=[each.fact for each in lines])
    }
    for line in lines:
        if (row := moved.get(line.fact)) is not None:
            _record_line(connection, row, line, patient, order, witness, at, actor)


def _record_line(
    connection: Connection,
    row: Row,
    line: DockLine,
    patient: str,
    order: str,
    witness: str,
    at: datetime,
    actor: str,
) -> None:
    place = queries("billing").site_and_day(connection, place_id=row["from_place"], at=row["occurred_at"])
    known = conversion_of(connection, row["ndc"], place["day"])
    if known is None:
        return
    given: Given | None = all_given(row["quantity"], line.wasted, known.row)
    if given is not None and given.dose < 0:
        given = None
    payer_class = queries("billing").payer_class_of(connection, name=row["owner"])
    is_own = payer_class == PayerClass.PATIENT_OWNED
    new = NewAdministration(row, patient, order, given, known.row.dose_unit, witness, OWN if is_own else "", actor, at)
    administration_id = keep_administration(connection, new)
    if administration_id is None or is_own:
        return
    fault = _charge_or_why(connection, administration_id, row, given, known, payer_class, line, at, actor)
    if fault:
        what = f"{row['quantity']} of lot {row['lot_number']} of {row['item']}"
        text = f"{what}, dispensed for order {order}, is not charged: {fault}. Charge it under Buy and bill"
        data = {"administration": administration_id, "lot": row["lot_id"]}
        open_case(
            connection, Case(NOT_CHARGED, row["fact"], text, data=data, place_id=place["site_id"] or row["from_place"])
        )


def _charge_or_why(
    connection: Connection,
    administration_id: int,
    row: Row,
    given: Given | None,
    known: KnownConversion,
    payer_class: str,
    line: DockLine,
    at: datetime,
    actor: str,
) -> str:
    if given is None:
        return f"{plain(line.wasted)} {known.row.dose_unit} wasted is more than was taken"
    if fault := fault_of_class(payer_class, row["owner"]):
        return fault[0]
    try:
        add_charges(connection, administration_id, given, known, version=1, reason="", at=at, actor=actor)
    except DoesNotConvert as no:
        return str(no)
    return ""


def reverse_all(connection: Connection, administration_id: int, reason: str, *, at: datetime, actor: str) -> list[int]:
    """Take back what is charged for an administration; gives the reversals' ids. The caller owns it."""
    rows = list(
        queries("billing").reverse_charges(
            connection, administration_id=administration_id, reason=reason, made_by=actor, made_at=at
        )
    )
    for row in rows:
        data = {"administration": administration_id, "charge": row["id"], "reverses": row["reverses"]}
        add_event(
            connection, actor=actor, kind="charge_reversed", subject=f"charge:{row['id']}", reason=reason, data=data
        )
    return [row["id"] for row in rows]


def with_charges(connection: Connection, rows: Iterable[Row]) -> list[Row]:
    """Administrations with their ``charges``."""
    kept = list(rows)
    of: dict[int, list[Row]] = {}
    for each in queries("billing").charges_of(connection, administration_ids=[row["id"] for row in kept]):
        of.setdefault(each["administration_id"], []).append(each)
    return [{**row, "charges": of.get(row["id"], [])} for row in kept]


def _tell(connection: Connection, administration_id: int, kind: str, actor: str, data: dict[str, Any]) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"administration:{administration_id}", data=data)
