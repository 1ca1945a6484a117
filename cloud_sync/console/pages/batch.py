"""One batch from its plan to its release: components, steps, product with its beyond-use date, tests, signatures."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.compounding import batch_execution, compounding
from cloud_sync.actions.compounding.batch_records import batch_record
from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.master_data.master_data import list_places
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.stock.movements import MovementLine
from cloud_sync.actions.stock.stock import list_stock
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.compounding import (
    AssessmentIn,
    ClearanceIn,
    ControlIn,
    DeviationIn,
    EquipmentIn,
    LabelsIn,
    StepIn,
    TestIn,
    YieldIn,
)
from cloud_sync.api.schemas.stock import LineIn
from cloud_sync.console.forms import ClientId, Credential, Reason, Word, Words, checked, reason_of, rows_of, whole
from cloud_sync.console.page_route import BatchDecider, PageRoute, Preparer, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.signing import Proof, sign_as, signable
from cloud_sync.domain.bud import GivenBud
from cloud_sync.domain.compounding import Topic
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.signatures import Meaning, RecordKind
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database, Row

STOCK_MAX = 100

router = APIRouter(route_class=PageRoute)
Number = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
NOT_MADE_BY_ITSELF = frozenset({"released", "rejected"})


@router.get("/production-batches/{number}")
def batch_page(number: Number, request: Request, database: Ledger, actor: Visitor, now: Now) -> Any:
    """The batch record, and what is to be done next."""
    batch = batch_record(database, number)
    is_open = batch["state"] in ("planned", "in_process", "held") and not _has(batch, "finished")
    ingredients = [each["item"] for each in batch["master_formulation_record_body"]["ingredients"]]
    site = list_places(database, below=number, rows_max=1)[0]["path"][0]
    stock = [row for item in ingredients for row in _stock(database, item, site, now)] if is_open else []
    return render(
        request, "batch.html", batch=batch, body=batch["master_formulation_record_body"], zone=house_zone(database),
        is_open=is_open, is_decided=batch["state"] in NOT_MADE_BY_ITSELF or _has(batch, "released"), stock=stock,
        done={fact["data"]["step"]: fact for fact in batch["facts"] if fact["kind"] == "step"},
        checks={fact["data"]["step"]: fact for fact in batch["facts"] if fact["kind"] == "check"},
        deviations=_deviations(batch), tests=[fact for fact in batch["facts"] if fact["kind"] == "test"],
        equipment=[fact for fact in batch["facts"] if fact["kind"] == "equipment"],
        decisions=[fact for fact in batch["facts"] if fact["kind"] in ("finished", "released", "rejected")],
        clearance=[fact for fact in batch["facts"] if fact["kind"] in ("line_cleared", "clearance_checked")],
        controls=[fact for fact in batch["facts"] if fact["kind"] == "control"],
        topics=list(Topic), is_finished=_has(batch, "finished"),
        house=places_to_choose(database, INTERNAL),
        signing=signable(database, RecordKind.BATCH, number, actor),
    )  # fmt: skip


@router.post("/production-batches/{number}/consume")
def consume(
    number: Number,
    database: Ledger,
    actor: Preparer,
    now: Now,
    client_id: ClientId,
    from_place: Word = "",
    item: Words = None,
    lot_number: Words = None,
    quantity: Words = None,
    serial: Words = None,
    places: Words = None,
) -> Any:
    """Take what was entered into the batch; all of it lies in one place."""
    rows = [
        row for row in rows_of(item=item, lot_number=lot_number, quantity=quantity, serial=serial, place=places)
        if row["quantity"]
    ]  # fmt: skip
    if not rows:
        raise Invalid("no quantity was entered", "Go back and enter what goes into the batch.")
    sources = {row["place"] or from_place for row in rows}
    if len(sources) > 1:
        raise Invalid("these components lie in different places", "Enter what comes from one place at a time.")
    lines = [
        checked(LineIn, item=row["item"], lot_number=row["lot_number"], serial=row["serial"],
                quantity=whole(row["quantity"], f"the quantity of {row['item']}"))
        for row in rows
    ]  # fmt: skip
    compounding.consume(
        database, number, from_place=sources.pop(), lines=tuple(MovementLine(**line.model_dump()) for line in lines),
        occurred_at=now, client_id=client_id, at=now, actor=actor.name,
    )  # fmt: skip
    return _shown(number)


@router.post("/production-batches/{number}/steps")
def do_step(number: Number, database: Ledger, actor: Preparer, now: Now, step: Word = "", note: Word = "") -> Any:
    """A step is done by whoever sends this."""
    said = checked(StepIn, step=whole(step, "the step"), note=note)
    batch_execution.do_step(database, number, said.step, said.note, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/checks")
def check_step(number: Number, database: Ledger, actor: Preparer, now: Now, step: Word = "", note: Word = "") -> Any:
    """A second person confirms a step."""
    said = checked(StepIn, step=whole(step, "the step"), note=note)
    batch_execution.check_step(database, number, said.step, said.note, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/equipment")
def use_equipment(
    number: Number, database: Ledger, actor: Preparer, now: Now, equipment: Word = "", serial: Word = ""
) -> Any:
    """Which piece of equipment was used."""
    said = checked(EquipmentIn, equipment=equipment, serial=serial)
    batch_execution.use_equipment(database, number, said.equipment, said.serial, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/line-clearances")
def clear_line(number: Number, database: Ledger, actor: Preparer, now: Now, note: Word = "") -> Any:
    """Nothing of another batch is left on the line."""
    batch_execution.clear_line(database, number, checked(ClearanceIn, note=note).note, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/clearance-checks")
def confirm_clearance(number: Number, database: Ledger, actor: Preparer, now: Now, note: Word = "") -> Any:
    """A second person has seen that."""
    batch_execution.confirm_clearance(database, number, checked(ClearanceIn, note=note).note, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/controls")
def record_control(
    number: Number, database: Ledger, actor: Preparer, now: Now, control: Word = "", values: Word = ""
) -> Any:
    """Values of an in-process control."""
    said = checked(ControlIn, control=control, values=values.replace(";", " ").split())
    batch_execution.record_control(database, number, said.control, said.values, said.note, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/labels")
def count_labels(
    number: Number, database: Ledger, actor: Preparer, now: Now, issued: Word = "", used: Word = "",
    returned: Word = "", destroyed: Word = "",
) -> Any:  # fmt: skip
    """Labels issued, used, returned and destroyed."""
    counted = {"issued": issued, "used": used, "returned": returned, "destroyed": destroyed}
    said = checked(LabelsIn, **{name: whole(text, name) if text.strip() else 0 for name, text in counted.items()})
    batch_execution.count_labels(database, number, **said.model_dump(), at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/deviations")
def deviate(number: Number, database: Ledger, actor: Preparer, now: Now, topic: Word = "", text: Reason = "") -> Any:
    """Something was not as the record says."""
    said = checked(DeviationIn, topic=topic, text=text)
    batch_execution.deviate(database, number, said.topic, said.text, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/deviations/{deviation}/assess")
def assess(
    number: Number, deviation: int, database: Ledger, actor: BatchDecider, now: Now, conclusion: Reason = ""
) -> Any:
    """Quality's conclusion on a deviation."""
    said = checked(AssessmentIn, conclusion=conclusion)
    batch_execution.assess(database, number, deviation, said.conclusion, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/yields")
def take_out(
    number: Number,
    database: Ledger,
    actor: Preparer,
    now: Now,
    client_id: ClientId,
    lot_number: Word = "",
    quantity: Word = "",
    to_place: Word = "",
    beyond_use_at: Word = "",
    beyond_use_reason: Reason = "",
) -> Any:
    """Product comes out as a lot with a beyond-use date: by the table, or one that a person gives and reasons."""
    given = bool(beyond_use_at.strip())
    bud_at = _local(beyond_use_at, house_zone(database)) if given else None
    said = checked(
        YieldIn, client_id=client_id, lot_number=lot_number, quantity=whole(quantity, "the quantity"),
        to_place=to_place, occurred_at=now, beyond_use_at=bud_at,
        beyond_use_reason=reason_of(beyond_use_reason, "a beyond-use date") if given else None,
    )  # fmt: skip
    bud = None
    if said.beyond_use_at is not None and said.beyond_use_reason is not None:
        bud = GivenBud(said.beyond_use_at, said.beyond_use_reason)
    made = compounding.Yield(said.lot_number, said.quantity, said.to_place, now, bud)
    compounding.take_out(database, number, made, client_id=client_id, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/finish")
def finish(number: Number, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Nothing more comes out."""
    compounding.finish(database, number, occurred_at=now, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/tests")
def record_test(
    number: Number,
    database: Ledger,
    actor: BatchDecider,
    now: Now,
    test: Word = "",
    result: Word = "",
    passed: Annotated[bool, Form()] = False,
) -> Any:
    """A release test's result."""
    said = checked(TestIn, test=test, result=result, passed=passed)
    batch_execution.record_test(database, number, said.test, said.result, said.passed, at=now, actor=actor.name)
    return _shown(number)


@router.post("/production-batches/{number}/decide")
def decide(
    number: Number,
    request: Request,
    database: Ledger,
    actor: BatchDecider,
    now: Now,
    meaning: Annotated[Meaning, Form()],
    sha256_seen: Word = "",
    reason: Reason = "",
    password: Word = "",
    code: Word = "",
    credential: Credential = "",
) -> Any:
    """Release or reject: signed by whoever decides, with the password typed again or a security key, then done."""
    why = reason_of(reason, "a decision")
    if meaning not in (Meaning.RELEASE, Meaning.REJECTION):
        raise Invalid(f"a batch is released or rejected, not: {meaning}")
    if password or credential or not actor.token:
        sign_as(
            request, database, RecordKind.BATCH, {number: sha256_seen}, meaning=meaning, reason=why,
            proof=Proof(password, code.strip() or None, credential), at=now, actor=actor,
        )  # fmt: skip
    do = batch_execution.release if meaning is Meaning.RELEASE else batch_execution.reject
    do(database, number, why, at=now, actor=actor.name)
    return _shown(number)


def _shown(number: str) -> RedirectResponse:
    return RedirectResponse(f"/production-batches/{number}", 303)


def _has(batch: Row, kind: str) -> bool:
    return any(fact["kind"] == kind for fact in batch["facts"])


def _stock(database: Database, item: str, site: str, now: datetime) -> list[Row]:
    """What of it may be used, at the site of the batch."""
    rows = list_stock(database, at=now, item=item, place=site, rows_max=STOCK_MAX)
    return [row for row in rows if not row["reasons"] and row["quantity"] > 0]


def _deviations(batch: Row) -> list[dict[str, Any]]:
    assessed = {fact["data"]["deviation"]: fact for fact in batch["facts"] if fact["kind"] == "assessment"}
    reported = [fact for fact in batch["facts"] if fact["kind"] == "deviation"]
    return [{"number": at, "fact": fact, "assessment": assessed.get(at)} for at, fact in enumerate(reported, start=1)]


def _local(text: str, zone: str) -> datetime:
    """A time as a form gives it, in the house's zone."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise Invalid(f"“{text[:30]}” is no date and time", "Go back and choose one.") from error
