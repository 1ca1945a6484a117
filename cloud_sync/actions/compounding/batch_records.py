"""The record of a production batch: what it was read from, what is open of it, and how a fact is added to it.

Locks: the batch first, then those of ``storage/locks.py``; nobody who holds one of those waits for a batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.domain.compounding import (
    BatchFact,
    BatchRecord,
    BatchState,
    Component,
    FactKind,
    Kind,
    MasterFormulationRecord,
    Product,
    Topic,
    exceptions_of,
    labels_counted,
    made_pct,
    open_points,
    state_of,
    yield_of,
)
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.monitoring.archived_readings import recalled
from cloud_sync.posting.quality_control.gates import operator_faults
from cloud_sync.posting.quality_control.sessions import session_faults
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class Loaded:
    """A batch as it is now, and the rows it was read from."""

    row: Row
    record: BatchRecord
    components: list[Row]
    products: list[Row]
    began_at: datetime | None
    ended_at: datetime | None


def batch_record(database: Database, number: str) -> Row:
    """The whole batch record as it is now. Raises ``NotFound``."""
    with database.transaction() as connection:
        return shown_batch(connection, load_batch(connection, number))


def list_batches(database: Database, *, rows_max: int, rows_skipped: int) -> list[Row]:
    """Batches, the newest first: number, item, state, what is open."""
    with database.transaction() as connection:
        rows = list(queries("compounding").batches(connection, rows_max=rows_max, rows_skipped=rows_skipped))
        return [batch_summary(connection, row["number"]) for row in rows]


def batch_summary(connection: Connection, number: str) -> Row:
    """A batch as lists show it. Raises ``NotFound``."""
    return _summary(load_batch(connection, number))


def lock_batch(connection: Connection, number: str) -> Loaded:
    """A batch as it is now, which nobody else changes until this transaction ends. Raises ``NotFound``."""
    queries("compounding").lock_batch(connection, batch_id=_batch(connection, number)["id"])
    return load_batch(connection, number)


def _batch(connection: Connection, number: str) -> Row:
    row: Row | None = queries("compounding").batch(connection, number=number)
    if row is None:
        raise NotFound(f"there is no production batch {number}", "See GET /v1/production-batches for those there are.")
    return row


def load_batch(connection: Connection, number: str) -> Loaded:
    """A batch as it is now. Raises ``NotFound``."""
    row = _batch(connection, number)
    facts = [
        BatchFact(FactKind(fact["kind"]), fact["actor"], fact["occurred_at"], fact["data"])
        for fact in queries("compounding").facts(connection, batch_id=row["id"])
    ]
    components = list(queries("compounding").components(connection, place_id=row["place_id"]))
    products = list(queries("compounding").products(connection, batch_id=row["id"], place_id=row["place_id"]))
    holds = queries("compounding").holds_on_batch(
        connection,
        lot_ids=[each["lot_id"] for each in products],
        place_id=row["place_id"],
        is_decided=any(fact.kind in {FactKind.RELEASED, FactKind.REJECTED} for fact in facts),
    )
    began_at = min([each["first_at"] for each in components], default=None)
    ended_at = next((fact.at for fact in facts if fact.kind is FactKind.FINISHED), None)
    master_record = MasterFormulationRecord.model_validate(row["body"])
    record = BatchRecord(
        kind=Kind(row["kind"]),
        master_record=master_record,
        quantity=row["quantity"],
        planned_by=row["planned_by"],
        facts=tuple(facts),
        components=tuple(_component(each) for each in components),
        products=tuple(Product(each["lot_number"], each["quantity"], each["expires_at"]) for each in products),
        holds=tuple(hold["text"] for hold in holds),
        is_monitored=queries("compounding").policies_above(connection, ancestors=row["ancestors"]),
        was_measured=any(channel["readings"] for channel in _environment(connection, row, began_at, ended_at)),
        operators=frozenset(name for each in (*components, *products) for name in each["operators"]),
        found=tuple(_found(connection, row, master_record, facts, components)),
    )
    return Loaded(row, record, components, products, began_at, ended_at)


def _found(
    connection: Connection,
    row: Row,
    master_record: MasterFormulationRecord,
    facts: Sequence[BatchFact],
    components: Sequence[Row],
) -> Iterator[tuple[Topic, str]]:
    """Operators who were not qualified when they worked on it, and plates of its room that it waits for."""
    worked = [(fact.actor, fact.at) for fact in facts if fact.kind in {FactKind.STEP, FactKind.YIELD}]
    worked += [(name, each["first_at"]) for each in components for name in each["operators"]]
    for fault in operator_faults(connection, master_record.preparation, worked):
        yield Topic.OPERATOR, fault
    if plan := master_record.environment_plan:
        for fault in session_faults(connection, row["id"], plan):
            yield Topic.ENVIRONMENT, fault


def _component(row: Row) -> Component:
    keys = ("item", "lot_number", "consumed", "returned", "scrapped", "used", "expires_at", "expiry_required")
    return Component(**{key: row[key] for key in keys})


def _environment(connection: Connection, row: Row, began_at: datetime | None, ended_at: datetime | None) -> list[Row]:
    if began_at is None:
        return []
    said = {
        "ancestors": row["ancestors"],
        "room_id": row["ancestors"][-2],  # the last is the batch's own place, and it always stands in a room
        "began_at": began_at,
        "ended_at": ended_at or datetime.max.replace(tzinfo=began_at.tzinfo),
    }
    ids = {each["id"] for each in queries("compounding").channels_around(connection, **said)}
    with recalled(connection, ids, said["began_at"], said["ended_at"]):
        return list(queries("compounding").environment(connection, **said))


def _excursions(connection: Connection, loaded: Loaded) -> list[Row]:
    if loaded.began_at is None:
        return []
    return list(
        queries("compounding").excursions_during(
            connection,
            ancestors=loaded.row["ancestors"],
            began_at=loaded.began_at,
            ended_at=loaded.ended_at or datetime.max.replace(tzinfo=loaded.began_at.tzinfo),
        )
    )


def check_unfinished(loaded: Loaded) -> None:
    """Raises ``Conflict`` once a batch is finished or decided."""
    check_undecided(loaded)
    if loaded.record.of(FactKind.FINISHED):
        raise Conflict(f"batch {loaded.row['number']} is finished", "Report what happened since as a deviation.")


def check_undecided(loaded: Loaded) -> None:
    """Raises ``Conflict`` once a batch is released or rejected."""
    for kind in (FactKind.RELEASED, FactKind.REJECTED):
        if loaded.record.of(kind):
            raise Conflict(f"batch {loaded.row['number']} was {kind} already")


def add_batch_fact(
    connection: Connection, loaded: Loaded, kind: FactKind, data: dict[str, Any], *, at: datetime, actor: str
) -> Row:
    """Add what happened at ``at`` to the record of a batch, and give the record."""
    number = loaded.row["number"]
    event_id = add_event(connection, actor=actor, kind=f"batch_{kind}", subject=batch_subject(number), data=data)
    queries("compounding").add_fact(
        connection,
        batch_id=loaded.row["id"],
        kind=kind.value,
        actor=actor,
        occurred_at=at,
        data=Jsonb(data),
        event_id=event_id,
    )
    return shown_batch(connection, load_batch(connection, number))


def batch_subject(number: str) -> str:
    """How events name a batch."""
    return f"batch:{number}"


def _summary(loaded: Loaded) -> Row:
    row, record = loaded.row, loaded.record
    made, _ = yield_of(record)
    keys = ("number", "item", "master_formulation_record", "version", "room", "quantity", "prescription", "owner",
            "planned_by", "planned_at", "kind")  # fmt: skip
    state = state_of(record)
    return {
        **{key: row[key] for key in keys},
        "state": state,
        "holds": list(record.holds),
        "open_points": [] if state in {BatchState.RELEASED, BatchState.REJECTED} else list(open_points(record)),
        "made": made,
        "made_pct": made_pct(made, row["quantity"]),
    }


def shown_batch(connection: Connection, loaded: Loaded) -> Row:
    """The whole record of a batch, as JSON has it."""
    record = loaded.record
    expected: dict[str, float] = {
        each.item: record.master_record.expected(each, record.quantity) for each in record.master_record.ingredients
    }
    environment = _environment(connection, loaded.row, loaded.began_at, loaded.ended_at)
    return {
        **_summary(loaded),
        "master_formulation_record_body": loaded.row["body"],
        "expected": expected,
        "labels": labels_counted(record),
        "exceptions": list(exceptions_of(record)),
        "components": [
            {
                **each,
                "left": _component(each).left,
                "expires_at": _told(each["expires_at"]),
                "expires_on": _told(each["expires_on"]),
                "first_at": None,
                "expires_hour": None,
                "expires_exactly": None,
            }
            for each in loaded.components
        ],
        "products": [
            {key: _told(each[key]) for key in ("lot_id", "lot_number", "quantity", "expires_on", "expires_at")}
            for each in loaded.products
        ],
        "facts": [
            {"kind": fact.kind.value, "actor": fact.actor, "at": _told(fact.at), "data": dict(fact.data)}
            for fact in record.facts
        ],
        "began_at": _told(loaded.began_at),
        "ended_at": _told(loaded.ended_at),
        "environment": [{key: _told(value) for key, value in each.items()} for each in environment],
        "excursions": [{key: _told(value) for key, value in each.items()} for each in _excursions(connection, loaded)],
    }


def _told(value: Any) -> Any:
    """As JSON has it."""
    return value.isoformat() if isinstance(value, date) else value
