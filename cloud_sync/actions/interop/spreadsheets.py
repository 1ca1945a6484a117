"""Old stock and open orders from spreadsheets: read, asked about, tried, and taken in by the way of every import."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cloud_sync.actions.interop.purchasing import take_orders
from cloud_sync.actions.master_data.records import import_csv
from cloud_sync.domain.master_records import KINDS
from cloud_sync.domain.master_records_csv import FAULTS_MAX, RecordFault
from cloud_sync.domain.purchase_orders import read_purchase_orders
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.interop.questions import Answers, Asks, NotUnderstood, Question, answered
from cloud_sync.interop.spreadsheets.fields import BY_GTIN, PURCHASE_ORDERS
from cloud_sync.interop.spreadsheets.importing import Rows, read_rows
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

SPREADSHEET = "spreadsheet"
IMPORTED = (*KINDS, PURCHASE_ORDERS)
"""What can be brought in from a spreadsheet."""
GTIN_UNITS = Question(
    "gtin_units", "Items are named by GTINs of packs. What do the quantities count?",
    {"packs": "packs of the GTIN", "base": "base units of the item"},
)  # fmt: skip
ROWS_SHOWN = 20


@dataclass(slots=True)
class Brought:
    """What became of a spreadsheet. With ``questions`` it was not read yet, with faults nothing was taken in.

    ``lines`` in faults are those of the file; ``columns`` and ``rows`` show how it was understood.
    """

    kind: str
    dry_run: bool
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    waits: bool = False
    questions: tuple[Question, ...] = ()
    faults: list[RecordFault] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def done(self) -> bool:
        """Whether the ledger holds it now."""
        return not (self.questions or self.faults or self.dry_run or self.waits)


def bring_spreadsheet(
    database: Database,
    kind: str,
    content: bytes,
    media_type: str,
    answers: Answers,
    *,
    dry_run: bool,
    reason: str,
    at: datetime,
    actor: str,
) -> Brought:
    """Take in all rows of a spreadsheet, or none if any has a fault or anything is open. A dry run changes nothing.

    Opening balances count once somebody else has brought the same file with the same answers. Raises ``NotFound`` for a
    kind that does not exist, ``Invalid`` for a file that cannot be read at all.
    """
    if kind not in IMPORTED:
        raise NotFound(f"there is no kind {kind}", f"Write one of {', '.join(IMPORTED)}.")
    done = Brought(kind, dry_run)
    try:
        rows = _with_items(database, read_rows(kind, content, answers), answers)
    except Asks as asks:
        done.questions = asks.questions
        return done
    except NotUnderstood as error:
        raise Invalid(
            f"the file cannot be read: {error}", "Correct it there, or save it again as .xlsx or CSV."
        ) from error
    done.columns, done.rows = rows.columns, rows.rows[:ROWS_SHOWN]
    if rows.faults:
        done.faults = list(rows.faults)
        return done
    _import(database, rows, done, reason=reason, at=at, actor=actor)
    done.faults = [replace(fault, line=rows.line_of(fault.line)) for fault in done.faults]
    if not done.faults and not dry_run:
        with database.transaction() as connection:
            keep_document(connection, SPREADSHEET, content, media_type, told_by=actor)
    return done


def _import(database: Database, rows: Rows, done: Brought, *, reason: str, at: datetime, actor: str) -> None:
    text = rows.as_csv()
    if rows.kind == PURCHASE_ORDERS:
        orders, faults = read_purchase_orders(text)
        taken = take_orders(database, orders, faults, text.encode(), "text/csv", dry_run=done.dry_run, actor=actor)
        done.added, done.unchanged, done.faults = len(taken.added), len(taken.unchanged), taken.faults
        return
    imported = import_csv(
        database, rows.kind, text, dry_run=done.dry_run, reason=reason, at=at, actor=actor, keeps_unsaid=True
    )
    done.added, done.changed, done.unchanged = imported.added, imported.changed, imported.unchanged
    done.waits, done.faults = imported.waits, imported.faults


def _with_items(database: Database, rows: Rows, answers: Answers) -> Rows:
    """Rows whose items are named by GTINs, with the items' names. Raises ``Asks`` for what their quantities count."""
    if rows.kind not in BY_GTIN or "gtin" not in rows.columns:
        return rows
    gtin_at = rows.columns.index("gtin")
    with database.transaction() as connection:
        codes = sorted({row[gtin_at] for row in rows.rows if row[gtin_at]})
        known = {row["code"]: row for row in queries("erp").items_by_code(connection, codes=codes)}
    counts = answered(GTIN_UNITS, answers)
    if "quantity" in rows.columns and counts is None and any(row["base_units"] > 1 for row in known.values()):
        raise Asks([GTIN_UNITS])
    columns = tuple(name for name in rows.columns if name not in ("gtin", "item"))
    faults, found = list(rows.faults), []
    for line, row in zip(rows.lines, rows.rows, strict=True):
        said = dict(zip(rows.columns, row, strict=True))
        item, fault = _item_of(said, known)
        if fault:
            faults.append(RecordFault(line, "gtin", fault))
        if counts == "packs" and said["gtin"] in known and said.get("quantity", "").isdigit():
            said["quantity"] = str(int(said["quantity"]) * known[said["gtin"]]["base_units"])
        found.append((item, *(said[name] for name in columns)))
    return replace(rows, columns=("item", *columns), rows=tuple(found), faults=tuple(faults[:FAULTS_MAX]))


def _item_of(said: Mapping[str, str], known: Mapping[str, Row]) -> tuple[str, str]:
    """The item of a row, and what is wrong with how it is named."""
    item, gtin = said.get("item", ""), said["gtin"]
    if not gtin:
        return item, "" if item else "name the item, or a GTIN of it"
    if gtin not in known:
        return item, f"no item has the GTIN {gtin}: import items first"
    named = str(known[gtin]["item"])
    return named, "" if item in ("", named) else f"GTIN {gtin} is of {named}, not of {item}"
