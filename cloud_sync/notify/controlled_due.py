"""Deadlines of controlled items: discrepancies, waste that nobody has witnessed, and inventories of sites."""

from collections.abc import Iterator
from datetime import datetime

from cloud_sync.domain.alerts import AlertKind, Severity
from cloud_sync.domain.controlled import DISCREPANCIES, INVENTORY_AHEAD, inventory_due_on, remind_at
from cloud_sync.notify.alert import NewAlert
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries

ROWS_MAX = 1000


def controlled_due(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    """What is due soon, or overdue. A schedule without a rule has no deadline."""
    yield from _discrepancies(connection, at)
    yield from _wastes(connection, at)
    yield from _inventories(connection, at)


def _discrepancies(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    rows = queries("controlled").open_discrepancies(
        connection, kinds=list(DISCREPANCIES), rows_max=ROWS_MAX, rows_skipped=0
    )
    for row in rows:
        if row["due_at"] is None or at < remind_at(row["opened_at"], row["due_at"]):
            continue
        yield _alert(
            f"case:{row['id']}", f"Discrepancy of {row['item']} {row['lot_number']}, schedule {row['schedule']}",
            row["text"], f"/cases/{row['id']}", row["due_at"], at,
        )  # fmt: skip


def _wastes(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("controlled").wastes(
        connection, waste_id=None, only_waiting=True, rows_max=ROWS_MAX, rows_skipped=0
    ):
        if row["due_at"] is None or at < remind_at(row["wasted_at"], row["due_at"]):
            continue
        yield _alert(
            f"waste:{row['id']}", f"Waste of {row['item']} {row['lot_number']} without a witness",
            f"{row['wasted_by']} threw it away in {row['place']}. Whoever saw it witnesses it; if nobody did, say so "
            "in a case.", "/controlled", row["due_at"], at,
        )  # fmt: skip


def _alert(subject: str, title: str, text: str, path: str, due_at: datetime, at: datetime) -> NewAlert:
    is_over = at >= due_at
    how = f"overdue since {due_at:%d %b %H:%M} UTC" if is_over else f"due at {due_at:%d %b %H:%M} UTC"
    return NewAlert(
        kind=AlertKind.CONTROLLED_DUE,
        subject=subject,
        key=f"controlled:{subject}:{'over' if is_over else 'soon'}",
        title=f"{title}: {how}",
        text=text,
        path=path,
        occurred_at=at,
        severity_said=Severity.ACTION if is_over else None,
    )


def _inventories(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("controlled").inventories_due(connection):
        due_on = at.date() if row["last_on"] is None else inventory_due_on(row["last_on"], row["inventory_months"])
        if at.date() < due_on - INVENTORY_AHEAD:
            continue
        last = f"The last one was taken on {row['last_on']:%d %b %Y}" if row["last_on"] else "None was ever taken"
        is_over = row["last_on"] is None or at.date() > due_on
        yield NewAlert(
            kind=AlertKind.CONTROLLED_DUE,
            subject=f"place:{row['site']}",
            key=f"controlled_inventory:{row['site_id']}:{row['last_on']}:{'over' if is_over else 'soon'}",
            title=f"Inventory of controlled items at {row['site']} due on {due_on:%d %b %Y}",
            text=f"{last}. Count all controlled items, have the counts approved, and take the inventory.",
            path="/controlled",
            occurred_at=at,
            sites=(row["site_id"],),
        )
