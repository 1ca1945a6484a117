"""How this gateway is, in the figures that are compared before and after a change."""

import logging
from collections.abc import Callable
from pathlib import Path

from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.domain.fleet.heartbeats import Health
from edge_agent.fleet.launcher import Disk
from edge_agent.timekeeping.clock import Clock

STARTS_FILE = "starts"


class _ErrorCount(logging.Handler):
    """Counts what is logged as an error or worse."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


class HealthFigures:
    """Begins with the start of the agent; ``close`` ends the counting. ``receipt_s``: when the last receipt came."""

    def __init__(self, fleet_dir: Path, clock: Clock, receipt_s: Callable[[], float | None]) -> None:
        self._clock = clock
        self._receipt_s = receipt_s
        self._since_s = clock.mono_s()
        self._errors = _ErrorCount()
        logging.getLogger("edge_agent").addHandler(self._errors)
        self._starts = _one_more(fleet_dir / STARTS_FILE)

    def now(self, journal: JournalStatus | None) -> Health:
        """The figures; without the journal's where it cannot be asked."""
        waiting = sum(lane.records for lane in journal.lanes) if journal is not None else 0
        now_s = self._clock.mono_s()
        last_s = self._receipt_s() or self._since_s
        return Health(
            starts=self._starts,
            uptime_s=round(now_s - self._since_s, 1),
            errors=self._errors.count,
            waiting=waiting,
            used_bytes=journal.used_bytes if journal is not None else 0,
            receipt_age_s=round(now_s - last_s, 1) if waiting else 0.0,
        )

    def close(self) -> None:
        """Count no more."""
        logging.getLogger("edge_agent").removeHandler(self._errors)


def _one_more(path: Path) -> int:
    """Starts so far, this one included. A count that cannot be read begins again: it is for comparing, no evidence."""
    try:
        before = int(path.read_text())
    except (OSError, ValueError):
        before = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Disk().write(path, str(before + 1).encode())
    except OSError:
        logging.getLogger("edge_agent.fleet").warning("%s cannot be written: starts are not counted", path)
    return before + 1
