"""How far the wall clock can be believed: steps and synchronisation, told from the monotonic clock beside it.

Pure: ``observe(track, sample)`` gives the next track and what happened, if anything. The monotonic clock of one boot
never steps, so ``wall - monotonic`` is a constant of that boot until somebody sets the wall clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from edge_agent.domain.wire.ids import BootId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cause(StrEnum):
    """What happened to the wall clock."""

    SYNCED = "synced"  # it is synchronised from now on; the offset holds for this boot's records before
    STEP = "step"  # it was set while it ran
    UNSYNCED = "unsynced"  # it is no longer synchronised


@dataclass(frozen=True, slots=True)
class ClockSample:
    """Both clocks at one instant, and whether the wall clock counts as synchronised."""

    wall_ms: int
    mono_ms: int
    boot: BootId
    synced: bool

    @property
    def offset_ms(self) -> int:
        """Wall minus monotonic: with it, every monotonic time of this boot becomes a wall time."""
        return self.wall_ms - self.mono_ms


@dataclass(frozen=True, slots=True)
class ClockTrack:
    """The newest sample, and the offset with which its doubtful stretch began (its own, while all is well)."""

    last: ClockSample
    base_ms: int


@dataclass(frozen=True, slots=True)
class ClockChange:
    """What happened between two samples.

    ``offset_ms`` is wall time after minus wall time before, as the monotonic clock tells: for ``SYNCED`` over the
    whole stretch that was not, for ``STEP`` over this step.
    """

    cause: Cause
    before: ClockSample
    after: ClockSample
    offset_ms: int

    @property
    def data(self) -> dict[str, str | int | float | None]:
        """What a notice says about it.

        ``wall_minus_mono_ms``: added to ``mono_ms`` of any record of boot ``boot`` it gives the wall time by the clock
        as it is now. The change came after ``after_mono_ms`` and not later than ``by_mono_ms``. ``from`` is what the
        wall clock would have shown, ``to`` what it shows.
        """
        return {
            "cause": self.cause.value,
            "boot": self.after.boot,
            "offset_ms": self.offset_ms,
            "wall_minus_mono_ms": self.after.offset_ms,
            "after_mono_ms": self.before.mono_ms,
            "by_mono_ms": self.after.mono_ms,
            "from": _iso(self.after.wall_ms - self.offset_ms),
            "to": _iso(self.after.wall_ms),
        }

    @property
    def text(self) -> str:
        """The same for people."""
        by = f"{abs(self.offset_ms) / 1000:g} s {'forward' if self.offset_ms >= 0 else 'back'}"
        return {
            Cause.SYNCED: f"the clock is synchronised; it went {by} since this computer started",
            Cause.STEP: f"the clock was stepped {by}, to {_iso(self.after.wall_ms)}",
            Cause.UNSYNCED: "the clock is no longer synchronised",
        }[self.cause]


def start(sample: ClockSample) -> ClockTrack:
    """The first sample of a boot."""
    return ClockTrack(sample, sample.offset_ms)


def observe(track: ClockTrack, sample: ClockSample, *, step_ms: int) -> tuple[ClockTrack, ClockChange | None]:
    """The track after ``sample``, and what happened. A drift below ``step_ms`` between two samples is ordinary.

    >>> boot = BootId("b")
    >>> track = start(ClockSample(1_000, 0, boot, synced=False))
    >>> track, change = observe(track, ClockSample(62_000, 1_000, boot, synced=True), step_ms=500)
    >>> change.cause.value, change.offset_ms
    ('synced', 60000)
    """
    last = track.last
    if last.boot != sample.boot:
        return start(sample), None
    moved_ms = sample.offset_ms - last.offset_ms
    if sample.synced and not last.synced:
        change = ClockChange(Cause.SYNCED, last, sample, sample.offset_ms - track.base_ms)
    elif abs(moved_ms) >= step_ms:
        change = ClockChange(Cause.STEP, last, sample, moved_ms)
    elif last.synced and not sample.synced:
        change = ClockChange(Cause.UNSYNCED, last, sample, moved_ms)
    else:
        change = None
    base_ms = track.base_ms if not sample.synced and not last.synced else sample.offset_ms
    return ClockTrack(sample, base_ms), change


def _iso(ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
