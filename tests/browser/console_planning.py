"""A plan and a shortage in the house, so that their pages have something to show."""

from datetime import datetime, timedelta

from cloud_sync.actions.master_data.records import keep_record
from cloud_sync.actions.planning.runs import make_run
from cloud_sync.actions.planning.shortages import open_shortage
from cloud_sync.domain.master_records import ReorderRecord
from cloud_sync.storage.database import Database

PLANNING_PAGES = {
    "suggestion": "/planning/1/insulin/site", "plan-check": "/planning/1/check", "shortage": "/shortages/1",
}  # fmt: skip


def plan_the_house(database: Database, at: datetime) -> None:
    """Insulin has a level at the site, is planned, and is short for a month."""
    level = ReorderRecord(item="insulin", place="site", reorder_point=5, par_level=20)
    keep_record(database, "reorder-levels", level, reason="first filling", at=at, actor="amy")
    make_run(database, at=at, actor="amy")
    until = at.date() + timedelta(days=28)
    open_shortage(
        database, item="insulin", site="site", until=until, reason="the maker cannot deliver", at=at, actor="amy"
    )
