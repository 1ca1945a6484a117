"""Devices: their terms, what is done to each unit, loans, repairs and swaps, and patients."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.actions.serials.units import as_fact, plans_of, starts_of, unit_row
from cloud_sync.actions.stock.movements import MovementLine, Transfer, move_in
from cloud_sync.domain.devices import FactKind, Standing, services_due, standing_of
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.holds import lift_holds_of_case, place_hold_on
from cloud_sync.posting.personal_data import keep_prescription_apart
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

REPAIR = "unit_in_repair"
FAILED = "service_failed"
ORIGIN = "device"
DUE_MAX = 20_000
"""Units whose services are looked at for a list."""


def keep_device(
    database: Database, item: str, *, device_class: str, tracking: str, warranties: Sequence[dict[str, Any]],
    plans: Sequence[dict[str, Any]], reason: str, at: datetime, actor: str,
) -> Row:  # fmt: skip
    """Say what kind of device an item is, its warranty terms and service plans. Raises ``NotFound``, ``Invalid``, and
    ``Conflict`` for a tracked item whose units have no serials."""
    if len({each["supplier"] for each in warranties}) < len(warranties):
        raise Invalid("a supplier has two warranty terms", "Write one term for each supplier, and one for any other.")
    if len({each["name"] for each in plans}) < len(plans):
        raise Invalid("two service plans have the same name", "Give each a name of its own.")
    with database.transaction() as connection:
        row = item_named(connection, item)
        if tracking != "none" and not row["serial_tracked"]:
            raise Conflict(
                f"{item} is not serial-tracked, so nobody could say which patient has which unit",
                "Set serial_tracked of the item first.",
            )
        devices, common = queries("devices"), {"item_id": row["id"], "actor": actor, "at": at}
        devices.keep_device(connection, device_class=device_class, tracking=tracking, **common)
        devices.forget_terms(connection, item_id=row["id"])
        for term in warranties:
            supplier = place_named(connection, term["supplier"])["id"] if term["supplier"] else None
            devices.add_term(connection, supplier_id=supplier, months=term["months"], starts=term["starts"], **common)
        devices.forget_plans(connection, item_id=row["id"])
        for plan in plans:
            devices.add_plan(connection, **plan, **common)
        data = {
            "class": device_class, "tracking": tracking, "warranties": list(warranties), "plans": list(plans)
        }  # fmt: skip
        add_event(connection, actor=actor, kind="device_kept", subject=f"item:{item}", reason=reason, data=data)
        (shown,) = devices.devices(connection, item_id=row["id"], rows_max=1, rows_skipped=0)
        return dict(shown)


def list_devices(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Items that are devices."""
    with database.transaction() as connection:
        return list(queries("devices").devices(connection, item_id=None, rows_max=rows_max, rows_skipped=rows_skipped))


def record_use(
    database: Database, lot_id: int, serial: str, *, patient: str, at: datetime, reason: str, now: datetime, actor: str
) -> Row:
    """The first use of a unit, or with ``patient`` (a reference) that it is theirs now. Raises ``NotFound``,
    ``Invalid``, and ``Conflict`` while another patient has it."""
    check_past(at, now)
    with database.transaction() as connection:
        standing = _standing(connection, lot_id, serial)
        if not patient:
            if standing.first_use is not None:
                raise Conflict(f"serial {serial} is in use since {standing.first_use:%Y-%m-%d}")
            return add_fact(connection, lot_id, serial, FactKind.FIRST_USE, at, reason=reason, actor=actor, now=now)
        token = keep_prescription_apart(connection, patient)
        if standing.patient == token:
            raise Conflict(f"serial {serial} is recorded for this patient already")
        if standing.patient is not None:
            raise Conflict(
                f"another patient has serial {serial} since {standing.patient_since:%Y-%m-%d}",
                "End that first: explanted, returned or passed away.",
            )
        return add_fact(
            connection, lot_id, serial, FactKind.PATIENT, at, patient=token, reason=reason, actor=actor, now=now
        )


def end_use(
    database: Database, lot_id: int, serial: str, *, at: datetime, reason: str, now: datetime, actor: str
) -> Row:
    """The patient has the unit no longer. Raises ``NotFound``, ``Conflict``."""
    check_past(at, now)
    with database.transaction() as connection:
        standing = _standing(connection, lot_id, serial)
        if standing.patient is None:
            raise Conflict(f"no patient is recorded for serial {serial}")
        return add_fact(
            connection, lot_id, serial, FactKind.PATIENT_ENDED, at, patient=standing.patient, reason=reason,
            actor=actor, now=now,
        )  # fmt: skip


def record_service(
    database: Database, lot_id: int, serial: str, *, plan: str, passed: bool, reference: str, at: datetime, reason: str,
    now: datetime, actor: str,
) -> Row:  # fmt: skip
    """A service was done. One that did not pass opens a case that holds the unit. Raises ``NotFound``, ``Invalid``."""
    check_past(at, now)
    with database.transaction() as connection:
        lock_holds(connection)
        unit = unit_row(connection, lot_id, serial)
        device = _device(connection, unit["item_id"])
        if plan not in {each.name for each in plans_of(device)}:
            raise NotFound(f"{unit['item']} has no service plan {plan}", "See GET /v1/devices for its plans.")
        data = {"plan": plan, "passed": passed, "reference": reference}
        fact = add_fact(
            connection, lot_id, serial, FactKind.SERVICE, at, data=data, reason=reason, actor=actor, now=now
        )
        if not passed:
            text = f"{unit['item']} serial {serial} did not pass {plan}: {reason}"
            _hold(connection, FAILED, fact["id"], unit, text, at=at, actor=actor)
        return fact


def lend(
    database: Database, lot_id: int, serial: str, *, to_place: str, due_back_at: datetime, patient: str, reason: str,
    client_id: UUID, at: datetime, actor: str,
) -> Row:  # fmt: skip
    """Lend a unit to a customer or ward: it goes there, and is to come back. The same ``client_id`` again lends
    nothing.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` if it may not be issued, or is lent or in repair."""
    if due_back_at <= at:
        raise Invalid("a loan cannot be due back before it begins", "Check the date.")
    with database.transaction() as connection:
        unit, standing, where = _here(connection, lot_id, serial)
        if before := _fact_of_client(connection, lot_id, serial, client_id):
            return before
        if standing.loan or standing.repair:
            raise Conflict(f"serial {serial} is {'lent' if standing.loan else 'in repair'} already", "See its page.")
        if where is None:
            raise Conflict(f"serial {serial} is not in the house", "See its page for where it is.")
        borrower = place_named(connection, to_place)
        action = Action.DISPENSE if borrower["kind"] == "ward" else Action.SHIP
        _move(connection, unit, action, where, to_place, client_id=client_id, at=at, actor=actor)
        data = {"to": to_place, "due_back_at": due_back_at.isoformat(), "client_id": str(client_id)}
        fact = add_fact(connection, lot_id, serial, FactKind.LENT, at, data=data, reason=reason, actor=actor, now=at)
        if patient:
            token = keep_prescription_apart(connection, patient)
            add_fact(
                connection, lot_id, serial, FactKind.PATIENT, at, patient=token, reason=reason, actor=actor, now=at
            )
        return fact


def return_loan(
    database: Database, loan_id: int, *, to_place: str, reason: str, client_id: UUID, at: datetime, actor: str
) -> Row:
    """A unit comes back from a loan, into a place of the house. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        loan = _fact(connection, loan_id, FactKind.LENT)
        unit = unit_row(connection, loan["lot_id"], loan["serial"])
        if before := _fact_of_client(connection, loan["lot_id"], loan["serial"], client_id):
            return before
        if _is_ended(connection, loan_id, FactKind.LOAN_RETURNED, loan):
            raise Conflict(f"loan {loan_id} came back before")
        _move(connection, unit, Action.RETURN, loan["data"]["to"], to_place, client_id=client_id, at=at, actor=actor)
        standing = _standing(connection, loan["lot_id"], loan["serial"])
        fact = add_fact(
            connection, loan["lot_id"], loan["serial"], FactKind.LOAN_RETURNED, at, about=loan_id,
            data={"client_id": str(client_id)}, reason=reason, actor=actor, now=at,
        )  # fmt: skip
        if standing.patient:
            add_fact(
                connection, loan["lot_id"], loan["serial"], FactKind.PATIENT_ENDED, at, patient=standing.patient,
                reason=reason, actor=actor, now=at,
            )  # fmt: skip
        return fact


def open_repair(
    database: Database, lot_id: int, serial: str, *, fault: str, sent_to: str, at: datetime, actor: str
) -> Row:
    """Order the repair of a unit; it is held until that ends. Raises ``NotFound``, ``Conflict`` if one is open."""
    with database.transaction() as connection:
        lock_holds(connection)
        unit = unit_row(connection, lot_id, serial)
        if _standing(connection, lot_id, serial).repair:
            raise Conflict(f"serial {serial} is in repair already", "See GET /v1/repairs.")
        data = {"sent_to": sent_to}
        fact = add_fact(
            connection, lot_id, serial, FactKind.REPAIR_OPENED, at, data=data, reason=fault, actor=actor, now=at
        )
        text = f"{unit['item']} serial {serial} is in repair{f' at {sent_to}' if sent_to else ''}: {fault}"
        _hold(connection, REPAIR, fact["id"], unit, text, at=at, actor=actor)
        return fact


def close_repair(
    database: Database, repair_id: int, *, outcome: str, new_lot_id: int | None, new_serial: str, reason: str,
    at: datetime, actor: str,
) -> Row:  # fmt: skip
    """A repair ends: ``repaired`` (it is free again), ``swapped`` for another unit that is here already (old and new
    are one history, and a patient keeps theirs), or ``not_repaired`` (it stays held).

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` for a new serial that took another one's place."""
    if (outcome == "swapped") != bool(new_serial and new_lot_id):
        raise Invalid("a swap names the new unit, and nothing else does", "Give new_lot_id and new_serial, or neither.")
    with database.transaction() as connection:
        lock_holds(connection)
        repair = _fact(connection, repair_id, FactKind.REPAIR_OPENED)
        if _is_ended(connection, repair_id, FactKind.REPAIR_CLOSED, repair):
            raise Conflict(f"repair {repair_id} ended before")
        lot_id, serial = repair["lot_id"], repair["serial"]
        if outcome == "swapped":
            assert new_lot_id is not None  # noqa: S101 - checked above
            _swap(connection, lot_id, serial, new_lot_id, new_serial, reason=reason, at=at, actor=actor)
        fact = add_fact(
            connection, lot_id, serial, FactKind.REPAIR_CLOSED, at, about=repair_id, data={"outcome": outcome},
            reason=reason, actor=actor, now=at,
        )  # fmt: skip
        if outcome == "repaired":
            _close_case(connection, REPAIR, repair_id, reason=reason, actor=actor)
        return fact


def list_open(database: Database, kind: FactKind, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Loans or repairs that nobody has ended, the oldest first."""
    ending = FactKind.LOAN_RETURNED if kind is FactKind.LENT else FactKind.REPAIR_CLOSED
    with database.transaction() as connection:
        return list(
            queries("devices").open_facts(
                connection, kind=kind.value, ending=ending.value, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def services_to_do(
    database: Database, *, at: datetime, within: timedelta, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Services that are due within that time or overdue, the most urgent first."""
    with database.transaction() as connection:
        items = [row["item_id"] for row in queries("devices").serviced_items(connection)]
        units = list(queries("devices").serviced_units(connection, item_ids=items, rows_max=DUE_MAX)) if items else []
        if not units:
            return []
        asked = {"lot_ids": [row["lot_id"] for row in units], "serials": [row["serial"] for row in units]}
        facts: dict[tuple[int, str], list[Row]] = {}
        for fact in queries("devices").facts_of(connection, **asked):
            facts.setdefault((fact["lot_id"], fact["serial"]), []).append(fact)
        custody: dict[tuple[int, str], list[Row]] = {}
        for moved in queries("devices").custody(connection, **asked):
            custody.setdefault((moved["lot_id"], moved["serial"]), []).append(moved)
        devices = {item_id: _device(connection, item_id) for item_id in items}
    found = []
    for unit in units:
        key = (unit["lot_id"], unit["serial"])
        mine = [as_fact(row) for row in facts.get(key, [])]
        starts = starts_of(custody.get(key, []), standing_of(mine))
        for due in services_due(plans_of(devices[unit["item_id"]]), mine, starts):
            if due.due_at is not None and due.due_at <= at + within:
                state = "failed" if due.has_failed else "over" if due.due_at <= at else "due"
                found.append({**unit, "plan": due.plan.name, "kind": due.plan.kind, "due_at": due.due_at,
                              "last_at": due.last_at, "state": state})  # fmt: skip
    found.sort(key=lambda row: (row["due_at"], row["serial"]))
    return found[rows_skipped : rows_skipped + rows_max]


def _device(connection: Connection, item_id: int) -> Row | None:
    return next(iter(queries("devices").devices(connection, item_id=item_id, rows_max=1, rows_skipped=0)), None)


def _rows(connection: Connection, lot_id: int, serial: str) -> list[Row]:
    return list(queries("devices").facts_of(connection, lot_ids=[lot_id], serials=[serial]))


def _standing(connection: Connection, lot_id: int, serial: str) -> Standing:
    unit_row(connection, lot_id, serial)
    return standing_of(as_fact(row) for row in _rows(connection, lot_id, serial))


def _here(connection: Connection, lot_id: int, serial: str) -> tuple[Row, Standing, str | None]:
    """A unit, how it stands, and the place of the house where it is."""
    unit = unit_row(connection, lot_id, serial)
    places = queries("devices").where_is(connection, lot_ids=[lot_id], serials=[serial])
    place = next((row["place"] for row in places if row["kind"] in ("site", "room", "bin")), None)
    return unit, _standing(connection, lot_id, serial), place


def _fact(connection: Connection, fact_id: int, kind: FactKind) -> Row:
    row: Row | None = queries("devices").fact_by_id(connection, fact_id=fact_id)
    if row is None or row["kind"] != kind:
        what = "loan" if kind is FactKind.LENT else "repair"
        raise NotFound(f"there is no {what} {fact_id}", f"See GET /v1/{what}s.")
    return row


def _is_ended(connection: Connection, fact_id: int, kind: FactKind, fact: Row) -> bool:
    rows = _rows(connection, fact["lot_id"], fact["serial"])
    return any(row["about"] == fact_id and row["kind"] == kind for row in rows)


def _fact_of_client(connection: Connection, lot_id: int, serial: str, client_id: UUID) -> Row | None:
    rows = _rows(connection, lot_id, serial)
    found = next((row for row in rows if row["data"].get("client_id") == str(client_id)), None)
    return {**found, "patient": ""} if found else None


def add_fact(
    connection: Connection, lot_id: int, serial: str, kind: FactKind, at: datetime, *, patient: str | None = None,
    other: tuple[int, str] | None = None, about: int | None = None, data: dict[str, Any] | None = None, reason: str,
    actor: str, now: datetime,
) -> Row:  # fmt: skip
    """Something happened to a unit; gives it as it is shown."""
    fact_id: int = queries("devices").add_fact(
        connection, lot_id=lot_id, serial=serial, kind=kind.value, at=at, patient=patient,
        other_lot_id=other[0] if other else None, other_serial=other[1] if other else None, about=about,
        data=Jsonb(data or {}), reason=reason, actor=actor, recorded_at=now,
    )  # fmt: skip
    told = {"serial": serial, "fact": fact_id, **(data or {}), **({"patient": patient} if patient else {})}
    add_event(connection, actor=actor, kind=f"unit_{kind}", subject=f"lot:{lot_id}", reason=reason, data=told)
    row = next(row for row in _rows(connection, lot_id, serial) if row["id"] == fact_id)
    return {**row, "patient": ""}


def _swap(
    connection: Connection, lot_id: int, serial: str, new_lot_id: int, new_serial: str, *, reason: str, at: datetime,
    actor: str,
) -> None:  # fmt: skip
    new = unit_row(connection, new_lot_id, new_serial)
    old = unit_row(connection, lot_id, serial)
    if (new_lot_id, new_serial) == (lot_id, serial):
        raise Invalid(f"serial {serial} cannot be swapped for itself", "Give the serial of the new unit.")
    if new["item_id"] != old["item_id"]:
        raise Conflict(
            f"serial {new_serial} is a {new['item']}, not a {old['item']}", "Swap for a unit of the same item."
        )
    chain = list(queries("devices").chain_of(connection, lot_id=new_lot_id, serial=new_serial))
    if any(row["step"] < 0 for row in chain) or any(
        (row["lot_id"], row["serial"]) == (lot_id, serial) for row in chain
    ):
        raise Conflict(
            f"serial {new_serial} took the place of another unit already", "Give the serial of the new unit."
        )
    standing = _standing(connection, lot_id, serial)
    common: dict[str, Any] = {"reason": reason, "actor": actor, "now": at}
    add_fact(connection, lot_id, serial, FactKind.SWAPPED, at, other=(new_lot_id, new_serial), **common)
    if standing.patient:
        add_fact(connection, lot_id, serial, FactKind.PATIENT_ENDED, at, patient=standing.patient, **common)
        add_fact(connection, new_lot_id, new_serial, FactKind.PATIENT, at, patient=standing.patient, **common)


def _move(
    connection: Connection, unit: Row, action: Action, from_place: str, to_place: str, *, client_id: UUID, at: datetime,
    actor: str,
) -> None:  # fmt: skip
    line = MovementLine(unit["item"], unit["lot_number"], 1, unit["owner"], unit["serial"])
    move_in(connection, Transfer(action, from_place, to_place, at), (line,), client_id=client_id, at=at, actor=actor)


def _hold(connection: Connection, kind: str, fact_id: int, unit: Row, text: str, *, at: datetime, actor: str) -> None:
    """A case that holds this unit alone."""
    case_id = open_case(connection, Case(kind, f"unit_fact:{fact_id}", text, data={"lot": unit["lot_id"]}))
    assert case_id is not None  # noqa: S101 - its key is new
    place_hold_on(
        connection, kind="exception", lot_id=unit["lot_id"], place_id=None, serial=unit["serial"], reason=text,
        placed_by=actor, at=at, origin=ORIGIN, case_id=case_id,
    )  # fmt: skip


def _close_case(connection: Connection, kind: str, fact_id: int, *, reason: str, actor: str) -> None:
    for row in list(queries("devices").open_case_of_fact(connection, kind=kind, key=f"unit_fact:{fact_id}")):
        queries("cases").close_case(connection, id=row["id"], resolved_by=actor, resolution=reason)
        lift_holds_of_case(connection, row["id"], reason=reason, actor=actor)
        add_event(connection, actor=actor, kind="case_resolved", subject=f"case:{row['id']}", reason=reason)


def check_past(at: datetime, now: datetime) -> None:
    """Raise ``Invalid`` for what has not happened yet."""
    if at > now:
        raise Invalid(f"{at:%Y-%m-%d %H:%M} UTC is in the future", "Check the time.")
