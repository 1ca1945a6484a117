"""Rooms as a person at the dock looks at them: one tile for a place, whatever measures there. Pure.

Names and units are for people; what only a machine wants (a counter's clock, sample times, battery volts) is left out.
What no rule judges says so.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.domain.monitoring.excursions import Rule, Side
from edge_agent.domain.monitoring.judged import Judged
from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.domain.monitoring.quantity_words import COUNTER, OTHER, SHOWN, WORDS, label_of, number_of, shown_as


@dataclass(frozen=True, slots=True)
class Channel:
    """One metric of a device as it is now. ``limits`` are those a gateway judges by itself."""

    device: str
    metric: str
    value: float
    place: str
    limits: tuple[Rule, ...]
    judged: Judged


@dataclass(frozen=True, slots=True)
class Probe:
    """A device and what is to be said of it: quality (``good``, ``old``, ...), and seconds since it was good."""

    name: str
    quality: str
    detail: str
    age_s: float | None
    channels: tuple[Channel, ...] = ()
    place: str = ""
    """Where it is, for a device without a good value yet."""


@dataclass(slots=True)
class _Tile:
    order: int = COUNTER + 1
    probes: list[dict[str, Any]] = field(default_factory=list)


def tiles(probes: Iterable[Probe], titled: Callable[[str], str]) -> list[dict[str, Any]]:
    """One entry for each place, those with a climate first, counters last; ``titled`` gives a place its name."""
    found: dict[str, _Tile] = {}
    for probe in sorted(probes, key=lambda probe: probe.name):
        at: dict[str, list[Channel]] = {}
        for channel in probe.channels:
            at.setdefault(channel.place or probe.place, []).append(channel)
        for place, channels in (at or {probe.place: []}).items():
            tile = found.setdefault(place or probe.name, _Tile())
            values = [_value(channel, channels) for channel in channels if _matters(channel)]
            tile.order = min([tile.order, *(_order(channel) for channel in channels if _matters(channel))])
            tile.probes.append({
                "device": probe.name, "quality": probe.quality, "detail": probe.detail, "age_s": probe.age_s,
                "values": values, "not_judged": _not_judged(channels),
            })  # fmt: skip
    names = sorted(found, key=lambda name: (found[name].order, titled(name)))
    return [{"place": titled(name), "name": name, "probes": found[name].probes} for name in names]


def _matters(channel: Channel) -> bool:
    return quantity_of(channel.metric) in SHOWN or bool(channel.limits)


def _order(channel: Channel) -> int:
    shown = SHOWN.get(quantity_of(channel.metric))
    return shown.order if shown else OTHER


def _value(channel: Channel, beside: list[Channel]) -> dict[str, Any]:
    quantity = quantity_of(channel.metric)
    shown = shown_as(channel.metric)
    number = number_of(channel.metric)
    has_twin = sum(quantity_of(other.metric) == quantity for other in beside) > 1
    label = f"probe {number}" if number else "probe 1" if has_twin else shown.label
    text = f"{channel.value:.{shown.digits}f}"
    if quantity == "door_open":
        text = "open" if channel.value else "closed"
    highs = [rule.limit for rule in channel.limits if rule.side is Side.ABOVE]
    lows = [rule.limit for rule in channel.limits if rule.side is Side.BELOW]
    return {
        "label": label, "text": text, "unit": shown.unit,
        "low": max(lows, default=None), "high": min(highs, default=None),
        "is_outside": any(rule.is_outside(channel.value) for rule in channel.limits),
    }  # fmt: skip


def _not_judged(channels: Iterable[Channel]) -> list[str]:
    gaps: Mapping[Judged, list[str]] = {judged: [] for judged in WORDS}
    for channel in channels:
        if channel.judged in gaps:
            gaps[channel.judged].append(label_of(channel.metric))
    return [f"NOT JUDGED {', '.join(dict.fromkeys(names))}: {WORDS[judged]}" for judged, names in gaps.items() if names]
