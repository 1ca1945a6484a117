"""Papers that are made and mailed each day, week or month, by the outbox that alerts go through."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cloud_sync.actions.alerts.targets import check_leads_somewhere
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.papers.months import month_before
from cloud_sync.actions.papers.papers import KINDS, Paper, PaperName, make_paper
from cloud_sync.errors import Conflict, Invalid, LedgerError, NotFound
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries

AT = time(6)
"""At this hour, where the goods are, papers are made."""
AGAIN_AFTER = timedelta(hours=1)
LAST_MONTH, THIS_MONTH = "{last-month}", "{this-month}"


class Every(StrEnum):
    """How often."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """A schedule to be. ``subject`` is the paper's id; ``{last-month}`` and ``{this-month}`` stand for months in it."""

    name: str
    kind: PaperName
    subject: str
    target: str
    every: Every


def put_schedule(database: Database, new: NewSchedule, *, at: datetime, actor: str) -> Row:
    """Keep a schedule, or another content for it. Raises ``NotFound``, ``Invalid`` where the paper cannot be made."""
    zone = house_zone(database)
    KINDS[new.kind].collect(database, subject_at(new.subject, at, zone), at)  # so that its faults are told now
    with database.transaction() as connection:
        check_leads_somewhere(connection, new.target)
        targets = {row["name"]: row for row in queries("alerts").targets(connection)}
        if new.target not in targets or targets[new.target]["channel"] != "mail":
            raise Invalid(f"{new.target} gets no mail", "Papers go by mail: choose a target with a mail address.")
        queries("papers").put_schedule(
            connection, name=new.name, kind=new.kind, subject=new.subject, target=new.target, every=new.every,
            zone=zone, next_at=next_after(at, new.every, zone), set_by=actor,
        )  # fmt: skip
        data = {"paper": new.kind, "id": new.subject, "target": new.target, "every": new.every}
        add_event(connection, actor=actor, kind="paper_schedule_put", subject=f"paper_schedule:{new.name}", data=data)
    return next(row for row in list_schedules(database) if row["name"] == new.name)


def list_schedules(database: Database) -> list[Row]:
    """Schedules in force: name, kind, subject, target, every, next_at, last_error."""
    with database.transaction() as connection:
        return list(queries("papers").schedules(connection))


def end_schedule(database: Database, name: str, *, actor: str) -> None:
    """Make it no more. Raises ``NotFound``."""
    with database.transaction() as connection:
        if not queries("papers").end_schedule(connection, name=name):
            raise NotFound(f"there is no schedule {name}", "See GET /v1/paper-schedules for those there are.")
        add_event(connection, actor=actor, kind="paper_schedule_ended", subject=f"paper_schedule:{name}")


def mail_due_papers(database: Database, at: datetime, public_url: str) -> int:
    """Make what is due and put it into the outbox; gives how many papers.

    Made outside of the transaction that books it: whoever else made the same meanwhile comes too late and leaves it.
    What cannot be made is told in the schedule and tried again after an hour.
    """
    with database.transaction() as connection:
        due = list(queries("papers").due_schedules(connection, at=at))
    return sum(_mail(database, row, at, public_url) for row in due)


def _mail(database: Database, row: Row, at: datetime, public_url: str) -> bool:
    try:
        subject = subject_at(row["subject"], at, row["zone"])
        paper = make_paper(
            database, PaperName(row["kind"]), subject, at=at, actor=f"schedule {row['name']}", public_url=public_url
        )
    except (NotFound, Invalid, Conflict) as error:
        with database.transaction() as connection:
            queries("papers").put_off(
                connection, name=row["name"], was_at=row["next_at"], next_at=at + AGAIN_AFTER, last_error=_told(error)
            )
        return False
    return _post(database, row, paper, at)


def _post(database: Database, row: Row, paper: Paper, at: datetime) -> bool:
    following = next_after(at, Every(row["every"]), row["zone"])
    with database.transaction() as connection:
        if not queries("papers").put_off(
            connection, name=row["name"], was_at=row["next_at"], next_at=following, last_error=""
        ):
            return False
        message_id = queries("alerts").add_message(
            connection, target=row["target"], bundle=f"paper:{row['name']}:{row['next_at'].isoformat()}",
            reason="paper", made_at=at, due_at=at,
        )  # fmt: skip
        sha256 = paper.envelope.sha256
        queries("papers").add_paper(
            connection, message_id=message_id, schedule=row["name"], title=paper.title, file_name=paper.file_name,
            sha256=sha256, pdf=paper.pdf,
        )  # fmt: skip
        data = {"paper": row["kind"], "id": paper.envelope.id, "message": message_id, "sha256": sha256}
        add_event(connection, actor=LEDGER, kind="paper_mailed", subject=f"paper_schedule:{row['name']}", data=data)
    return True


def subject_at(subject: str, at: datetime, zone: str) -> str:
    """A paper's id with the months that it names, as of an instant where the goods are."""
    month = f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"
    return subject.replace(THIS_MONTH, month).replace(LAST_MONTH, month_before(month))


def next_after(at: datetime, every: Every, zone: str) -> datetime:
    """The next time after ``at``: at six in the morning of the next day, Monday or first of a month.

    >>> next_after(datetime(2026, 11, 29, 12, tzinfo=UTC), Every.MONTH, "America/Chicago").isoformat()
    '2026-12-01T12:00:00+00:00'
    """
    day = at.astimezone(ZoneInfo(zone)).date()
    while True:
        if (
            every is Every.DAY
            or (every is Every.WEEK and day.weekday() == 0)
            or (every is Every.MONTH and day.day == 1)
        ):
            found = datetime.combine(day, AT, ZoneInfo(zone)).astimezone(UTC)
            if found > at:
                return found
        day += timedelta(days=1)


def _told(error: LedgerError) -> str:
    return f"{error}. {error.what_to_do}"
