"""What the ledger must come to, said as plainly as possible: all facts in, everything that follows out.

Slow and simple on purpose, and written from the rules, not from the SQL. It knows no order of arrival at all.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import inf, isinf
from typing import TypeVar
from zoneinfo import ZoneInfo

from edge_agent.domain.monitoring.excursions import Rule, Side, SilenceRule
from edge_agent.domain.monitoring.signals import Signal, SignalKind

T = TypeVar("T")
Key = tuple[str, str, str]
"""Lot number, serial, place."""
HOLD_NO_STOCK = ("supplier", "count_difference", "used_up")
EVER, ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
OUT_OF_SIGHT = ("supplier", "used_up")
RECIPIENTS = ("customer", "ward")
IN_THE_HOUSE = ("site", "room", "bin")
INSIDE = ("site", "room", "bin", "ward", "customer", "transit")


@dataclass(frozen=True)
class Move:
    """A quantity that went from one place to another."""

    lot: str
    serial: str
    quantity: int
    from_place: str
    to_place: str
    at: datetime
    earliest: datetime | None = None
    latest: datetime | None = None
    """Between which instants it was, where a person typed ``at`` or a clock is not trusted."""
    opening: str = ""
    """Names the opening of a case that it is a part of."""

    @property
    def came(self) -> datetime:
        """As early as it may have."""
        return self.earliest or self.at

    @property
    def left(self) -> datetime:
        """As late as it may have."""
        return self.latest or self.at


@dataclass(frozen=True)
class Counted:
    """What an approved count found in a place; ``number`` tells counts of one instant apart."""

    lot: str
    serial: str
    place: str
    quantity: int
    at: datetime
    number: int
    latest: datetime | None = None


@dataclass(frozen=True)
class HeldAt:
    """Goods that somebody held: of a lot (or one serial of it), at and below a place at an instant.

    Without a place the whole lot is. ``believed`` is what the ledger knew to be there: (serial, place) -> from when on
    it is held there. ``news`` are movements that were not known then.
    """

    lot: str
    serial: str | None
    place: str | None
    at: datetime
    believed: tuple[tuple[tuple[str, str], datetime], ...] = ()
    news: frozenset[Move] = frozenset()


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
class Spell:
    """A rule that a device in a place is judged by, from ``since`` on and before ``until``."""

    place: str
    rule: Rule | SilenceRule
    since: datetime
    until: datetime


@dataclass(frozen=True)
class World:
    """Places by name, the place of each device, and what they were before."""

    places: dict[str, Place]
    devices: dict[str, str]
    gateways: dict[str, int]
    """Device -> its gateway: silence is known up to the latest reading of any device of it."""
    rules_were: dict[str, list[tuple[datetime, tuple[Rule | SilenceRule, ...]]]] = field(default_factory=dict)
    """Place -> until when it had which rules of its own, the oldest first."""
    device_was: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    """Device -> until when it was where, the oldest first."""
    horizons: dict[int, datetime] | None = None
    """Gateway -> up to when its journal is here without a hole; None: all of every journal is."""

    def upwards(self, place: str | None) -> list[str]:
        """The place itself and everything above it."""
        return [] if place is None else [place, *self.upwards(self.places[place].parent)]

    def spells_of(self, device: str) -> list[Spell]:
        """What the device was and is judged by: a rule that a change leaves as it was goes on across it."""
        changes = [at for was in (*self.rules_were.values(), *self.device_was.values()) for at, _ in was]
        found: list[Spell] = []
        for since, until in pairwise([EVER, *sorted(set(changes)), ALWAYS]):
            place = as_it_was(self.device_was.get(device, []), self.devices[device], since)
            for rule in self._rules_at(place, since):
                before = next((s for s in found if (s.place, s.rule, s.until) == (place, rule, since)), None)
                if before is not None:
                    found.remove(before)
                found.append(Spell(place, rule, before.since if before else since, until))
        return found

    def _rules_at(self, place: str, at: datetime) -> tuple[Rule | SilenceRule, ...]:
        """Those of the nearest policy that was in force then."""
        own = (as_it_was(self.rules_were.get(each, []), self.places[each].rules, at) for each in self.upwards(place))
        return next((rules for rules in own if rules), ())


def as_it_was(was: list[tuple[datetime, T]], now: T, at: datetime) -> T:
    return next((before for until, before in was if at < until), now)


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
    place: str


@dataclass(frozen=True)
class Truth:
    """What follows from the facts."""

    balances: dict[Key, int]
    residencies: set[Residency]
    excursions: set[Excursion]
    exposures: dict[tuple[Excursion, Residency], datetime]
    negative: dict[Key, tuple[int, datetime]]
    returned: set[Key]
    """Where goods still are that came back from recipients."""

    @property
    def held(self) -> set[Key]:
        """Where exposed stock still is."""
        return {residency.key for _, residency in self.exposures if residency.ended_at is None}


NOWHERE = ("supplier", "customer", "scrap", "count_difference", "used_up", "transit", "unpacking")


def speaks_for(world: World, site: str, from_place: str, to_place: str) -> bool:
    """Whether a gateway of this site may tell of a movement: one end is in it, and none in another."""
    scopes = {_scope(world, place) for place in (from_place, to_place)} - {None}
    return scopes == {site}


def _scope(world: World, place: str) -> str | None:
    kind, outermost = world.places[place].kind, world.upwards(place)[-1]
    return None if kind in NOWHERE or (kind == "ward" and outermost == place) else outermost


def products_of(world: World, moves: list[Move], lots: set[str]) -> set[str]:
    """These lots, and what was made of them: what left production at or after one of them went in, and so on."""
    reached = set(lots)
    while True:
        went_in = [move for move in moves if move.lot in reached and world.places[move.to_place].kind == "production"]
        made = {
            out.lot
            for put_in in went_in
            for out in moves
            if out.from_place == put_in.to_place and out.at >= put_in.at and out.lot != put_in.lot
        }
        if made <= reached:
            return reached
        reached |= made


def evidence(world: World, found: "Truth", excursion: Excursion, lot: str) -> object:
    """What is known of a lot's exposure to an excursion: a decision stands while this stays the same."""
    exposed = {r: since for (e, r), since in found.exposures.items() if e == excursion and r.key[0] == lot}
    forever = datetime.max.replace(tzinfo=excursion.began_at.tzinfo)
    ended_at = excursion.ended_at or forever
    stays = {
        (residency.key, since, min(residency.ended_at or forever, ended_at))
        for residency, since in exposed.items()
        if excursion.place in world.upwards(residency.key[2]) and residency.began_at < ended_at
    }
    return excursion, frozenset(stays) or min(exposed.values(), default=None)


def truth(
    world: World,
    moves: list[Move],
    measured: list[Measured],
    thinned: Sequence[Thinned] = (),
    seen: Sequence[tuple[str, datetime]] = (),
) -> Truth:
    """Everything that follows from these facts. ``seen``: (device, when) somebody saw that all was within limits."""
    residencies = _residencies(world, moves)
    excursions = _excursions(world, Evidence(measured, thinned, seen))
    exposures = {
        (excursion, residency): since
        for excursion in excursions
        for residency, since in _exposed(world, moves, residencies, excursion).items()
    }
    balances: dict[Key, int] = defaultdict(int)
    for move in moves:
        balances[move.lot, move.serial, move.to_place] += move.quantity
        balances[move.lot, move.serial, move.from_place] -= move.quantity
    returned = spread(world, moves, residencies, _returns(world, moves, residencies))
    return Truth(
        {key: quantity for key, quantity in balances.items() if quantity},
        residencies,
        excursions,
        exposures,
        _negative(world, moves),
        {residency.key for residency in returned if residency.ended_at is None},
    )


def _history(moves: list[Move]) -> dict[Key, list[tuple[datetime, int, datetime]]]:
    """For each key the balance after each movement, in the order of time, and when that is said; in before out."""
    steps: dict[Key, list[tuple[datetime, int, datetime, int]]] = defaultdict(list)
    for move in moves:
        steps[move.lot, move.serial, move.to_place].append((move.came, 0, move.at, move.quantity))
        steps[move.lot, move.serial, move.from_place].append((move.left, 1, move.at, -move.quantity))
    history: dict[Key, list[tuple[datetime, int, datetime]]] = {}
    for key, each in steps.items():
        balance = 0
        history[key] = []
        for at, _, said_at, change in sorted(each):
            balance += change
            history[key].append((at, balance, said_at))
    return history


def _residencies(world: World, moves: list[Move]) -> set[Residency]:
    found = set()
    for key, history in _history(moves).items():
        if world.places[key[2]].kind in HOLD_NO_STOCK:
            continue
        began_at = None
        for at, balance, _ in history:
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
        below = [(said_at, balance) for _, balance, said_at in history if balance < 0]
        if below and world.places[key[2]].kind in INSIDE:
            found[key] = (min(balance for _, balance in below), min(at for at, _ in below))
    return found


@dataclass(frozen=True)
class Evidence:
    """What is known of the values: measured, thinned, and seen by people."""

    measured: list[Measured]
    thinned: Sequence[Thinned] = ()
    seen: Sequence[tuple[str, datetime]] = ()

    def heard(self) -> list[tuple[str, datetime]]:
        """(device, when) something good is known of it."""
        said = [(each.device, each.at) for each in self.measured]
        said += [(each.device, at) for each in self.thinned for at in (each.began_at, each.ended_at)]
        return [*said, *self.seen]


def _known_until(world: World, device: str, evidence: Evidence) -> datetime:
    """Up to when it is known what the gateway of a device took."""
    if world.horizons is not None:
        return world.horizons.get(world.gateways[device], EVER)
    said = [(d, at) for d, at in evidence.heard() if (d, at) not in evidence.seen]
    return max((at for d, at in said if world.gateways[d] == world.gateways[device]), default=EVER)


def _excursions(world: World, evidence: Evidence) -> set[Excursion]:
    """Of places and rules: what overlaps is one, and the worst of its devices (by gateway and name) speaks for it."""
    probes = _probe_excursions(world, evidence)
    found = set()
    for place, name in {(each.place, each.rule) for each in probes}:
        mine = [each for each in probes if (each.place, each.rule) == (place, name)]
        rule = next(
            spell.rule
            for device in world.devices
            for spell in world.spells_of(device)
            if (spell.place, spell.rule.name) == (place, name)
        )
        for members in _overlapping(mine):
            if rule.sensors == "any":
                found.add(_together(world, rule, members, members[0].began_at, _end_of(members)))
            else:
                found |= _voted(world, rule, members, evidence)
    return found


def _overlapping(excursions: list[Excursion]) -> list[list[Excursion]]:
    groups: list[list[Excursion]] = []
    for each in sorted(excursions, key=lambda each: each.began_at):
        if groups and each.began_at < (_end_of(groups[-1]) or ALWAYS):
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


def _end_of(excursions: list[Excursion]) -> datetime | None:
    end = max(each.ended_at or ALWAYS for each in excursions)
    return None if end == ALWAYS else end


def _together(
    world: World, rule: Rule | SilenceRule, members: list[Excursion], began_at: datetime, ended_at: datetime | None
) -> Excursion:
    """Of the devices in it, the one that made them enough, counted from the worst."""
    here = [each for each in members if each.began_at < (ended_at or ALWAYS) and began_at < (each.ended_at or ALWAYS)]
    is_low_worse = isinstance(rule, Rule) and rule.side is Side.BELOW
    here.sort(key=lambda each: (each.worst if is_low_worse else -each.worst, world.gateways[each.device], each.device))
    worst = list({each.device: each for each in reversed(here)}.values())[::-1]
    devices = sorted(worst, key=here.index)
    needed = 1 if rule.sensors == "any" else len(devices) if rule.sensors == "all" else int(rule.sensors)
    telling = devices[min(needed, len(devices)) - 1]
    return Excursion(telling.device, rule.name, began_at, ended_at, telling.worst, telling.place)


def open_probes(
    world: World,
    place: str,
    rule: str,
    measured: list[Measured],
    thinned: Sequence[Thinned],
    seen: Sequence[tuple[str, datetime]],
) -> set[str]:
    """Devices by which an excursion of this place and rule lasts."""
    probes = _probe_excursions(world, Evidence(measured, thinned, seen))
    return {each.device for each in probes if (each.place, each.rule, each.ended_at) == (place, rule, None)}


def _voted(world: World, rule: Rule | SilenceRule, members: list[Excursion], evidence: Evidence) -> set[Excursion]:
    """Instant by instant: outside while enough of the devices are that were heard no longer than a gap ago."""
    place, end = members[0].place, _end_of(members)
    gap = None if isinstance(rule, SilenceRule) or rule.gap_s is None else timedelta(seconds=rule.gap_s)
    heard = {
        device: sorted(at for each, at in evidence.heard() if each == device)
        for device in world.devices
        if any((spell.place, spell.rule) == (place, rule) for spell in world.spells_of(device))
    }
    began = members[0].began_at
    moments = {began, *(at for each in members for at in (each.began_at, each.ended_at) if at is not None)}
    moments |= {at for times in heard.values() for at in times}
    moments |= {at + gap for times in heard.values() for at in times if gap is not None}
    found, was_outside = list[tuple[datetime, datetime | None]](), False
    steps: list[datetime | None] = [*sorted(at for at in moments if began <= at < (end or ALWAYS)), end]
    for at, after in pairwise(steps):
        assert at is not None
        out = {each.device for each in members if each.began_at <= at < (each.ended_at or ALWAYS)}
        voices = {d for d, times in heard.items() if any(t <= at and (gap is None or at < t + gap) for t in times)}
        if voices:
            needed = len(voices) if rule.sensors == "all" else min(int(rule.sensors), len(voices))
            was_outside = len(out & voices) >= needed
        if was_outside and found and found[-1][1] == at:
            found[-1] = (found[-1][0], after)
        elif was_outside:
            found.append((at, after))
    return {_together(world, rule, members, begins, ends) for begins, ends in found}


def _probe_excursions(world: World, evidence: Evidence) -> set[Excursion]:
    found = set()
    measured, thinned = evidence.measured, evidence.thinned
    for device in world.devices:
        for spell in world.spells_of(device):
            rule = spell.rule
            if isinstance(rule, SilenceRule):
                found |= _silences(world, device, spell.place, rule, evidence)
                continue
            values = defaultdict(list)
            for each in measured:
                if each.device == device:
                    values[each.at].append(each.value)
            for envelope in thinned:
                if envelope.device == device:
                    for at in envelope.instants(sorted({each.at for each in measured if each.device == device})):
                        values[at].append(envelope.bound(_side(rule)))
            for seen, at in evidence.seen:
                if seen == device:
                    values[at].append(-inf if _side(rule) is Side.ABOVE else inf)
            furthest = max if _side(rule) is Side.ABOVE else min
            instants = [(at, furthest(values[at])) for at in sorted(values) if spell.since <= at < spell.until]
            if rule.signal is not None:
                # Where somebody has only looked, all is within, and it adds nothing to what was measured.
                looked = [(at, -inf) for at, value in instants if isinf(value)]
                values_of = [(at, value) for at, value in instants if not isinf(value)]
                signals = [(at, _signal(rule.signal, values_of[: n + 1])) for n, (at, _) in enumerate(values_of)]
                instants = sorted([*signals, *looked])
            known = _known_until(world, device, evidence) if rule.missing_counts else EVER
            found |= {_cut_off(each, spell) for each in _runs(device, spell.place, rule, instants, known)}
    return found


def _side(rule: Rule) -> Side:
    """Which side of the values is further out."""
    return rule.side if rule.signal is None or rule.signal.is_above else Side.BELOW


def _cut_off(excursion: Excursion, spell: Spell) -> Excursion:
    """What lasted when its rule went out of force ended with it."""
    lasted = excursion.ended_at is None and spell.until != ALWAYS
    return replace(excursion, ended_at=spell.until) if lasted else excursion


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
    world: World,
    device: str,
    place: str,
    rule: SilenceRule,
    evidence: Evidence,
) -> set[Excursion]:
    """Between two good values, or after the last one, as far as anything of the gateway was recorded.

    By a rule that has always been in force."""
    mine = sorted({at for each, at in evidence.heard() if each == device})
    if not mine:
        return set()
    known_until = _known_until(world, device, evidence)
    times: list[datetime | None] = [*mine, None]
    found = set()
    for began_at, ended_at in pairwise(times):
        assert began_at is not None
        if ended_at is not None and any(
            each.device == device and each.gap_s < rule.after_s
            and each.began_at <= began_at and ended_at <= each.ended_at for each in evidence.thinned
        ):  # fmt: skip
            continue
        length_s = ((ended_at or known_until) - began_at).total_seconds()
        if (min(ended_at or ALWAYS, known_until) - began_at).total_seconds() >= rule.after_s:
            found.add(Excursion(device, rule.name, began_at, ended_at, length_s, place))
    return found


def _runs(
    device: str, place: str, rule: Rule, instants: list[tuple[datetime, float]], known_until: datetime
) -> set[Excursion]:
    """``known_until``: while nothing is measured up to then, the delay runs on."""
    found = set()
    rest = instants
    while True:
        start = next((n for n, (_, value) in enumerate(rest) if _outside(rule, value, 0)), None)
        if start is None:
            return found
        rest = rest[start:]
        end = next((n for n, (_, value) in enumerate(rest) if not _outside(rule, value, rule.hysteresis)), len(rest))
        run, rest = rest[:end], rest[end:]
        before = max((at for at, _ in instants if at < run[0][0]), default=None)
        is_after_a_gap = (
            before is not None and rule.gap_s is not None and run[0][0] - before > timedelta(seconds=rule.gap_s)
        )
        began_at = before if is_after_a_gap and before is not None else run[0][0]
        ended_at = rest[0][0] if rest else None
        if (ended_at or max(run[-1][0], known_until)) - began_at >= timedelta(seconds=rule.delay_s):
            values = [value for _, value in run]
            worst = max(values) if rule.side is Side.ABOVE else min(values)
            found.add(Excursion(device, rule.name, began_at, ended_at, worst, place))


def _outside(rule: Rule, value: float, margin: float) -> bool:
    if rule.side is Side.ABOVE:
        return value + margin > rule.limit or (rule.on_limit_is_outside and value + margin == rule.limit)
    return value - margin < rule.limit or (rule.on_limit_is_outside and value - margin == rule.limit)


def _exposed(
    world: World, moves: list[Move], residencies: set[Residency], excursion: Excursion
) -> dict[Residency, datetime]:
    since: dict[Residency, datetime] = {}
    for residency in residencies:
        is_below = excursion.place in world.upwards(residency.key[2])
        starts_before_end = excursion.ended_at is None or residency.began_at < excursion.ended_at
        ends_after_start = residency.ended_at is None or residency.ended_at > excursion.began_at
        if is_below and starts_before_end and ends_after_start:
            since[residency] = max(residency.began_at, excursion.began_at)
    return spread(world, moves, residencies, since)


def _returns(world: World, moves: list[Move], residencies: set[Residency]) -> dict[Residency, datetime]:
    """Where goods came back to from recipients, by whatever name."""
    since: dict[Residency, datetime] = {}
    for move in moves:
        ends = world.places[move.from_place].kind, world.places[move.to_place].kind
        if ends[0] in RECIPIENTS and ends[1] in IN_THE_HOUSE:
            received_by(since, residencies, move, move.came)
    return since


def goods_held(world: World, moves: list[Move], residencies: set[Residency], held: HeldAt) -> dict[Residency, datetime]:
    """Where goods that somebody held were and are since then, and what was made of them."""
    since: dict[Residency, datetime] = {}
    believed = dict(held.believed)
    for residency in residencies:
        lot, serial, place = residency.key
        if lot != held.lot or held.serial not in (None, serial):
            continue
        is_below = held.place is None or held.place in world.upwards(place)
        if held.place is None and (residency.ended_at is None or residency.ended_at >= held.at):
            since[residency] = max(residency.began_at, held.at)
        elif is_below and residency.contains(held.at):
            since[residency] = held.at
        if (at := believed.get((serial, place))) is not None and residency.contains(at):
            since[residency] = min(since.get(residency, at), at)
    for move in held.news:
        at = believed.get((move.serial, move.from_place))
        if move.lot == held.lot and at is not None and move.left < at:
            received_by(since, residencies, move, move.came)
    return spread(world, moves, residencies, since)


def spread(
    world: World, moves: list[Move], residencies: set[Residency], seeds: dict[Residency, datetime]
) -> dict[Residency, datetime]:
    """Where these goods, and what was made of them, were and are: each stay, and since when."""
    since = dict(seeds)
    while True:
        before = dict(since)
        for residency, marked_at in before.items():
            for move in moves:
                if _carries(world, moves, residency, marked_at, move):
                    received_by(since, residencies, move, max(move.came, marked_at))
        if since == before:
            return since


def received_by(since: dict[Residency, datetime], residencies: set[Residency], move: Move, at: datetime) -> None:
    """Mark the stay that received a movement."""
    for into in residencies:
        if into.key == (move.lot, move.serial, move.to_place) and into.contains(move.came):
            since[into] = min(since.get(into, at), at)


def _carries(world: World, moves: list[Move], residency: Residency, since: datetime, move: Move) -> bool:
    """Whether what left was, or was made of, or may have been, what resided since then."""
    lot, serial, place = residency.key
    if move.left < since:
        return False
    is_it = (move.lot, move.serial) == (lot, serial)
    source = world.places[move.from_place].kind
    if is_it and source == "count_difference":
        return True  # what is found may be any of that lot that the ledger believes elsewhere
    if is_it and source in OUT_OF_SIGHT:
        return any(
            (went.lot, went.serial, went.from_place) == residency.key
            and world.places[went.to_place].kind == source
            and went.left >= since
            and residency.contains(went.left)
            and move.left >= went.came
            for went in moves
        ) or (move.from_place == place and residency.contains(move.left))
    if move.from_place != place:
        return False
    if is_it:
        return residency.contains(move.left)
    if world.places[place].kind == "unpacking":
        return (move.lot, move.serial != serial) == (lot, True) and any(
            (went.lot, went.serial, went.from_place, went.to_place, went.at, went.opening)
            == (lot, serial, move.to_place, place, move.at, move.opening)
            for went in moves
        )  # what was in a case comes out as it is opened
    return world.places[place].kind == "production" and move.lot != lot


@dataclass(frozen=True)
class Issue:
    """Stock that was handed out of a place."""

    fact: str
    lot: str
    place: str
    at: datetime


def late_issues(
    issues: Sequence[Issue],
    labels: dict[str, set[tuple[date, time | None]]],
    zones: dict[str, str],
    corrected: dict[str, tuple[date, time | None]],
) -> set[str]:
    """Facts of issues after the expiry of their lot: the corrected one, else the last that any label says (an hour of a
    day before the whole day), by the wall clock of the place they left.
    """
    late = set()
    for issue in issues:
        every = sorted(
            labels.get(issue.lot, set()), key=lambda each: (each[0], each[1] is not None, each[1] or time.min)
        )
        said = [corrected[issue.lot]] if issue.lot in corrected else every[-1:]
        zone = ZoneInfo(zones[issue.place])
        ends = [
            datetime.combine(day, hour, zone) if hour else datetime.combine(day + timedelta(days=1), time(0), zone)
            for day, hour in said
        ]
        if ends and ends[0] <= issue.at:
            late.add(issue.fact)
    return late


def with_counts(moves: Sequence[Move], counts: Sequence[Counted], difference: str) -> list[Move]:
    """All movements, with those by which each approved count makes what it found true at its instant."""
    found = list(moves)
    for count in sorted(counts, key=lambda each: (each.at, each.number)):
        key = count.lot, count.serial, count.place
        there = sum(
            move.quantity * ((move.lot, move.serial, move.to_place) == key)
            - move.quantity * ((move.lot, move.serial, move.from_place) == key)
            for move in found
            if move.at <= count.at
        )
        surplus = count.quantity - there
        if surplus:
            ends = (difference, count.place) if surplus > 0 else (count.place, difference)
            earliest = count.at if count.latest else None
            found.append(Move(count.lot, count.serial, abs(surplus), *ends, count.at, earliest, count.latest))
    return found
