"""Where a lot was, as bars on one axis of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

WIDTH = 1000.0
NARROWEST = 4.0
"""A stay of a minute is seen as well."""
BARS_MAX = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """A stay: where, from when until when (None: still), how the goods were, where its bar begins, how wide it is."""

    place: str
    began_at: datetime | None
    ended_at: datetime | None
    state: str
    x: float
    width: float


def bars_of(stays: Sequence[Mapping[str, Any]], now: datetime) -> list[Bar]:
    """A bar for each stay, in their order; none if no times are known."""
    begun = [stay["began_at"] for stay in stays if stay["began_at"] is not None]
    if not begun:
        return []
    first = min(begun)
    span_s = max((now - first).total_seconds(), 1.0)
    bars = []
    for stay in stays[:BARS_MAX]:
        began, ended = stay["began_at"] or first, stay["ended_at"] or now
        x = WIDTH * min(max((began - first).total_seconds() / span_s, 0.0), 1.0)
        width = max(WIDTH * (ended - began).total_seconds() / span_s, NARROWEST)
        bars.append(
            Bar(stay["place"], stay["began_at"], stay["ended_at"], _state(stay), min(x, WIDTH - NARROWEST),
                min(width, WIDTH - min(x, WIDTH - NARROWEST)))
        )  # fmt: skip
    return bars


def _state(stay: Mapping[str, Any]) -> str:
    if stay["outside_s"] is None:
        return "unreadable"
    if stay["outside_s"]:
        return "outside"
    return "unmeasured" if stay["unmeasured_s"] else "inside"
