"""Clocks of the Drug Supply Chain Security Act: investigations, notifications, regulators' requests, licences,
receipts."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cloud_sync.domain.alerts import AlertKind, Severity
from cloud_sync.interop.dscsa.licences import WORDS, LicenceKind
from cloud_sync.interop.dscsa.suspects import REMIND_BEFORE, Stage
from cloud_sync.notify.alert import NewAlert
from cloud_sync.posting.interop.suspects import course_of
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

ROWS_MAX = 1000
AHEAD = timedelta(days=30)
"""How long before a licence ends somebody is reminded."""
UNFINISHED_AFTER = timedelta(days=3)
"""How long the receipt of what was told may stay open before somebody looks: three business days are usual."""


def tracing_due(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    """What has to be done soon, or should have been done."""
    yield from _suspects(connection, at)
    yield from _requests(connection, at)
    yield from _licences(connection, at)
    yield from _receipts(connection, at)


STEPS = {
    Stage.INVESTIGATING: "Clear it or find it illegitimate.",
    Stage.NOTIFYING: "Tell the FDA (Form FDA 3911) and the partners that may have it.",
}


def _suspects(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("suspects").suspects(connection, only_open=True, rows_max=ROWS_MAX, rows_skipped=0):
        course = course_of(row)
        if course.due_at is None or at < course.due_at - REMIND_BEFORE:
            continue
        is_over = at >= course.due_at
        yield NewAlert(
            kind=AlertKind.SUSPECT_DUE,
            subject=f"suspect:{row['id']}",
            key=f"suspect:{row['id']}:{course.stage}:{'over' if is_over else 'soon'}",
            title=f"Suspect product {row['item']} {row['lot_number']}: {_how(course.due_at, at)}",
            text=f"It is {course.stage} since {_when(row, course.stage)}. {STEPS[course.stage]}",
            path=f"/suspects/{row['id']}",
            occurred_at=at,
        )


def _when(row: Row, stage: Stage) -> str:
    since = row["opened_at"] if stage is Stage.INVESTIGATING else row["determined_at"]
    return f"{since:%d %b %Y %H:%M} UTC"


def _how(due_at: datetime, at: datetime) -> str:
    if at >= due_at:
        return f"overdue since {due_at:%d %b %H:%M} UTC"
    return f"due at {due_at:%d %b %H:%M} UTC"


def _requests(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("suspects").requests(connection, only_open=True, rows_max=ROWS_MAX, rows_skipped=0):
        if at < row["due_at"] - REMIND_BEFORE:
            continue
        yield NewAlert(
            kind=AlertKind.TRACING_REQUEST_DUE,
            subject=f"tracing_request:{row['id']}",
            key=f"tracing_request:{row['id']}:{'over' if at >= row['due_at'] else 'soon'}",
            title=f"Request of {row['asked_by']}: {_how(row['due_at'], at)}",
            text=f"They ask about {row['item']} {row['lot_number']} {row['serial']}".strip()
            + ". Make the answer and send it.",
            path="/tracing-requests",
            occurred_at=at,
        )


def _licences(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    today = at.date()
    best: dict[int, Row] = {}
    for row in queries("trading_partners").licences(connection, place_ids=None):
        known = best.get(row["place_id"])
        if row["withdrawn_at"] is None and (known is None or row["valid_until"] > known["valid_until"]):
            best[row["place_id"]] = row
    for row in best.values():
        if row["valid_until"] > today + AHEAD:
            continue
        is_over = row["valid_until"] < today
        yield NewAlert(
            kind=AlertKind.LICENCE_DUE,
            subject=f"place:{row['partner']}",
            key=f"licence:{row['id']}:{'over' if is_over else 'soon'}",
            title=f"{row['partner']}: {WORDS[LicenceKind(row['kind'])]} {'ended' if is_over else 'ends'} on "
            f"{row['valid_until']:%d %b %Y}",
            text="Look up whether it was renewed. After that day its products go on hold; nothing is shipped to it.",
            path=f"/trading-partners/{row['partner']}",
            occurred_at=at,
            severity_said=Severity.ALERT if is_over else None,
        )


def _receipts(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("transactions").unfinished_since(connection, before=at - UNFINISHED_AFTER, rows_max=ROWS_MAX):
        yield NewAlert(
            kind=AlertKind.RECEIPT_UNFINISHED,
            subject=f"transaction:{row['id']}",
            key=f"transaction:{row['id']}:unfinished",
            title=f"Receipt of {row['reference']} from {row['partner']} not finished",
            text=f"Its data came on {row['told_at']:%d %b %Y}. Finish the receipt: what is missing is then told to the "
            "supplier.",
            path=f"/transaction-data/{row['id']}",
            occurred_at=at,
        )
