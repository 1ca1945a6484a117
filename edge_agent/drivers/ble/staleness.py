"""One device's frames over time: which of them are new, which is due, and whether the device still lives. Pure.

Advertisements come without being asked for, several at once or not at all. A track learns how often *new*
measurements arrive (the median of recent gaps) and judges silence by that. Times are monotonic seconds, passed in.
"""

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median

from edge_agent.domain.wire.records import Quality, Stamp
from edge_agent.drivers.ble.frames import DecodedFrame
from edge_agent.drivers.plausibility import JumpGuard

GAPS_KEPT = 15
GAPS_NEEDED = 3
INTERVAL_S = (1.0, 3600.0)
"""Between these a learned interval is believed."""
INTERVAL_UNKNOWN_S = 60.0
STALE_GAPS, LOST_GAPS = 4, 10
"""So many intervals without anything new make a device stale; so many without any sign of life make it lost."""
STALE_MIN_S, LOST_MIN_S = 10.0, 30.0
UNHEARD_S = 120.0
"""A device that was never heard is lost after this."""
REPEAT_S = 0.5
"""The same payload again within this is the same transmission (three radio channels, two D-Bus signals)."""
SAME_COUNTER_S = 4.0
"""A firmware that never counts: another payload under the same number is new after this (as in bthome-ble)."""
AHEAD_PART = 4
"""A short counter that rolls over is ahead by less than this part of its range, otherwise it is an old one."""
LONG_BITS = 32
"""A counter of this size never rolls over: it may only grow."""
RESTART_GAPS = 3
RESTART_BELOW = 100
"""A device that restarts counts anew (a long counter from below this). It is believed only when the old sequence has
been silent for so many intervals: while the real device talks, an old frame played again is never taken."""


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """A frame that was decoded. ``payload`` is its identity where the format has no counter."""

    at_s: float
    stamp: Stamp
    decoded: DecodedFrame
    payload: bytes
    rssi_dbm: int


@dataclass(frozen=True, slots=True)
class TrackedSample:
    """What to report for a device: ``stamp`` is when it was heard, None for silence."""

    stamp: Stamp | None
    quality: Quality
    values: dict[str, float]
    detail: str = ""


class FreshnessChange(StrEnum):
    """What became of a device."""

    LOST = "lost"
    BACK = "back"


class FreshnessTrack:
    """One device. Call :meth:`hear` for each frame and :meth:`due` and :meth:`change` now and then."""

    def __init__(self, poll_s: float, started_s: float) -> None:
        self.replays = 0
        self._poll_s = poll_s
        self._next_due_s = started_s
        self._started_s = started_s
        self._heard_s: float | None = None
        self._fresh_s: float | None = None
        self._gaps: deque[float] = deque(maxlen=GAPS_KEPT)
        self._last: TrackedFrame | None = None
        self._good: dict[str, float] = {}
        self._jumps = JumpGuard()
        self._pending: TrackedFrame | None = None
        self._unauthentic: TrackedFrame | None = None
        self._lost = False
        self._lost_since_s = 0.0
        self._is_back = False

    @property
    def interval_s(self) -> float:
        """How often this device says something new, learned or as it says itself."""
        told = self._last.decoded.period_s if self._last else None
        learned = self.learned_interval_s
        return max(learned, told or 0.0) if learned else told or INTERVAL_UNKNOWN_S

    @property
    def learned_interval_s(self) -> float | None:
        """The median of the recent gaps, None before there are enough of them."""
        if len(self._gaps) < GAPS_NEEDED:
            return None
        lowest, highest = INTERVAL_S
        return min(max(median(self._gaps), lowest), highest)

    def hear(self, frame: TrackedFrame) -> bool:
        """Take a frame in. False if it is an older one played again."""
        if not frame.decoded.authentic:
            self._unauthentic = frame
            return True
        verdict = self._freshness(frame)
        if verdict is _OLDER:
            self.replays += 1
            return False
        self._heard_s = frame.at_s
        self._is_back = self._is_back or self._lost
        if verdict is _NEW:
            self._take(frame)
        return True

    def due(self, now_s: float) -> TrackedSample | None:
        """What to report now; at most one sample in each ``poll_s``."""
        if now_s < self._next_due_s:
            return None
        sample = self._sample(now_s)
        if sample is not None:
            self._next_due_s = now_s + self._poll_s
            self._good, self._pending, self._unauthentic = {}, None, None
        return sample

    def is_stale(self, now_s: float) -> bool:
        """Whether nothing new was heard for so long that what it said last is old."""
        last_s = self._started_s if self._fresh_s is None else self._fresh_s
        return now_s - last_s > self._stale_after_s()

    def change(self, now_s: float) -> tuple[FreshnessChange, float] | None:
        """Whether the device was lost or came back since the last call, once each, and its silence in seconds."""
        if self._lost and self._is_back and self._heard_s is not None:
            self._lost = self._is_back = False
            return FreshnessChange.BACK, self._heard_s - self._lost_since_s
        if not self._lost and self._silence_s(now_s) > self._lost_after_s():
            self._lost, self._is_back = True, False
            self._lost_since_s = self._started_s if self._heard_s is None else self._heard_s
            return FreshnessChange.LOST, self._silence_s(now_s)
        return None

    def _freshness(self, frame: TrackedFrame) -> "_Freshness":
        last, fresh_s = self._last, self._fresh_s
        if last is None or fresh_s is None:
            return _NEW
        pause_s = frame.at_s - fresh_s
        counter, previous = frame.decoded.counter, last.decoded.counter
        if counter is None or previous is None:
            return _REPEATED if frame.payload == last.payload and pause_s < REPEAT_S else _NEW
        modulus = 1 << frame.decoded.counter_bits
        ahead = (counter - previous) % modulus
        if ahead == 0:
            return _NEW if frame.payload != last.payload and pause_s > SAME_COUNTER_S else _REPEATED
        has_restarted = pause_s > RESTART_GAPS * self.interval_s
        if frame.decoded.counter_bits == LONG_BITS:
            grown = counter > previous
            return _NEW if grown or (counter < RESTART_BELOW and has_restarted) else _OLDER
        return _NEW if ahead < modulus // AHEAD_PART or has_restarted else _OLDER

    def _take(self, frame: TrackedFrame) -> None:
        if self._fresh_s is not None and frame.at_s > self._fresh_s:
            self._gaps.append(frame.at_s - self._fresh_s)
        frame = self._judged(frame)
        self._fresh_s, self._last, self._pending = frame.at_s, frame, frame
        if frame.decoded.quality is Quality.GOOD:
            # Several makers send temperature and humidity in separate frames: the newest of each is reported.
            self._good |= frame.decoded.values
        else:
            self._good = {}

    def _judged(self, frame: TrackedFrame) -> TrackedFrame:
        """The frame, suspect if a value jumped; the next one confirms it or not."""
        if frame.decoded.quality is not Quality.GOOD:
            return frame
        jump = self._jumps.judge(frame.decoded.values, frame.at_s)
        return replace(frame, decoded=replace(frame.decoded, quality=Quality.SUSPECT, detail=jump)) if jump else frame

    def _sample(self, now_s: float) -> TrackedSample | None:
        frame = self._pending
        if frame is not None:
            if frame.decoded.quality is not Quality.GOOD:
                return TrackedSample(frame.stamp, frame.decoded.quality, {}, frame.decoded.detail)
            return TrackedSample(frame.stamp, Quality.GOOD, {**self._good, "rssi_dbm": float(frame.rssi_dbm)})
        if self._unauthentic is not None:
            decoded = self._unauthentic.decoded
            return TrackedSample(self._unauthentic.stamp, decoded.quality, {}, decoded.detail)
        if self._lost:
            return TrackedSample(None, Quality.TIMEOUT, {}, f"no measurement for {self._silence_s(now_s):.0f} s")
        if self._fresh_s is not None and self.is_stale(now_s):
            return TrackedSample(None, Quality.STALE, {}, f"nothing new for {now_s - self._fresh_s:.0f} s")
        return None

    def _silence_s(self, now_s: float) -> float:
        return now_s - (self._started_s if self._heard_s is None else self._heard_s)

    def _stale_after_s(self) -> float:
        return max(STALE_GAPS * self.interval_s, STALE_MIN_S, self._poll_s)

    def _lost_after_s(self) -> float:
        if self._heard_s is None:
            return max(UNHEARD_S, 2 * self._poll_s)
        return max(LOST_GAPS * self.interval_s, LOST_MIN_S, 2 * self._poll_s)


class _Freshness(StrEnum):
    NEW = "new"
    REPEATED = "repeated"
    OLDER = "older"


_NEW, _REPEATED, _OLDER = _Freshness.NEW, _Freshness.REPEATED, _Freshness.OLDER
