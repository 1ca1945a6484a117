"""How fast readings of the past are sent, how far that has come, and where others can read it.

``TokenBucket`` and ``Progress`` are pure: time is passed in, as monotonic seconds.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

STATUS_FILE = "uplink.json"
BACKLOG_RECORDS_MIN = 500
"""Fewer than this waiting is the ordinary course of things, not a back-fill."""
TOLD_EVERY_PERCENT = 10
TOLD_EVERY_S = 60.0


class TokenBucket:
    """``rate`` tokens a second, at most one second's worth saved up.

    What is taken may exceed what is there: the bucket is then in debt, and nothing may be taken until it is paid. So
    a piece larger than the bucket still passes, and the average holds.
    """

    def __init__(self, rate: float, now_s: float) -> None:
        self._rate = rate
        self._tokens = rate
        self._at_s = now_s

    def available(self, now_s: float) -> int:
        """Tokens that may be taken; 0 in debt."""
        self._tokens = min(self._rate, self._tokens + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        return max(0, int(self._tokens))

    def take(self, tokens: int, now_s: float) -> None:
        """Take ``tokens``, into debt if need be."""
        self.available(now_s)
        self._tokens -= tokens

    def wait_s(self, now_s: float) -> float:
        """How long until something may be taken."""
        return 0.0 if self.available(now_s) else (1.0 - self._tokens) / self._rate


@dataclass(frozen=True, slots=True)
class Progress:
    """A back-fill under way: ``sent`` of ``total`` records since ``began_s``. The log has ``told_percent``."""

    total: int
    began_s: float
    sent: int = 0
    told_percent: int = 0
    told_s: float = 0.0

    def after(self, sent: int) -> "Progress":
        """When ``sent`` more records are acknowledged."""
        return replace(self, sent=min(self.sent + sent, self.total))

    @property
    def percent(self) -> int:
        """Of the whole, rounded down."""
        return self.sent * 100 // self.total

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left."""
        return self.sent >= self.total

    def rate(self, now_s: float) -> float:
        """Records a second since it began."""
        return self.sent / max(now_s - self.began_s, 0.001)

    def eta_s(self, now_s: float) -> float | None:
        """Seconds until it is done at that rate; None before the first record is sent."""
        return (self.total - self.sent) / self.rate(now_s) if self.sent else None

    def is_worth_telling(self, now_s: float) -> bool:
        """Whether a line in the log is due: another tenth is done, or a minute has gone by."""
        return self.percent >= self.told_percent + TOLD_EVERY_PERCENT or now_s - self.told_s >= TOLD_EVERY_S

    def told(self, now_s: float) -> "Progress":
        """After that line."""
        return replace(self, told_percent=self.percent - self.percent % TOLD_EVERY_PERCENT, told_s=now_s)

    def text(self, now_s: float) -> str:
        """For people."""
        eta_s = self.eta_s(now_s)
        left = f", about {duration(eta_s)} left" if eta_s is not None else ""
        return f"{self.percent}%: {self.sent:,} of {self.total:,} records, {self.rate(now_s):,.0f}/s{left}"


@dataclass(frozen=True, slots=True)
class UplinkStatus:
    """What a running agent knows of its uplink. ``fork`` is why the journal cannot be used further, if so."""

    as_of: datetime
    link: str  # "up", "down", "forked"
    since: datetime
    reason: str = ""
    fork: str = ""
    backfill_total: int | None = None
    backfill_sent: int | None = None
    backfill_records_per_s: float | None = None
    backfill_eta_s: float | None = None


def write_status(data_dir: Path, status: UplinkStatus) -> None:
    """Put it where ``edge-agent buffer status`` finds it: whole or not at all, but not forced onto the disk."""
    fresh = data_dir / f".{STATUS_FILE}.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(status), default=_plain))
    fresh.replace(data_dir / STATUS_FILE)


def read_status(data_dir: Path) -> UplinkStatus | None:
    """What was written last, by an agent that may have ended since; nothing if there is none or it is unreadable."""
    try:
        values: dict[str, Any] = json.loads((data_dir / STATUS_FILE).read_text())
        times = {key: datetime.fromisoformat(values[key]) for key in ("as_of", "since")}
        return UplinkStatus(**{**values, **times})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
