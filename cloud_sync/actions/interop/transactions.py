"""Transaction information and statements: taken from suppliers, fetched by customers, compared, finished and voided."""

from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from cloud_sync.actions.interop.epcis_events import events_of_movements
from cloud_sync.actions.interop.partners import partner_place
from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.interop.dscsa.discrepancies import Code, Discrepancy, told_in_words
from cloud_sync.interop.dscsa.epcis_documents import (
    LEGAL_NOTICE,
    NAMESPACE,
    company_prefixes,
    document_of,
    transaction_of,
)
from cloud_sync.interop.dscsa.transaction import STATEMENTS as STATEMENTS
from cloud_sync.interop.dscsa.transaction import Transaction as Transaction
from cloud_sync.interop.dscsa.transaction import decode, encode
from cloud_sync.interop.epcis.documents import UnreadableError, as_data, read_json, with_context
from cloud_sync.interop.epcis.xml_in import read_xml
from cloud_sync.interop.epcis.xml_out import write_xml
from cloud_sync.interop.epcis.xml_shape import Version
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.holds import check_goods, place_hold_on
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.posting.interop.receipt_checks import MISMATCH, ORIGIN, check_receipts, write_message
from cloud_sync.posting.interop.transaction_records import judge_record, keep_told, lines_on
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries

DOCUMENT = "dscsa_transaction"
MEDIA_TYPE = "application/json"
EPCIS_JSON, EPCIS_XML = "application/ld+json", "application/xml"


def tell_transaction(
    database: Database, partner: str, content: bytes, *, at: datetime, actor: str
) -> tuple[dict[str, Any], bool]:
    """Take transaction information and statement of a supplier; gives the record, and whether it is new.

    The bytes are kept as they came. The same again changes nothing. Raises ``NotFound``, and ``Invalid`` for what
    cannot be read; what can be read and is wrong is kept and becomes a case.
    """
    return _keep(database, partner, content, MEDIA_TYPE, _read(content), at=at, actor=actor)


def _keep(
    database: Database, partner: str, content: bytes, media_type: str, told: Transaction, *, at: datetime, actor: str
) -> tuple[dict[str, Any], bool]:
    with database.transaction() as connection:
        lock_holds(connection)
        place = partner_place(connection, partner)
        document = keep_document(connection, DOCUMENT, content, media_type, actor)
        record_id, is_new = keep_told(
            connection, told, partner_id=place["id"], document_id=document.id, told_by=actor, at=at
        )
        if is_new:
            check_record(connection, record_id, place["id"], at)
        return _shown(connection, record_id), is_new


def tell_transaction_as_epcis(
    database: Database, partner: str, content: bytes, *, is_xml: bool, at: datetime, actor: str
) -> tuple[dict[str, Any], bool]:
    """The same of a document of EPCIS (XML 1.2 or 2.0, or JSON-LD), as partners in the United States exchange them."""
    try:
        told = transaction_of(read_xml(content) if is_xml else read_json(content))
    except UnreadableError as error:
        raise Invalid(
            f"the transaction information cannot be read: {error}",
            "Send one shipment after the guideline of GS1 US: master data, statement, and a shipping event.",
        ) from error
    return _keep(database, partner, content, EPCIS_XML if is_xml else EPCIS_JSON, told, at=at, actor=actor)


def _read(content: bytes) -> Transaction:
    try:
        return decode(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the document"
        raise Invalid(
            f"the transaction information cannot be read: {where}: {fault['msg']}",
            "Send it in the format lotwarden-dscsa-1; /docs describes every field.",
        ) from error


def check_record(connection: Connection, record_id: int, partner_id: int, at: datetime) -> None:
    """Compare again all lots that a record tells of. The caller owns the holds."""
    lines = [row for row in lines_on(connection, record_id) if row["item_id"] is not None]
    check_receipts(connection, partner_id, ((row["item_id"], row["lot_number"]) for row in lines), at)


def list_transactions(
    database: Database,
    *,
    direction: str | None = None,
    partner: str | None = None,
    order: str | None = None,
    only_open: bool = False,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """What was told, in and out, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("transactions").records(
                connection, direction=direction, partner=partner, order_ref=order, only_open=only_open,
                rows_max=rows_max, rows_skipped=rows_skipped,
            )
        )  # fmt: skip


def show_transaction(database: Database, record_id: int) -> dict[str, Any]:
    """A record, its lines with what came or left of them, and its content. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, record_id)


def file_of(database: Database, record_id: int) -> tuple[bytes, str]:
    """Transaction information and statement as JSON, to be sent, and a name for the file. Raises ``NotFound``."""
    with database.transaction() as connection:
        record = _shown(connection, record_id)
    return encode(Transaction.model_validate(record["content"])), f"transaction-{record_id}.json"


def epcis_of(database: Database, record_id: int) -> dict[str, Any]:
    """The movements that a record is about as an EPCIS 2.0 document (JSON-LD), with the transaction statement.

    Raises ``NotFound``.
    """
    with database.transaction() as connection:
        record = _shown(connection, record_id)
        moved = [row["movement_id"] for row in queries("transactions").moved_of(connection, transaction_id=record_id)]
    statement = record["content"]["statement"]
    states = {
        "gs1ushc:affirmTransactionStatement": statement is not None and all(statement.values()),
        "gs1ushc:legalNotice": LEGAL_NOTICE,
    }
    events = [{**event, "gs1ushc:dscsaTransactionStatement": states} for event in events_of_movements(database, moved)]
    return as_data(with_context(events, {"gs1ushc": NAMESPACE}))


def epcis_xml_of(database: Database, record_id: int, *, own_prefix: str, at: datetime) -> bytes:
    """Transaction information and statement as EPCIS 1.2 XML, after the guideline of GS1 US. Raises ``NotFound``.

    ``own_prefix``: our company prefix with GS1, '' without one. Keys whose prefix nobody knows stay web addresses.
    """
    with database.transaction() as connection:
        record = _shown(connection, record_id)
        moved = [row["movement_id"] for row in queries("transactions").moved_of(connection, transaction_id=record_id)]
    told = Transaction.model_validate(record["content"])
    first = next(iter(events_of_movements(database, moved[:1])), None)
    shipped_at = f"{told.shipped_on or told.transaction_on}T12:00:00.000Z" if first is None else first["eventTime"]
    document = document_of(
        told, at=at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        shipped_at=shipped_at, offset="+00:00" if first is None else first["eventTimeZoneOffset"],
        prefixes=company_prefixes(told, own_prefix),
    )  # fmt: skip
    return write_xml(document, Version.V1_2, prefixes=company_prefixes(told, own_prefix))


def finish_receipt(database: Database, record_id: int, *, at: datetime, actor: str) -> dict[str, Any]:
    """Say that all of a record that comes has come: what is missing now is a shortage. Raises ``NotFound``,
    ``Conflict``."""
    with database.transaction() as connection:
        lock_holds(connection)
        record = _incoming(connection, record_id)
        if not queries("transactions").finish_record(
            connection, transaction_id=record_id, finished_by=actor, finished_at=at
        ):
            raise Conflict(f"{record['finished_by']} finished the receipt of {record['reference']} before")
        data = {"reference": record["reference"]}
        add_event(connection, actor=actor, kind="receipt_finished", subject=f"transaction:{record_id}", data=data)
        check_record(connection, record_id, record["partner_id"], at)
        return _shown(connection, record_id)


def void_transaction(database: Database, record_id: int, reason: str, *, at: datetime, actor: str) -> dict[str, Any]:
    """Say that what a supplier told does not hold: it was replaced or withdrawn. Others that told the same count then.

    Raises ``NotFound``, ``Conflict``.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        record = _incoming(connection, record_id)
        if not queries("transactions").void_record(
            connection, transaction_id=record_id, voided_by=actor, voided_at=at, voided_reason=reason
        ):
            raise Conflict(f"{record['voided_by']} voided {record['reference']} before: {record['voided_reason']}")
        data = {"reference": record["reference"]}
        add_event(connection, actor=actor, kind="transaction_voided", subject=f"transaction:{record_id}",
                  reason=reason, data=data)  # fmt: skip
        partner_id = record["partner_id"]
        for row in list(queries("transactions").told_twice(connection, partner_id=partner_id)):
            other = queries("transactions").lock_record(connection, transaction_id=row["id"])
            judge_record(connection, row["id"], Transaction.model_validate(other["content"]), partner_id)
            check_record(connection, row["id"], partner_id, at)
        check_record(connection, record_id, partner_id, at)
        return _shown(connection, record_id)


def report_damaged(
    database: Database,
    *,
    supplier: str,
    lot_id: int,
    place: str,
    quantity: int,
    serial: str | None,
    text: str,
    at: datetime,
    actor: str,
) -> int:
    """Product of a supplier arrived damaged: the goods of the lot at and below ``place`` are held, and the supplier is
    told. Gives the case. Raises ``NotFound``, and ``Conflict`` while such a case is open or if none are there."""
    with database.transaction() as connection:
        lock_holds(connection)
        partner = partner_place(connection, supplier)
        lot = lot_of(connection, lot_id)
        where = place_named(connection, place)
        check_goods(connection, lot_id=lot_id, serial=serial, place=where)
        found = Discrepancy(Code.DAMAGED, lot["lot_number"], quantity, (serial,) if serial else ())
        told = f"{told_in_words(found, item=lot['item'], supplier=supplier)}: {text}"
        data = {
            "code": found.code.value,
            "supplier": supplier,
            "supplier_id": partner["id"],
            "item": lot["item"],
            "item_id": item_named(connection, lot["item"])["id"],
            "lot_number": lot["lot_number"],
            "quantity": quantity,
            "serials": list(found.serials),
            "told_lot": "",
            "lots": [lot_id],
            "by": actor,
        }
        key = f"lot:{lot_id}/damaged/{where['id']}/{serial or ''}"
        case_id = open_case(connection, Case(MISMATCH, key, told, lot_id, data=data, place_id=where["id"]))
        if case_id is None:
            raise Conflict(f"damage of lot {lot['lot_number']} in {place} is reported already", "See its case.")
        place_hold_on(
            connection, kind="exception", lot_id=lot_id, place_id=where["id"], serial=serial,
            reason=f"damaged: {told}", placed_by=actor, at=at, origin=ORIGIN, case_id=case_id,
        )  # fmt: skip
        write_message(connection, case_id, found, told, partner["id"], at)
        return case_id


def list_messages(
    database: Database,
    *,
    partner: str | None = None,
    only_waiting: bool = False,
    case_id: int | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Messages to partners, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("transactions").messages(
                connection, partner=partner, only_waiting=only_waiting, case_id=case_id, rows_max=rows_max,
                rows_skipped=rows_skipped,
            )
        )  # fmt: skip


def note_sent(database: Database, message_id: int, how: str, *, at: datetime, actor: str) -> Row:
    """Note that a partner was told, and how. Raises ``NotFound``, ``Conflict`` if it was before or is not needed."""
    with database.transaction() as connection:
        message = _message(connection, message_id)
        if not queries("transactions").note_sent(
            connection, message_id=message_id, sent_by=actor, sent_at=at, sent_how=how
        ):
            why = "is not needed any more" if message["withdrawn_at"] else "was sent before"
            raise Conflict(f"message {message_id} {why}")
        add_event(connection, actor=actor, kind="partner_message_sent", subject=f"partner_message:{message_id}",
                  reason=how)  # fmt: skip
        return _message(connection, message_id)


def note_answered(database: Database, message_id: int, text: str, *, at: datetime, actor: str) -> Row:
    """Note what a partner answered. Raises ``NotFound``, ``Conflict`` if it was not sent, or answered before."""
    with database.transaction() as connection:
        _message(connection, message_id)
        if not queries("transactions").note_answered(
            connection, message_id=message_id, answered_by=actor, answered_at=at, answer=text
        ):
            raise Conflict(f"message {message_id} was not sent yet, or was answered before")
        add_event(connection, actor=actor, kind="partner_message_answered", subject=f"partner_message:{message_id}",
                  reason=text)  # fmt: skip
        return _message(connection, message_id)


def _incoming(connection: Connection, record_id: int) -> Row:
    record: Row | None = queries("transactions").lock_record(connection, transaction_id=record_id)
    if record is None:
        raise NotFound(f"there is no transaction record {record_id}", "See GET /v1/dscsa/transactions.")
    if record["direction"] != "in":
        raise Conflict(f"{record['reference']} is what we told, not what a supplier told us")
    return record


def _shown(connection: Connection, record_id: int) -> dict[str, Any]:
    record: Row | None = queries("transactions").record_by_id(connection, transaction_id=record_id)
    if record is None:
        raise NotFound(f"there is no transaction record {record_id}", "See GET /v1/dscsa/transactions.")
    return {**record, "lines": lines_on(connection, record_id)}


def _message(connection: Connection, message_id: int) -> Row:
    row: Row | None = queries("transactions").message_by_id(connection, message_id=message_id)
    if row is None:
        raise NotFound(f"there is no message {message_id}", "See GET /v1/dscsa/messages.")
    return row
