"""Excursions of a place: what its devices say together.

An excursion is of a place and a rule; the channels that broke the rule there are its evidence. Where the rule asks for
one device (``any``), what overlaps is one excursion, and the worst value counts. Where it asks for more, the place is
outside while so many of the devices that speak are outside. A device speaks while its latest good value is no older
than a gap, so that one that died while it was warm has no say for ever. While none speaks, the place stays as it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import pairwise

from cloud_sync.domain.excursion_detection import FoundExcursion
from edge_agent.domain.intervals import Interval, components
from edge_agent.domain.monitoring.excursions import Sensors, Severity


@dataclass(frozen=True, slots=True)
class ProbeExcursion:
    """An excursion of one channel. ``name`` puts the channels of a place in an order that no arrival changes.

    ``sensors``, ``is_high_worse`` and ``severity`` are of the rule that it broke. ``is_doubted``: a journal that nobody
    announced says so; the channel has its vote then, and is not heard by it.
    """

    channel_id: int
    name: tuple[str, ...]
    interval: Interval
    worst: float
    longest_gap_s: float = 0.0
    reach: Interval | None = None
    sensors: Sensors = "any"
    is_high_worse: bool = True
    severity: Severity = Severity.ACTION
    is_doubted: bool = False


Speaking = Mapping[int, Sequence[Interval]]
"""When each channel of a place spoke."""


def combine(probes: Sequence[ProbeExcursion], speaking: Speaking | None = None) -> list[FoundExcursion]:
    """The excursions of a place by one rule in the order of time, from those of its channels.

    ``speaking`` is needed where the rule asks for more than one device.
    """
    found = []
    for component in components(each.interval for each in probes):
        members = [each for each in probes if component.covers(each.interval)]
        sensors = members[0].sensors
        extents = [component] if sensors == "any" else _voted(members, component, sensors, speaking or {})
        found += [_told(extent, members) for extent in extents]
    return found


def _voted(
    members: Sequence[ProbeExcursion], component: Interval, sensors: Sensors, speaking: Speaking
) -> list[Interval]:
    """Where enough of those that speak are outside."""
    found: list[Interval] = []
    was_outside = False
    for part in _parts(component, [each.interval for each in members], speaking):
        voices = {channel for channel, spells in speaking.items() if any(spell.overlaps(part) for spell in spells)}
        outside = [each for each in members if each.interval.overlaps(part)]
        voices |= {each.channel_id for each in outside if each.is_doubted}
        votes = {each.channel_id for each in outside} & voices
        if voices:
            was_outside = len(votes) >= (len(voices) if sensors == "all" else min(int(sensors), len(voices)))
        if was_outside and found and found[-1].ends == part.begins:
            found[-1] = Interval(found[-1].begins, part.ends)
        elif was_outside:
            found.append(part)
    return found


def _parts(component: Interval, intervals: Iterable[Interval], speaking: Speaking) -> list[Interval]:
    """Pieces of the component in which nothing changes."""
    all_of_them = [*intervals, *(spell for spells in speaking.values() for spell in spells)]
    bounds = {at for each in all_of_them for at in (each.begins, each.ends) if at is not None and at in component}
    ordered: list[datetime | None] = [*sorted(bounds | {component.first})]
    return [Interval(begins, ends) for begins, ends in pairwise([*ordered, component.ends])]


def _told(extent: Interval, members: Sequence[ProbeExcursion]) -> FoundExcursion:
    """With the worst value of the channels in it; where several are needed, of that one which made them enough."""
    here = [each for each in members if each.interval.overlaps(extent)]
    worst = _by_worst(here)
    needed = {"any": 1, "all": len(worst)}.get(str(here[0].sensors)) or int(here[0].sensors)
    telling = worst[min(needed, len(worst)) - 1]
    assert extent.begins is not None  # noqa: S101 - excursions begin
    return FoundExcursion(
        extent.begins,
        extent.ends,
        telling.worst,
        max(each.longest_gap_s for each in here),
        telling.channel_id,
        _reach(extent, here),
        here[0].severity,
    )


def _by_worst(here: Sequence[ProbeExcursion]) -> list[ProbeExcursion]:
    """One for each channel, the one that is furthest out first."""
    in_order = sorted(here, key=lambda each: (-each.worst if each.is_high_worse else each.worst, each.name))
    channels: dict[int, ProbeExcursion] = {}
    for each in in_order:
        channels.setdefault(each.channel_id, each)
    return list(channels.values())


def _reach(extent: Interval, here: Sequence[ProbeExcursion]) -> Interval | None:
    """As far as any of them may reach, where a clock was in doubt."""
    reaches = [each.reach for each in here if each.reach is not None]
    return reduce(Interval.hull, reaches, extent) if reaches else None
