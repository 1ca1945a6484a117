"""What the ledger must come to, said as plainly as possible: all facts in, everything that follows out.

Slow and simple on purpose, and written from the rules, not from the SQL. It knows no order of arrival at all.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from edge_agent.domain.excursions import Rule, Side, SilenceRule
from edge_agent.domain.signals import Signal, SignalKind

Key = tuple[str, str, str]
"""Lot number, serial, place."""
HOLD_NO_STOCK = ("supplier", "count_difference")
INSIDE = ("site", "room", "bin", "ward", "customer")


@dataclass(frozen=True)
class Move:
    """A quantity that went from one place to another."""

    lot: str
    serial: str
    quantity: int
    from_place: str
    to_place: str
    at: datetime


@dataclass(frozen=True)
class Measured:
    """A good value of one device."""

    device: str
    at: datetime
    value: float


@dataclass(frozen=True)
class Thinned:
    """An envelope: of ``count`` good values only bounds are left, but for ``known`` that are stored after all."""

    device: str
    began_at: datetime
    ended_at: datetime
    least: float
    greatest: float
    gap_s: float
    count: int
    known: int

    def bound(self, side: Side) -> float:
        """The value furthest out."""
        return self.greatest if side is Side.ABOVE else self.least

    def instants(self, stored: list[datetime]) -> set[datetime]:
        """When anything within its bounds may have been measured: all along it, and right after what is stored."""
        if self.known >= self.count:
            return set()
        step = timedelta(seconds=max(self.gap_s, (self.ended_at - self.began_at).total_seconds() / 1000, 0.001))
        found = {self.began_at, self.ended_at}
        at = self.began_at
        while at <= self.ended_at:
            found |= {at} - set(stored)
            at += step
        return found | {at + timedelta(microseconds=1) for at in stored if self.began_at <= at < self.ended_at}


@dataclass(frozen=True)
class Place:
    """A place; ``rules`` are those of its own policy."""

    kind: str
    parent: str | None = None
    rules: tuple[Rule | SilenceRule, ...] = ()


@dataclass(frozen=True)
class World:
    """What does not change: places by name, and the place of each device."""

    places: dict[str, Place]
    devices: dict[str, str]
    gateways: dict[str, int]
    """Device -> its gateway: silence is known up to the latest reading of any device of it."""

    def upwards(self, place: str | None) -> list[str]:
        """The place itself and everything above it."""
        return [] if place is None else [place, *self.upwards(self.places[place].parent)]

    def rules_at(self, place: str) -> tuple[Rule | SilenceRule, ...]:
        """Those of the nearest policy."""
        return next((self.places[each].rules for each in self.upwards(place) if self.places[each].rules), ())


@dataclass(frozen=True)
class Residency:
    """``ended_at`` is None while it lasts."""

    key: Key
    began_at: datetime
    ended_at: datetime | None

    def contains(self, at: datetime) -> bool:
        """Both ends count: at one instant stock comes in before it goes out."""
        return self.began_at <= at and (self.ended_at is None or at <= self.ended_at)


@dataclass(frozen=True)
class Excursion:
    """``ended_at`` is None while it lasts."""

    device: str
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float


@dataclass(frozen=True)
class Truth:
    """What follows from the facts."""

    balances: dict[Key, int]
    residencies: set[Residency]
    excursions: set[Excursion]
    exposures: dict[tuple[Excursion, Residency], datetime]
    negative: dict[Key, tuple[int, datetime]]

    @property
    def held(self) -> set[Key]:
        """Where exposed stock still is."""
        return {residency.key for _, residency in self.exposures if residency.ended_at is None}


def truth(
    world: World,
    moves: list[Move],
    measured: list[Measured],
    thinned: Sequence[Thinned] = (),
) -> Truth:
    """Everything that follows from these facts."""
    residencies = _residencies(world, moves)
    excursions = _excursions(world, measured, thinned)
    exposures = {
        (excursion, residency): since
        for excursion in excursions
        for residency, since in _exposed(world, moves, residencies, excursion).items()
    }
    balances: dict[Key, int] = defaultdict(int)
    for move in moves:
        balances[move.lot, move.serial, move.to_place] += move.quantity
        balances[move.lot, move.serial, move.from_place] -= move.quantity
    return Truth(
        {key: quantity for key, quantity in balances.items() if quantity},
        residencies,
        excursions,
        exposures,
        _negative(world, moves),
    )


def _history(moves: list[Move]) -> dict[Key, list[tuple[datetime, int]]]:
    """For each key the balance after each movement, in the order of time; in before out."""
    steps: dict[Key, list[tuple[datetime, int, int]]] = defaultdict(list)
    for move in moves:
        steps[move.lot, move.serial, move.to_place].append((move.at, 0, move.quantity))
        steps[move.lot, move.serial, move.from_place].append((move.at, 1, -move.quantity))
    history: dict[Key, list[tuple[datetime, int]]] = {}
    for key, each in steps.items():
        balance = 0
        history[key] = []
        for at, _, change in sorted(each):
            balance += change
            history[key].append((at, balance))
    return history


def _residencies(world: World, moves: list[Move]) -> set[Residency]:
    found = set()
    for key, history in _history(moves).items():
        if world.places[key[2]].kind in HOLD_NO_STOCK:
            continue
        began_at = None
        for at, balance in history:
            if balance > 0 and began_at is None:
                began_at = at
            elif balance <= 0 and began_at is not None:
                found.add(Residency(key, began_at, at))
                began_at = None
        if began_at is not None:
            found.add(Residency(key, began_at, None))
    return found


def _negative(world: World, moves: list[Move]) -> dict[Key, tuple[int, datetime]]:
    found = {}
    for key, history in _history(moves).items():
        below = [(at, balance) for at, balance in history if balance < 0]
        if below and world.places[key[2]].kind in INSIDE:
            found[key] = (min(balance for _, balance in below), min(at for at, _ in below))
    return found


def _excursions(world: World, measured: list[Measured], thinned: Sequence[Thinned]) -> set[Excursion]:
    found = set()
    for device, place in world.devices.items():
        for rule in world.rules_at(place):
            if isinstance(rule, SilenceRule):
                found |= _silences(world, device, rule, measured, thinned)
                continue
            values = defaultdict(list)
            for each in measured:
                if each.device == device:
                    values[each.at].append(each.value)
            for envelope in thinned:
                if envelope.device == device:
                    for at in envelope.instants(sorted({each.at for each in measured if each.device == device})):
                        values[at].append(envelope.bound(rule.side))
            furthest = max if rule.side is Side.ABOVE else min
            instants = [(at, furthest(values[at])) for at in sorted(values)]
            if rule.signal is not None:
                instants = [(at, _signal(rule.signal, instants[: n + 1])) for n, (at, _) in enumerate(instants)]
            found |= _runs(device, rule, instants)
    return found


def _signal(signal: Signal, instants: list[tuple[datetime, float]]) -> float:
    """The signal at the last of these instants."""
    now, value = instants[-1]
    since = now - timedelta(seconds=signal.window_s)
    if signal.kind is SignalKind.CHANGE:
        return max(abs(value - before) for at, before in instants if at >= since)
    assert signal.kind is SignalKind.SECONDS_OUTSIDE
    outside_s = 0.0
    for (at, before), (after, _) in pairwise(instants):
        is_outside = before > signal.edge or (signal.on_edge_is_outside and before == signal.edge)
        end = min(after, at + timedelta(seconds=signal.spell_max_s))
        if is_outside:
            outside_s += max(0.0, (end - max(at, since)).total_seconds())
    return outside_s


def _silences(
    world: World, device: str, rule: SilenceRule, measured: list[Measured], thinned: Sequence[Thinned]
) -> set[Excursion]:
    """Between two good values, or after the last one, as far as anything of the gateway was recorded."""
    gateway = world.gateways[device]
    heard = [(each.device, each.at) for each in measured]
    heard += [(each.device, at) for each in thinned for at in (each.began_at, each.ended_at)]
    known = [at for each, at in heard if world.gateways[each] == gateway]
    mine = sorted({at for each, at in heard if each == device})
    if not mine:
        return set()
    known_until = max(known)
    times: list[datetime | None] = [*mine, None]
    found = set()
    for began_at, ended_at in pairwise(times):
        assert began_at is not None
        if ended_at is not None and any(
            each.device == device and each.gap_s < rule.after_s
            and each.began_at <= began_at and ended_at <= each.ended_at for each in thinned
        ):  # fmt: skip
            continue
        length_s = ((ended_at or known_until) - began_at).total_seconds()
        if length_s >= rule.after_s:
            found.add(Excursion(device, rule.name, began_at, ended_at, length_s))
    return found


def _runs(device: str, rule: Rule, instants: list[tuple[datetime, float]]) -> set[Excursion]:
    found = set()
    rest = instants
    while True:
        start = next((n for n, (_, value) in enumerate(rest) if _outside(rule, value, 0)), None)
        if start is None:
            return found
        rest = rest[start:]
        end = next((n for n, (_, value) in enumerate(rest) if not _outside(rule, value, rule.hysteresis)), len(rest))
        run, rest = rest[:end], rest[end:]
        if run[-1][0] - run[0][0] >= timedelta(seconds=rule.delay_s):
            values = [value for _, value in run]
            worst = max(values) if rule.side is Side.ABOVE else min(values)
            found.add(Excursion(device, rule.name, run[0][0], rest[0][0] if rest else None, worst))


def _outside(rule: Rule, value: float, margin: float) -> bool:
    if rule.side is Side.ABOVE:
        return value + margin > rule.limit or (rule.on_limit_is_outside and value + margin == rule.limit)
    return value - margin < rule.limit or (rule.on_limit_is_outside and value - margin == rule.limit)


def _exposed(
    world: World, moves: list[Move], residencies: set[Residency], excursion: Excursion
) -> dict[Residency, datetime]:
    monitored = world.devices[excursion.device]
    since: dict[Residency, datetime] = {}
    for residency in residencies:
        is_below = monitored in world.upwards(residency.key[2])
        starts_before_end = excursion.ended_at is None or residency.began_at < excursion.ended_at
        ends_after_start = residency.ended_at is None or residency.ended_at > excursion.began_at
        if is_below and starts_before_end and ends_after_start:
            since[residency] = max(residency.began_at, excursion.began_at)
    while True:
        before = dict(since)
        for residency, exposed_at in before.items():
            for move in moves:
                if move.at >= exposed_at and _carries(world, residency, move):
                    for into in residencies:
                        if into.key == (move.lot, move.serial, move.to_place) and into.contains(move.at):
                            since[into] = min(since.get(into, move.at), move.at)
        if since == before:
            return since


def _carries(world: World, residency: Residency, move: Move) -> bool:
    """Whether what left was, or was made of, what resided."""
    lot, serial, place = residency.key
    if move.from_place != place:
        return False
    if (move.lot, move.serial) == (lot, serial):
        return residency.contains(move.at)
    return world.places[place].kind == "production" and move.lot != lot
