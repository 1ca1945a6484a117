"""What the ledger must come to, of everything that was said to it: facts, commands that it answered, and decisions."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from edge_agent.domain.wire.records import Action, Envelope, Reading, ScanLine, ScanTransaction, Stamp
from tests.machine.house import CASE_GTIN, GTINS, UNITS_IN_CASE, House
from tests.support.reference_model import (
    RECIPIENTS,
    Counted,
    Excursion,
    HeldAt,
    Key,
    Measured,
    Move,
    Residency,
    Thinned,
    Truth,
    evidence,
    goods_held,
    products_of,
    received_by,
    speaks_for,
    spread,
    truth,
    with_counts,
)

Hold = tuple[str, str, str | None, str | None]
"""Kind, lot, serial (None: all), place (None: everywhere)."""
ITEMS = {**{gtin: item for item, gtin in GTINS.items()}, CASE_GTIN: "pen"}
UNPACKED = "unpacked"
RESERVABLE_IN = ("site", "room", "bin")


@dataclass(frozen=True)
class Heard:
    """A scanned line that reached the ledger."""

    fact: str
    gate: int
    stamp: Stamp
    true_at: datetime
    scan: ScanTransaction
    line: ScanLine


@dataclass(frozen=True)
class Booked:
    """A movement, and what it was for."""

    fact: str
    move: Move
    action: Action
    order: str


@dataclass(frozen=True)
class Placed:
    """A hold that somebody placed, and which movements were known then."""

    kind: str
    held: HeldAt
    known: frozenset[str]


@dataclass
class Expected:
    """The model; cases and ``excursion_ids`` are told by the ledger, everything else is known here."""

    house: House
    heard: dict[str, Heard] = field(default_factory=dict)
    measured: list[tuple[int, Stamp, datetime, str, float]] = field(default_factory=list)
    told: set[tuple[int, int]] = field(default_factory=set)
    """(gateway, number) of each reading that is known, by the number that it had first."""
    envelopes: dict[tuple[int, int], Envelope] = field(default_factory=dict)
    inside: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)
    """The numbers of the readings that an envelope stands for."""
    corrected: set[tuple[int, str]] = field(default_factory=set)
    commanded: dict[str, Booked] = field(default_factory=dict)
    known_items: set[str] = field(default_factory=lambda: set(GTINS) - {"late"})
    item_of: dict[str, str] = field(default_factory=dict)
    placed: dict[int, Placed] = field(default_factory=dict)
    by_rule: set[tuple[str, str]] = field(default_factory=set)
    """Kind of the hold, and the fact that brought the goods."""
    inspected: set[str] = field(default_factory=set)
    unqualified: set[str] = field(default_factory=set)
    recalls: dict[int, tuple[frozenset[str], frozenset[str], frozenset[str]]] = field(default_factory=dict)
    released: list[tuple[int, str, frozenset[str], object, bool]] = field(default_factory=list)
    settled: dict[str, str] = field(default_factory=dict)
    counts: list[Counted] = field(default_factory=list)
    """Findings of counts that were approved."""
    batches: dict[str, bool] = field(default_factory=dict)
    units_in_case: int = UNITS_IN_CASE[0]
    """What the code of the case stands for now."""
    units_of: dict[str, int] = field(default_factory=dict)
    """What it stood for when a fact was booked."""
    labels: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    """Days that were said of each lot by what was booked, created or counted and approved."""
    expiry_corrected: dict[str, date] = field(default_factory=dict)
    seen: set[tuple[str, datetime]] = field(default_factory=set)
    """(device, when): excursions that quality ended by evidence."""
    reaches: dict[int, set[str]] = field(default_factory=dict)
    _truth: tuple[object, Truth] | None = None
    _spread: dict[object, dict[Residency, datetime]] = field(default_factory=dict)

    @property
    def is_in_doubt(self) -> bool:
        """Whether the ledger has heard records whose time nobody knows yet."""
        stamps = [(each.gate, each.stamp) for each in self.heard.values()]
        stamps += [(gate, said) for gate, said, *_ in self.measured]
        return any(not said.synced and (gate, said.boot) not in self.corrected for gate, said in stamps)

    def at(self, gate: int, said: Stamp, true_at: datetime) -> datetime:
        """When it was, as far as the ledger can know."""
        return true_at if said.synced or (gate, said.boot) in self.corrected else said.at

    def why_not_booked(self, each: Heard) -> str | None:
        """The kind of case that a scanned line must be in, None if it must be booked."""
        source, target = places_of(each.scan)
        if each.fact in self.settled:
            return self.settled[each.fact]
        if each.scan.action is Action.COUNT:
            return "count"
        if source is None or target is None:
            return "missing_place"
        if source == target:
            return "same_place"
        if not each.line.lot:
            return "missing_lot"
        if ITEMS.get(each.line.gtin) not in self.known_items:
            return "unknown_item"
        if not {source, target} <= self.house.world.places.keys():
            return "unknown_place"
        if each.line.serial and each.line.quantity != 1:
            return "implausible_quantity"
        return None if speaks_for(self.house.world, "main", source, target) else "outside_site"

    def booked(self) -> Iterator[Booked]:
        """All movements that there must be, but for what counts correct."""
        yield from self.commanded.values()
        for each in self.heard.values():
            if self.why_not_booked(each) is None:
                yield from self.as_booked(each)

    def as_booked(self, each: Heard) -> tuple[Booked, ...]:
        """The movements of a scanned line: one, or none or two of an opening."""
        source, target = places_of(each.scan)
        assert source and target and each.line.lot
        at = self.at(each.gate, each.stamp, each.true_at)
        serial, quantity = each.line.serial or "", each.line.quantity
        is_case = each.line.gtin == CASE_GTIN
        if is_case:
            quantity *= self.units_of.get(each.fact, self.units_in_case)
            serial = serial and case_serial(serial)
        if each.scan.action is not Action.OPEN_CASE:
            move = Move(each.line.lot, serial, quantity, source, target, at)
            return (Booked(each.fact, move, each.scan.action, each.scan.order or ""),)
        if not serial:
            return ()
        name = each.fact.split("#")[0]
        went, came = (serial, "") if is_case else ("", serial)
        moves = (
            Move(each.line.lot, went, quantity, source, UNPACKED, at, opening=name),
            Move(each.line.lot, came, quantity, UNPACKED, source, at, opening=name),
        )
        facts = (each.fact, f"{each.fact}/opened")
        return tuple(Booked(fact, move, each.scan.action, "") for fact, move in zip(facts, moves, strict=True))

    def take_in(self, each: Heard) -> None:
        """A scanned line is booked now: by what its code stands for, and what its label says counts."""
        self.units_of.setdefault(each.fact, self.units_in_case)
        if each.line.lot and each.line.expires_on:
            self.labels[each.line.lot].add(each.line.expires_on)
        for booked in self.as_booked(each):
            self.receive(booked)

    def measure(self, gate: int, seq: int, reading: Reading, true_at: datetime) -> None:
        """A reading has come, perhaps for the second time under another number."""
        number = gate, seq if reading.was is None else reading.was
        if number in self.told:
            return
        self.told.add(number)
        for value in reading.values.values():
            self.measured.append((gate, reading.stamp, true_at, reading.device, value))

    def thinned(self) -> list[Thinned]:
        """What envelopes say, of gateways whose clock was right."""
        found = []
        for (gate, seq), each in self.envelopes.items():
            inside = self.inside[gate, seq]
            assert len(inside) == each.count
            spread, known = each.values["temp_c"], len(self.told & {(gate, number) for number in inside})
            gap_s = (each.gap_ms or 0) / 1000
            ends = each.since.at, each.stamp.at
            found.append(Thinned(each.device, *ends, spread.least, spread.greatest, gap_s, each.count, known))
        return found

    def good_values(self) -> list[Measured]:
        """What was measured, at the times that are known."""
        return [Measured(device, self.at(gate, said, at), value) for gate, said, at, device, value in self.measured]

    def expiries(self) -> dict[str, date]:
        """The last day of each lot that a label names one of: the last of them, or as it was corrected."""
        return {**{lot: max(days) for lot, days in self.labels.items() if days}, **self.expiry_corrected}

    def moves(self) -> list[Move]:
        """All movements."""
        return with_counts([each.move for each in self.booked()], self.counts, "count-difference")

    def truth(self) -> Truth:
        """What follows from the facts."""
        moves = self.moves()
        measured, thinned, seen = self.good_values(), self.thinned(), sorted(self.seen)
        world = self.house.world
        assert world.horizons is not None
        world.horizons.clear()
        world.horizons.update(self.house.horizons())
        self._check_horizons([*((each.device, each.at) for each in measured),
                              *((each.device, each.ended_at) for each in thinned)])  # fmt: skip
        key = (
            tuple(moves),
            tuple(measured),
            tuple(thinned),
            tuple(seen),
            repr((world.horizons, world.places, world.rules_were, world.devices, world.device_was)),
        )
        if self._truth is None or self._truth[0] != key:
            self._truth = (key, truth(world, moves, measured, thinned, seen=seen))
            self._spread.clear()
        return self._truth[1]

    def _check_horizons(self, measured: list[tuple[str, datetime]]) -> None:
        """The ledger never takes for known what nothing is known of."""
        world = self.house.world
        for number, until in (world.horizons or {}).items():
            last = max((at for device, at in measured if world.gateways[device] == number), default=None)
            assert self.is_in_doubt or (last is not None and until <= last), (number, until, last)

    def balances(self) -> dict[Key, int]:
        """Sums of movements."""
        sums: Counter[Key] = Counter()
        for move in self.moves():
            sums[move.lot, move.serial, move.to_place] += move.quantity
            sums[move.lot, move.serial, move.from_place] -= move.quantity
        return {key: quantity for key, quantity in sums.items() if quantity}

    def receive(self, each: Booked) -> None:
        """Holds that a movement brings with it when it is booked."""
        kinds = {name: place.kind for name, place in self.house.world.places.items()}
        source, target = kinds[each.move.from_place], kinds[each.move.to_place]
        if source == "supplier":
            if self.item_of[each.move.lot] in self.inspected:
                self.by_rule.add(("receipt_inspection", each.fact))
            if each.move.from_place in self.unqualified:
                self.by_rule.add(("supplier", each.fact))
        if source in RECIPIENTS and target in RESERVABLE_IN:
            self.by_rule.add(("manual", each.fact))

    def holds(self, excursion_ids: dict[tuple[str, str, datetime], int], cases: set[Hold]) -> set[Hold]:
        """Everything that blocks stock."""
        return {
            *self._exposure_holds(excursion_ids),
            *self._placed_holds(),
            *self._holds_by_rule(),
            *cases,
            *(("recall", lot, None, None) for lots in self.recalled().values() for lot in lots),
            *(("unreleased", lot, None, None) for lot in self.unreleased()),
        }

    def recalled(self) -> dict[int, set[str]]:
        """Lots by recall. What was once in the reach of a recall stays in it."""
        moves = self.moves()
        there = {move.lot for move in moves}
        for number, (lots, items, suppliers) in self.recalls.items():
            named = lots | {lot for lot in there if self.item_of[lot] in items}
            named |= {move.lot for move in moves if move.from_place in suppliers}
            self.reaches[number] = products_of(self.house.world, moves, named)
        return {number: self.reaches[number] for number in self.recalls}

    def unreleased(self) -> set[str]:
        """Products of batches that nobody has released."""
        moves = self.moves()
        return {lot for number, is_released in self.batches.items() if not is_released
                for lot in self.products(number, moves)}  # fmt: skip

    def products(self, number: str, moves: list[Move] | None = None) -> set[str]:
        """Lots that came out of a batch and did not only come back out of it."""
        moves = self.moves() if moves is None else moves
        went_in = {move.lot for move in moves if move.to_place == number}
        return {move.lot for move in moves if move.from_place == number} - went_in

    def covers(self, hold: Hold, lot: str, serial: str, place: str) -> bool:
        """Whether a hold is about that stock."""
        _, held_lot, held_serial, held_place = hold
        if held_lot != lot or held_serial not in (None, serial):
            return False
        return held_place in (None, place)

    def evidence(self, excursion: Excursion, lot: str) -> object:
        """What a decision rests on."""
        return evidence(self.house.world, self.truth(), excursion, lot)

    def believed(self, lot: str, place: str, at: datetime) -> dict[tuple[str, str], datetime]:
        """What the ledger knows to be of a lot at and below a place now: (serial, place) -> from when on it is held."""
        return {
            residency.key[1:]: max(at, residency.began_at)
            for residency in self.truth().residencies
            if residency.ended_at is None
            and residency.key[0] == lot
            and place in self.house.world.upwards(residency.key[2])
        }

    def _placed_holds(self) -> Iterator[Hold]:
        found, world = self.truth(), self.house.world
        booked = list(self.booked()) if self.placed else []
        for number, each in self.placed.items():
            news = frozenset(other.move for other in booked if other.fact not in each.known)
            held = replace(each.held, news=news)
            key = number, held
            if key not in self._spread:
                self._spread[key] = goods_held(world, self.moves(), found.residencies, held)
            is_of_lot = held.place is None
            if is_of_lot:
                yield each.kind, held.lot, held.serial, None
            for residency in self._spread[key]:
                if residency.ended_at is None and not (is_of_lot and residency.key[0] == held.lot):
                    yield each.kind, *residency.key

    def _holds_by_rule(self) -> Iterator[Hold]:
        found, world = self.truth(), self.house.world
        booked = {each.fact: each.move for each in self.booked()} if self.by_rule else {}
        for kind in sorted({kind for kind, _ in self.by_rule}):
            facts = frozenset(fact for each, fact in self.by_rule if each == kind)
            if (kind, facts) not in self._spread:
                seeds: dict[Residency, datetime] = {}
                for fact in facts:
                    received_by(seeds, found.residencies, booked[fact], booked[fact].came)
                self._spread[kind, facts] = spread(world, self.moves(), found.residencies, seeds)
            for residency in self._spread[kind, facts]:
                if residency.ended_at is None:
                    yield kind, *residency.key

    def _exposure_holds(self, ids: dict[tuple[str, str, datetime], int]) -> Iterator[Hold]:
        found = self.truth()
        decided: dict[tuple[int, str], list[tuple[frozenset[str], object, bool]]] = defaultdict(list)
        for number, lot, places, known, is_release in self.released:
            decided[number, lot].append((places, known, is_release))
        for excursion, residency in found.exposures:
            if residency.ended_at is not None:
                continue
            lot, serial, place = residency.key
            number = ids[excursion.device, excursion.rule, excursion.began_at]
            about = [
                (known, is_release)
                for places, known, is_release in decided[number, lot]
                if not places or places & set(self.house.world.upwards(place))
            ]
            if about and about[-1][1] and about[-1][0] == self.evidence(excursion, lot):
                continue
            yield "exposure", lot, serial, place


def case_serial(serial: str) -> str:
    """By which the ledger follows a case."""
    return f"(01){CASE_GTIN}(21){serial}"


def places_of(scan: ScanTransaction) -> tuple[str | None, str | None]:
    """Where a scan takes stock from and to."""
    own = {Action.DESTROY: "scrap", Action.OPEN_CASE: UNPACKED}
    return scan.from_place, scan.to_place or own.get(scan.action)
