"""A gateway that appends and forwards until it is killed, telling each append that returned."""

import asyncio
import os
import random
from pathlib import Path

from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.records import Lane, Record
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.https import HttpsUplink
from tests.support.journal_parts import START, open_journal, reading, scan

READINGS_EACH = 20


def run_for_ever(path: str, url: str, told: int, start: int, seed: int) -> None:
    """Append scan ``n`` or readings ``n * READINGS_EACH`` and following, for n from ``start`` on, in turn; write
    ``lane n`` lines to the pipe ``told``, each after its append has returned."""
    asyncio.run(_run(Path(path), url, told, start, seed))


async def _run(path: Path, url: str, told: int, start: int, seed: int) -> None:
    chance = random.Random(seed)
    thread = JournalThread()
    journal = await thread.call(open_journal, path)
    forwarder = Forwarder(
        journal, thread, HttpsUplink(UplinkSection(url=url, timeout_s=0.5, retry_max_s=1)), ManualClock(START),
        random=chance.random, record=_ignore, retry_min_s=0.001, retry_max_s=0.01, message_units_max=4,
    )  # fmt: skip
    forwarding = asyncio.create_task(forwarder.run())
    os.write(told, b"ready 0\n")
    number = start
    while not forwarding.done():
        number += 1
        if chance.random() < 0.6:
            await thread.call(journal.append, Lane.SCANS, [scan(number)])
            os.write(told, b"scans %d\n" % number)
        else:
            group = [reading(number * READINGS_EACH + i) for i in range(READINGS_EACH)]
            await thread.call(journal.append, Lane.READINGS, group)
            os.write(told, b"readings %d\n" % number)
        forwarder.wake()
    os.write(told, b"failed 0\n")


async def _ignore(record: Record) -> None:
    """Alarms of forks: the ledger sees those too."""
