"""Whether the agent is alive: polling and committing make progress. Feeds systemd's watchdog only while they do."""

import asyncio

from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.recorder import Recorder
from edge_agent.host.systemd import notify, watchdog_s
from edge_agent.runtime.heartbeat import Progress
from edge_agent.timekeeping.clock import Clock

LOOK_S = 5.0
STUCK_S = 45.0
"""An fsync on a worn SD card may take seconds; three quarters of a minute is no slow card any more."""


class Watchdog:
    """Looks at the recorder and the sources every few seconds."""

    def __init__(self, clock: Clock, recorder: Recorder, thread: JournalThread) -> None:
        self.progress = Progress(clock)
        self._recorder = recorder
        self._thread = thread
        self._attempts = 0
        self.progress.expect("journal", STUCK_S)
        self.progress.expect("recorder", STUCK_S)

    def faults(self) -> tuple[str, ...]:
        """What is wrong, in words: no progress, or a disk that takes nothing. Empty when all is well."""
        refused = tuple(f"{lane} cannot be written: the disk refuses" for lane in self._recorder.failing)
        return self.progress.late() + refused

    async def run(self) -> None:
        """Look and tell until cancelled."""
        wanted_s = watchdog_s()
        pause_s = min(LOOK_S, wanted_s / 3) if wanted_s else LOOK_S
        probe: asyncio.Task[None] | None = None
        try:
            while True:
                self._look_at_recorder()
                # The journal's thread answers if no call hangs in it. A probe that hangs is not asked a second time.
                if probe is None or probe.done():
                    probe = asyncio.create_task(self._probe())
                # A disk that refuses is no reason to be restarted: what waits in memory would be lost by it.
                if not self.progress.late():
                    notify("WATCHDOG=1")
                await asyncio.sleep(pause_s)
        finally:
            if probe is not None:
                probe.cancel()

    def _look_at_recorder(self) -> None:
        attempts = self._recorder.attempts
        if attempts != self._attempts or not self._recorder.has_work():
            self.progress.sign("recorder")
        self._attempts = attempts

    async def _probe(self) -> None:
        await self._thread.call(_nothing)
        self.progress.sign("journal")


def _nothing() -> None:
    return
