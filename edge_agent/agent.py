"""The composition root: journal, recorder, forwarder and sources, started together and stopped cleanly."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.recorder import Recorder
from edge_agent.buffer.rows import StoredBatch
from edge_agent.buffer.thread import JournalThread
from edge_agent.calendar_jobs import Calendar
from edge_agent.clock import Clock, stamp
from edge_agent.clock_watch import ClockWatch
from edge_agent.config import GatewayConfig
from edge_agent.domain.ids import GatewayName
from edge_agent.domain.records import Lane, Notice, NoticeKind, Record
from edge_agent.domain.wire import WireError, decode_batch, decode_record
from edge_agent.drivers.base import Source
from edge_agent.errors import EdgeError, JournalError
from edge_agent.uplink.backfill import UplinkStatus, write_status
from edge_agent.uplink.base import Uplink
from edge_agent.uplink.build import build_uplink
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.identity import Identity

FAREWELL_S = 3.0
"""How long a stopping agent tries to send its last words. They are in the journal anyway."""

_log = logging.getLogger("edge_agent")


class TaskDied(Exception):
    """A task that runs for as long as the agent ended by itself: our bug. The cause is chained."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} ended by itself")
        self.name = name


def journal_dir(config: GatewayConfig) -> Path:
    """Where the journal is."""
    return config.gateway.data_dir / "journal"


async def run(
    config: GatewayConfig,
    clock: Clock,
    sources: Sequence[Source],
    *,
    stop: asyncio.Event,
    random: Callable[[], float],
) -> None:
    """Run the agent until ``stop`` is set; then flush and return.

    Raises ``ConfigError`` or ``JournalError`` when it cannot start, ``JournalDamaged`` when it has to be started
    again, ``TaskDied`` when a task failed by our own fault. Everything recorded is in the journal in each case.
    """
    identity = Identity.load_or_make(config.gateway.data_dir)
    uplink = build_uplink(config)
    thread = JournalThread()
    try:
        journal = await thread.call(start_journal, config, identity, clock)
        try:
            await _serve(config, clock, sources, journal, thread, uplink, stop, random)
        finally:
            await thread.call(journal.close)
    finally:
        await uplink.close()
        thread.close()


def start_journal(config: GatewayConfig, identity: Identity, clock: Clock) -> Journal:
    """The gateway's journal, opened for writing. Raises ``JournalError``."""
    return Journal.start(
        journal_dir(config),
        GatewayName(config.gateway.name),
        sign=identity.sign,
        verify=identity.verify,
        clock=clock,
        bytes_max=config.journal.bytes_max,
    )


async def _serve(
    config: GatewayConfig,
    clock: Clock,
    sources: Sequence[Source],
    journal: Journal,
    thread: JournalThread,
    uplink: Uplink,
    stop: asyncio.Event,
    random: Callable[[], float],
) -> None:
    recorder = Recorder(
        journal,
        thread,
        clock,
        readings_commit_s=config.journal.readings_commit_s,
        on_commit=lambda: forwarder.wake(),
    )
    forwarder = Forwarder(
        journal,
        thread,
        uplink,
        clock,
        random=random,
        record=recorder.record,
        retry_max_s=config.uplink.retry_max_s,
        backfill_bytes_per_s=config.uplink.backfill_bytes_per_s,
        on_status=partial(_put_down, config.gateway.data_dir),
    )
    calendar = Calendar(config, clock, recorder.record, partial(thread.call, journal.status))
    watch = ClockWatch(
        clock,
        config.gateway.data_dir,
        recorder.record,
        step_s=config.clock.step_s,
        on_change=lambda _change: calendar.clock_changed(),
    )
    watch.doubt_a_rollback(await thread.call(last_synced_time, journal))
    recording = asyncio.create_task(recorder.run(), name="recorder")
    forwarding = asyncio.create_task(forwarder.run(), name="forwarder")
    minding = [
        asyncio.create_task(watch.run(), name="clock"),
        asyncio.create_task(calendar.run(), name="calendar"),
    ]
    listening = [asyncio.create_task(source.run(recorder.record), name=source.name) for source in sources]
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await _note(recorder, recording, clock, config, NoticeKind.STARTED)
        _log.info("gateway %s runs with %d sources", config.gateway.name, len(sources))
        done, _ = await asyncio.wait(
            [recording, forwarding, *minding, *listening, stopping], return_when=asyncio.FIRST_COMPLETED
        )
        await _end([stopping, *listening, *minding])
        await _note(recorder, recording, clock, config, NoticeKind.STOPPED)
        recorder.stop()
        await asyncio.wait([recording])
        forwarder.finish()
        await asyncio.wait([forwarding], timeout=FAREWELL_S)
    finally:
        await _end([stopping, *listening, *minding, recording, forwarding])
    _raise_for_the_dead([task for task in (recording, forwarding, *minding, *listening) if task in done])
    _raise_for_the_dead([task for task in (recording, forwarding) if not task.cancelled() and task.exception()])
    _log.info("gateway %s stopped", config.gateway.name)


def last_synced_time(journal: Journal) -> datetime | None:
    """The latest time of a synchronised record among those that wait, as far as the end of each lane tells."""
    latest: datetime | None = None
    for lane in Lane:
        for batch in journal.pending(lane, newest_first=True, bytes_max=1, batches_max=1):
            for record in _records_of(batch):
                if record.stamp.synced and (latest is None or record.stamp.at > latest):
                    latest = record.stamp.at
    return latest


def _records_of(batch: StoredBatch) -> Iterator[Record]:
    with suppress(WireError):
        for line in decode_batch(batch.raw).lines:
            with suppress(WireError):
                yield decode_record(line)


def _put_down(data_dir: Path, status: UplinkStatus) -> None:
    with suppress(OSError):  # it is for people who ask; the journal tells of the disk
        write_status(data_dir, status)


async def _note(
    recorder: Recorder, recording: asyncio.Task[None], clock: Clock, config: GatewayConfig, kind: NoticeKind
) -> None:
    """Record that the agent started or stopped, unless the recorder has died, which is told elsewhere."""
    if recording.done():
        return
    notice = Notice(stamp(clock), kind, config.gateway.name, f"the agent {kind}")
    with suppress(JournalError):
        await recorder.record(notice)


async def _end(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _raise_for_the_dead(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        cause = None if task.cancelled() else task.exception()
        if isinstance(cause, EdgeError):
            raise cause
        raise TaskDied(task.get_name()) from cause
