"""How refused scans are told to the ledger without flooding it: what repeats is counted, a flood is summed up.

Pure: the time is passed in.
"""

from dataclasses import dataclass, field

SAME_S = 10.0
"""Identical refusals within this time are told as one."""
PER_MINUTE_MAX = 30
"""More notices than this are not sent in a minute; the rest are summed up in one."""


@dataclass(slots=True)
class Refusals:
    """Remembers what was told lately. Holds at most ``PER_MINUTE_MAX`` reasons."""

    _told_ms: dict[str, int] = field(default_factory=dict)
    _repeats: dict[str, int] = field(default_factory=dict)
    _minute_began_ms: int = -60_000
    _told_in_minute: int = 0
    _untold: int = 0

    def add(self, reason: str, *, mono_ms: int) -> bool:
        """Count a refusal; whether it should be told now."""
        if mono_ms - self._minute_began_ms >= 60_000:
            self._minute_began_ms, self._told_in_minute = mono_ms, 0
        if reason in self._told_ms and mono_ms - self._told_ms[reason] < SAME_S * 1000:
            self._repeats[reason] = self._repeats.get(reason, 0) + 1
            return False
        if self._told_in_minute >= PER_MINUTE_MAX or len(self._told_ms) >= PER_MINUTE_MAX:
            self._untold += 1
            return False
        self._told_in_minute += 1
        self._told_ms[reason] = mono_ms
        return True

    def due(self, *, mono_ms: int) -> tuple[tuple[str, int], ...]:
        """(reason, how often more) of what was counted and has gone quiet, each once."""
        over = [reason for reason, told_ms in self._told_ms.items() if mono_ms - told_ms >= SAME_S * 1000]
        for reason in over:
            del self._told_ms[reason]
        told = [(reason, self._repeats.pop(reason)) for reason in over if reason in self._repeats]
        if self._untold and mono_ms - self._minute_began_ms >= 60_000:
            told.append(("refusals of many kinds", self._untold))
            self._untold = 0
        return tuple(told)
