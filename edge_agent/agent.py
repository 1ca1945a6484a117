"""The composition root: journal, recorder, forwarder and sources, started together and stopped cleanly."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.recorder import Recorder
from edge_agent.buffer.thread import JournalThread
from edge_agent.clock import Clock, stamp
from edge_agent.config import GatewayConfig
from edge_agent.domain.ids import GatewayName
from edge_agent.domain.records import Notice, NoticeKind
from edge_agent.drivers.base import Source
from edge_agent.errors import EdgeError, JournalError
from edge_agent.live import Live
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
        journal = await thread.call(_start_journal, config, identity, clock)
        try:
            await _serve(config, clock, sources, journal, thread, uplink, stop, random)
        finally:
            await thread.call(journal.close)
    finally:
        await uplink.close()
        thread.close()


def _start_journal(config: GatewayConfig, identity: Identity, clock: Clock) -> Journal:
    return Journal.start(
        journal_dir(config),
        GatewayName(config.gateway.name),
        sign=identity.sign,
        verify=identity.verify,
        clock=clock,
        bytes_max=config.journal.bytes_max,
        reserve_bytes=config.journal.reserve_bytes,
        thin_window_s=config.journal.thin_window_s or None,
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
    )
    recording = asyncio.create_task(recorder.run(), name="recorder")
    forwarding = asyncio.create_task(forwarder.run(), name="forwarder")
    live = Live(config, clock)
    emit = live.listening_in(recorder.record)
    listening = [asyncio.create_task(source.run(emit), name=source.name) for source in sources]
    showing = asyncio.create_task(live.serve(config.gateway.data_dir), name="live")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await _note(recorder, recording, clock, config, NoticeKind.STARTED)
        _log.info("gateway %s runs with %d sources", config.gateway.name, len(sources))
        done, _ = await asyncio.wait([recording, forwarding, *listening, stopping], return_when=asyncio.FIRST_COMPLETED)
        await _end([stopping, *listening])
        await _note(recorder, recording, clock, config, NoticeKind.STOPPED)
        recorder.stop()
        await asyncio.wait([recording])
        forwarder.finish()
        await asyncio.wait([forwarding], timeout=FAREWELL_S)
    finally:
        await _end([stopping, showing, *listening, recording, forwarding])
    _raise_for_the_dead([task for task in (recording, forwarding, *listening) if task in done])
    _raise_for_the_dead([task for task in (recording, forwarding) if not task.cancelled() and task.exception()])
    _log.info("gateway %s stopped", config.gateway.name)


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
