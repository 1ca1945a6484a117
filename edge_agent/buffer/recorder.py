"""The door to the journal for everything that runs on the event loop: scans at once, readings gathered."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.stored_batch import JournalLine, line_of, unjournaled_gap_notice
from edge_agent.domain.wire.records import Lane, Notice, Reading, Record
from edge_agent.errors import JournalDamaged, JournalError
from edge_agent.timekeeping.clock import Clock, stamp

READINGS_PER_COMMIT_MAX = 5_000
READINGS_BYTES_MAX = 1 << 20
QUEUE_RECORDS_MAX = 20_000
NOTICES_WAITING_MAX = 1_000

_log = logging.getLogger("edge_agent.recorder")


@dataclass(frozen=True)
class _Lost:
    """Readings given up before they reached the journal."""

    count: int = 0
    from_ms: int = 0
    until_ms: int = 0

    def plus(self, line: JournalLine) -> "_Lost":
        if not self.count:
            return _Lost(1, line.at_ms, line.at_ms)
        return _Lost(self.count + 1, min(self.from_ms, line.at_ms), max(self.until_ms, line.at_ms))

    def minus(self, declared: "_Lost") -> "_Lost":
        return replace(self, count=self.count - declared.count)


@dataclass
class _Waiting:
    """A scan or notice whose sender waits for the disk."""

    line: JournalLine
    done: asyncio.Future[None]
    may_wait_on: bool


class Recorder:
    """Commits records in groups. ``run`` it as a task; call ``record`` from anywhere on the loop.

    Scans and notices are committed as soon as the disk is free, those that arrive meanwhile together. Readings are
    committed every ``readings_commit_s``, or sooner when there are many.

    While the disk refuses: a scan is an error to its sender, who must not believe it is kept; readings and notices
    wait in memory up to a limit, beyond which the oldest are given up and counted in a gap notice once the disk is
    back. The loss and the recovery are logged once each.
    """

    def __init__(
        self,
        journal: Journal,
        thread: JournalThread,
        clock: Clock,
        *,
        readings_commit_s: float = 5.0,
        queue_records_max: int = QUEUE_RECORDS_MAX,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._thread = thread
        self._clock = clock
        self._readings_commit_s = readings_commit_s
        self._queue_records_max = queue_records_max
        self._on_commit = on_commit
        self._scans: deque[_Waiting] = deque()
        self._notices: deque[JournalLine] = deque()  # kept through a disk failure
        self._readings: deque[JournalLine] = deque()
        self._readings_bytes = 0
        self._readings_due_s: float | None = None
        self._lost = _Lost()
        self._failing_since_s: dict[Lane, float] = {}
        self._attempts = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._stopping = False

    async def record(self, record: Record) -> None:
        """Keep ``record``. For scans and notices it returns after fsync; for readings once they are queued, which
        may wait while the journal is busy.

        Raises ``JournalError`` for a scan that could not be kept, and for anything once the agent is stopping.
        """
        if self._stopping:
            raise JournalError("the agent is stopping: nothing more is recorded")
        line = line_of(record)
        if isinstance(record, Reading):
            await self._queue_reading(line)
        else:
            await self._commit_now(line, may_wait_on=isinstance(record, Notice))

    async def run(self) -> None:
        """Commit until :meth:`stop` is called; what was recorded before that is flushed first.

        Raises ``JournalDamaged`` when the journal has to be opened anew.
        """
        try:
            while not self._stopping:
                await self._wait_for_work()
                await self._commit_scans()
                if self._readings_are_due():
                    await self._commit_readings()
            await self._commit_scans()
            await self._commit_readings(all_of_them=True)
        finally:
            self._stopping = True
            self._room.set()
            for waiting in self._scans:
                if not waiting.done.done():
                    waiting.done.set_exception(JournalError("the agent stopped before this was saved"))

    @property
    def failing(self) -> tuple[Lane, ...]:
        """Lanes that the disk refuses now."""
        return tuple(self._failing_since_s)

    @property
    def attempts(self) -> int:
        """Appends that have come to an end, well or not. It grows as long as commits make progress."""
        return self._attempts

    def has_work(self) -> bool:
        """Whether something waits that should be committed by now."""
        return bool(self._scans) or self._readings_are_due()

    def stop(self) -> None:
        """Take nothing more; ``run`` flushes and returns."""
        self._stopping = True
        self._work.set()
        self._room.set()

    async def _queue_reading(self, line: JournalLine) -> None:
        while len(self._readings) >= self._queue_records_max and not self._stopping:
            if Lane.READINGS in self._failing_since_s:
                self._give_up_oldest()
            else:
                self._room.clear()
                self._work.set()
                await self._room.wait()
        self._readings.append(line)
        self._readings_bytes += len(line.raw)
        if self._readings_due_s is None:
            self._readings_due_s = asyncio.get_running_loop().time() + self._readings_commit_s
            self._work.set()
        if self._is_a_full_group() and Lane.READINGS not in self._failing_since_s:
            self._work.set()

    async def _commit_now(self, line: JournalLine, *, may_wait_on: bool) -> None:
        waiting = _Waiting(line, asyncio.get_running_loop().create_future(), may_wait_on)
        self._scans.append(waiting)
        self._work.set()
        await waiting.done

    async def _wait_for_work(self) -> None:
        if not self._scans and not self._readings_are_due():
            timeout_s = None
            if self._readings_due_s is not None:
                timeout_s = max(0.0, self._readings_due_s - asyncio.get_running_loop().time())
            try:
                async with asyncio.timeout(timeout_s):
                    await self._work.wait()
            except TimeoutError:
                pass  # readings are due
        self._work.clear()

    def _readings_are_due(self) -> bool:
        if self._readings_due_s is None:
            return False
        is_time = asyncio.get_running_loop().time() >= self._readings_due_s
        return is_time or (self._is_a_full_group() and Lane.READINGS not in self._failing_since_s)

    def _is_a_full_group(self) -> bool:
        return (
            len(self._readings) >= min(READINGS_PER_COMMIT_MAX, self._queue_records_max)
            or self._readings_bytes >= READINGS_BYTES_MAX
        )

    async def _commit_scans(self) -> None:
        group = list(self._scans)
        if not group:
            return
        try:
            await self._append(Lane.SCANS, [*self._backlog(), *(waiting.line for waiting in group)])
        except JournalDamaged:
            raise
        except JournalError as error:
            for waiting in group:
                self._scans.popleft()
                self._answer_failed(waiting, error)
            return
        for waiting in group:
            self._scans.popleft()
            if not waiting.done.done():
                waiting.done.set_result(None)

    def _answer_failed(self, waiting: _Waiting, error: JournalError) -> None:
        if waiting.may_wait_on:
            if len(self._notices) == NOTICES_WAITING_MAX:
                self._notices.popleft()
            self._notices.append(waiting.line)
        if waiting.done.done():
            return
        if waiting.may_wait_on:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(error)

    async def _commit_readings(self, *, all_of_them: bool = False) -> None:
        """What waits now, group by group; on failure it stays and is tried again in a while."""
        left = len(self._readings)
        await self._commit_backlog()
        try:
            while left > 0 and self._readings:
                group = [self._readings[at] for at in range(min(left, READINGS_PER_COMMIT_MAX, len(self._readings)))]
                await self._append(Lane.READINGS, group)
                left -= len(group)
                self._forget_readings(group)
                if self._scans and not all_of_them:
                    await self._commit_scans()
        except JournalDamaged:
            raise
        except JournalError:
            if all_of_them:
                _log.error("%d readings could not be saved at shutdown: the disk refuses writes", len(self._readings))
        now_s = asyncio.get_running_loop().time()
        self._readings_due_s = now_s + self._readings_commit_s if self._readings or self._backlog() else None

    async def _commit_backlog(self) -> None:
        """Apart from the readings: one lane that is refused must not hide the state of the other."""
        backlog = self._backlog()
        if not backlog:
            return
        try:
            await self._append(Lane.SCANS, backlog)
        except JournalDamaged:
            raise
        except JournalError:
            return  # noted, and tried again with the next readings

    def _forget_readings(self, group: list[JournalLine]) -> None:
        for line in group:
            # Lines given up while the append ran were counted as lost then: they never leave the left end twice.
            if self._readings and self._readings[0] is line:
                self._readings.popleft()
                self._readings_bytes -= len(line.raw)
        self._room.set()

    def _give_up_oldest(self) -> None:
        line = self._readings.popleft()
        self._readings_bytes -= len(line.raw)
        self._lost = self._lost.plus(line)

    def _backlog(self) -> list[JournalLine]:
        """Notices that waited for the disk, and what was lost while they did."""
        lines = list(self._notices)
        if self._lost.count:
            lost = self._lost
            notice = unjournaled_gap_notice(
                stamp(self._clock), lost.count, lost.from_ms, lost.until_ms, "the disk did not take them"
            )
            lines.append(line_of(notice))
        return lines

    async def _append(self, lane: Lane, lines: list[JournalLine]) -> None:
        """One durable append. Notices that waited are part of any append to the scans lane."""
        waited, lost = len(self._notices), self._lost
        try:
            await self._thread.call(self._journal.append_lines, lane, lines)
        except JournalDamaged:
            raise
        except JournalError as error:
            self._note_failure(lane, error)
            raise
        finally:
            self._attempts += 1
        if lane is Lane.SCANS:
            for _ in range(waited):
                self._notices.popleft()
            self._lost = self._lost.minus(lost)
        self._note_success(lane)
        self._on_commit()

    def _note_failure(self, lane: Lane, error: JournalError) -> None:
        if lane not in self._failing_since_s:
            self._failing_since_s[lane] = self._clock.mono_s()
            self._room.set()
            _log.error("%s cannot be saved: %s. %s", lane, error, _MEANWHILE[lane])
        if self._readings_due_s is None:
            self._readings_due_s = asyncio.get_running_loop().time() + self._readings_commit_s

    def _note_success(self, lane: Lane) -> None:
        since_s = self._failing_since_s.pop(lane, None)
        if since_s is not None:
            _log.warning("%s are saved again, after %.0f s", lane, self._clock.mono_s() - since_s)


_MEANWHILE = {
    Lane.SCANS: "Scans are refused meanwhile",
    Lane.READINGS: "They wait in memory meanwhile",
}
