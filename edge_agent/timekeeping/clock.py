"""Time, passed in. The agent has one clock; tests and simulations have another that they move by hand."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from edge_agent.domain.wire.ids import BootId
from edge_agent.domain.wire.records import Stamp
from edge_agent.timekeeping.sync import kernel_is_synced


class Clock(Protocol):
    """Wall time, monotonic time and whether the wall time can be trusted."""

    @property
    def boot(self) -> BootId:
        """The boot that monotonic times belong to."""
        ...

    def mono_s(self) -> float:
        """Monotonic seconds since some fixed instant of this boot."""
        ...

    def now(self) -> datetime:
        """Aware UTC wall time."""
        ...

    def is_synced(self) -> bool:
        """Whether the wall clock counts as synchronised: its source says so, and nothing contradicts it."""
        ...

    def source_says_synced(self) -> bool:
        """What the source alone says."""
        ...

    def doubt_before(self, at: datetime | None) -> None:
        """Take the wall clock for unsynchronised as long as it shows a time before ``at``: it was later once."""
        ...


class SystemClock:
    """The computer's own clocks (Linux: CLOCK_BOOTTIME would jump in suspend; gateways do not suspend)."""

    def __init__(self, is_synced: Callable[[], bool] = kernel_is_synced) -> None:
        """``is_synced`` is the source that knows (``edge_agent.clock_sync``)."""
        self.boot = _boot_id()
        self._source = is_synced
        self._not_before: datetime | None = None

    def mono_s(self) -> float:
        """``time.monotonic``."""
        return time.monotonic()

    def now(self) -> datetime:
        """``datetime.now(UTC)``."""
        return datetime.now(UTC)

    def is_synced(self) -> bool:
        """As the source says, unless the clock was rolled back."""
        return self._source() and (self._not_before is None or self.now() >= self._not_before)

    def source_says_synced(self) -> bool:
        """The source."""
        return self._source()

    def doubt_before(self, at: datetime | None) -> None:
        """See :class:`Clock`."""
        self._not_before = at


class ManualClock:
    """A clock that only moves when told to; for tests and simulations."""

    def __init__(self, now: datetime, boot: str = "00000000-0000-4000-8000-000000000001") -> None:
        self.boot = BootId(boot)
        self.synced = True
        self._now = now
        self._mono_s = 0.0
        self._not_before: datetime | None = None

    def mono_s(self) -> float:
        """Seconds advanced so far."""
        return self._mono_s

    def now(self) -> datetime:
        """The wall time set so far."""
        return self._now

    def is_synced(self) -> bool:
        """The ``synced`` attribute, unless the clock was rolled back."""
        return self.synced and (self._not_before is None or self._now >= self._not_before)

    def source_says_synced(self) -> bool:
        """The ``synced`` attribute."""
        return self.synced

    def doubt_before(self, at: datetime | None) -> None:
        """See :class:`Clock`."""
        self._not_before = at

    def advance(self, by_s: float) -> None:
        """Let both clocks run on by ``by_s`` seconds."""
        self._mono_s += by_s
        self._now += timedelta(seconds=by_s)

    def step_wall(self, by_s: float) -> None:
        """Step the wall clock alone, as NTP or a person would."""
        self._now += timedelta(seconds=by_s)


def stamp(clock: Clock) -> Stamp:
    """This instant, in whole milliseconds."""
    now = clock.now()
    whole_ms = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Stamp(at=whole_ms, mono_ms=int(clock.mono_s() * 1000), boot=clock.boot, synced=clock.is_synced())


def _boot_id() -> BootId:
    try:
        return BootId(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    except OSError:
        return BootId(str(uuid.uuid4()))
