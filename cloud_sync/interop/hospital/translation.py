"""From an HL7 message to facts, by a field map. Pure: all or nothing, and every fault is named."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from cloud_sync.interop.hospital.acknowledgement import MessageFault
from cloud_sync.interop.hospital.facts import (
    ACTIONS,
    LABEL_NUMBER,
    LINES_MAX,
    Becomes,
    HospitalFact,
    HospitalOrder,
    Told,
)
from cloud_sync.interop.hospital.field_map import (
    CodeSystem,
    Condition,
    FieldMap,
    MessageEntry,
    Paths,
    Unit,
    field_paths,
)
from cloud_sync.interop.hospital.hl7 import AmbiguousValue, FieldPath, Message, Segment, parse_path
from cloud_sync.interop.hospital.hl7_times import expiry_of, interval_of
from edge_agent.domain.barcodes.item_codes import CodeFault, parse_code, scanned_ndc
from edge_agent.domain.wire.records import Action

QUANTITY_MAX = 10**9
T = TypeVar("T")


class NotUnderstood(Exception):
    """The message cannot become facts as the map is; ``faults`` say why, and where in the message."""

    def __init__(self, faults: Sequence[MessageFault], *, is_refused: bool = False) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)
        self.is_refused = is_refused
        """It is none of ours (a test message, a type that nobody mapped): AR instead of AE."""


def translate(message: Message, field_map: FieldMap, *, zone: tzinfo | None) -> Told:
    """What the message says. ``zone`` is that of times without an offset, where the map names none.

    Raises ``NotUnderstood``.
    """
    entry = _entry_of(message, field_map)
    if entry.becomes is Becomes.NOTE:
        return Told(is_note=True)
    reader = _Reader(field_map, entry, zone)
    lines = list(_lines_of(message, entry))
    if not lines:
        raise NotUnderstood([MessageFault(f"the message has no segment {entry.each}", "100")])
    if len(lines) > LINES_MAX:
        raise NotUnderstood([MessageFault(f"the message has {len(lines)} lines; {LINES_MAX} are the most", "100")])
    facts: list[HospitalFact] = []
    orders: list[HospitalOrder] = []
    for line in lines:
        if entry.becomes is Becomes.ORDER:
            if order := reader.order(line):
                orders.append(order)
        elif fact := reader.fact(line, ACTIONS[entry.becomes]):
            facts.append(fact)
    if reader.faults:
        raise NotUnderstood(reader.faults)
    return Told(tuple(facts), tuple(orders))


def _entry_of(message: Message, field_map: FieldMap) -> MessageEntry:
    said = message.processing_id
    if said not in field_map.processing_ids:
        text = f"processing ID {said or '(none)'} is not taken here: only {', '.join(field_map.processing_ids)}"
        raise NotUnderstood([MessageFault(text, "202", "MSH", 1, 11)], is_refused=True)
    known = field_map.entries_of(message.type)
    if not known:
        text = f"the field map says nothing of messages {message.type}"
        raise NotUnderstood([MessageFault(text, "200", "MSH", 1, 9)], is_refused=True)
    values: dict[str, str] = {}
    for entry in known:
        if all(_holds(message, condition, values) for condition in entry.when):
            return entry
    shown = ", ".join(f"{path} is {value or 'empty'}" for path, value in sorted(values.items()))
    path = parse_path(known[0].when[0].path)
    raise NotUnderstood(
        [MessageFault(f"the field map names no such transaction: {shown}", "103", path.segment, 1, path.field)]
    )


def _holds(message: Message, condition: Condition, values: dict[str, str]) -> bool:
    path = parse_path(condition.path)
    try:
        found = [segment.value(path) for segment in message.named(path.segment)]
    except AmbiguousValue as fault:
        raise NotUnderstood([MessageFault(str(fault), "102", path.segment, 1, path.field)]) from fault
    values[condition.path] = " and ".join(dict.fromkeys(found))
    # Of lines that differ, none is guessed: all of the message's have to say the same.
    return bool(found) and all(each in condition.one_of for each in found)


@dataclass(frozen=True, slots=True)
class _Line:
    """The segments that speak of one line: its own, those of its group, and those of the whole message."""

    own: tuple[tuple[int, Segment], ...]
    group: tuple[tuple[int, Segment], ...]
    head: tuple[tuple[int, Segment], ...]

    def segment(self, name: str) -> tuple[int, Segment] | None:
        """The segment of a name that is meant, and its number among those of its name."""
        for part in (self.own, self.group, self.head):
            for number, segment in part:
                if segment.name == name:
                    return number, segment
        return None


def _lines_of(message: Message, entry: MessageEntry) -> Iterator[_Line]:
    """A line is its segment and those up to the next; before the first line of a group stand segments of all of it."""
    counts: dict[str, int] = {}
    numbered: list[tuple[int, Segment]] = []
    for segment in message.segments:
        counts[segment.name] = counts.get(segment.name, 0) + 1
        numbered.append((counts[segment.name], segment))
    head: list[tuple[int, Segment]] = []
    group: list[tuple[int, Segment]] = []
    own: list[tuple[int, Segment]] = []
    before = head
    for each in numbered:
        begins_group = bool(entry.group) and each[1].name == entry.group
        begins_line = each[1].name == entry.each
        if (begins_group or begins_line) and own:
            yield _Line(tuple(own), tuple(group), tuple(head))
            own = []
            before = group
        if begins_group:
            group = [each]
            before = group
        if begins_line:
            own = [each]
            before = own
        elif not begins_group:
            before.append(each)
    if own:
        yield _Line(tuple(own), tuple(group), tuple(head))


class _Reader:
    """Reads lines and collects what is wrong with them."""

    def __init__(self, field_map: FieldMap, entry: MessageEntry, zone: tzinfo | None) -> None:
        self._map = field_map
        self._entry = entry
        self._zone = zone
        self.faults: list[MessageFault] = []

    def fact(self, line: _Line, action: Action) -> HospitalFact | None:
        """The movement that a line tells; None if there is a fault in it."""
        before = len(self.faults)
        fields = self._entry.fields
        codes, quantity, in_packs = self._codes(line), self._quantity(line), self._in_packs(line)
        at = self._read(line, fields.at, self._interval)
        expiry = self._read(line, fields.expires_on, expiry_of)
        fact = HospitalFact(
            action=action,
            codes=codes,
            quantity=quantity or 0,
            in_packs=in_packs,
            lot=self._number(line, fields.lot, "lot") or None,
            serial=self._number(line, fields.serial, "serial") or None,
            expires_on=expiry[0] if expiry else None,
            expires_hour=expiry[1] if expiry else None,
            from_place=self._place(line, fields.from_place),
            to_place=self._place(line, fields.to_place),
            earliest_at=at[0] if at else None,
            latest_at=at[1] if at else None,
            operator=self._text(line, fields.operator),
            order=self._text(line, fields.order),
            patient=self._text(line, fields.patient),
        )
        return fact if len(self.faults) == before else None

    def order(self, line: _Line) -> HospitalOrder | None:
        """The order that a line tells; None if there is a fault in it."""
        before = len(self.faults)
        fields, cancels = self._entry.fields, self._entry.cancels_when
        is_cancelled = cancels is not None and self._text(line, cancels.path) in cancels.one_of
        order = HospitalOrder(
            number=self._needed(line, fields.order, "the number of the order"),
            codes=() if is_cancelled else self._codes(line),
            quantity=0 if is_cancelled else self._quantity(line) or 0,
            in_packs=not is_cancelled and self._in_packs(line),
            from_place=self._place(line, fields.from_place) or "",
            to_place=self._place(line, fields.to_place) or "",
            patient=self._text(line, fields.patient),
            is_cancelled=is_cancelled,
        )
        return order if len(self.faults) == before else None

    def _codes(self, line: _Line) -> tuple[str, ...]:
        found: list[str] = []
        unnamed = ""
        for path in field_paths(self._entry.fields.item):
            if isinstance(path, str):
                found.append(f"item:{self._map.items.get(path, path)}")
                continue
            place = line.segment(path.segment)
            if place is None:
                continue
            for code, system in _coded(place[1], path):
                known = self._map.systems.get(system)
                if known is None:
                    unnamed = unnamed or f"the map names no coding system {system or '(empty)'} of code {code}"
                elif known is not CodeSystem.IGNORED:
                    try:
                        found.append(_code(code, known, self._map))
                    except ValueError as fault:
                        self._fault(line, path, f"{code}: {fault}", "103")
                        return ()
        if not found:
            paths = [path for path in field_paths(self._entry.fields.item) if isinstance(path, FieldPath)]
            self._fault(
                line, paths[0] if paths else None, unnamed or "no code names the item", "103" if unnamed else "101"
            )
        return tuple(dict.fromkeys(found))

    def _quantity(self, line: _Line) -> int | None:
        written = self._entry.fields.quantity
        text = self._needed(line, written, "the quantity")
        if not text:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number != number.to_integral_value() or not 0 < number <= QUANTITY_MAX:
            self._fault(line, _first(written), f"{text[:30]!r} is no whole quantity above zero", "102")
            return None
        return int(number)

    def _in_packs(self, line: _Line) -> bool:
        fields = self._entry.fields
        text = self._text(line, fields.unit) if fields.unit else ""
        unit = self._map.units.get(text) if text else self._map.quantity_unit
        if unit is None:
            self._fault(line, _first(fields.unit), f"the map does not say what the unit {text or '(empty)'} is", "103")
        return unit is Unit.PACK

    def _number(self, line: _Line, written: Paths, what: str) -> str:
        """A lot or serial number: what no label can hold is none."""
        text = self._text(line, written)
        if text and not LABEL_NUMBER.fullmatch(text):
            self._fault(line, _first(written), f"{text[:40]!r} is no {what} number that a label can hold", "102")
        return text

    def _place(self, line: _Line, written: Paths) -> str | None:
        text = self._text(line, written)
        return self._map.places.get(text, text) or None

    def _interval(self, text: str) -> tuple[datetime, datetime]:
        return interval_of(text, self._zone)

    def _needed(self, line: _Line, written: Paths, what: str) -> str:
        text = self._text(line, written)
        if not text:
            self._fault(line, _first(written), f"{what} is missing", "101")
        return text

    def _read(self, line: _Line, written: Paths, parse: Callable[[str], T]) -> T | None:
        text = self._text(line, written)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as fault:
            self._fault(line, _first(written), str(fault), "102")
            return None

    def _text(self, line: _Line, written: Paths) -> str:
        for path in field_paths(written):
            if isinstance(path, str):
                return path
            place = line.segment(path.segment)
            if place is None:
                continue
            try:
                if text := place[1].value(path).strip():
                    return text
            except AmbiguousValue as fault:
                self._fault(line, path, str(fault), "102")
                return ""
        return ""

    def _fault(self, line: _Line, path: FieldPath | None, text: str, code: str) -> None:
        place = line.segment(path.segment) if path else None
        where = (path.segment, place[0] if place else 1, path.field, path.component) if path else ("", 1, 0, 0)
        self.faults.append(MessageFault(text, code, *where))


def _coded(segment: Segment, path: FieldPath) -> Iterator[tuple[str, str]]:
    """Codes and their systems in a coded field (CE, CWE): the code and its alternate, of each repetition."""
    for number in range(1, len(segment.repetitions(path.field)) + 1):
        for first in (1, 4):
            values = []
            for component in (first, first + 2):
                values.append(segment.value(FieldPath(path.segment, path.field, number, component, 1)).strip())
            if values[0]:
                yield values[0], values[1]


def _code(code: str, system: CodeSystem, field_map: FieldMap) -> str:
    """A code as the ledger looks items up by it. Raises ``ValueError``."""
    if system is CodeSystem.ITEM:
        return f"item:{field_map.items.get(code, code)}"
    if system is CodeSystem.GTIN:
        if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", code):
            raise ValueError("is no GTIN: 8, 12, 13 or 14 digits are needed")
        return code.zfill(14)
    if system is CodeSystem.NDC:
        if (ndc := scanned_ndc(code)) is None:
            raise ValueError("is no NDC: write it with its hyphens, or in 11 digits")
        return ndc
    try:
        return parse_code(f"{system}:{code}")
    except CodeFault as fault:
        raise ValueError(str(fault)) from fault


def _first(written: Paths) -> FieldPath | None:
    return next((path for path in field_paths(written) if isinstance(path, FieldPath)), None)
