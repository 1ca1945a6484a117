"""One history for each unit, through every swap; and which patient or customer has which unit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.domain.devices import (
    FactKind,
    ServicePlan,
    Standing,
    Start,
    Starts,
    UnitFact,
    WarrantyTerm,
    services_due,
    standing_of,
    warranty_until,
)
from cloud_sync.domain.personal_data import tokens_in
from cloud_sync.domain.theft_signals import signals_of
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.personal_data import values_of
from cloud_sync.posting.serials.theft import facts_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

SALES = frozenset({"ship", "dispense"})
ARRIVALS = frozenset({"supplier", "production", "unpacking"})


def find_units(
    database: Database,
    *,
    serial: str = "",
    item: str | None = None,
    holder: str | None = None,
    patient: str = "",
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Units with a serial, of a patient (also those that were swapped since), at a place or customer, or of an item:
    each with where it is and, where it is known, which patient has it. Raises ``Invalid`` if nothing was asked,
    ``NotFound``."""
    page = {"rows_max": rows_max, "rows_skipped": rows_skipped}
    with database.transaction() as connection:
        devices = queries("devices")
        item_id = int(item_named(connection, item)["id"]) if item else None
        if patient:
            rows = list(devices.units_of_patient(connection, reference=patient, rows_max=rows_max + rows_skipped))
            rows = _also_swapped(connection, rows)[rows_skipped : rows_skipped + rows_max]
        elif serial:
            rows = list(devices.units_with_serial(connection, serial=serial, **page))
        elif holder:
            place_id = place_named(connection, holder)["id"]
            rows = list(devices.units_at(connection, place_id=place_id, item_id=item_id, **page))
        elif item_id is not None:
            rows = list(devices.units_of_item(connection, item_id=item_id, **page))
        else:
            raise Invalid("nothing to look for", "Give a serial, an item, a place or customer, or a patient.")
        return _with_patients(connection, rows)


def show_unit(database: Database, lot_id: int, serial: str, *, at: datetime) -> dict[str, Any]:
    """All that is known of a unit and of those that it was swapped for. Raises ``NotFound``."""
    with database.transaction() as connection:
        return unit_shown(connection, lot_id, serial, at=at)


def unit_shown(connection: Connection, lot_id: int, serial: str, *, at: datetime) -> dict[str, Any]:
    """:func:`show_unit` in the caller's transaction."""
    unit = unit_row(connection, lot_id, serial)
    chain = list(queries("devices").chain_of(connection, lot_id=lot_id, serial=serial))
    asked = {"lot_ids": [row["lot_id"] for row in chain], "serials": [row["serial"] for row in chain]}
    custody = list(queries("devices").custody(connection, **asked))
    facts = list(queries("devices").facts_of(connection, **asked))
    own = [row for row in custody if (row["lot_id"], row["serial"]) == (lot_id, serial)]
    mine = [as_fact(row) for row in facts if (row["lot_id"], row["serial"]) == (lot_id, serial)]
    standing = standing_of(mine)
    starts = starts_of(own, standing)
    device: Row | None = next(
        iter(queries("devices").devices(connection, item_id=unit["item_id"], rows_max=1, rows_skipped=0)), None
    )
    theft = facts_of(connection, [(unit["item_id"], serial)])
    signals = [signal for _, known in theft.values() for signal in signals_of(known)]
    lots = sorted({row["lot_id"] for row in chain})
    patients = _patients(connection, facts)
    return {
        **unit,
        "device": device,
        "is_lost": any(known.lost_at for _, known in theft.values()),
        "places": list(queries("devices").where_is(connection, lot_ids=[lot_id], serials=[serial])),
        "origin": origin_of(own),
        "chain": _chain_shown(connection, chain),
        "custody": custody,
        "facts": [_fact_shown(row, patients) for row in facts],
        "patient": patients.get(standing.patient or "") or _patient_by_order(own),
        "loan": _open(standing.loan),
        "repair": _open(standing.repair),
        "warranty": _warranty(device, starts, at),
        "services": _services(device, mine, starts, at),
        "documents": list(queries("devices").documents_of_lots(connection, lot_ids=lots)),
        "transaction_data": list(queries("devices").told_of_units(connection, **asked)),
        "signals": [{"signal": s.kind.value, "text": s.text, "facts": list(s.facts), "at": s.at} for s in signals],
    }


def unit_row(connection: Connection, lot_id: int, serial: str) -> Row:
    """A unit that was ever anywhere. Raises ``NotFound``."""
    row: Row | None = queries("devices").unit(connection, lot_id=lot_id, serial=serial)
    if row is None:
        raise NotFound(f"lot {lot_id} has no unit with serial {serial}", "See GET /v1/units?serial=... for its lot.")
    return row


def as_fact(row: Row) -> UnitFact:
    """A row of a unit's facts as the domain sees it."""
    return UnitFact(row["id"], FactKind(row["kind"]), row["at"], row["patient"], row["about"], row["data"])


def starts_of(custody: Sequence[Row], standing: Standing) -> Starts:
    """When a unit came, was first used and was sold, from its own movements."""
    came = next((row for row in custody if row["from_kind"] in ARRIVALS and row["to_kind"] not in ARRIVALS), None)
    sold = next((row for row in custody if row["action"] in SALES and row["to_kind"] in ("customer", "ward")), None)
    return Starts(
        receipt=came["at"] if came else None,
        first_use=standing.first_use,
        sale=sold["at"] if sold else None,
        supplier=came["from_place"] if came and came["from_kind"] == "supplier" else "",
    )


def origin_of(custody: Sequence[Row]) -> dict[str, Any] | None:
    """Where a unit came into being here; None if nobody recorded it."""
    came = next((row for row in custody if row["from_kind"] in ARRIVALS), None)
    if came is None:
        return None
    how = {"supplier": "received", "production": "made here", "unpacking": "out of a case"}[came["from_kind"]]
    if came["action"] == "commission":
        how = "serial given here"
    from_place = "" if came["from_kind"] == "unpacking" else came["from_place"]
    return {"how": how, "from_place": from_place, "at": came["at"], "by": came["operator"]}


def terms_of(device: Row | None) -> list[WarrantyTerm]:
    """The warranty terms of a device."""
    rows = device["warranties"] if device else []
    return [WarrantyTerm(row["months"], Start(row["starts"]), row["supplier"]) for row in rows]


def plans_of(device: Row | None) -> list[ServicePlan]:
    """The service plans of a device."""
    rows = device["plans"] if device else []
    return [ServicePlan(row["name"], row["kind"], row["every_days"], Start(row["starts"])) for row in rows]


def _warranty(device: Row | None, starts: Starts, at: datetime) -> dict[str, Any] | None:
    term, until = warranty_until(terms_of(device), starts)
    if term is None:
        return None
    state = "not begun" if until is None else "over" if at >= until else "running"
    return {"months": term.months, "starts": term.starts.value, "until": until, "state": state}


def _services(device: Row | None, facts: Sequence[UnitFact], starts: Starts, at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "plan": due.plan.name, "kind": due.plan.kind, "due_at": due.due_at, "last_at": due.last_at,
            "state": "failed" if due.has_failed else "not begun" if due.due_at is None
            else "over" if at >= due.due_at else "ok",
        }
        for due in services_due(plans_of(device), facts, starts)
    ]  # fmt: skip


def _open(fact: UnitFact | None) -> dict[str, Any] | None:
    return {"id": fact.id, "since": fact.at, **fact.data} if fact else None


def _patients(connection: Connection, facts: Sequence[Row]) -> dict[str, str]:
    tokens = sorted(tokens_in(row["patient"] for row in facts))
    return {row["token"]: row["value"] for row in values_of(connection, tokens)} if tokens else {}


def _fact_shown(row: Row, patients: Mapping[str, str]) -> Row:
    return {**row, "patient": patients.get(row["patient"] or "", "")}


def _patient_by_order(custody: Sequence[Row]) -> str:
    last = custody[-1] if custody else None
    return (last["patient"] or "") if last and last["to_kind"] in ("customer", "ward") else ""


def _chain_shown(connection: Connection, chain: Sequence[Row]) -> list[Row]:
    return [
        {**queries("devices").unit(connection, lot_id=row["lot_id"], serial=row["serial"]), "step": row["step"]}
        for row in chain
    ]


def _also_swapped(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """Units that took the place of these are shown beside them: a swap is one history."""
    found = {(row["lot_id"], row["serial"]): row for row in rows}
    for row in rows:
        for other in queries("devices").chain_of(connection, lot_id=row["lot_id"], serial=row["serial"]):
            key = (other["lot_id"], other["serial"])
            if key in found or other["step"] < 0:
                continue
            unit = queries("devices").unit(connection, lot_id=key[0], serial=key[1])
            there = next(iter(queries("devices").where_is(connection, lot_ids=[key[0]], serials=[key[1]])), None)
            found[key] = {
                "lot_id": key[0], "item": unit["item"], "lot_number": unit["lot_number"], "serial": key[1],
                "place": there["place"] if there else None, "place_kind": there["kind"] if there else None,
            }  # fmt: skip
    return list(found.values())


def _with_patients(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """With the patient who has each unit now ('' if nobody recorded one), and what it was swapped for."""
    if not rows:
        return []
    asked = {"lot_ids": [row["lot_id"] for row in rows], "serials": [row["serial"] for row in rows]}
    facts: dict[tuple[int, str], list[Row]] = {}
    for fact in queries("devices").facts_of(connection, **asked):
        facts.setdefault((fact["lot_id"], fact["serial"]), []).append(fact)
    patients = _patients(connection, [fact for each in facts.values() for fact in each])
    custody: dict[tuple[int, str], list[Row]] = {}
    for moved in queries("devices").custody(connection, **asked):
        custody.setdefault((moved["lot_id"], moved["serial"]), []).append(moved)
    found = []
    for row in rows:
        key = (row["lot_id"], row["serial"])
        mine = facts.get(key, [])
        token = standing_of(as_fact(fact) for fact in mine).patient
        swapped = next((fact for fact in mine if fact["kind"] == FactKind.SWAPPED), None)
        found.append({
            **row, "patient": patients.get(token or "") or _patient_by_order(custody.get(key, [])),
            "swapped_for": swapped["other_serial"] if swapped else "",
        })  # fmt: skip
    return found
