"""Master data with history: records are kept, changed, imported and exported, and every change is an event."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from cloud_sync.actions.master_data.master_data import item_named, place_named, place_of_kind
from cloud_sync.actions.master_data.record_saving import SAVE
from cloud_sync.domain.booking import Label, NewMovement
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.master_records import (
    KINDS,
    CostRecord,
    MasterRecord,
    OpeningRecord,
    PlaceRecord,
    differences,
)
from cloud_sync.domain.master_records_csv import FAULTS_MAX, RecordFault, read_csv, write_csv
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.errors import Conflict, Invalid, LedgerError, NotFound
from cloud_sync.posting.interop.costs import UnitCost, keep_cost
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.posting.item_codes import units_of_serial
from cloud_sync.posting.lots import lots_of
from cloud_sync.posting.movements import book_each, rebook_cases
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case

COUNT_DIFFERENCE = "count-difference"
"""The place that opening balances come from, and what counts find or miss."""

FILTERS: Mapping[str, tuple[str, ...]] = {
    "places": ("kind", "policy"), "suppliers": ("status",), "recipients": ("kind",), "operators": ("active",),
}  # fmt: skip
"""By which fields records are filtered where they are listed."""
CHOSEN_AS = {"active": "state"}
ALL = ListRequest(2**31)

OPENINGS = "opening-balances"
COSTS = "costs"
OPENING = "opening"
"""The action of movements that brought in opening balances."""

Progress = Callable[[int, int], None]
"""Called with the number of rows done and of all rows."""

NO_PROGRESS: Progress = lambda done, total: None  # noqa: E731
TellFault = Callable[[RecordFault], None]
"""Called with each fault as it is found."""
NO_FAULTS_TOLD: TellFault = lambda fault: None  # noqa: E731


@dataclass(slots=True)
class Imported:
    """What an import did, or would do. With faults it did nothing."""

    kind: str
    dry_run: bool
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[RecordFault] = field(default_factory=list)
    waits: bool = False
    """Whether another person has to import the same file before anything of it counts."""

    @property
    def done(self) -> bool:
        """Whether the ledger holds it now."""
        return not self.faults and not self.dry_run and not self.waits


def import_csv(
    database: Database,
    kind: str,
    text: str,
    *,
    dry_run: bool,
    reason: str,
    at: datetime,
    actor: str,
    progress: Progress = NO_PROGRESS,
    keeps_unsaid: bool = False,
    tell_fault: TellFault = NO_FAULTS_TOLD,
) -> Imported:
    """Take in all rows of a file, or none if any has a fault. A dry run does the same and then forgets it.

    ``keeps_unsaid``: what the file does not say of a record that is known stays as it is.

    Raises ``NotFound`` for a kind that does not exist.
    """
    model_of(kind)
    sheet = read_csv(kind, text)
    done = Imported(kind, dry_run, faults=list(sheet.faults))
    for fault in sheet.faults:
        tell_fault(fault)
    if not sheet.records:
        return done
    with database.transaction() as connection, connection.transaction() as attempt:
        keeper = _Keeper(connection, kind, reason, at, actor, keeps_unsaid=keeps_unsaid)
        if kind == COSTS:
            keeper.document_id = keep_document(connection, COSTS, text.encode(), "text/csv", told_by=actor).id
        # What is known already goes first: a changed policy is judged before anything owns the holds (actions.tracks).
        order = sorted(sheet.records, key=lambda row: not keeper.knows(row[1]))
        for number, (line, record) in enumerate(order, start=1):
            if found := _take(connection, keeper, done, line, record):
                tell_fault(found)
            progress(number, len(order))
        is_tried = bool(done.faults) or dry_run
        done.waits = kind == OPENINGS and done.added > 0 and not (is_tried or _was_proposed(connection, text, actor))
        if done.faults or dry_run or done.waits:
            done.faults.sort(key=lambda fault: fault.line)
            del done.faults[FAULTS_MAX:]
            raise psycopg.Rollback(attempt)
        keeper.finish()
    if done.waits:
        with database.transaction() as connection:
            data = {"sha256": _sha256(text), "rows": len(sheet.records)}
            subject = f"import:{OPENINGS}"
            add_event(connection, actor=actor, kind="opening_proposed", subject=subject, reason=reason, data=data)
    return done


def _was_proposed(connection: Connection, text: str, actor: str) -> bool:
    """Stock from nothing is nobody's to make alone: somebody else has brought this very file before."""
    return bool(queries("records").opening_proposed(connection, sha256=_sha256(text), but_by=actor))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def export_csv(database: Database, kind: str, *, actor: str) -> Iterator[str]:
    """The lines of a file with all records of a kind; importing it again changes nothing. The event log keeps who took
    it."""
    model_of(kind)
    with database.transaction() as connection:
        records = list(_load(connection, kind).values())
        add_event(connection, actor=actor, kind="exported", subject=f"export:{kind}", data={"rows": len(records)})
    return write_csv(kind, records)


def keep_record(
    database: Database, kind: str, record: MasterRecord, *, reason: str, at: datetime, actor: str
) -> tuple[Row, bool]:
    """Add a record, or change it to be like this; gives it and whether it is new. The same again changes nothing.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        keeper = _Keeper(connection, kind, reason, at, actor)
        outcome = keeper.keep(record)
        keeper.finish()
        return record.model_dump(), outcome == "added"


def list_records(database: Database, kind: str, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Records of a kind, in the order in which they are exported."""
    return records_listed(database, kind, ListRequest(rows_max, rows_skipped))


def records_listed(database: Database, kind: str, wanted: ListRequest) -> list[Row]:
    """Records of a kind as people leaf through them: searched, sorted and filtered by the database."""
    model_of(kind)
    with database.transaction() as connection:
        return [record.model_dump() for record in _found(connection, kind, wanted)]


def record_of(database: Database, kind: str, key: str) -> Row | None:
    """The record with this key, if there is one."""
    model_of(kind)
    with database.transaction() as connection:
        return next((record.model_dump() for record in _found(connection, kind, ListRequest(1), key)), None)


def count_records(database: Database) -> Mapping[str, int]:
    """How many records there are, by kind; and how many ``policies``."""
    with database.transaction() as connection:
        counted: Row = queries("records").how_many(connection)
        return counted


def model_of(kind: str) -> type[MasterRecord]:
    """The model of a kind. Raises ``NotFound``."""
    if kind not in KINDS:
        raise NotFound(f"there is no kind {kind}", f"Write one of {', '.join(KINDS)}.")
    return KINDS[kind]


def ensure_difference_place(connection: Connection) -> int:
    """The id of the place of count differences, made if it is not there yet."""
    queries("records").add_difference_place(connection, name=COUNT_DIFFERENCE)
    return int(place_named(connection, COUNT_DIFFERENCE)["id"])


class _Keeper:
    """Keeps records of one kind in one transaction: :meth:`keep` each, then :meth:`finish` once."""

    def __init__(
        self, connection: Connection, kind: str, reason: str, at: datetime, actor: str, *, keeps_unsaid: bool = False
    ) -> None:
        self.document_id: int | None = None
        self.keeps_unsaid = keeps_unsaid
        self.connection = connection
        self.kind = kind
        self.reason = reason
        self.at = at
        self.actor = actor
        self._known = _load(connection, kind)
        self._openings: list[tuple[OpeningRecord, int]] = []
        self._may_cure_cases = False

    def knows(self, record: MasterRecord) -> bool:
        """Whether there is one of that key."""
        return record.key in self._known

    def keep(self, record: MasterRecord) -> str:
        """``added``, ``changed`` or ``unchanged``; raises a ``LedgerError`` that says what is wrong with it."""
        before = self._known.get(record.key)
        if isinstance(record, PlaceRecord) and isinstance(before, PlaceRecord) and record.zone is None:
            record = record.model_copy(update={"zone": before.zone})  # a file without the column leaves it as it is
        if before is not None and self.keeps_unsaid:
            record = merged(before, record)
        if before == record:
            return "unchanged"
        event_id = self._say(before, record)
        if isinstance(record, OpeningRecord):
            self._openings.append((record, self._opening(before, record, event_id)))
        elif isinstance(record, CostRecord):
            self._keep_cost(record)
        else:
            SAVE[self.kind](self.connection, before, record, self.at)
            self._may_cure_cases |= self.kind in ("places", "items", "suppliers", "recipients")
        self._known[record.key] = record
        return "added" if before is None else "changed"

    def finish(self) -> None:
        """What follows from all of it together."""
        if self._openings:
            self._book_openings()
        if self._may_cure_cases:
            rebook_cases(self.connection, actor=self.actor)

    def _say(self, before: MasterRecord | None, record: MasterRecord) -> int:
        what = self.kind.replace("-", "_").removesuffix("s")
        said = record.model_dump(mode="json") if before is None else differences(before, record)
        return add_event(
            self.connection,
            actor=self.actor,
            kind=f"{what}_{'added' if before is None else 'changed'}",
            subject=f"{what}:{record.key}",
            reason=self.reason,
            data=said,
        )

    def _opening(self, before: MasterRecord | None, record: OpeningRecord, event_id: int) -> int:
        if isinstance(before, OpeningRecord):
            raise Conflict(f"{record.key} was opened with {before.quantity} before", "Correct it by a count.")
        item = item_named(self.connection, record.item)
        place = place_named(self.connection, record.place)
        if place["kind"] not in INTERNAL:
            raise Invalid(f"place: {record.place} is a {place['kind']}: name a site, room or bin")
        if queries("master_data").owner_by_name(self.connection, name=record.owner) is None:
            raise NotFound(f"owner: there is no owner {record.owner}: import owners first")
        if item["serial_tracked"] != bool(record.serial) and not code_of_case(record.serial):
            raise Invalid(
                f"serial: {record.item} "
                + ("is followed by serial: write one" if item["serial_tracked"] else "has no serials: leave it empty")
            )
        units = units_of_serial(self.connection, record.item, record.serial)
        if record.serial and record.quantity != units:
            raise Invalid(f"quantity: a serial is {units} base unit{'s' * (units > 1)}: write {units}")
        if item["expiry_required"] and record.expires_on is None:
            raise Invalid(f"expires_on: {record.item} must have an expiry date: write it as 2027-01-31")
        return event_id

    def _keep_cost(self, record: CostRecord) -> None:
        item_id = int(item_named(self.connection, record.item)["id"])
        supplier_id = place_of_kind(self.connection, record.supplier, "supplier") if record.supplier else None
        cost = UnitCost(item_id, supplier_id, record.valid_from, record.cost, record.currency)
        keep_cost(self.connection, cost, told_by=self.actor, document_id=self.document_id)

    def _book_openings(self) -> None:
        source = ensure_difference_place(self.connection)
        items = {record.item: int(item_named(self.connection, record.item)["id"]) for record, _ in self._openings}
        places = {record.place: int(place_named(self.connection, record.place)["id"]) for record, _ in self._openings}
        labels = [Label(items[r.item], r.lot_number, r.owner, r.expires_on) for r, _ in self._openings]
        lots = lots_of(self.connection, labels)
        movements = [
            (
                NewMovement(
                    fact=f"opening/{record.key}",
                    lot_id=lots[label.item_id, label.lot_number, label.owner],
                    quantity=record.quantity,
                    from_place=source,
                    to_place=places[record.place],
                    occurred_at=self.at,
                    action=OPENING,
                    serial=record.serial,
                    operator=self.actor,
                ),
                event_id,
            )
            for (record, event_id), label in zip(self._openings, labels, strict=True)
        ]
        book_each(self.connection, movements)


def merged(before: MasterRecord, said: MasterRecord) -> MasterRecord:
    """A record as it was, but for what is said of it; codes are added to those it has."""
    update: dict[str, object] = {}
    for name in said.model_fields_set:
        new, old = getattr(said, name), getattr(before, name)
        update[name] = {**old, **new} if isinstance(new, dict) and isinstance(old, dict) else new
    return before.model_copy(update=update)


def _take(
    connection: Connection, keeper: _Keeper, done: Imported, line: int, record: MasterRecord
) -> RecordFault | None:
    """Keep a record, and count it; gives what is wrong with it."""
    if len(done.faults) > FAULTS_MAX:
        return None
    try:
        with connection.transaction():
            outcome = keeper.keep(record)
    except LedgerError as error:
        column, _, rest = str(error).partition(": ")
        known = column in type(record).model_fields
        text = rest if known else str(error)
        hint = "" if error.what_to_do == type(error).what_to_do else f" ({error.what_to_do})"
        done.faults.append(RecordFault(line, column if known else _column_of(record, text), text + hint))
        return done.faults[-1]
    setattr(done, outcome, getattr(done, outcome) + 1)
    return None


def _column_of(record: MasterRecord, text: str) -> str:
    """The column that holds what was not found; the first one of the key where that does not tell."""
    missing = _MISSING.match(text)
    said = [name for name, value in record if missing and value == missing[1]]
    return said[0] if said else record.KEY[0]


_MISSING = re.compile(r"there is no \w+ (\S+)")


def _load(connection: Connection, kind: str) -> dict[str, MasterRecord]:
    return {record.key: record for record in _found(connection, kind, ALL)}


def _found(connection: Connection, kind: str, wanted: ListRequest, key: str | None = None) -> list[MasterRecord]:
    model = KINDS[kind]
    asked: dict[str, Any] = wanted.page
    if kind != OPENINGS:
        chosen = {CHOSEN_AS.get(name, name): wanted.chosen.get(name, "") for name in FILTERS.get(kind, ())}
        asked |= {
            "key": key,
            "words": wanted.words,
            "sort": wanted.sort,
            "is_descending": wanted.is_descending,
        } | chosen
    rows = getattr(queries("records"), kind.replace("-", "_"))(connection, **asked)
    return [model.model_construct(**_typed(row)) for row in rows]  # kept as they were checked when they came


def _typed(row: Row) -> Row:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
