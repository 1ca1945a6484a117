"""Old readings as envelopes: what a gateway keeps of them when its disk is nearly full. Pure.

An envelope stands for the readings of one device in one window of time that are no more: how many, their least, mean
and greatest values, and the longest time without a reading among them. Kept as they were are: the readings that hold a
least or greatest value of the window, those the caller names (outside the limits of their place), and the neighbours of
those on either side, so that a crossing and a return keep their times. So no envelope ever has a value outside limits
that the gateway knew.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import fsum
from typing import NamedTuple

from edge_agent.domain.wire.ids import BootId, DeviceName
from edge_agent.domain.wire.records import Envelope, Quality, Reading, Spread

MustKeep = Callable[[Reading], bool]
"""Whether a reading has to stay as it is, e.g. because it is outside its limits."""

REPLACED_MIN = 3
"""An envelope takes the room of about three readings: fewer are kept as they are."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def thin(
    readings: Sequence[tuple[int, Reading]], *, window_s: int, must_keep: MustKeep
) -> tuple[Reading | Envelope, ...]:
    """What stands for ``readings`` (sequence number and reading, in their order) from now on.

    Readings that stay carry their old number in ``was``. Each other one is counted in exactly one envelope, which
    stands where the last of them stood. Windows of ``window_s`` are cut on whole multiples of UTC time.
    """
    kept = _named_and_neighbours(readings, must_keep)
    replaced_by: dict[int, Envelope] = {}
    replaced: set[int] = set()
    for group in _groups(readings, window_s):
        staying = kept.intersection(group) | _extremes(readings, group)
        going = [at for at in group if at not in staying]
        if len(going) >= REPLACED_MIN:
            replaced.update(going)
            replaced_by[going[-1]] = _envelope([readings[at][1] for at in going], [readings[at][1] for at in group])
    return tuple(_in_order(readings, replaced, replaced_by))


class _Window(NamedTuple):
    """Readings that one envelope may speak for. Different boots or trust in the clock are never mixed, because the
    ledger corrects the times of each by another offset."""

    device: DeviceName
    quality: Quality
    metrics: tuple[str, ...]
    boot: BootId
    synced: bool
    number: int


def _named_and_neighbours(readings: Sequence[tuple[int, Reading]], must_keep: MustKeep) -> set[int]:
    kept: set[int] = set()
    last: dict[DeviceName, tuple[int, bool]] = {}
    for at, (_, reading) in enumerate(readings):
        named = must_keep(reading)
        before, before_named = last.get(reading.device, (at, False))
        if named:
            kept |= {before, at}
        elif before_named:
            kept.add(at)
        last[reading.device] = (at, named)
    return kept


def _groups(readings: Sequence[tuple[int, Reading]], window_s: int) -> Iterable[list[int]]:
    groups: dict[_Window, list[int]] = {}
    width = timedelta(seconds=window_s)
    for at, (_, reading) in enumerate(readings):
        stamp = reading.stamp
        number = (stamp.at - _EPOCH) // width
        window = _Window(reading.device, reading.quality, tuple(reading.values), stamp.boot, stamp.synced, number)
        groups.setdefault(window, []).append(at)
    return groups.values()


def _extremes(readings: Sequence[tuple[int, Reading]], group: list[int]) -> set[int]:
    found: set[int] = set()
    for metric in readings[group[0]][1].values:

        def value(at: int, metric: str = metric) -> float:
            return readings[at][1].values[metric]

        found |= {min(group, key=value), max(group, key=value)}
    return found


def _envelope(readings: list[Reading], window: list[Reading]) -> Envelope:
    """For ``readings``, of all those of their ``window``."""
    first = min(readings, key=lambda reading: reading.stamp.mono_ms)
    last = max(readings, key=lambda reading: reading.stamp.mono_ms)
    times = sorted(reading.stamp.at for reading in window if first.stamp.at <= reading.stamp.at <= last.stamp.at)
    return Envelope(
        stamp=last.stamp,
        since=first.stamp,
        device=last.device,
        quality=last.quality,
        count=len(readings),
        values={metric: _spread([reading.values[metric] for reading in readings]) for metric in last.values},
        detail=last.detail,
        gap_ms=max(((after - before) // timedelta(milliseconds=1) for before, after in pairwise(times)), default=0),
    )


def _spread(values: list[float]) -> Spread:
    return Spread(min(values), fsum(values) / len(values), max(values))


def _in_order(
    readings: Sequence[tuple[int, Reading]], replaced: set[int], replaced_by: dict[int, Envelope]
) -> Iterable[Reading | Envelope]:
    for at, (seq, reading) in enumerate(readings):
        if at not in replaced:
            yield replace(reading, was=seq)
        if at in replaced_by:
            yield replaced_by[at]
