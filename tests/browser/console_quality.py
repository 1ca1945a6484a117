"""Quality control with something of each kind, so that each of its pages has something to show."""

import uuid
from datetime import date, datetime
from typing import Any

from cloud_sync.actions.governance import controlled_changes
from cloud_sync.actions.quality_control import environment, materials, product_reports, samples, stability
from cloud_sync.storage.database import Database

WHY = "SOP 21, version 3"
ASSAY = {"name": "assay", "unit": "%", "low": 90, "high": 110, "source": "method 7, validated"}
PLANS: dict[str, dict[str, Any]] = {
    "insulin-tests": {"kind": "material", "item": "insulin", "units": 1, "retest_days": 90, "after_exposure": True,
                      "tests": [ASSAY], "source": WHY},
    "insulin-stability": {"kind": "stability", "item": "insulin", "storage": "refrigerator", "window_days": 2,
                          "lots_min": 1, "pulls": [{"day": 0, "units": 1}, {"day": 30, "units": 1}], "tests": [ASSAY],
                          "source": WHY},
    "plates": {"kind": "environment", "place": "fridge-a", "every_days": 7, "source": WHY,
               "points": [{"name": "bench", "method": "settle_plate", "alert": 1, "action": 3, "source": WHY}]},
}  # fmt: skip


def quality_control(database: Database, at: datetime, *, lot_id: int, place: str, chamber: str) -> None:
    """Plans, a sample with a result, a study, a session with a plate, and a report."""
    for name, plan in PLANS.items():
        asked = {"name": name, "plan": plan}
        made = controlled_changes.propose(database, "quality_plan", asked, reason=WHY, at=at, actor="amy")
        controlled_changes.approve(database, made["id"], reason=WHY, at=at, actor="quinn")
    sample = materials.take_sample(
        database, client_id=uuid.uuid4(), lot_id=lot_id, from_place=place, note="", at=at, actor="olga"
    )
    samples.add_result(database, sample["id"], "assay", value=99.0, conforms=None, note="HPLC 3", at=at, actor="quinn")
    stability.start_study(
        database, client_id=uuid.uuid4(), plan="insulin-stability", lot_id=lot_id, from_place=place, to_place=chamber,
        at=at, actor="olga",
    )  # fmt: skip
    session = environment.open_session(
        database, plan="plates", place="fridge-a", batch=None, note="", at=at, actor="olga"
    )
    environment.add_plate(
        database, session["id"], client_id=uuid.uuid4(), point="bench", code="PL-1", person="", at=at, actor="olga"
    )
    product_reports.make_report(database, since=date(2026, 1, 1), until=at.date(), at=at, actor="quinn")
