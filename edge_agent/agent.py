"""The composition root: journal, recorder, forwarder and sources, started together and stopped cleanly."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge_agent.buffer.desk_store import Desk
from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.kept_batches import KeptBatches
from edge_agent.buffer.opening import start_journal
from edge_agent.buffer.read_back import last_synced_time, scans_in, waiting_in
from edge_agent.buffer.recorder import Recorder
from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.dock_context import DockContext
from edge_agent.dock.lamps import Lamps
from edge_agent.dock.offline_stock import SINCE_MAX
from edge_agent.dock.status_model import LinkStatus, MachineStatus, StatusModel
from edge_agent.dock.status_server import StatusServer
from edge_agent.domain.monitoring.thinning import MustKeep
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.drivers.base import Source
from edge_agent.errors import ConfigError, EdgeError, JournalError
from edge_agent.fleet.build import fleet_link
from edge_agent.fleet.link import FleetLink, Hands
from edge_agent.host.malloc import give_back
from edge_agent.host.systemd import notify, notify_reloading
from edge_agent.runtime.live_values import Live
from edge_agent.runtime.scheduled_jobs import Calendar
from edge_agent.runtime.source_supervisor import Plan, Sources
from edge_agent.runtime.watchdog import Watchdog
from edge_agent.timekeeping.clock import Clock, stamp
from edge_agent.timekeeping.watch import ClockWatch
from edge_agent.uplink.backfill import UplinkStatus, write_status
from edge_agent.uplink.base import Uplink
from edge_agent.uplink.build import build_desk_client, build_uplink
from edge_agent.uplink.desk_client import DeskClient, DeskPuller
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.replay import build_replay
from edge_agent.uplink.witness import Witness

FAREWELL_S = 3.0
"""How long a stopping agent tries to send its last words. They are in the journal anyway."""

JOURNAL_SHOWN_S = 10.0
"""How often the page's figures of the journal are read anew: they cost a look at every row."""

LINK_SHOWN_S = 5.0
"""How often the lamps are told for how long the ledger has not been reached."""

_log = logging.getLogger("edge_agent")


class TaskDied(Exception):
    """A task that runs for as long as the agent ended unexpectedly: our bug. The cause is chained."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} ended unexpectedly")
        self.name = name


def journal_dir(config: GatewayConfig) -> Path:
    """Where the journal is."""
    return config.gateway.data_dir / "journal"


@dataclass(frozen=True)
class Reload:
    """How a running agent takes a changed configuration: when ``wanted`` is set, it and its plans are read ``anew``.
    With its ``path`` the ledger may hand out another one."""

    wanted: asyncio.Event
    anew: Callable[[], tuple[GatewayConfig, tuple[Plan, ...]]]
    path: Path | None = None


async def run(
    config: GatewayConfig,
    clock: Clock,
    sources: Sequence[Source | Plan],
    *,
    stop: asyncio.Event,
    random: Callable[[], float],
    dock_context: DockContext | None = None,
    reload: Reload | None = None,
    on_page: Callable[[str], None] = lambda _url: None,
) -> None:
    """Run the agent until ``stop`` is set; then flush and return.

    ``dock_context`` is what the sources were planned with; without it there is neither desk nor page. ``on_page`` is
    called with the address of the page, once it is there.
    Raises ``ConfigError`` or ``JournalError`` when it cannot start, ``JournalDamaged`` when it has to be started
    again, ``TaskDied`` when a task failed by our own fault. Everything recorded is in the journal in each case.
    """
    identity = Identity.load_or_make(config.gateway.data_dir)
    uplink = build_uplink(config)
    thread = JournalThread()
    plans = tuple(source if isinstance(source, Plan) else Plan(source, source) for source in sources)
    try:
        must_keep = dock_context.local_holds.is_outside if dock_context is not None else None
        journal = await thread.call(start_configured_journal, config, identity, clock, must_keep)
        try:
            agent = _Agent(config, clock, journal, thread, uplink, identity, random, dock_context, on_page)
            await agent.serve(plans, stop, reload)
        finally:
            await thread.call(journal.close)
    finally:
        await uplink.close()
        thread.close()


def start_configured_journal(
    config: GatewayConfig, identity: Identity, clock: Clock, must_keep: MustKeep | None = None
) -> Journal:
    """The gateway's journal, opened for writing. Raises ``JournalError``."""
    return start_journal(
        journal_dir(config),
        GatewayName(config.gateway.name),
        sign=identity.sign,
        verify=identity.verify,
        clock=clock,
        bytes_max=config.journal.bytes_max,
        reserve_bytes=config.journal.reserve_bytes,
        thin_window_s=config.journal.thin_window_s or None,
        must_keep=must_keep,
    )


class _Agent:
    """The parts, put together."""

    def __init__(
        self,
        config: GatewayConfig,
        clock: Clock,
        journal: Journal,
        thread: JournalThread,
        uplink: Uplink,
        identity: Identity,
        random: Callable[[], float],
        dock_context: DockContext | None,
        on_page: Callable[[str], None],
    ) -> None:
        self._config = config
        self._on_page = on_page
        self._clock = clock
        self._journal = journal
        self._thread = thread
        self._dock = dock_context
        self._journal_status: JournalStatus | None = None
        committed = asyncio.Event()
        self._recorder = Recorder(
            journal,
            thread,
            clock,
            readings_commit_s=config.journal.readings_commit_s,
            on_commit=committed.set,
        )
        client = build_desk_client(config, identity, clock)
        if client is None and dock_context is not None:
            _log.warning("no desk is asked for: the uplink is a broker. Write [desk] url = the ledger's https address")
        self._puller: DeskPuller[tuple[frozenset[str], bool]] | None = None
        self._witness: Witness | None = None
        if dock_context is not None and client is not None:
            self._puller = _puller(config, clock, dock_context, client, self._before_pull, self._take)
            data_dir = config.gateway.data_dir
            self._witness = Witness(client, config.gateway.name, identity, clock, data_dir, self._recorder.record)
        section = config.journal
        self._kept = KeptBatches(
            config.gateway.data_dir, clock, hours=section.kept_hours, bytes_max=section.kept_bytes_max
        )
        self._forwarder = self._forwarder_of(uplink, random, committed)
        self._client = client
        self._fleet: FleetLink | None = None
        self._replay = build_replay(client, uplink, journal, thread, self._kept, self._forwarder.wake)
        self._calendar = self._calendar_of()
        self._clock_watch = self._clock_watch_of(self._calendar)
        self._watchdog = Watchdog(clock, self._recorder, thread)
        self._live = Live(config, clock)
        self._sources = Sources(self._live.listening_in(self._keep), self._watchdog.progress, self._answered)
        self._status_server = (
            StatusServer(config.page, dock_context.status_model, self._machine, self._downtime_pack)
            if dock_context and config.page.enabled
            else None
        )

    def _forwarder_of(self, uplink: Uplink, random: Callable[[], float], committed: asyncio.Event) -> Forwarder:
        return Forwarder(
            self._journal,
            self._thread,
            uplink,
            self._clock,
            random=random,
            record=self._recorder.record,
            on_acknowledged=self._puller.wake if self._puller else lambda: None,
            retry_max_s=self._config.uplink.retry_max_s,
            backfill_bytes_per_s=self._config.uplink.backfill_bytes_per_s,
            on_status=partial(_put_down, self._config.gateway.data_dir),
            work=committed,
            keep=self._kept.keep,
        )

    def _calendar_of(self) -> Calendar:
        return Calendar(
            self._config,
            self._clock,
            self._recorder.record,
            partial(self._thread.call, self._journal.status),
            downtime_pack=self._downtime_pack if self._dock is not None else None,
        )

    def _clock_watch_of(self, calendar: Calendar) -> ClockWatch:
        return ClockWatch(
            self._clock,
            self._config.gateway.data_dir,
            self._recorder.record,
            step_s=self._config.clock.step_s,
            on_change=lambda _change: calendar.clock_changed(),
        )

    async def serve(self, plans: Sequence[Plan], stop: asyncio.Event, reload: Reload | None) -> None:
        """All tasks, until one dies or ``stop`` is set; then everything is flushed."""
        self._clock_watch.doubt_a_rollback(await self._thread.call(last_synced_time, self._journal))
        recording = asyncio.create_task(self._recorder.run(), name="recorder")
        forwarding = asyncio.create_task(self._forwarder.run(), name="forwarder")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        helping = await self._start_helpers()
        if reload is not None and reload.path is not None and self._client is not None:
            hands = Hands(
                reload.wanted.set, stop.set, self._recorder.record, lambda: self._forwarder.receipt_s,
                partial(self._thread.call, self._journal.status),
            )  # fmt: skip
            self._fleet = fleet_link(self._config, reload.path, self._client, self._clock, hands)
            helping.append(asyncio.create_task(self._fleet.run(), name="fleet"))
        showing = asyncio.create_task(self._live.serve(self._config.gateway.data_dir), name="live")
        try:
            await self._note(recording, NoticeKind.STARTED)
            await self._sources.swap(plans)
            _log.info("gateway %s runs with %d sources", self._config.gateway.name, len(plans))
            notify("READY=1", f"STATUS={len(plans)} sources")
            give_back()
            done = await self._until_the_end([recording, forwarding, stopping, *helping], reload)
            notify("STOPPING=1")
            listening = self._sources.tasks
            await _end([stopping, *helping])
            await self._sources.end()
            await self._note(recording, NoticeKind.STOPPED)
            self._recorder.stop()
            await asyncio.wait([recording])
            self._forwarder.finish()
            await asyncio.wait([forwarding], timeout=FAREWELL_S)
        finally:
            if self._status_server is not None:
                await self._status_server.close()
            await self._sources.end()
            await _end([stopping, showing, recording, forwarding, *helping])
            await self._thread.call(self._kept.close)
        _raise_for_the_dead([task for task in (recording, forwarding, *helping, *listening) if task in done])
        _raise_for_the_dead([task for task in (recording, forwarding) if not task.cancelled() and task.exception()])
        _log.info("gateway %s stopped", self._config.gateway.name)

    async def _start_helpers(self) -> list[asyncio.Task[None]]:
        """What the recording does not depend on. The page failing to listen is told, and stops nothing."""
        helpers: list[asyncio.Task[None]] = [
            asyncio.create_task(self._clock_watch.run(), name="clock"),
            asyncio.create_task(self._calendar.run(), name="calendar"),
            asyncio.create_task(self._watchdog.run(), name="watchdog"),
        ]
        if self._replay is not None:
            helpers.append(asyncio.create_task(self._replay.run(), name="replay"))
        if self._dock is not None:
            self._dock.remember(await self._thread.call(scans_in, self._journal, SINCE_MAX))
            if self._puller is not None:
                helpers.append(asyncio.create_task(self._puller.run(), name="desk"))
            helpers.append(asyncio.create_task(self._show_journal(self._dock.status_model), name="status"))
            if self._dock.lamps is not None:
                helpers.append(asyncio.create_task(self._watch_the_ledger(self._dock.lamps), name="ledger lamp"))
        if self._status_server is not None:
            try:
                await self._status_server.start()
                self._on_page(self._status_server.url)
            except OSError as error:
                _log.error("the local page cannot listen: %s. Correct [page] host or port; all else runs on", error)
        return helpers

    async def _until_the_end(self, fixed: list[asyncio.Task[Any]], reload: Reload | None) -> set[asyncio.Task[Any]]:
        while True:
            wanted = [asyncio.create_task(reload.wanted.wait(), name="reload")] if reload else []
            try:
                done, _ = await asyncio.wait(
                    [*fixed, *self._sources.tasks, *wanted], return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                await _end(wanted)
            if reload is None or done != set(wanted):
                return done - set(wanted)
            reload.wanted.clear()
            await self._reload(reload)

    async def _reload(self, reload: Reload) -> None:
        """Swap what changed. A configuration with faults changes nothing. The journal is never touched."""
        notify_reloading()
        try:
            config, plans = reload.anew()
            changed = await self._sources.swap(plans)
            self._live.follow(config)
            _log.info("configuration reloaded: %s", f"changed {', '.join(changed)}" if changed else "no source changed")
        except ConfigError as error:
            _log.error("new configuration rejected; still running the previous one: %s", "; ".join(error.faults))
            if self._fleet is not None:
                self._fleet.reload_failed(error)
        notify("READY=1", f"STATUS={len(self._sources.tasks)} sources")

    async def _keep(self, record: Record) -> None:
        """Record it, and what follows from it. Raises ``JournalError`` for a scan that could not be kept."""
        await self._recorder.record(record)
        if self._dock is not None:
            for notice in await self._dock.recorded(record):
                with suppress(JournalError):
                    await self._recorder.record(notice)

    def _answered(self, device: str, latency_s: float) -> None:
        self._live.answered(device, latency_s)
        if self._dock is not None:
            self._dock.status_model.latency_s[device] = latency_s

    async def _before_pull(self) -> tuple[frozenset[str], bool]:
        """The transactions that the ledger has by now, and whether it has everything."""
        if self._dock is None:
            return frozenset(), False
        since = self._dock.offline_stock.since
        is_quiet = self._dock.local_holds.quiet_s() > 2 * self._config.journal.readings_commit_s + 1
        still_here, waiting = await self._thread.call(waiting_in, self._journal, SINCE_MAX)
        return since - still_here, is_quiet and waiting == 0

    async def _take(self, desk: Desk, token: tuple[frozenset[str], bool]) -> None:
        if self._dock is not None:
            contained, has_everything = token
            self._dock.take(desk, contained)
            if has_everything:
                await self._dock.ledger_has_spoken()
        if self._witness is not None:
            await self._witness.look()

    async def _show_journal(self, status_model: StatusModel) -> None:
        while True:
            with suppress(JournalError):
                self._journal_status = await self._thread.call(self._journal.status)
                status_model.changed()
            await asyncio.sleep(JOURNAL_SHOWN_S)

    async def _watch_the_ledger(self, lamps: Lamps) -> None:
        """The lamps that say for how long the ledger has not been reached."""
        while True:
            lamps.ledger_unreachable(self._ledger_unreachable_s())
            await asyncio.sleep(LINK_SHOWN_S)

    def _ledger_unreachable_s(self) -> float:
        """For how long it has answered nothing, neither what the journal sent nor a question for the desk; 0 if nothing
        that was sent since is without an answer."""
        is_missed = not self._forwarder.is_link_up or (self._puller is not None and bool(self._puller.trouble))
        reached_s = max(self._forwarder.reached_s, self._puller.reached_s if self._puller is not None else 0.0)
        return self._clock.mono_s() - reached_s if is_missed else 0.0

    async def _downtime_pack(self) -> bytes:
        """The downtime pack of now, kept on the disk as well."""
        assert self._dock is not None  # noqa: S101 - without a dock nobody asks
        packs = self._dock.downtime_packs
        return await asyncio.to_thread(packs.keep, packs.collect())

    def _machine(self) -> MachineStatus:
        link = LinkStatus(self._forwarder.is_link_up, self._clock.mono_s() - self._forwarder.link_since_s)
        faults = self._watchdog.faults()
        if self._witness is not None and self._witness.trouble:
            faults = (*faults, self._witness.trouble)
        return MachineStatus(link, faults, self._journal_status)

    async def _note(self, recording: asyncio.Task[None], kind: NoticeKind) -> None:
        """Record that the agent started or stopped, unless the recorder has died, which is told elsewhere."""
        if recording.done():
            return
        name = self._config.gateway.name
        with suppress(JournalError):
            await self._recorder.record(Notice(stamp(self._clock), kind, name, f"the agent {kind}"))


def _put_down(data_dir: Path, status: UplinkStatus) -> None:
    with suppress(OSError):  # it is for people who ask; the journal tells of the disk
        write_status(data_dir, status)


def _puller(
    config: GatewayConfig,
    clock: Clock,
    dock_context: DockContext,
    client: DeskClient,
    before: Callable[[], Awaitable[tuple[frozenset[str], bool]]],
    take: Callable[[Desk, tuple[frozenset[str], bool]], Awaitable[None]],
) -> DeskPuller[tuple[frozenset[str], bool]]:
    return DeskPuller(
        client,
        clock,
        pull_s=config.desk.pull_s,
        before=before,
        take=take,
        keep=dock_context.store.keep,
        known=dock_context.desk,
    )


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _raise_for_the_dead(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        cause = None if task.cancelled() else task.exception()
        if isinstance(cause, EdgeError):
            raise cause
        raise TaskDied(task.get_name()) from cause
