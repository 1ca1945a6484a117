"""What regulators ask about a product, and the answer: everything that was told of it, as one file."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from cloud_sync.errors import Invalid, NotFound
from cloud_sync.interop.dscsa.suspects import ANSWER_WITHIN
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

RECORDS_MAX = 100_000
FIRST_ASKED = datetime(2013, 11, 27, tzinfo=UTC)
"""Nobody asked by the act before it was one."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip, so that the same answer is the same bytes."""


def when_asked(said: datetime | None, now: datetime) -> datetime:
    """When a regulator asked, aware UTC; a time without a zone is UTC. Raises ``Invalid`` for what cannot be."""
    if said is None:
        return now
    at = said if said.tzinfo else said.replace(tzinfo=UTC)
    if not FIRST_ASKED <= at <= now + timedelta(days=1):
        raise Invalid("asked_at is in the future, or before there was this act", "Write when they asked.")
    return at.astimezone(UTC)


def record_request(
    database: Database,
    *,
    asked_by: str,
    reference: str,
    asked_at: datetime,
    gtin: str,
    lot_number: str,
    serial: str,
    actor: str,
) -> Row:
    """Keep what a regulator asks; its clock of 48 hours runs from when it was asked. Raises ``NotFound``."""
    with database.transaction() as connection:
        item = _item(connection, gtin)
        request_id: int = queries("suspects").add_request(
            connection, asked_by=asked_by, reference=reference, asked_at=asked_at, due_at=asked_at + ANSWER_WITHIN,
            gtin=gtin, item_id=item["id"], lot_number=lot_number, serial=serial, recorded_by=actor,
        )  # fmt: skip
        data = {"gtin": gtin, "lot_number": lot_number, "serial": serial, "reference": reference}
        add_event(connection, actor=actor, kind="tracing_requested", subject=f"tracing_request:{request_id}",
                  reason=f"asked by {asked_by}", data=data)  # fmt: skip
        return _request(connection, request_id)


def list_requests(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Requests, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("suspects").requests(connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def show_request(database: Database, request_id: int) -> Row:
    """One request. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _request(connection, request_id)


def answer_request(database: Database, request_id: int, *, at: datetime, actor: str) -> tuple[bytes, Row]:
    """The answer as a zip, and the request, which is answered from now on. Raises ``NotFound``."""
    with database.transaction() as connection:
        request = _request(connection, request_id)
        told = _collect(connection, request)
    content = as_zip(told)
    with database.transaction() as connection:
        if queries("suspects").note_request_answered(
            connection,
            request_id=request_id,
            answered_by=actor,
            answered_at=at,
            answer_sha256=sha256(content).hexdigest(),
        ):
            data = {"sha256": sha256(content).hexdigest(), "records": len(told["transactions"])}
            add_event(
                connection, actor=actor, kind="tracing_answered", subject=f"tracing_request:{request_id}", data=data
            )
        return content, _request(connection, request_id)


def answer_of(database: Database, request_id: int) -> dict[str, Any]:
    """Everything that is known of the product that a request asks about; the request counts as open still.

    Raises ``NotFound``.
    """
    with database.transaction() as connection:
        return _collect(connection, _request(connection, request_id))


def _collect(connection: Connection, request: Row) -> dict[str, Any]:
    """Everything that is known of the product, in plain values; documents as bytes."""
    about = {"item_id": request["item_id"], "lot_number": request["lot_number"], "serial": request["serial"]}
    ask = queries("suspects")
    records = list(ask.records_about(connection, **about, rows_max=RECORDS_MAX))
    gtins = [row["gtin"] for row in ask.gtins_of_item(connection, item_id=request["item_id"])]
    documents = sorted({row["document_id"] for row in records if row["document_id"]})
    return {
        "request": {
            name: request[name]
            for name in ("id", "asked_by", "reference", "asked_at", "due_at", "gtin", "item", "lot_number", "serial")
        },
        "transactions": records,
        "movements": list(ask.moved_about(connection, **about, rows_max=RECORDS_MAX)),
        "investigations": list(ask.suspects_of(connection, **about)),
        "verifications": list(
            queries("verification").verifications_of(
                connection,
                gtins=gtins,
                lot_number=request["lot_number"],
                serial=request["serial"],
                rows_max=RECORDS_MAX,
            )
        ),
        "documents": list(ask.documents_of(connection, document_ids=documents)),
    }


def as_zip(told: dict[str, Any]) -> bytes:
    """The answer as a zip: ``answer.json``, one file for each transaction, and the documents byte for byte as they
    came."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:

        def put(name: str, content: bytes) -> None:
            file.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)

        put("answer.json", _json({name: rows for name, rows in told.items() if name != "documents"}))
        put("transactions.csv", _summary(told["transactions"]))
        for row in told["transactions"]:
            put(f"transactions/{row['direction']}-{row['id']}.json", _json(row["content"]))
        for row in told["documents"]:
            if row["content"] is not None:
                put(f"documents/{row['id']}-{bytes(row['sha256']).hex()[:16]}", bytes(row["content"]))
    return out.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=_plain).encode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"{type(value)} is no plain value")


COLUMNS = (
    "direction", "transaction_on", "shipped_on", "product_name", "strength", "dosage_form", "ndc", "container_size",
    "containers", "lot_number", "expires_on", "gtin", "serials", "seller", "seller_address", "buyer", "buyer_address",
    "reference", "order", "statement",
)  # fmt: skip


def _summary(records: list[Row]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for record in records:
        rows.writerows(_rows_of(record))
    return text.getvalue().encode()


def _rows_of(record: Row) -> list[list[str]]:
    told = record["content"]
    seller, buyer = told["seller"], told["buyer"]
    statement = told["statement"]
    states = statement_in_words(statement)
    shared = {
        "direction": record["direction"],
        "transaction_on": told["transaction_on"],
        "shipped_on": told["shipped_on"] or "",
        "seller": seller["name"],
        "seller_address": _address(seller),
        "buyer": buyer["name"],
        "buyer_address": _address(buyer),
        "reference": told["reference"],
        "order": told["order"],
        "statement": states,
    }
    rows = []
    for line in told["lines"]:
        values = {**line, "serials": " ".join(line["serials"]), "expires_on": line["expires_on"] or "", **shared}
        rows.append([str(values[name]) for name in COLUMNS])
    return rows


def statement_in_words(statement: dict[str, bool] | None) -> str:
    """Whether a seller stated everything."""
    return "none" if statement is None else "complete" if all(statement.values()) else "not complete"


def _address(party: dict[str, str]) -> str:
    town = " ".join(part for part in (party["state"], party["postal_code"]) if part)
    return ", ".join(part for part in (party["street"], party["city"], town, party["country"]) if part)


def _item(connection: Connection, gtin: str) -> Row:
    if not (len(gtin) == 14 and gtin.isascii() and gtin.isdigit()):
        raise Invalid(f"{gtin or 'nothing'} is no GTIN of 14 digits", "Put zeros in front of a shorter one.")
    row: Row | None = queries("suspects").item_of_gtin(connection, gtin=gtin)
    if row is None:
        raise NotFound(f"GTIN {gtin} is of no item here", "See GET /v1/items for the codes of each item.")
    return row


def _request(connection: Connection, request_id: int) -> Row:
    row: Row | None = queries("suspects").request_by_id(connection, request_id=request_id)
    if row is None:
        raise NotFound(f"there is no request {request_id}", "See GET /v1/dscsa/requests.")
    return row
