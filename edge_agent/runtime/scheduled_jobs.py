"""What is done by the calendar, once a day: reminders of calibrations and certificates, figures of the journal, and the
downtime pack.

APScheduler follows the wall clock, which is right for a calendar and wrong for everything else. Here a clock that is
stepped can neither hang it nor make it storm: a missed day is not made up for day by day, at most one run of each job
is under way, and a job runs again only some hours of monotonic time after it ran.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.errors import JournalError
from edge_agent.host.disk_wear import DiskWear, disk_wear
from edge_agent.timekeeping.clock import Clock, stamp

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

TOLD_DAYS_BEFORE = frozenset({30, 14, 7, 3, 1})
"""On these days before it is due, and on every day from then on, people are reminded."""
LATE_MAX_S = 6 * 3600
"""A run that is later than this by the wall clock is left out: the next day's is near."""
AGAIN_AFTER_S = 3600.0
"""Monotonic time between two runs of one job, whatever the wall clock does."""

_log = logging.getLogger("edge_agent.calendar")

Job = Callable[[], Awaitable[None]]


def is_reminder_day(due: date, today: date) -> bool:
    """Whether people are to be reminded today of what is due on ``due``.

    >>> is_reminder_day(date(2027, 6, 30), date(2027, 6, 23)), is_reminder_day(date(2027, 6, 30), date(2027, 6, 22))
    (True, False)
    """
    days = (due - today).days
    return days in TOLD_DAYS_BEFORE or days <= 0


class Calendar:
    """Run it as a task. ``status`` gives the journal's figures, ``wear_of`` those of the disk below a folder."""

    def __init__(
        self,
        config: GatewayConfig,
        clock: Clock,
        record: Callable[[Record], Awaitable[None]],
        status: Callable[[], Awaitable[JournalStatus]],
        wear_of: Callable[[Path], DiskWear | None] = disk_wear,
        downtime_pack: Callable[[], Awaitable[bytes]] | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._record = record
        self._status = status
        self._wear_of = wear_of
        self._scheduler: AsyncIOScheduler | None = None
        self._ran_mono_s: dict[str, float] = {}
        self._jobs: dict[str, Job] = {
            "calibrations": self.remind_of_calibrations,
            "certificates": self.remind_of_certificates,
            "statistics": self.tell_statistics,
        }
        if downtime_pack is not None:
            self._jobs["downtime pack"] = partial(_made, downtime_pack)

    @property
    def jobs(self) -> Mapping[str, Job]:
        """What is done each day, by name."""
        return self._jobs

    async def run(self) -> None:
        """Do the daily work until cancelled."""
        self._scheduler = self._start()
        try:
            await asyncio.Event().wait()
        finally:
            self._scheduler.shutdown(wait=False)

    def clock_changed(self) -> None:
        """The wall clock was set: when a job is due next is worked out anew, from the time as it is now."""
        if self._scheduler is not None:
            for name in self._jobs:
                self._scheduler.reschedule_job(name, trigger=self.trigger())

    async def remind_of_calibrations(self) -> None:
        """A notice for each device whose calibration is due soon, or was."""
        today = self._clock.now().date()
        for device in self._config.device:
            due = device.calibration_due
            if due is not None and is_reminder_day(due, today):
                text = f"{device.name}: calibration {_when(due, today)}"
                await self._tell(NoticeKind.CALIBRATION_DUE, device.name, text, due, today)

    async def remind_of_certificates(self) -> None:
        """A notice for each certificate that ends soon, or has: our own, and the authorities we trust."""
        today = self._clock.now().date()
        for path, ends_on in self._certificates():
            if is_reminder_day(ends_on, today):
                text = f"certificate {path} {'ends' if ends_on >= today else 'has ended'}: {_when(ends_on, today)}"
                await self._tell(NoticeKind.CERTIFICATE_EXPIRES, str(path)[-200:], text, ends_on, today)

    async def tell_statistics(self) -> None:
        """One notice with the journal's figures, and what the disk below it says of its wear."""
        status = await self._status()
        data: dict[str, str | int | float | None] = {
            "used_bytes": status.used_bytes, "bytes_max": status.bytes_max, "free_bytes": status.free_bytes,
            "written_bytes": status.written_bytes, "version": version("lotwarden"),
        }  # fmt: skip
        for lane in status.lanes:
            data[f"{lane.lane}_waiting"] = lane.records
            data[f"{lane.lane}_last_seq"] = lane.last_seq
            data[f"{lane.lane}_set_aside"] = lane.set_aside_batches
        if (wear := self._wear_of(self._config.gateway.data_dir)) is not None:
            data |= wear.as_data()
        waiting = sum(lane.records for lane in status.lanes)
        text = f"{waiting} records wait in the journal, {status.used_bytes} bytes used"
        await self._record(Notice(stamp(self._clock), NoticeKind.STATISTICS, "journal", text, data))

    async def _tell(self, kind: NoticeKind, subject: str, text: str, due: date, today: date) -> None:
        _log.warning("%s", text)
        data: dict[str, str | int | float | None] = {"due": due.isoformat(), "days_left": (due - today).days}
        await self._record(Notice(stamp(self._clock), kind, subject, text, data))

    def _certificates(self) -> Iterator[tuple[Path, date]]:
        paths = [path for path in (self._config.uplink.client_cert_file, self._config.uplink.ca_file) if path]
        if paths:
            from cryptography import x509  # several megabytes, that a gateway without such files can spare
        for path in paths:
            # A file that cannot be read is a fault of the uplink, which tells it.
            with suppress(OSError, ValueError):
                ends = [cert.not_valid_after_utc for cert in x509.load_pem_x509_certificates(path.read_bytes())]
                yield path, min(ends).date()

    def _start(self) -> "AsyncIOScheduler":
        # Imported here: tools that only look at the journal need not load it.
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        # It tells of each run and each clock step at "warning"; ours says what matters.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler = AsyncIOScheduler(timezone=UTC)
        for name in self._jobs:
            scheduler.add_job(
                self._run_job,
                self.trigger(),
                args=[name],
                id=name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=LATE_MAX_S,
            )
        scheduler.start()
        return scheduler

    async def _run_job(self, name: str) -> None:
        now_s = self._clock.mono_s()
        last_s = self._ran_mono_s.get(name)
        if last_s is not None and now_s - last_s < AGAIN_AFTER_S:
            return
        if not self._clock.is_synced():
            return  # nobody knows what day it is
        self._ran_mono_s[name] = now_s
        with suppress(JournalError):  # the recorder tells
            await self._jobs[name]()

    def trigger(self) -> Any:
        """When the jobs run: once a day, at the configured time."""
        from apscheduler.triggers.cron import CronTrigger

        class NextTime(CronTrigger):  # type: ignore[misc]
            """The next time after now. A plain one would go through every missed day, 20,000 after a flat battery."""

            def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
                after = now if previous is None else max(now, previous + timedelta(microseconds=1))
                found: datetime | None = super().get_next_fire_time(None, after)
                return found

        hour, minute = self._config.calendar.at.split(":")
        return NextTime(hour=int(hour), minute=int(minute), timezone=UTC)


async def _made(downtime_pack: Callable[[], Awaitable[bytes]]) -> None:
    await downtime_pack()


def _when(due: date, today: date) -> str:
    days = (due - today).days
    if days > 0:
        return f"due in {days} {'day' if days == 1 else 'days'}, on {due}"
    return f"due today, {due}" if days == 0 else f"overdue since {due}"
