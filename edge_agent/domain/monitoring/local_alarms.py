"""Alarms of a gateway's own sensors, judged at once by the policies of the desk, with the ledger or without.

Pure: the ledger's :func:`~edge_agent.domain.excursions.evaluate`, channel by channel and rule by rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from edge_agent.domain.monitoring.excursions import NORMAL, Change, ExcursionChange, Rule, Track, evaluate
from edge_agent.domain.monitoring.quantities import is_about


@dataclass(frozen=True, slots=True)
class TrackKey:
    """One rule on one channel, in the place where the channel measures."""

    device: str
    metric: str
    place: str
    rule: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """An excursion that opened or closed here. ``limit`` is the rule's, ``value`` the measurement that did it."""

    key: TrackKey
    change: ExcursionChange
    limit: float
    value: float

    @property
    def is_open(self) -> bool:
        """Whether it began; else it ended."""
        return self.change.change is Change.OPENED

    @property
    def text(self) -> str:
        """In words, for a notice."""
        k, c = self.key, self.change
        what = f"{k.place}: {k.device} {k.metric}"
        if self.is_open:
            since = f"{c.began_at:%Y-%m-%d %H:%M} UTC"
            return f"{what} is {self.value:g}, outside {k.rule} (limit {self.limit:g}) since {since}"
        return f"{what} is {self.value:g} and back within {k.rule} (limit {self.limit:g}); worst was {c.worst:g}"


@dataclass(frozen=True, slots=True)
class Watched:
    """Where every rule on every channel stands. A rule nobody asks for any more keeps its track: it may be back."""

    tracks: Mapping[TrackKey, Track] = field(default_factory=dict)

    def open_at(self, path: tuple[str, ...]) -> tuple[tuple[TrackKey, Track], ...]:
        """Open excursions in a place, given by its path, or in what it stands in."""
        return tuple((key, track) for key, track in self.tracks.items() if track.opened and key.place in path)


def heard(
    watched: Watched, device: str, metric: str, value: float, at: datetime, *, place: str, rules: tuple[Rule, ...]
) -> tuple[Watched, tuple[Alarm, ...]]:
    """After a good measurement at ``at`` (not before any earlier one of the channel)."""
    tracks = dict(watched.tracks)
    alarms = []
    for rule in rules:
        if not is_about(rule.metric, metric):
            continue
        key = TrackKey(device, metric, place, rule.name)
        track, changes = evaluate(tracks.get(key, NORMAL), at, value, rule)
        if track == NORMAL:
            tracks.pop(key, None)
        else:
            tracks[key] = track
        alarms += [Alarm(key, change, rule.limit, _value_of(change, value, rule)) for change in changes]
    return Watched(tracks), tuple(alarms)


def _value_of(change: ExcursionChange, value: float, rule: Rule) -> float:
    """What did it: where the delay turns out to be over only at the return, the worst value before that."""
    is_told_late = change.change is Change.OPENED and rule.is_back(value)
    return change.worst if is_told_late else value
