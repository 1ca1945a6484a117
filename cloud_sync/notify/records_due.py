"""Records that end on a day: calibrations, agreements with suppliers, reviews of accesses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cloud_sync.domain.alerts import AlertKind, Severity
from cloud_sync.notify.alert import NewAlert
from cloud_sync.posting.governance.agreements import WORDS, agreements_of
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries

AHEAD = timedelta(days=30)
"""How long before its day something is told."""


def records_due(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    """What ends within a month, or has ended."""
    yield from _calibrations(connection, at)
    yield from _agreements(connection, at)
    yield from _reviews(connection, at)


def calibrated(connection: Connection, at: datetime) -> set[tuple[str, str]]:
    """Gateways and devices whose filed certificate is good beyond the coming month."""
    last_day = at.date() + AHEAD
    rows = queries("equipment").calibrated_devices(connection, last_day=last_day)
    return {(row["gateway"], row["device"]) for row in rows}


def _calibrations(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    today = at.date()
    for row in queries("equipment").calibrations_due(connection, last_day=today + AHEAD):
        is_device = row["gateway"] is not None
        due = f"{row['due_on']:%d %b %Y}"
        over = "did not pass" if not row["passed"] else "was due on" if row["due_on"] < today else "is due on"
        text = f"The calibration of {row['name']} {over} {'' if not row['passed'] else due}".strip()
        yield NewAlert(
            kind=AlertKind.CALIBRATION_DUE,
            subject=f"equipment:{row['name']}",
            # As a gateway's own reminder of the same device is called: one of them is told.
            key=f"calibration_due:{row['gateway']}:{row['device']}" if is_device else f"calibration:{row['name']}",
            title=f"Calibration of {row['title'] or row['name']} {over}" + (f" {due}" if row["passed"] else ""),
            text=f"{text}. The last certificate is {row['certificate']}.",
            path="/equipment",
            occurred_at=at,
            sites=tuple(site["id"] for site in queries("alerts").sites_of_place(connection, place_id=row["place_id"]))
            if row["place_id"]
            else (),
            place_id=row["place_id"],
            severity_said=Severity.ALERT if not row["passed"] or row["due_on"] < today else None,
        )


def _agreements(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    today = at.date()
    for row in agreements_of(connection, None):
        if row["valid_until"] is None or row["valid_until"] > today + AHEAD:
            continue
        is_over = row["valid_until"] < today
        yield NewAlert(
            kind=AlertKind.AGREEMENT_DUE,
            subject=f"supplier:{row['supplier']}",
            key=f"agreement:{row['id']}:{'over' if is_over else 'soon'}",
            title=f"The {WORDS[row['kind']]} with {row['supplier']} {'ended' if is_over else 'ends'} on "
            f"{row['valid_until']:%d %b %Y}",
            text="Nothing can be ordered there until a new one is filed; what comes in is received, with a case."
            if is_over
            else "File the new one in time: after that day nothing can be ordered there.",
            path="/agreements",
            occurred_at=at,
        )


def _reviews(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("access_reviews").reviews_due(connection, today=at.date()):
        state = "is overdue" if row["is_open"] else "was followed by none: the next one is overdue"
        yield NewAlert(
            kind=AlertKind.ACCESS_REVIEW_DUE,
            subject=f"access_review:{row['id']}",
            key=f"access_review:{row['id']}:{row['is_open']}",
            title=f"Review of accesses {row['title']} {state}",
            text=f"It was due on {row['due_on']:%d %b %Y}. Somebody who may review access has to finish it.",
            path="/access-reviews",
            occurred_at=at,
        )
