"""Compounding: what a master formulation record asks for, what was done, and what keeps a batch from release.

Pure. The state of a batch is derived from its facts and is never stored. Sources: USP <795>, <797> (2023): master
formulation record, compounding record; 21 CFR 211.186/.188 for what a batch record holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from cloud_sync.domain.bud import Preparation, Storage
from cloud_sync.domain.process_controls import LabelReconciliation, Line, ProcessControl, RecordPart, Words


class Kind(StrEnum):
    """The section of the law an item is compounded under (FD&C Act)."""

    FOR_PATIENT = "503A"
    FOR_STOCK = "503B"


class Ingredient(RecordPart):
    """``quantity`` base units of ``item`` for the quantity that the record makes, within that share more or less."""

    item: Annotated[str, Field(min_length=1, max_length=100)]
    quantity: Annotated[int, Field(ge=1, le=10**12)]
    tolerance_pct: Annotated[float, Field(ge=0, le=100)] = 0.0


class BatchStep(RecordPart):
    """One thing to do. ``second_check``: another person confirms it."""

    text: Words
    second_check: bool = False


class ContainerLabel(RecordPart):
    """What the label of a container says beside name, lot, beyond-use date and storage.

    ``handling`` replaces the words for the storage; ``contents`` is how much is in one: ``10 mL syringe``.
    """

    strength: Line = ""
    contents: Line = ""
    handling: Line = ""
    warnings: Annotated[tuple[Annotated[Line, Field(min_length=1)], ...], Field(max_length=10)] = ()


class MasterFormulationRecord(RecordPart):
    """A master formulation record, for ``quantity`` base units of the product.

    ``line_clearance``: somebody clears the line and another one confirms it, before anything goes in.
    ``environment_plan``: the plan for viable counts of the room of which a session belongs to each batch.
    """

    quantity: Annotated[int, Field(ge=1, le=10**12)]
    preparation: Preparation
    storage: Storage
    ingredients: Annotated[tuple[Ingredient, ...], Field(min_length=1, max_length=200)]
    steps: Annotated[tuple[BatchStep, ...], Field(min_length=1, max_length=500)]
    equipment: Annotated[tuple[Words, ...], Field(max_length=100)] = ()
    tests: Annotated[tuple[Words, ...], Field(max_length=100)] = ()
    yield_min_pct: Annotated[float, Field(ge=0, le=100)]
    yield_max_pct: Annotated[float, Field(ge=100, le=1000)]
    label: ContainerLabel = ContainerLabel()
    line_clearance: bool = False
    controls: Annotated[tuple[ProcessControl, ...], Field(max_length=50)] = ()
    label_reconciliation: LabelReconciliation | None = None
    environment_plan: Annotated[str, Field(max_length=100, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")] = ""

    @model_validator(mode="after")
    def _names_each_once(self) -> "MasterFormulationRecord":
        for what, names in (
            ("ingredient", [each.item for each in self.ingredients]),
            ("equipment", list(self.equipment)),
            ("test", list(self.tests)),
            ("control", [each.name for each in self.controls]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"each {what} is named once")
        return self

    def expected(self, ingredient: Ingredient, batch_quantity: int) -> float:
        """Base units of ``ingredient`` that a batch of ``batch_quantity`` asks for."""
        return ingredient.quantity * batch_quantity / self.quantity


class FactKind(StrEnum):
    """What is written into a batch record beside the movements."""

    STEP = "step"
    CHECK = "check"
    EQUIPMENT = "equipment"
    DEVIATION = "deviation"
    ASSESSMENT = "assessment"
    YIELD = "yield"
    FINISHED = "finished"
    TEST = "test"
    RELEASED = "released"
    REJECTED = "rejected"
    LINE_CLEARED = "line_cleared"
    CLEARANCE_CHECKED = "clearance_checked"
    CONTROL = "control"
    LABELS = "labels"


MAKING = frozenset({
    FactKind.STEP, FactKind.CHECK, FactKind.EQUIPMENT, FactKind.YIELD, FactKind.FINISHED, FactKind.LINE_CLEARED,
    FactKind.CLEARANCE_CHECKED, FactKind.CONTROL, FactKind.LABELS,
})  # fmt: skip
"""Who did any of these made the batch, and does not release it."""


class Topic(StrEnum):
    """What a deviation is about; assessed by quality, it answers the open point of that topic."""

    STEP = "step"
    INGREDIENT = "ingredient"
    YIELD = "yield"
    ENVIRONMENT = "environment"
    EQUIPMENT = "equipment"
    TEST = "test"
    LINE_CLEARANCE = "line_clearance"
    IN_PROCESS = "in_process"
    LABELS = "labels"
    OPERATOR = "operator"
    OTHER = "other"


class BatchState(StrEnum):
    """Where a batch is."""

    PLANNED = "planned"
    IN_PROCESS = "in_process"
    HELD = "held"
    FINISHED = "finished"
    RELEASED = "released"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class BatchFact:
    """One entry of the batch record."""

    kind: FactKind
    actor: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Component:
    """What moved of one ingredient lot, in base units. ``used`` was closed out when the batch was finished."""

    item: str
    lot_number: str
    consumed: int
    returned: int
    scrapped: int
    used: int
    expires_at: datetime | None
    expiry_required: bool

    @property
    def left(self) -> int:
        """Base units still in the production place: 0 once the batch is reconciled."""
        return self.consumed - self.returned - self.scrapped - self.used


@dataclass(frozen=True, slots=True)
class Product:
    """What came out, in base units."""

    lot_number: str
    quantity: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """All that is known of a batch. ``holds`` are reasons other than that it is not released yet."""

    kind: Kind
    master_record: MasterFormulationRecord
    quantity: int
    planned_by: str
    facts: tuple[BatchFact, ...]
    components: tuple[Component, ...]
    products: tuple[Product, ...]
    holds: tuple[str, ...]
    is_monitored: bool
    """Whether any place the batch stood in has a policy, so that readings are owed."""
    was_measured: bool
    """Whether there are readings from the run."""
    operators: frozenset[str] = frozenset()
    """Who moved anything in or out."""
    found: tuple[tuple[Topic, str], ...] = ()
    """What is known of it elsewhere: operators who were not qualified, plates that are not read or above a limit."""

    def of(self, kind: FactKind) -> tuple[BatchFact, ...]:
        """The entries of one kind, oldest first."""
        return tuple(fact for fact in self.facts if fact.kind is kind)


def state_of(record: BatchRecord) -> BatchState:
    """Where the batch is: a decision counts first, and a hold above a release, for evidence can change afterwards."""
    if record.of(FactKind.REJECTED):
        return BatchState.REJECTED
    if record.holds:
        return BatchState.HELD
    if record.of(FactKind.RELEASED):
        return BatchState.RELEASED
    if record.of(FactKind.FINISHED):
        return BatchState.FINISHED
    if record.facts or record.components:
        return BatchState.IN_PROCESS
    return BatchState.PLANNED


def makers_of(record: BatchRecord) -> frozenset[str]:
    """Everybody who had a hand in it; none of them may release it."""
    return (
        frozenset({fact.actor for fact in record.facts if fact.kind in MAKING} | {record.planned_by}) | record.operators
    )


def yield_of(record: BatchRecord) -> tuple[int, float]:
    """Base units made, and in percent of what was planned.

    >>> made_pct(95, 100)
    95.0
    """
    made = sum(product.quantity for product in record.products)
    return made, made_pct(made, record.quantity)


def made_pct(made: int, planned: int) -> float:
    """``made`` in percent of ``planned``."""
    return 100 * made / planned


def open_points(record: BatchRecord) -> tuple[str, ...]:
    """All that keeps the batch from being released; empty when nothing does."""
    return (
        *(() if record.of(FactKind.FINISHED) else ("it is not finished",)),
        *(f"on hold: {hold}" for hold in record.holds),
        *_unless_assessed(record, Topic.STEP, _missing_steps(record)),
        *_unless_assessed(record, Topic.EQUIPMENT, _missing_equipment(record)),
        *_unless_assessed(record, Topic.INGREDIENT, _ingredient_faults(record)),
        *_unless_assessed(record, Topic.YIELD, _yield_faults(record)),
        *_unless_assessed(record, Topic.ENVIRONMENT, _environment_faults(record)),
        *(fault for topic, fault in quality_faults(record) if topic not in _assessed_topics(record)),
        *_unassessed(record),
        *_test_faults(record),
        *_expiry_faults(record),
        *(f"{c.left} of lot {c.lot_number} ({c.item}) are not accounted for" for c in record.components if c.left),
    )


def quality_faults(record: BatchRecord) -> tuple[tuple[Topic, str], ...]:
    """What of clearance, controls, labels, operators and plates is not in order, whether it was assessed or not."""
    return (
        *((Topic.LINE_CLEARANCE, fault) for fault in _clearance_faults(record)),
        *((Topic.IN_PROCESS, fault) for fault in _control_faults(record)),
        *((Topic.LABELS, fault) for fault in _label_faults(record)),
        *record.found,
    )


def exceptions_of(record: BatchRecord) -> tuple[str, ...]:
    """What an assessed deviation answers of :func:`quality_faults`: it is released by exception then, by two people."""
    return tuple(fault for topic, fault in quality_faults(record) if topic in _assessed_topics(record))


def is_cleared(record: BatchRecord) -> bool:
    """Whether the line was cleared and another person confirmed it, or nobody asks for that."""
    return not any(_clearance_faults(record))


def labels_counted(record: BatchRecord) -> dict[str, int]:
    """Labels issued, used, returned and destroyed, and how many are missing (below 0: over)."""
    counted = {
        name: sum(int(fact.data[name]) for fact in record.of(FactKind.LABELS))
        for name in ("issued", "used", "returned", "destroyed")
    }
    return {**counted, "missing": counted["issued"] - counted["used"] - counted["returned"] - counted["destroyed"]}


def close_out(components: Iterable[Component]) -> dict[str, int]:
    """What to book as used up when the batch is finished: lot number -> base units that are still in it."""
    return {component.lot_number: component.left for component in components if component.left > 0}


def _unless_assessed(record: BatchRecord, topic: Topic, faults: Iterable[str]) -> Iterator[str]:
    if topic not in _assessed_topics(record):
        yield from faults


def _assessed_topics(record: BatchRecord) -> frozenset[Topic]:
    return frozenset(Topic(fact.data["topic"]) for fact in _assessed(record))


def _clearance_faults(record: BatchRecord) -> Iterator[str]:
    if not record.master_record.line_clearance:
        return
    if not record.of(FactKind.LINE_CLEARED):
        yield "the line is not cleared"
    elif not record.of(FactKind.CLEARANCE_CHECKED):
        yield "the clearance of the line is not confirmed by a second person"


def _control_faults(record: BatchRecord) -> Iterator[str]:
    for control in record.master_record.controls:
        taken = [fact.data["values"] for fact in record.of(FactKind.CONTROL) if fact.data["control"] == control.name]
        if not taken:
            yield f"no values of the in-process control {control.name}"
        # A set of values that failed stands beside a later one that did not.
        for values in taken:
            outside = control.outside(values)
            if outside > control.accept_max:
                yield f"{control.name}: {outside} of {len(values)} are out of limits, {control.accept_max} are accepted"


def _label_faults(record: BatchRecord) -> Iterator[str]:
    asked = record.master_record.label_reconciliation
    if asked is None:
        return
    counted = labels_counted(record)
    if not counted["issued"]:
        yield "the labels are not counted"
    elif abs(counted["missing"]) > counted["issued"] * asked.tolerance_pct / 100:
        missing = counted["missing"]
        told = f"{missing} of {counted['issued']} labels are missing" if missing > 0 else f"{-missing} labels too many"
        yield f"{told}; {asked.tolerance_pct:g} % are tolerated"


def _assessed(record: BatchRecord) -> list[BatchFact]:
    done = {fact.data["deviation"] for fact in record.of(FactKind.ASSESSMENT)}
    return [fact for number, fact in enumerate(record.of(FactKind.DEVIATION), start=1) if number in done]


def _unassessed(record: BatchRecord) -> Iterator[str]:
    done = {fact.data["deviation"] for fact in record.of(FactKind.ASSESSMENT)}
    for number, fact in enumerate(record.of(FactKind.DEVIATION), start=1):
        if number not in done:
            yield f"deviation {number} is not assessed: {fact.data['text']}"


def _missing_steps(record: BatchRecord) -> Iterator[str]:
    done = {fact.data["step"] for fact in record.of(FactKind.STEP)}
    checked = {fact.data["step"] for fact in record.of(FactKind.CHECK)}
    for number, step in enumerate(record.master_record.steps, start=1):
        if number not in done:
            yield f"step {number} was not done: {step.text}"
        elif step.second_check and number not in checked:
            yield f"step {number} was not checked by a second person: {step.text}"


def _missing_equipment(record: BatchRecord) -> Iterator[str]:
    used = {fact.data["equipment"] for fact in record.of(FactKind.EQUIPMENT)}
    for name in record.master_record.equipment:
        if name not in used:
            yield f"no {name} is on record"


def _ingredient_faults(record: BatchRecord) -> Iterator[str]:
    used: dict[str, int] = {}
    for component in record.components:
        net = component.consumed - component.returned - component.scrapped
        used[component.item] = used.get(component.item, 0) + net
    for ingredient in record.master_record.ingredients:
        expected = record.master_record.expected(ingredient, record.quantity)
        actual = used.pop(ingredient.item, 0)
        if abs(actual - expected) > expected * ingredient.tolerance_pct / 100:
            share = f"{expected:g} (± {ingredient.tolerance_pct:g} %)"
            yield f"{actual} of {ingredient.item} were used, {share} are expected"
    for item, actual in used.items():
        if actual:
            yield f"{actual} of {item} were used, which the master formulation record does not name"


def _yield_faults(record: BatchRecord) -> Iterator[str]:
    made, pct = yield_of(record)
    low, high = record.master_record.yield_min_pct, record.master_record.yield_max_pct
    if not low <= pct <= high:
        yield f"{made} of {record.quantity} were made: {pct:.1f} % is not between {low:g} % and {high:g} %"


def _environment_faults(record: BatchRecord) -> Iterator[str]:
    if record.is_monitored and not record.was_measured:
        yield "there are no readings from the run"


def _test_faults(record: BatchRecord) -> Iterator[str]:
    latest = {fact.data["test"]: fact for fact in record.of(FactKind.TEST)}
    for name in record.master_record.tests:
        if name not in latest:
            yield f"no result of {name}"
    for name, fact in latest.items():
        if not fact.data["passed"]:
            yield f"{name} failed: {fact.data['result']}"


def _expiry_faults(record: BatchRecord) -> Iterator[str]:
    within = [component for component in record.components if component.consumed > component.returned]
    dates = [component.expires_at for component in within if component.expires_at is not None]
    for component in within:
        if component.expires_at is None and component.expiry_required:
            yield f"lot {component.lot_number} of {component.item} has no expiry on record"
    for product in record.products:
        if product.expires_at is None:
            yield f"lot {product.lot_number} has no beyond-use date: book it as a yield"
        elif dates and product.expires_at > min(dates):
            yield f"the beyond-use date of lot {product.lot_number} is after the earliest expiry of a component"
