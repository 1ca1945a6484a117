"""Conversion tables of buy and bill, as people bring them with their source, and the payer class of each owner."""

from csv import DictReader
from datetime import date, datetime
from io import StringIO
from typing import Any

from cloud_sync.domain.billing import COLUMNS, PayerClass, read_conversions
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.billing.charges import conversion_of
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

DOCUMENT = "billing_table"
ROWS_MAX = 20_000
FAULTS_MAX = 50


def import_table(database: Database, text: str, *, title: str, source: str, at: datetime, actor: str) -> Row:
    """Take in a conversion table as CSV (columns: ``cloud_sync.domain.billing.COLUMNS``), all of it or nothing.

    It counts from now on for the NDCs that it names; what an older table says of others stays. Raises ``Invalid`` with
    every fault by its line.
    """
    rows = list(DictReader(StringIO(text.lstrip("﻿"))))
    if not rows:
        raise Invalid("the table has no rows", f"Its first line names the columns: {', '.join(COLUMNS)}.")
    if len(rows) > ROWS_MAX:
        raise Invalid(f"the table has {len(rows)} rows", f"Bring at most {ROWS_MAX} at once.")
    unknown = [name for name in rows[0] if name not in COLUMNS]
    if unknown:
        raise Invalid(
            f"the table has columns that are not known: {', '.join(map(str, unknown))[:200]}",
            f"Its columns are {', '.join(COLUMNS)}.",
        )
    found, faults = read_conversions(rows)
    if faults:
        more = f"; and {len(faults) - FAULTS_MAX} more" if len(faults) > FAULTS_MAX else ""
        raise Invalid("; ".join(faults[:FAULTS_MAX]) + more, "Correct these lines and bring the table again.")
    with database.transaction() as connection:
        document = keep_document(connection, DOCUMENT, text.encode(), "text/csv", told_by=actor)
        table_id: int = queries("billing").add_table(
            connection, title=title, source=source, document_id=document.id, imported_by=actor, imported_at=at
        )
        for each in found:
            queries("billing").add_conversion(
                connection, table_id=table_id, ndc=each.ndc, hcpcs=each.hcpcs, description=each.description,
                dose_unit=each.dose_unit, dose_per_base_unit=each.dose_per_base_unit,
                dose_per_billing_unit=each.dose_per_billing_unit, ndc_unit=each.ndc_unit,
                ndc_units_per_base_unit=each.ndc_units_per_base_unit, container=each.container.value,
                rounding=each.rounding.value, valid_from=each.valid_from, valid_until=each.valid_until,
            )  # fmt: skip
        data = {"title": title, "source": source, "rows": len(found), "document": document.id}
        add_event(
            connection, actor=actor, kind="billing_table_imported", subject=f"billing_table:{table_id}", data=data
        )
        rows_now = queries("billing").tables(connection, rows_max=1000, rows_skipped=0)
        return next(row for row in rows_now if row["id"] == table_id)


def list_tables(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Conversion tables with their sources, the newest first."""
    with database.transaction() as connection:
        return list(queries("billing").tables(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def show_conversion(database: Database, item: str, *, on: date) -> dict[str, Any]:
    """By which row an item is charged on a day, and where that row comes from. Raises ``NotFound``."""
    with database.transaction() as connection:
        row = next((each for each in queries("billing").items_with_ndc(connection) if each["name"] == item), None)
        known = conversion_of(connection, row["ndc"], on) if row else None
        if known is None:
            raise NotFound(
                f"no conversion table knows {item} on {on}",
                "Give the item its NDC, and bring a table that names it (POST /v1/billing-tables).",
            )
        fields = {name: getattr(known.row, name) for name in known.row.__dataclass_fields__}
        return {"item": item, "on": on, "table": known.title, "source": known.source, **fields}


def set_payer_class(database: Database, owner: str, payer_class: PayerClass, reason: str, *, actor: str) -> Row:
    """Say how stock of an owner is paid for. Raises ``NotFound``."""
    with database.transaction() as connection:
        before = {row["name"]: row for row in queries("billing").payer_classes(connection)}
        if owner not in before:
            raise NotFound(f"there is no owner {owner}", "See GET /v1/owners for those there are.")
        queries("billing").set_payer_class(connection, name=owner, payer_class=payer_class.value)
        data = {"before": before[owner]["payer_class"], "after": payer_class.value}
        add_event(connection, actor=actor, kind="payer_class_set", subject=f"owner:{owner}", reason=reason, data=data)
        return {**before[owner], "payer_class": payer_class.value}


def payer_classes(database: Database) -> list[Row]:
    """How stock of each owner is paid for."""
    with database.transaction() as connection:
        return list(queries("billing").payer_classes(connection))
