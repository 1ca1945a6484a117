"""Watches the wall clock against the monotonic one, and records what happens to it: steps, and synchronisation."""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from edge_agent.domain.wire.clocks import Cause, ClockChange, ClockSample, ClockTrack, observe, start
from edge_agent.domain.wire.ids import BootId
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.errors import JournalError
from edge_agent.host.fsync import sync_directory
from edge_agent.timekeeping.clock import Clock, stamp

STATE_FILE = "clock.json"
CHECK_S = 1.0
SAVE_S = 600.0
"""How often the time is put down for the next start; a card wears little by it."""
BOTH_READ_WITHIN_S = 0.05
READ_ATTEMPTS = 5
ROLLED_BACK_S = 2.0
"""A clock that is behind the last record by less than this was read by two hands, not rolled back."""

_log = logging.getLogger("edge_agent.clock")


class ClockWatch:
    """Run it as a task. ``on_change`` is told of each change after it was recorded.

    What it knows is kept in ``data_dir/clock.json``, so that a step or a synchronisation while the agent was down
    is seen on its next start in the same boot, and a clock that starts before the last record is not believed.
    """

    def __init__(
        self,
        clock: Clock,
        data_dir: Path,
        record: Callable[[Record], Awaitable[None]],
        *,
        step_s: float,
        on_change: Callable[[ClockChange], None] = lambda _change: None,
        check_s: float = CHECK_S,
    ) -> None:
        self._clock = clock
        self._path = data_dir / STATE_FILE
        self._record = record
        self._step_ms = round(step_s * 1000)
        self._on_change = on_change
        self._check_s = check_s
        self._saved_mono_s = 0.0
        self._source_synced = clock.source_says_synced()
        self._track, self._latest_ms = self._load()

    def doubt_a_rollback(self, last_record_at: datetime | None) -> None:
        """Call it before anything is recorded. ``last_record_at`` is the latest synchronised time in the journal."""
        known_ms = [ms for ms in (self._latest_ms, _ms(last_record_at) if last_record_at else None) if ms is not None]
        latest_ms = max(known_ms, default=None)
        behind_ms = latest_ms - _ms(self._clock.now()) if latest_ms is not None else 0
        if latest_ms is not None and behind_ms > ROLLED_BACK_S * 1000:
            self._clock.doubt_before(datetime.fromtimestamp(latest_ms / 1000, UTC))
            _log.warning(
                "the clock is %.0f s behind the last record: it was rolled back (an empty clock battery?). Records are "
                "marked as not synchronised until it is synchronised or has caught up", behind_ms / 1000,
            )  # fmt: skip

    async def run(self) -> None:
        """Watch until cancelled."""
        if not self._clock.is_synced():
            _log.warning("the clock is not synchronised: records are marked so until it is")
        try:
            while True:
                await self.look()
                await asyncio.sleep(self._check_s)
        finally:
            self._save()

    async def look(self) -> None:
        """One look at both clocks; records what happened since the last one."""
        self._believe_a_new_synchronisation()
        sample = self._sample()
        change = None
        if self._track is None:
            self._track = start(sample)
        else:
            self._track, change = observe(self._track, sample, step_ms=self._step_ms)
        if sample.synced:
            self._latest_ms = max(self._latest_ms or 0, sample.wall_ms)
        if change is not None:
            await self._tell(change)
        if change is not None or self._clock.mono_s() - self._saved_mono_s >= SAVE_S or not self._saved_mono_s:
            await asyncio.to_thread(self._save)

    def _believe_a_new_synchronisation(self) -> None:
        """Who synchronises anew knows better than the last record."""
        was, self._source_synced = self._source_synced, self._clock.source_says_synced()
        if self._source_synced and not was:
            self._clock.doubt_before(None)
            self._latest_ms = None

    async def _tell(self, change: ClockChange) -> None:
        _log.warning("%s", change.text)
        with suppress(JournalError):  # the recorder keeps notices through a disk failure; else the agent is stopping
            await self._record(Notice(stamp(self._clock), NoticeKind.CLOCK, "clock", change.text, change.data))
        if change.cause is Cause.STEP and change.offset_ms < 0:
            self._latest_ms = change.after.wall_ms if change.after.synced else self._latest_ms
        self._on_change(change)

    def _sample(self) -> ClockSample:
        """Both clocks at one instant; read again if the computer was busy in between, which would look like a step."""
        for _ in range(READ_ATTEMPTS):
            before_s = self._clock.mono_s()
            wall, synced = self._clock.now(), self._clock.is_synced()
            mono_s = self._clock.mono_s()
            if mono_s - before_s <= BOTH_READ_WITHIN_S:
                break
        return ClockSample(_ms(wall), int(mono_s * 1000), self._clock.boot, synced)

    def _load(self) -> tuple[ClockTrack | None, int | None]:
        try:
            state = json.loads(self._path.read_text())
            last = ClockSample(**{**state["last"], "boot": BootId(state["last"]["boot"])})
            return ClockTrack(last, int(state["base_ms"])), state["latest_ms"]
        except (OSError, ValueError, KeyError, TypeError):
            return None, None  # the first start; or a torn file, which costs a notice at most

    def _save(self) -> None:
        if self._track is None:
            return
        self._saved_mono_s = self._clock.mono_s()
        state = {"last": asdict(self._track.last), "base_ms": self._track.base_ms, "latest_ms": self._latest_ms}
        fresh = self._path.with_name(f".{STATE_FILE}.new")
        try:
            with fresh.open("w") as file:
                json.dump(state, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            sync_directory(self._path.parent)
        except OSError as error:
            _log.debug("the time could not be put down: %s", error)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
