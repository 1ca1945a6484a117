"""Electronic records of each kind, so that each of their pages has something to show."""

from datetime import date, datetime, timedelta

from cloud_sync.actions.governance import (
    access_reviews,
    change_control,
    controlled_changes,
    equipment,
    legal_holds,
)
from cloud_sync.actions.master_data.documents import add_document
from cloud_sync.storage.database import Database

WHY = "SOP 12, version 2"


def electronic_records(database: Database, at: datetime) -> None:
    """A procedure that a role asks for, changes that wait, a legal hold, a certificate, an agreement, a review."""
    today = at.date()
    body = "1. Look at the curve.\n2. Look at the lot.\n3. Decide, and say why."
    sop = {"code": "SOP-12", "title": "Excursions", "reference": "share/sop-12.pdf", "sha256": "a" * 64, "body": body}
    training = {"role": "administrator", "code": "SOP-12", "grace_days": 14}
    for kind, asked in (("sop", sop), ("training", training)):
        made = controlled_changes.propose(database, kind, asked, reason=WHY, at=at, actor="amy")
        controlled_changes.approve(database, made["id"], reason=WHY, at=at, actor="quinn")
    record = change_control.open_record(
        database, title="Longer retention", why="a court asks for more", what="readings are kept for 10 years",
        risk_level="low", risk="the database grows by a third", at=at, actor="amy",
    )  # fmt: skip
    controlled_changes.propose(
        database, "retention", {"name": "readings", "years": 3}, reason="storage is full", change_control=record["id"],
        effective_from=at + timedelta(days=30), at=at, actor="amy",
    )  # fmt: skip
    legal_holds.ask(database, item="insulin", reason="law suit 7", at=at, actor="amy")
    equipment.keep_equipment(database, "probe-1", title="Probe 1", place="fridge-a", reason=WHY, actor="fay")
    equipment.add_calibration(
        database, "probe-1", certificate="K-2026-1", laboratory="Acme Cal", calibrated_on=today - timedelta(days=300),
        due_on=today + timedelta(days=20), passed=True, reference="share/K-2026-1.pdf", sha256="b" * 64, at=at,
        points=[{"at": 5.0, "deviation": 0.12, "uncertainty": 0.1, "unit": "°C"}], actor="fay",
    )  # fmt: skip
    add_document(
        database, supplier="acme", lot_id=None, kind="quality_agreement", reference="share/qa-7.pdf", sha256="",
        valid_until=date(2020, 1, 31), actor="quinn",
    )  # fmt: skip
    access_reviews.open_review(
        database, title="Second quarter", due_on=today, next_due_on=today + timedelta(days=90), at=at, actor="quinn"
    )
