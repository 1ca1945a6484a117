"""The batch record as it was filled in (USP <795>/<797>, 21 CFR 211.188), and the certificate of release."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Status, Table, Text, Tone, drop_empty
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import SignatureShown, period, quantity, signature_blocks, titled, words
from cloud_sync.papers.style import PaperStyle
from edge_agent.domain.monitoring.quantity_words import label_of

STATE_TONES: Mapping[str, Tone] = {"released": Tone.OK, "rejected": Tone.BAD, "held": Tone.BAD}


class IngredientShown(Shown):
    """What the master record asks for, for this batch."""

    item: str
    expected: float
    tolerance_pct: float


class ComponentShown(Shown):
    """What was taken of one lot, in its base units."""

    item: str
    lot_number: str
    expires_at: AwareDatetime | None
    consumed: int
    returned: int
    scrapped: int
    used: int
    operators: tuple[str, ...] = ()


class ProductShown(Shown):
    """A lot that came out."""

    lot_number: str
    quantity: int
    expires_at: AwareDatetime | None


class StepShown(Shown):
    """A step: who did it and who checked it."""

    number: int
    text: str
    second_check: bool
    done_by: str | None
    done_at: AwareDatetime | None
    checked_by: str | None
    checked_at: AwareDatetime | None
    note: str


class DeviationShown(Shown):
    """A deviation, and quality's conclusion."""

    topic: str
    text: str
    reported_by: str
    reported_at: AwareDatetime
    conclusion: str | None
    assessed_by: str | None


class TestShown(Shown):
    """A release test: ``result`` None where it was not done."""

    test: str
    result: str | None
    passed: bool | None
    by: str | None
    at: AwareDatetime | None


class EquipmentShown(Shown):
    """A piece of equipment that was used."""

    equipment: str
    serial: str
    by: str
    at: AwareDatetime


class EnvironmentShown(Shown):
    """What was measured in the room meanwhile."""

    place: str
    device: str
    metric: str
    readings: int
    lowest: float | None
    mean: float | None
    highest: float | None


class RoomExcursionShown(Shown):
    """An excursion of the room meanwhile."""

    id: int
    place: str
    rule: str
    metric: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    worst: float


class DecisionFact(Shown):
    """Finished, released or rejected."""

    kind: str
    by: str
    at: AwareDatetime
    reason: str


class BatchRecordData(PaperData):
    """The whole record of a batch."""

    number: str
    item: str
    item_title: str
    base_unit: str
    kind: str
    master_formulation_record: str
    version: int
    preparation: str
    storage: str
    room: str
    quantity: int
    made: int
    made_pct: float | None
    yield_min_pct: float
    yield_max_pct: float
    prescription: str
    owner: str
    planned_by: str
    planned_at: AwareDatetime
    began_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    state: str
    open_points: tuple[str, ...]
    holds: tuple[str, ...]
    ingredients: tuple[IngredientShown, ...]
    components: tuple[ComponentShown, ...]
    products: tuple[ProductShown, ...]
    equipment: tuple[EquipmentShown, ...]
    steps: tuple[StepShown, ...]
    deviations: tuple[DeviationShown, ...]
    tests: tuple[TestShown, ...]
    environment: tuple[EnvironmentShown, ...]
    excursions: tuple[RoomExcursionShown, ...]
    decisions: tuple[DecisionFact, ...]
    signatures: tuple[SignatureShown, ...]


def batch_record(data: BatchRecordData, style: PaperStyle) -> Document:
    """The paper."""
    return Document(
        f"Batch record ({data.kind})", f"{data.number}: {titled(data.item_title, data.item)}",
        [
            _status(data), *_plan(data, style), *_components(data, style), *_steps(data.steps, style),
            *_equipment(data.equipment, style), *_products(data, style), *_tests(data.tests, style),
            *_deviations(data.deviations, style), *_room(data, style), *_decisions(data.decisions, style),
            *signature_blocks(data.signatures, style),
        ],
    )  # fmt: skip


def certificate_of_release(data: BatchRecordData, style: PaperStyle) -> Document:
    """The certificate: product, beyond-use date, tests, and who released it."""
    released = [each for each in data.decisions if each.kind == "released"]
    products = [
        (each.lot_number, quantity(each.quantity, data.base_unit, style), style.when(each.expires_at))
        for each in data.products
    ]  # fmt: skip
    blocks: list[Block] = [
        *(Status("RELEASED", f"{style.when(each.at)} by {each.by}: {each.reason}", Tone.OK) for each in released),
        Facts(
            drop_empty(
                [
                    ("Product", titled(data.item_title, data.item)),
                    ("Batch", data.number),
                    ("Compounded under", f"section {data.kind} FD&C Act"),
                    ("Preparation", words(data.preparation)),
                    ("Storage", words(data.storage)),
                    ("Master formulation record", f"{data.master_formulation_record}, version {data.version}"),
                    ("Prescription", data.prescription),
                    ("Made", period(data.began_at, data.ended_at, style)),
                    ("Yield", _yield(data, style)),
                ]
            )
        ),
        Heading("Lots released"),
        Table(
            [Col("Lot", "1fr", is_code=True), Col("Quantity", right=True), Col("Use before (beyond-use date)")],
            products,
        ),
        *_tests(data.tests, style),
        *_deviations(data.deviations, style),
        Text(
            "It is certified that this batch was made by its master formulation record, that the tests above were "
            "passed, and that every deviation was assessed."
        )
        if released
        else Text("", Tone.SOFT),
        *signature_blocks(data.signatures, style, by_hand=() if data.signatures else ("Released by",)),
    ]
    return Document("Certificate of release", f"{data.number}: {titled(data.item_title, data.item)}", blocks)


def _yield(data: BatchRecordData, style: PaperStyle) -> str:
    made = quantity(data.made, data.base_unit, style)
    if data.made_pct is None:
        return made
    return (
        f"{made}, {style.number(data.made_pct, 1)} % (allowed {style.number(data.yield_min_pct, 0)} to "
        f"{style.number(data.yield_max_pct, 0)} %)"
    )


def _status(data: BatchRecordData) -> Status:
    open_points = "; ".join([*data.open_points, *data.holds])
    return Status(words(data.state).upper(), open_points, STATE_TONES.get(data.state, Tone.WARN))


def _plan(data: BatchRecordData, style: PaperStyle) -> list[Block]:
    return [
        Facts(drop_empty([
            ("Master formulation record", f"{data.master_formulation_record}, version {data.version}"),
            ("Preparation", words(data.preparation)), ("Storage", words(data.storage)), ("Room", data.room),
            ("Planned quantity", quantity(data.quantity, data.base_unit, style)), ("Yield", _yield(data, style)),
            ("Prescription", data.prescription), ("Owner", data.owner),
            ("Planned", f"{style.when(data.planned_at)} by {data.planned_by}"),
            ("Made", period(data.began_at, data.ended_at, style) if data.began_at else "not begun"),
        ])),
    ]  # fmt: skip


def _components(data: BatchRecordData, style: PaperStyle) -> list[Block]:
    asked = [
        (each.item, style.number(each.expected, 0 if each.expected == int(each.expected) else 2),
         f"± {style.number(each.tolerance_pct, 1)} %",
         style.number(sum(c.consumed - c.returned - c.scrapped for c in data.components if c.item == each.item)))
        for each in data.ingredients
    ]  # fmt: skip
    rows = [
        (each.item, each.lot_number, style.day(each.expires_at), style.number(each.consumed),
         style.number(each.returned), style.number(each.scrapped), ", ".join(each.operators))
        for each in data.components
    ]  # fmt: skip
    return [
        Heading("Ingredients asked for"),
        Table(
            [
                Col("Item", "1fr"),
                Col("Asked for", right=True),
                Col("Tolerance", right=True),
                Col("In the batch", right=True),
            ],
            asked,
        ),
        Heading("Components taken"),
        Table(
            [
                Col("Item", "1.5fr"),
                Col("Lot", "1fr", is_code=True),
                Col("Expires"),
                Col("Taken", right=True),
                Col("Put back", right=True),
                Col("Scrapped", right=True),
                Col("By"),
            ],
            rows,
            "Nothing has been taken yet.",
        ),
    ]


def _steps(steps: Sequence[StepShown], style: PaperStyle) -> list[Block]:
    rows = [
        (str(each.number), each.text + (f"\nNote: {each.note}" if each.note else ""),
         f"{each.done_by}, {style.when(each.done_at)}" if each.done_by else "NOT DONE",
         f"{each.checked_by}, {style.when(each.checked_at)}" if each.checked_by
         else "NOT CHECKED" if each.second_check else "not asked for")
        for each in steps
    ]  # fmt: skip
    return [
        Heading("Steps"),
        Table([Col("No.", right=True), Col("Step", "2fr"), Col("Done by", "1fr"), Col("Checked by", "1fr")], rows),
    ]  # fmt: skip


def _equipment(equipment: Sequence[EquipmentShown], style: PaperStyle) -> list[Block]:
    rows = [(each.equipment, each.serial, each.by, style.when(each.at)) for each in equipment]
    columns = [Col("Equipment", "1fr"), Col("Serial", is_code=True), Col("Recorded by"), Col("When")]
    return [Heading("Equipment"), Table(columns, rows, "None was recorded.")]


def _products(data: BatchRecordData, style: PaperStyle) -> list[Block]:
    rows = [
        (each.lot_number, quantity(each.quantity, data.base_unit, style), style.when(each.expires_at))
        for each in data.products
    ]  # fmt: skip
    columns = [Col("Lot", "1fr", is_code=True), Col("Quantity", right=True), Col("Beyond-use date")]
    return [Heading("Product"), Table(columns, rows, "Nothing has come out yet.")]


def _tests(tests: Sequence[TestShown], style: PaperStyle) -> list[Block]:
    rows = [
        (each.test, each.result if each.result is not None else "NOT DONE",
         "" if each.passed is None else "passed" if each.passed else "FAILED", each.by or "", style.when(each.at))
        for each in tests
    ]  # fmt: skip
    columns = [Col("Test", "1.5fr"), Col("Result", "1fr"), Col("Verdict"), Col("By"), Col("When")]
    return [Heading("Release tests"), Table(columns, rows, "The master record asks for none.")]


def _deviations(deviations: Sequence[DeviationShown], style: PaperStyle) -> list[Block]:
    rows = [
        (str(number), each.topic, f"{each.text}\n{each.reported_by}, {style.when(each.reported_at)}",
         f"{each.conclusion}\n{each.assessed_by}" if each.conclusion else "NOT ASSESSED")
        for number, each in enumerate(deviations, start=1)
    ]  # fmt: skip
    columns = [
        Col("No.", right=True),
        Col("Topic"),
        Col("What was not as the record says", "1fr"),
        Col("Conclusion", "1fr"),
    ]
    return [Heading("Deviations"), Table(columns, rows, "None were reported.")]


def _room(data: BatchRecordData, style: PaperStyle) -> list[Block]:
    rows = [
        (each.place, each.device, label_of(each.metric), style.number(each.readings),
         style.measured(each.lowest, each.metric), style.measured(each.mean, each.metric),
         style.measured(each.highest, each.metric))
        for each in data.environment
    ]  # fmt: skip
    columns = [
        Col("Place", "1fr"),
        Col("Device", "1fr"),
        Col("Measured"),
        Col("Readings", right=True),
        Col("Lowest", right=True),
        Col("Mean", right=True),
        Col("Highest", right=True),
    ]
    found = [
        (str(each.id), each.place, each.rule, style.when(each.began_at),
         style.when(each.ended_at) if each.ended_at else "not yet", style.measured(each.worst, each.metric))
        for each in data.excursions
    ]  # fmt: skip
    excursions = [
        Col("Excursion", right=True), Col("Place", "1fr"), Col("Rule", "1fr"), Col("Began"), Col("Ended"),
        Col("Worst", right=True),
    ]  # fmt: skip
    return [
        Heading("The room meanwhile"), Table(columns, rows, "Nothing was measured."),
        Table(excursions, found, "No excursion."),
    ]  # fmt: skip


def _decisions(decisions: Sequence[DecisionFact], style: PaperStyle) -> list[Block]:
    rows = [(words(each.kind), each.by, style.when(each.at), each.reason) for each in decisions]
    return [
        Heading("Decisions"),
        Table([Col("What"), Col("By"), Col("When"), Col("Grounds", "1fr")], rows, "The batch is not finished yet."),
    ]  # fmt: skip


def batch_parts(record: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a batch record that are told by its facts, from ``actions/compounding/batch_records``."""
    body, facts = record["master_formulation_record_body"], record["facts"]
    of_kind: dict[str, list[Any]] = {}
    for fact in facts:
        of_kind.setdefault(fact["kind"], []).append(fact)
    done = {fact["data"]["step"]: fact for fact in of_kind.get("step", [])}
    checked = {fact["data"]["step"]: fact for fact in of_kind.get("check", [])}
    assessed = {fact["data"]["deviation"]: fact for fact in of_kind.get("assessment", [])}
    return {
        "ingredients": [
            {"item": each["item"], "tolerance_pct": each["tolerance_pct"], "expected": record["expected"][each["item"]]}
            for each in body["ingredients"]
        ],
        "steps": [_step(number, each, done.get(number), checked.get(number))
                  for number, each in enumerate(body["steps"], start=1)],
        "equipment": [{**fact["data"], "by": fact["actor"], "at": fact["at"]} for fact in of_kind.get("equipment", [])],
        "deviations": [
            {"topic": fact["data"]["topic"], "text": fact["data"]["text"], "reported_by": fact["actor"],
             "reported_at": fact["at"], "conclusion": (assessed.get(number) or {"data": {}})["data"].get("conclusion"),
             "assessed_by": (assessed.get(number) or {}).get("actor")}
            for number, fact in enumerate(of_kind.get("deviation", []), start=1)
        ],
        "tests": _tests_of(body.get("tests", []), of_kind.get("test", [])),
        "decisions": [
            {"kind": fact["kind"], "by": fact["actor"], "at": fact["at"], "reason": fact["data"].get("reason", "")}
            for fact in facts if fact["kind"] in ("finished", "released", "rejected")
        ],
    }  # fmt: skip


def _step(number: int, step: Mapping[str, Any], done: Any, checked: Any) -> dict[str, Any]:
    notes = [fact["data"].get("note") for fact in (done, checked) if fact]
    return {
        "number": number, "text": step["text"], "second_check": step["second_check"],
        "done_by": done and done["actor"], "done_at": done and done["at"], "checked_by": checked and checked["actor"],
        "checked_at": checked and checked["at"], "note": "; ".join(note for note in notes if note),
    }  # fmt: skip


def _tests_of(asked: Sequence[str], facts: Sequence[Any]) -> list[dict[str, Any]]:
    done = [
        {"test": fact["data"]["test"], "result": fact["data"]["result"], "passed": fact["data"]["passed"],
         "by": fact["actor"], "at": fact["at"]}
        for fact in facts
    ]  # fmt: skip
    known = {each["test"] for each in done}
    missing = [
        {"test": test, "result": None, "passed": None, "by": None, "at": None} for test in asked if test not in known
    ]
    return [*done, *missing]
