"""Suspect and illegitimate product: opened, cleared or found illegitimate, told to the FDA and partners, terminated."""

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.domain.roles import Actor
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.interop.dscsa.suspects import (
    NOTIFY_WITHIN,
    Classification,
    Determination,
    FormCompany,
    FormProduct,
    form_3911,
)
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.holds import lift_holds_of_case, place_hold_on
from cloud_sync.posting.interop.partner_deliveries import send_message
from cloud_sync.posting.interop.partners import party_of, traced_items
from cloud_sync.posting.interop.suspects import SUSPECT, course_of
from cloud_sync.posting.positions import lot_of
from cloud_sync.posting.signatures import check_two_free
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries

NOTIFICATION = "illegitimate_product"
"""Kind of the message to partners."""
CLEARED = "cleared_product"


def open_suspect(
    database: Database,
    *,
    lot_id: int,
    serial: str,
    source: str,
    classification: str,
    description: str,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Suspect a lot, or one serial of it: it is held wherever it is until the suspicion is cleared.

    ``source``: ``own``, or ``partner`` or ``fda`` who told us. Raises ``NotFound``, ``Conflict`` while one is open.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        lot = lot_of(connection, lot_id)
        if queries("suspects").open_suspect(connection, lot_id=lot_id, serial=serial):
            raise Conflict(
                f"lot {lot['lot_number']}{_unit(serial)} is under investigation already", "See GET /v1/dscsa/suspects."
            )
        text = f"{lot['item']} lot {lot['lot_number']}{_unit(serial)} is suspect ({classification}): {description}"
        case = Case(
            SUSPECT, f"lot:{lot_id}/{serial}/{at.isoformat()}", text, None if serial else lot_id, data={"lot": lot_id}
        )
        case_id = open_case(connection, case)
        assert case_id is not None  # noqa: S101 - its key has the time
        if serial:
            place_hold_on(
                connection, kind="exception", lot_id=lot_id, place_id=None, serial=serial, reason=text, placed_by=actor,
                at=at, origin=SUSPECT, case_id=case_id,
            )  # fmt: skip
        suspect_id: int = queries("suspects").add_suspect(
            connection, lot_id=lot_id, serial=serial, case_id=case_id, source=source, classification=classification,
            description=description, opened_by=actor, opened_at=at,
        )  # fmt: skip
        data = {"lot": lot_id, "serial": serial, "classification": classification, "source": source}
        _tell(connection, suspect_id, "suspect_opened", actor, description, data)
        return _shown(connection, suspect_id)


def list_suspects(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[dict[str, Any]]:
    """Suspicions with their stage and clock, the newest first."""
    with database.transaction() as connection:
        rows = queries("suspects").suspects(
            connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return [_with_course(row) for row in rows]


def show_suspect(database: Database, suspect_id: int) -> dict[str, Any]:
    """A suspicion, its stage and clock, whom to tell, and where the product is. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, suspect_id)


def determine(
    database: Database, suspect_id: int, found: str, reason: str, *, at: datetime, actor: Actor
) -> dict[str, Any]:
    """Clear a suspicion, or find the product illegitimate: then partners are written to, due within 24 hours.

    Somebody else than who opened it clears it. Raises ``NotFound``, ``NotAllowed``, ``Conflict``.
    """
    determination = Determination(found)
    with database.transaction() as connection:
        lock_holds(connection)
        row = _locked(connection, suspect_id)
        if row["determination"] is not None:
            raise Conflict(f"{row['determined_by']} found it {row['determination']} before")
        if determination is Determination.CLEARED:
            if row["opened_by"] == actor.name:
                raise NotAllowed(f"{actor.name} opened this suspicion", "Somebody else of quality has to clear it.")
            check_two_free(
                connection,
                RecordKind.CASE,
                str(row["case_id"]),
                [row["lot_id"]],
                actor=actor.name,
                but=row["opened_by"],
            )
        queries("suspects").determine(
            connection, suspect_id=suspect_id, determination=determination.value, determined_by=actor.name,
            determined_at=at, determination_reason=reason,
        )  # fmt: skip
        _tell(connection, suspect_id, f"suspect_{determination}", actor.name, reason, {"lot": row["lot_id"]})
        if determination is Determination.CLEARED:
            _close(connection, row, reason, actor)
        else:
            _write_to_partners(connection, row, reason, at)
        return _shown(connection, suspect_id)


def _close(connection: Connection, row: Row, reason: str, actor: Actor) -> None:
    queries("quality").resolve_case(
        connection, case_id=row["case_id"], resolved_by=actor.name, resolved_role=actor.role,
        decision=CaseDecision.EXPLAINED.value, resolution=reason,
    )  # fmt: skip
    lift_holds_of_case(connection, row["case_id"], reason=reason, actor=actor.name)
    add_event(connection, actor=actor.name, kind="case_resolved", subject=f"case:{row['case_id']}", reason=reason)


def _write_to_partners(connection: Connection, row: Row, reason: str, at: datetime) -> None:
    """A notification to each partner that it came from or may have got it."""
    lot = lot_of(connection, row["lot_id"])
    for partner in queries("suspects").traded_with(connection, lot_id=row["lot_id"], serial=row["serial"]):
        got = partner["kind"] == "customer"
        ours = f"we shipped {partner['quantity']} to you" if got else "we received it from you"
        message_id: int = queries("transactions").add_message(
            connection,
            partner_id=partner["partner_id"],
            kind=NOTIFICATION,
            case_id=row["case_id"],
            subject=f"Illegitimate product: {lot['item']} lot {lot['lot_number']}{_unit(row['serial'])}",
            body=f"We have determined that {lot['item']} lot {lot['lot_number']}{_unit(row['serial'])} is illegitimate "
            f"({row['classification'].replace('_', ' ')}): {reason}. By our records {ours}. Please quarantine what you "
            "have of it and investigate, as 21 USC 360eee-1 asks.",
            data=Jsonb({"lot_number": lot["lot_number"], "serial": row["serial"], "quantity": partner["quantity"]}),
            made_at=at,
            due_at=at + NOTIFY_WITHIN,
        )
        send_message(connection, message_id, at)


def notify_fda(
    database: Database, suspect_id: int, how: str, incident: str, *, at: datetime, actor: str
) -> dict[str, Any]:
    """Note that Form FDA 3911 was sent, how, and the incident number. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        row = _locked(connection, suspect_id)
        if not queries("suspects").note_fda(
            connection, suspect_id=suspect_id, fda_notified_by=actor, fda_notified_at=at, fda_notified_how=how,
            fda_incident=incident,
        ):  # fmt: skip
            why = "the FDA was told before" if row["fda_notified_at"] else "it was not found illegitimate"
            raise Conflict(f"investigation {suspect_id}: {why}")
        _tell(connection, suspect_id, "suspect_fda_notified", actor, how, {"incident": incident})
        return _shown(connection, suspect_id)


def terminate(database: Database, suspect_id: int, reason: str, *, at: datetime, actor: str) -> dict[str, Any]:
    """End the notification in agreement with the FDA; partners are written to again. What is illegitimate stays held:
    its case can be resolved from then on. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        row = _locked(connection, suspect_id)
        shown = _shown(connection, suspect_id)
        if shown["partners_waiting"]:
            raise Conflict(
                f"{shown['partners_waiting']} partners have not been told yet", "Send them the notification first."
            )
        if not queries("suspects").terminate(
            connection, suspect_id=suspect_id, terminated_by=actor, terminated_at=at, termination_reason=reason
        ):
            why = "it was terminated before" if row["terminated_at"] else "the FDA was not told yet"
            raise Conflict(f"investigation {suspect_id}: {why}")
        _tell(connection, suspect_id, "suspect_terminated", actor, reason, {"lot": row["lot_id"]})
        lot = lot_of(connection, row["lot_id"])
        for partner in queries("suspects").traded_with(connection, lot_id=row["lot_id"], serial=row["serial"]):
            message_id: int = queries("transactions").add_message(
                connection, partner_id=partner["partner_id"], kind="notification_terminated", case_id=row["case_id"],
                subject=f"Notification terminated: {lot['item']} lot {lot['lot_number']}{_unit(row['serial'])}",
                body=f"Our notification of illegitimate product is terminated in agreement with the FDA: {reason}.",
                data=Jsonb({}), made_at=at, due_at=None,
            )  # fmt: skip
            send_message(connection, message_id, at)
        return _shown(connection, suspect_id)


def form_of(database: Database, suspect_id: int) -> dict[str, Any]:
    """The fields of Form FDA 3911 for a suspicion, filled in with what is known. Raises ``NotFound``."""
    with database.transaction() as connection:
        row = _suspect(connection, suspect_id)
        product: dict[str, Any] = traced_items(connection, [row["item_id"]]).get(row["item_id"]) or {}
        ours = next(iter(queries("trading_partners").site_partners(connection)), None)
        on_hand: int = queries("suspects").on_hand(connection, lot_id=row["lot_id"], serial=row["serial"])
    return form_3911(
        course_of(row),
        FormProduct(
            name=str(product.get("product_name", row["item"])),
            ingredients=product.get("ingredients", ""),
            ndc=row["ndc"],
            strength=product.get("strength", ""),
            dosage_form=product.get("dosage_form", ""),
            lot_numbers=(row["lot_number"],),
            serials=(row["serial"],) if row["serial"] else (),
            expires_on=(row["expires_on"],) if row["expires_on"] else (),
            quantity=on_hand,
            unit=row["base_unit"],
        ),
        _company(ours),
        classification=Classification(row["classification"]),
        incident=row["fda_incident"],
        description=row["description"],
        termination=row["termination_reason"] or "",
    )


def _company(ours: Row | None) -> FormCompany:
    if ours is None:
        return FormCompany("", "", "", "")
    party = party_of({**ours, "title": ""})
    return FormCompany(party.name, party.address, ours["category"], ours["contact"], ours["telephone"], ours["email"])


def _unit(serial: str) -> str:
    return f" serial {serial}" if serial else ""


def _with_course(row: Row) -> dict[str, Any]:
    course = course_of(row)
    return {**row, "stage": course.stage.value, "due_at": course.due_at}


def _shown(connection: Connection, suspect_id: int) -> dict[str, Any]:
    row = _suspect(connection, suspect_id)
    messages = queries("transactions").messages(
        connection, partner=None, only_waiting=False, case_id=row["case_id"], rows_max=1000, rows_skipped=0
    )
    traded = list(queries("suspects").traded_with(connection, lot_id=row["lot_id"], serial=row["serial"]))
    on_hand: int = queries("suspects").on_hand(connection, lot_id=row["lot_id"], serial=row["serial"])
    return {**_with_course(row), "messages": list(messages), "partners": traded, "on_hand": on_hand}


def _suspect(connection: Connection, suspect_id: int) -> Row:
    row: Row | None = queries("suspects").suspect_by_id(connection, suspect_id=suspect_id)
    if row is None:
        raise NotFound(f"there is no investigation {suspect_id}", "See GET /v1/dscsa/suspects.")
    return row


def _locked(connection: Connection, suspect_id: int) -> Row:
    _suspect(connection, suspect_id)
    row: Row = queries("suspects").lock_suspect(connection, suspect_id=suspect_id)
    return row


def _tell(connection: Connection, suspect_id: int, kind: str, actor: str, reason: str, data: dict[str, Any]) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"suspect:{suspect_id}", reason=reason, data=data)
