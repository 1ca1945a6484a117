"""From the journal to the ledger: the only retry loop of the gateway."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.stored_batch import StoredBatch
from edge_agent.domain.wire.records import Lane, Notice, NoticeKind, Record
from edge_agent.errors import JournalDamaged, JournalError, LinkDown, Refused
from edge_agent.timekeeping.clock import Clock, stamp
from edge_agent.uplink.backfill import BACKLOG_RECORDS_MIN, Progress, TokenBucket, UplinkStatus, duration
from edge_agent.uplink.backoff import Backoff
from edge_agent.uplink.base import Outcome, Receipt, Uplink

MESSAGE_BYTES_MAX = 768 * 1024
"""Below the 1 MiB that many reverse proxies allow by default."""
MESSAGE_UNITS_FIRST = 200
MESSAGE_UNITS_MAX = 1000
"""What the ledger takes at once. A message has so many only while the ledger deals with them quickly, for its answer
must be there within ``uplink.timeout_s``; else ``MESSAGE_UNITS_FIRST``."""
QUICK_S = 2.0
RETRY_MIN_S = 1.0
STATUS_EVERY_S = 5.0

_log = logging.getLogger("edge_agent.forwarder")


@dataclass
class _Settled:
    """What the receipts of one message come to, batch by batch."""

    acknowledged: list[StoredBatch] = field(default_factory=list)
    refused: list[tuple[StoredBatch, str]] = field(default_factory=list)
    forked: list[tuple[StoredBatch, str]] = field(default_factory=list)
    unknown: str = ""
    """Why the ledger takes nothing of this gateway, if it says so."""
    unread: str = ""
    """Why the ledger cannot take a batch yet, if it says so."""

    def __bool__(self) -> bool:
        return bool(self.acknowledged or self.refused or self.forked)


class Forwarder:
    """Sends what waits: scans first, then the newest readings, then older readings from the oldest on.

    Deletes only what the ledger has acknowledged. A batch that the ledger refuses, or calls a fork, is set aside in
    the journal and does not hold up the others. As long as the ledger does not know this gateway at all, everything
    waits. A link that is down is logged once when lost and once when back.
    """

    def __init__(
        self,
        journal: Journal,
        thread: JournalThread,
        uplink: Uplink,
        clock: Clock,
        *,
        random: Callable[[], float],
        record: Callable[[Record], Awaitable[None]],
        on_acknowledged: Callable[[], None] = lambda: None,
        retry_max_s: float,
        backfill_bytes_per_s: int | None = None,
        on_status: Callable[[UplinkStatus], None] = lambda _status: None,
        work: asyncio.Event | None = None,
        retry_min_s: float = RETRY_MIN_S,
        message_bytes_max: int = MESSAGE_BYTES_MAX,
        message_units_max: int = MESSAGE_UNITS_MAX,
        keep: Callable[[Sequence[StoredBatch]], None] = lambda _batches: None,
    ) -> None:
        """``random`` gives numbers in 0..1 for the jitter; ``record`` takes the alarm a fork raises.

        ``on_acknowledged`` is called when the ledger has taken scans or notices. ``backfill_bytes_per_s`` limits older
        readings only. ``on_status`` is told, from the journal's thread, when the link comes or goes and every few
        seconds of a back-fill. ``work`` is set by whoever records something (as ``wake`` does). ``keep`` is given
        what is acknowledged, from the journal's thread, before the journal forgets it.
        """
        self._journal = journal
        self._thread = thread
        self._uplink = uplink
        self._clock = clock
        self._record = record
        self._on_acknowledged = on_acknowledged
        self._keep = keep
        self._backoff = Backoff(retry_min_s, retry_max_s, random)
        self._message_bytes_max = message_bytes_max
        self._message_units_max = message_units_max
        self._message_units = min(MESSAGE_UNITS_FIRST, message_units_max)
        self._work = work or asyncio.Event()
        self._finishing = asyncio.Event()
        self._lost_since_s: float | None = None
        self._receipt_s: float | None = None
        self._back_since_s = self._reached_s = clock.mono_s()
        self._bucket = TokenBucket(backfill_bytes_per_s, clock.mono_s()) if backfill_bytes_per_s else None
        self._newest_sent = 0  # sequence number; readings before it are of the past
        self._progress: Progress | None = None
        self._is_first = True
        self._is_forged = False
        self._on_status = on_status
        self._status = UplinkStatus(clock.now(), "up", clock.now())
        self._status_mono_s = clock.mono_s()

    @property
    def is_link_up(self) -> bool:
        """Whether the last exchange came to something."""
        return self._lost_since_s is None

    @property
    def reached_s(self) -> float:
        """When (monotonic seconds) the ledger answered last, if only with a refusal; the start if it never has."""
        return self._reached_s

    @property
    def receipt_s(self) -> float | None:
        """When (monotonic seconds) the ledger last acknowledged a batch by its signed receipt; None: not yet."""
        return self._receipt_s

    @property
    def link_since_s(self) -> float:
        """Since when (monotonic seconds) the link is as it is."""
        return self._back_since_s if self._lost_since_s is None else self._lost_since_s

    def wake(self) -> None:
        """Something was recorded. Cuts idleness short, not a pause after a failure."""
        self._work.set()

    def finish(self) -> None:
        """Send what waits if the link allows it, then let ``run`` return."""
        self._finishing.set()
        self._work.set()

    async def run(self) -> None:
        """Forward until told to finish. Raises ``JournalDamaged`` when the journal has to be opened anew."""
        await self._note_old_forks()
        while True:
            self._work.clear()
            try:
                if await self.forward_once():
                    continue
            except JournalDamaged:
                raise
            except (LinkDown, Refused, JournalError) as error:
                if isinstance(error, Refused):
                    self._reached_s = self._clock.mono_s()
                await self._note_lost(error)
                await self._pause()
                if not self._finishing.is_set():
                    continue
            if self._finishing.is_set():
                return
            await self._idle()

    async def _idle(self) -> None:
        """Wait for something to send: news, or leave to send more of the past."""
        limit_s = self._bucket.wait_s(self._clock.mono_s()) if self._bucket else 0.0
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s or None):
                await self._work.wait()

    async def forward_once(self) -> bool:
        """Send one message. False if nothing may be sent; raises ``LinkDown``, ``Refused`` or ``JournalError``."""
        batches = await self._thread.call(self._next_message)
        if not batches:
            return False
        units, self._message_units = self._message_units, min(MESSAGE_UNITS_FIRST, self._message_units_max)
        began_s = self._clock.mono_s()
        try:
            receipts = await self._uplink.send([batch.raw for batch in batches])
        finally:
            await self._note_forged()
        if self._clock.mono_s() - began_s <= QUICK_S:
            self._message_units = min(2 * units, self._message_units_max)
        settled = _settle(batches, receipts)
        if settled or settled.unknown or settled.unread:
            self._reached_s = self._clock.mono_s()
        if settled.unknown and not settled:
            raise _not_known(settled.unknown)
        if settled.unread and not settled:
            raise _not_read(settled.unread)
        if not settled:
            raise LinkDown(f"the ledger acknowledged none of {len(batches)} batches")
        await self._thread.call(self._apply, settled)
        if settled.acknowledged:
            self._receipt_s = self._clock.mono_s()
        await self._note_back()
        await self._note_progress(settled)
        await self._tell(settled)
        if any(batch.lane is Lane.SCANS for batch in settled.acknowledged):
            self._on_acknowledged()
        if settled.unknown:
            raise _not_known(settled.unknown)
        if settled.unread:
            raise _not_read(settled.unread)
        return True

    async def _note_forged(self) -> None:
        """Somebody speaks in the ledger's name: an alarm when it begins, a line in the log when it ends."""
        forged = self._uplink.forged
        if forged and not self._is_forged:
            _log.critical("%s", forged)
            data: dict[str, str | int | float | None] = {"journal": self._journal.journal}
            alarm = Notice(stamp(self._clock), NoticeKind.ALARM, "uplink/receipts", forged, data)
            with suppress(JournalError):
                await self._record(alarm)
        elif self._is_forged and not forged:
            _log.warning("receipts are the ledger's own again")
        self._is_forged = bool(forged)

    def _next_message(self) -> list[StoredBatch]:
        message: dict[int, StoredBatch] = {}
        self._fill(message, Lane.SCANS, newest_first=False, units_max=self._message_units)
        self._fill_live(message)
        self._fill_past(message)
        return list(message.values())

    def _fill_live(self, message: dict[int, StoredBatch]) -> None:
        """The newest readings, if they are newer than all that were sent: else they are part of the past."""
        if len(message) >= self._message_units:
            return
        found = self._journal.pending(Lane.READINGS, newest_first=True, bytes_max=1, batches_max=1)
        if found and self._is_own(found[0]) and found[0].first > self._newest_sent:
            self._add(message, found, self._message_bytes_max - _size(message))

    def _is_own(self, batch: StoredBatch) -> bool:
        """Batches saved from a former journal have numbers of their own, and are all of the past."""
        return batch.lane is Lane.READINGS and batch.journal == self._journal.journal

    def _fill_past(self, message: dict[int, StoredBatch]) -> None:
        if self._bucket is None:
            self._fill(message, Lane.READINGS, newest_first=False, units_max=self._message_units)
            return
        now_s = self._clock.mono_s()
        allowed = self._bucket.available(now_s)
        if allowed:
            before = _size(message)
            self._fill(message, Lane.READINGS, newest_first=False, units_max=self._message_units, bytes_max=allowed)
            self._bucket.take(_size(message) - before, now_s)

    def _fill(
        self,
        message: dict[int, StoredBatch],
        lane: Lane,
        *,
        newest_first: bool,
        units_max: int,
        bytes_max: int | None = None,
    ) -> None:
        """Add batches of ``lane`` as far as the message has room. One batch always fits an empty message."""
        bytes_left = self._message_bytes_max - _size(message)
        units_left = self._message_units - len(message)
        if bytes_left <= 0 or units_left <= 0:
            return
        found = self._journal.pending(
            lane,
            newest_first=newest_first,
            bytes_max=min(bytes_left, bytes_max or bytes_left),
            batches_max=min(units_left, units_max),
        )
        self._add(message, found, bytes_left)

    def _add(self, message: dict[int, StoredBatch], found: Iterable[StoredBatch], bytes_left: int) -> None:
        for batch in found:
            if batch.id in message:
                continue
            if not message or len(batch.raw) <= bytes_left:
                message[batch.id] = batch
                bytes_left -= len(batch.raw)

    def _apply(self, settled: _Settled) -> None:
        """In the journal's thread."""
        self._newest_sent = max([self._newest_sent, *(b.first for b in settled.acknowledged if self._is_own(b))])
        self._keep(settled.acknowledged)
        self._journal.acknowledge(settled.acknowledged)
        for batch, reason in settled.refused:
            self._journal.set_aside([batch], "refused", reason)
        for batch, reason in settled.forked:
            self._journal.set_aside([batch], "fork", reason)

    async def _tell(self, settled: _Settled) -> None:
        for batch, reason in settled.refused:
            _log.error(
                "the ledger refused %s: %s. The batch stays in the journal; see edge-agent buffer status and resend",
                _name(batch),
                reason,
            )
        if settled.forked:
            batch, reason = settled.forked[0]
            text = (
                f"{len(settled.forked)} batches are forks, the first is {_name(batch)}: {reason}. The journal was "
                "copied to another gateway or restored from an old copy"
            )
            _log.critical("%s. See edge-agent buffer new-journal", text)
            await self._publish(replace(self._status, link="forked", fork=text))
            alarm = Notice(
                stamp(self._clock),
                NoticeKind.ALARM,
                f"journal/{batch.lane}",
                text,
                {"journal": batch.journal, "lane": batch.lane.value, "first": batch.first, "count": batch.count},
            )
            await self._record(alarm)

    async def _note_old_forks(self) -> None:
        """A fork is not forgotten by a restart."""
        forked = await self._thread.call(self._journal.forked_batches)
        if forked:
            text = f"{forked} batches of journal {self._journal.journal} are forks since an earlier run"
            _log.critical("%s. See edge-agent buffer new-journal", text)
            await self._publish(replace(self._status, link="forked", fork=text))

    async def _note_lost(self, error: Exception) -> None:
        self._backoff.failed()
        if self._lost_since_s is None:
            self._lost_since_s = self._clock.mono_s()
            self._progress = None
            now = self._clock.now()
            with suppress(JournalError):
                await self._publish(UplinkStatus(now, "down", now, reason=str(error), fork=self._status.fork))
            _log.warning("link to the ledger lost: %s. The journal keeps everything meanwhile", error)

    async def _note_back(self) -> None:
        self._backoff.succeeded()
        if self._lost_since_s is None and not self._is_first:
            return
        waiting = await self._thread.call(self._journal.pending_records)
        now, now_s = self._clock.now(), self._clock.mono_s()
        if self._lost_since_s is not None:
            down_s = now_s - self._lost_since_s
            self._back_since_s = now_s
            _log.warning("link to the ledger back after %.0f s, %d records still to send", down_s, waiting)
        self._is_first, self._lost_since_s = False, None
        if waiting >= BACKLOG_RECORDS_MIN:
            self._progress = Progress(waiting, now_s, told_s=now_s)
        link = "forked" if self._status.fork else "up"
        await self._publish(UplinkStatus(now, link, now, fork=self._status.fork))

    async def _note_progress(self, settled: _Settled) -> None:
        """How far a back-fill has come: in the log now and then, in the status every few seconds."""
        if self._progress is None:
            return
        now_s = self._clock.mono_s()
        batches = [*settled.acknowledged, *(batch for batch, _ in (*settled.refused, *settled.forked))]
        self._progress = self._progress.after(sum(batch.count for batch in batches))
        if self._progress.is_done:
            took_s = now_s - self._progress.began_s
            _log.warning("back-fill done: %d records in %s", self._progress.total, duration(took_s))
            self._progress = None
            await self._publish(self._status)
            return
        if self._progress.is_worth_telling(now_s):
            _log.warning("back-fill %s", self._progress.text(now_s))
            self._progress = self._progress.told(now_s)
        if now_s - self._status_mono_s >= STATUS_EVERY_S:
            await self._publish(self._status)

    async def _publish(self, status: UplinkStatus) -> None:
        now_s, progress = self._clock.mono_s(), self._progress
        eta_s = progress.eta_s(now_s) if progress else None
        self._status_mono_s = now_s
        self._status = replace(
            status,
            as_of=self._clock.now(),
            backfill_total=progress.total if progress else None,
            backfill_sent=progress.sent if progress else None,
            backfill_records_per_s=round(progress.rate(now_s), 1) if progress else None,
            backfill_eta_s=round(eta_s, 1) if eta_s is not None else None,
        )
        await self._thread.call(self._on_status, self._status)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.pause_s()):
                await self._finishing.wait()


def _settle(batches: Iterable[StoredBatch], receipts: Iterable[Receipt]) -> _Settled:
    """A batch counts as acknowledged only if no receipt for it says otherwise."""
    by_digest: dict[str, dict[Outcome, str]] = {}
    for receipt in receipts:
        by_digest.setdefault(receipt.digest, {})[receipt.outcome] = receipt.reason
    settled = _Settled()
    for batch in batches:
        outcomes = by_digest.get(batch.digest, {})
        if Outcome.FORK in outcomes:
            settled.forked.append((batch, outcomes[Outcome.FORK]))
        elif Outcome.REFUSED in outcomes:
            settled.refused.append((batch, outcomes[Outcome.REFUSED]))
        elif Outcome.UNKNOWN in outcomes:
            settled.unknown = settled.unknown or outcomes[Outcome.UNKNOWN] or "it says no more"
        elif Outcome.UNREAD in outcomes:
            settled.unread = settled.unread or outcomes[Outcome.UNREAD] or "it says no more"
        elif outcomes:
            settled.acknowledged.append(batch)
    return settled


def _not_known(reason: str) -> Refused:
    return Refused(
        f"the ledger does not know this gateway: {reason}. Enrol it (cloud-sync gateway invite NAME, then edge-agent "
        "enroll --code CODE): the backlog is then sent automatically"
    )


def _not_read(reason: str) -> Refused:
    return Refused(f"the ledger is older than this gateway: {reason}. Everything waits here until it is newer")


def _size(message: dict[int, StoredBatch]) -> int:
    return sum(len(batch.raw) for batch in message.values())


def _name(batch: StoredBatch) -> str:
    return f"{batch.lane} {batch.first}..{batch.first + batch.count - 1} of journal {batch.journal}"
