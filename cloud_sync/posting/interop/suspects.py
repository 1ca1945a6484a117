"""Suspect product inside the caller's transaction: how far a suspicion has come, and that nobody lifts its holds
before."""

from cloud_sync.errors import Conflict
from cloud_sync.interop.dscsa.suspects import Course, Determination, Stage
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

SUSPECT = "suspect_product"
"""Kind of the case that holds it."""


def course_of(row: Row) -> Course:
    """A suspicion as the domain sees it."""
    return Course(
        opened_at=row["opened_at"],
        determination=Determination(row["determination"]) if row["determination"] else None,
        determined_at=row["determined_at"],
        fda_notified_at=row["fda_notified_at"],
        partners_waiting=row["partners_waiting"],
        terminated_at=row["terminated_at"],
    )


def check_closed(connection: Connection, case: Row) -> None:
    """Raise ``Conflict`` while the investigation that a case belongs to is open."""
    if case["kind"] != SUSPECT:
        return
    row: Row | None = queries("suspects").suspect_of_case(connection, case_id=case["id"])
    if row is None or not course_of(row).stage.is_open:
        return
    stage = course_of(row).stage
    what = (
        "Clear it or find it illegitimate first"
        if stage is Stage.INVESTIGATING
        else "Tell the FDA and the partners, and terminate the notification in agreement with the FDA first"
    )
    raise Conflict(
        f"this product is under investigation {row['id']} ({stage}): its hold cannot be lifted",
        f"{what}: POST /v1/dscsa/suspects/{row['id']}/...",
    )
