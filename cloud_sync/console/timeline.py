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
class Part:
    """A part of a bar: how the goods were then, where it begins, how wide it is."""

    state: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A stay: where, from when until when (None: still), where its bar begins, how wide it is, and of what it consists:
    the whole of it first, and over that the times that were otherwise. ``state`` is the worst of it."""

    place: str
    began_at: datetime | None
    ended_at: datetime | None
    state: str
    x: float
    width: float
    parts: tuple[Part, ...]


def bars_of(stays: Sequence[Mapping[str, Any]], now: datetime) -> list[Bar]:
    """A bar for each stay, in their order; none if no times are known."""
    begun = [stay["began_at"] for stay in stays if stay["began_at"] is not None]
    if not begun:
        return []
    first = min(begun)
    axis = _Axis(first, max((now - first).total_seconds(), 1.0))
    bars = []
    for stay in stays[:BARS_MAX]:
        state = _state(stay)
        x, width = axis.place(stay["began_at"] or first, stay["ended_at"] or now)
        whole = Part("unreadable" if state == "unreadable" else "inside", x, width)
        otherwise = [("unmeasured", each) for each in stay["gaps"]] + [("outside", each) for each in stay["outside"]]
        parts = [Part(name, *axis.place(time["began_at"], time["ended_at"])) for name, time in otherwise]
        bars.append(Bar(stay["place"], stay["began_at"], stay["ended_at"], state, x, width, (whole, *parts)))
    return bars


@dataclass(frozen=True, slots=True)
class _Axis:
    first: datetime
    span_s: float

    def place(self, began_at: datetime, ended_at: datetime) -> tuple[float, float]:
        """Where what lasted so long begins, and how wide it is."""
        x = WIDTH * min(max((began_at - self.first).total_seconds() / self.span_s, 0.0), 1.0)
        x = min(x, WIDTH - NARROWEST)
        width = max(WIDTH * (ended_at - began_at).total_seconds() / self.span_s, NARROWEST)
        return x, min(width, WIDTH - x)


def _state(stay: Mapping[str, Any]) -> str:
    if stay["outside_s"] is None:
        return "unreadable"
    if stay["outside_s"]:
        return "outside"
    return "unmeasured" if stay["unmeasured_s"] else "inside"
