"""Sends again what a restored ledger has lost: it is older than its receipts, and this gateway kept what they were for.

Now and then the ledger is asked which numbers of the journal it has not got; through a broker it says so by itself,
beside its receipts. Those that are neither in the journal nor kept any longer are declared as lost, which is a case at
the ledger.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.kept_batches import KeptBatches
from edge_agent.domain.wire.journal_gaps import MISSING_PATH, Numbers, in_both, missing_of, without
from edge_agent.domain.wire.records import Lane
from edge_agent.errors import JournalDamaged, JournalError, UplinkError
from edge_agent.uplink.base import Uplink
from edge_agent.uplink.desk_client import DeskClient

EVERY_S = 300.0
LOOK_S = 15.0
"""How often it is looked whether a ledger behind a broker has said anything."""
AGAIN_S = 5.0
"""After something was sent again, or is about to be declared as lost."""
PENDING_BATCHES_MAX = 2000
"""With more to send the ledger cannot be expected to have everything; it is asked later."""
BYTES_AT_ONCE = 4 << 20

Spans = dict[Lane, list[Numbers]]
Asks = Callable[[str, dict[Lane, int]], Awaitable[Spans | None]]
"""A journal and the last number of each of its lanes -> what the ledger has not got of them; None: it has not said."""

_log = logging.getLogger("edge_agent.replay")


class Replay:
    """The task that asks."""

    def __init__(
        self,
        asks: Asks,
        journal: Journal,
        thread: JournalThread,
        kept: KeptBatches,
        *,
        wake: Callable[[], None],
        every_s: float = EVERY_S,
    ) -> None:
        """``wake`` is called when there is something to send again."""
        self._asks = asks
        self._journal = journal
        self._thread = thread
        self._kept = kept
        self._wake = wake
        self._every_s = every_s
        self._gone: Spans = {}
        self._is_told = False

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            pause_s = self._every_s
            with suppress(UplinkError):  # the forwarder tells of a link that is down
                try:
                    if await self.look():
                        pause_s = min(AGAIN_S, self._every_s)
                except JournalDamaged:
                    raise
                except JournalError as error:
                    _log.warning("what the ledger misses cannot be sent again now: %s", error)
                except (ValueError, KeyError, TypeError) as error:
                    _log.warning("the ledger's answer on what it misses cannot be read: %s", error)
            await asyncio.sleep(pause_s)

    async def look(self) -> bool:
        """Ask once; whether to ask again soon. Raises ``UplinkError``, ``JournalError`` or what a bad answer makes."""
        ends = await self._thread.call(self._journal.ends, PENDING_BATCHES_MAX)
        if not ends:
            return False
        missing = await self._asks(str(self._journal.journal), ends)
        if missing is None:
            return False
        if not missing:
            self._gone, self._is_told = {}, False
            return False
        return await self._thread.call(self._settle, missing)

    def _settle(self, missing: Spans) -> bool:
        """In the journal's thread: send again what is kept, declare what is not. Whether anything was done."""
        here = self._journal.numbers()
        wanted = {lane: left for lane, spans in missing.items() if (left := without(spans, here.get(lane, ())))}
        if not wanted:
            self._gone = {}
            return False
        if not self._is_told:
            self._is_told = True
            _log.error(
                "the ledger has not got %d records that it had acknowledged: it was restored from a backup",
                sum(last - first + 1 for spans in wanted.values() for first, last in spans),
            )
        found = self._kept.find(self._journal.journal, wanted, BYTES_AT_ONCE)
        if found:
            self._journal.take_back(found)
            _log.warning("%d acknowledged batches are sent again", len(found))
            self._gone = {}
            self._wake()
            return True
        # What was acknowledged between the question and now looks the same; only what is missing twice is lost.
        lost = {lane: in_both(spans, self._gone.get(lane, ())) for lane, spans in wanted.items()}
        self._gone = {} if any(lost.values()) else wanted
        for lane, spans in lost.items():
            self._journal.declare_lost(lane, spans)
            for first, last in spans:
                _log.error(
                    "%s %d to %d are lost: the ledger was restored, and they are kept no longer", lane, first, last
                )
        if any(lost.values()):
            self._wake()
        return True


def asked_of(client: DeskClient) -> Asks:
    """Asks the ledger itself. What it raises is what a bad answer makes, or ``UplinkError``."""

    async def ask(journal: str, ends: dict[Lane, int]) -> Spans | None:
        asked = "&".join([f"journal={journal}", *(f"{lane}={seq}" for lane, seq in ends.items())])
        answer = await client.signed_get(MISSING_PATH, asked)
        if answer is None:
            return None  # a ledger of before
        missing: Spans = {}
        for each in json.loads(answer)["missing"]:
            missing.setdefault(Lane(each["lane"]), []).append((int(each["first"]), int(each["last"])))
        return missing

    return ask


def told_beside_receipts(take_missing: Callable[[], str]) -> Asks:
    """Takes what the ledger said through a broker. Raises ``ValueError`` for what cannot be read."""

    async def ask(journal: str, ends: dict[Lane, int]) -> Spans | None:
        words = take_missing()
        if not words:
            return None
        of_journal, spans = missing_of(words)
        if of_journal != journal:
            return None
        missing: Spans = {}
        for lane, first, last in spans:
            end = ends.get(Lane(lane), 0)
            if first <= end:
                missing.setdefault(Lane(lane), []).append((first, min(last, end)))
        return missing

    return ask


def build_replay(
    client: DeskClient | None,
    uplink: Uplink,
    journal: Journal,
    thread: JournalThread,
    kept: KeptBatches,
    wake: Callable[[], None],
) -> Replay | None:
    """With a ledger that can be asked, or that says by itself through a broker what it misses; None without either."""
    if client is not None:
        return Replay(asked_of(client), journal, thread, kept, wake=wake)
    take_missing: Callable[[], str] | None = getattr(uplink, "take_missing", None)
    if take_missing is None:
        return None
    return Replay(told_beside_receipts(take_missing), journal, thread, kept, wake=wake, every_s=LOOK_S)
