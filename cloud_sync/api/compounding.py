"""Master formulation records, production batches, their records and their release."""

from typing import Any

from fastapi import APIRouter

from cloud_sync.actions.compounding import batch_execution, batch_records, compounding, master_formulation_records
from cloud_sync.actions.stock.movements import MovementLine
from cloud_sync.api.access import (
    Administrator,
    ApiRoute,
    BatchDecider,
    Drafter,
    FormulationApprover,
    Ledger,
    Listing,
    Now,
    Preparer,
    Reader,
    Typed,
    check_typed,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Listed, Name, WhyIn
from cloud_sync.api.schemas.compounding import (
    AssessmentIn,
    BatchIn,
    BatchOut,
    BatchSummaryOut,
    ClearanceIn,
    CompoundingIn,
    ConsumeIn,
    ControlIn,
    DeviationIn,
    EquipmentIn,
    FinishIn,
    LabelsIn,
    MasterFormulationRecordIn,
    MasterFormulationRecordOut,
    Number,
    StepIn,
    TestIn,
    YieldIn,
)
from cloud_sync.api.schemas.stock import MovementOut
from cloud_sync.domain.bud import GivenBud
from cloud_sync.errors import Invalid

router = APIRouter(tags=["compounding"], route_class=ApiRoute, responses=answers(404, 409))


@router.put("/items/{name}/compounding", summary="Say how an item is compounded", status_code=204)
def set_compounding(name: Name, how: CompoundingIn, database: Ledger, actor: Administrator) -> None:
    """For one patient at a time (503A), or for stock (503B)."""
    master_formulation_records.set_compounded(database, name, how.kind, actor=actor.name)


@router.post(
    "/master-formulation-records",
    summary="Draft a master formulation record",
    status_code=201,
    response_model=MasterFormulationRecordOut,
)
def draft_master_record(draft: MasterFormulationRecordIn, database: Ledger, actor: Drafter) -> Any:
    """Draft a master formulation record. Under a name that exists it is the next version."""
    return master_formulation_records.draft_master_record(
        database, draft.name, draft.item, draft.body, actor=actor.name
    )


@router.get(
    "/master-formulation-records",
    summary="List master formulation records",
    response_model=Listed[MasterFormulationRecordOut],
)
def list_master_records(database: Ledger, _: Reader, page: Listing, name: Name | None = None) -> Any:
    """Master formulation records, the newest version first."""
    return page.of(
        master_formulation_records.list_master_records(
            database, name=name, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.post(
    "/master-formulation-records/{name}/{version}/approve",
    summary="Approve a master formulation record",
    response_model=MasterFormulationRecordOut,
)
def approve_master_record(name: Name, version: Number, why: WhyIn, database: Ledger, actor: FormulationApprover) -> Any:
    """Let a version be used. Whoever drafted it may not approve it."""
    return master_formulation_records.approve_master_record(database, name, version, why.reason, actor=actor.name)


@router.post("/production-batches", summary="Plan a batch", status_code=201, response_model=BatchOut)
def plan_batch(batch: BatchIn, database: Ledger, actor: Preparer) -> Any:
    """Plan a batch by an approved master formulation record in a room."""
    return compounding.plan_batch(database, **batch.model_dump(), actor=actor.name)


@router.get("/production-batches", summary="List batches", response_model=Listed[BatchSummaryOut])
def list_production_batches(database: Ledger, _: Reader, page: Listing) -> Any:
    """Batches, the newest first, with what holds them and what keeps them from release."""
    return page.of(batch_records.list_batches(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/production-batches/{number}", summary="See a batch record", response_model=BatchOut)
def batch_record(number: Name, database: Ledger, _: Reader) -> Any:
    """Steps, people, equipment, quantities, deviations, environment, yields, tests and decision."""
    return batch_records.batch_record(database, number)


@router.post(
    "/production-batches/{number}/consume",
    summary="Take ingredients into a batch",
    status_code=201,
    response_model=list[MovementOut],
)
def consume(number: Name, what: ConsumeIn, database: Ledger, actor: Preparer, now: Now, limits: Typed) -> Any:
    """Book ingredients into a batch. Blocked stock answers 409 with all reasons."""
    check_typed(limits, actor, what.occurred_at, now)
    return compounding.consume(
        database,
        number,
        from_place=what.from_place,
        lines=tuple(MovementLine(**line.model_dump()) for line in what.lines),
        occurred_at=what.occurred_at,
        client_id=what.client_id,
        at=now,
        actor=actor.name,
    )


@router.post("/production-batches/{number}/steps", summary="Do a step", status_code=201, response_model=BatchOut)
def do_step(number: Name, done: StepIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """A step of the master formulation record is done by whoever asks."""
    return batch_execution.do_step(database, number, done.step, done.note, at=now, actor=actor.name)


@router.post("/production-batches/{number}/checks", summary="Check a step", status_code=201, response_model=BatchOut)
def check_step(number: Name, done: StepIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """A second person confirms a step."""
    return batch_execution.check_step(database, number, done.step, done.note, at=now, actor=actor.name)


@router.post(
    "/production-batches/{number}/line-clearances", summary="Clear the line", status_code=201, response_model=BatchOut
)
def clear_line(number: Name, said: ClearanceIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Nothing of another batch is left on the line; 409 while another one is made in the room."""
    return batch_execution.clear_line(database, number, said.note, at=now, actor=actor.name)


@router.post(
    "/production-batches/{number}/line-clearances/confirm",
    summary="Confirm a line clearance",
    status_code=201,
    response_model=BatchOut,
)
def confirm_clearance(number: Name, said: ClearanceIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """A second person has seen that the line is clear."""
    return batch_execution.confirm_clearance(database, number, said.note, at=now, actor=actor.name)


@router.post(
    "/production-batches/{number}/controls",
    summary="Record an in-process control",
    status_code=201,
    response_model=BatchOut,
)
def record_control(number: Name, said: ControlIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """The values of an in-process control, as many as its sampling plan asks for."""
    return batch_execution.record_control(
        database, number, said.control, said.values, said.note, at=now, actor=actor.name
    )


@router.post("/production-batches/{number}/labels", summary="Count labels", status_code=201, response_model=BatchOut)
def count_labels(number: Name, said: LabelsIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Labels issued, used, returned and destroyed for a batch, beside those counted before."""
    return batch_execution.count_labels(database, number, **said.model_dump(), at=now, actor=actor.name)


@router.post(
    "/production-batches/{number}/equipment", summary="Use equipment", status_code=201, response_model=BatchOut
)
def use_equipment(number: Name, used: EquipmentIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Which piece of equipment was used."""
    return batch_execution.use_equipment(database, number, used.equipment, used.serial, at=now, actor=actor.name)


@router.post(
    "/production-batches/{number}/deviations", summary="Report a deviation", status_code=201, response_model=BatchOut
)
def deviate(number: Name, what: DeviationIn, database: Ledger, actor: Preparer, now: Now) -> Any:
    """Something was not as the master formulation record says."""
    return batch_execution.deviate(database, number, what.topic, what.text, at=now, actor=actor.name)


@router.post(
    "/production-batches/{number}/deviations/{deviation}/assess", summary="Assess a deviation", response_model=BatchOut
)
def assess(number: Name, deviation: Number, what: AssessmentIn, database: Ledger, actor: BatchDecider, now: Now) -> Any:
    """Quality's conclusion on a deviation, by its number in the record."""
    return batch_execution.assess(database, number, deviation, what.conclusion, at=now, actor=actor.name)


@router.post(
    "/production-batches/{number}/yields", summary="Take product out", status_code=201, response_model=BatchOut
)
def take_out(number: Name, made: YieldIn, database: Ledger, actor: Preparer, now: Now, limits: Typed) -> Any:
    """Book a product lot with its beyond-use date. It is blocked until the batch is released."""
    check_typed(limits, actor, made.occurred_at, now)
    if (made.beyond_use_at is None) != (made.beyond_use_reason is None):
        raise Invalid("a beyond-use date needs its reason", "Give beyond_use_at and beyond_use_reason, or neither.")
    bud = None
    if made.beyond_use_at is not None and made.beyond_use_reason is not None:
        bud = GivenBud(made.beyond_use_at, made.beyond_use_reason)
    taken = compounding.Yield(made.lot_number, made.quantity, made.to_place, made.occurred_at, bud)
    return compounding.take_out(database, number, taken, client_id=made.client_id, at=now, actor=actor.name)


@router.post("/production-batches/{number}/finish", summary="Finish a batch", response_model=BatchOut)
def finish(number: Name, when: FinishIn, database: Ledger, actor: Preparer, now: Now, limits: Typed) -> Any:
    """Nothing more comes out. Return or destroy leftovers before: what is still in it counts as used."""
    check_typed(limits, actor, when.occurred_at, now)
    return compounding.finish(database, number, occurred_at=when.occurred_at, at=now, actor=actor.name)


@router.post("/production-batches/{number}/tests", summary="Record a test", status_code=201, response_model=BatchOut)
def record_test(number: Name, what: TestIn, database: Ledger, actor: BatchDecider, now: Now) -> Any:
    """A release test's result."""
    return batch_execution.record_test(database, number, what.test, what.result, what.passed, at=now, actor=actor.name)


@router.post("/production-batches/{number}/release", summary="Release a batch", response_model=BatchOut)
def release(number: Name, why: WhyIn, database: Ledger, actor: BatchDecider, now: Now) -> Any:
    """Let the products be used. Nobody who made it may; every open point is named with 409."""
    return batch_execution.release(database, number, why.reason, at=now, actor=actor.name)


@router.post("/production-batches/{number}/reject", summary="Reject a batch", response_model=BatchOut)
def reject(number: Name, why: WhyIn, database: Ledger, actor: BatchDecider, now: Now) -> Any:
    """The products stay blocked, to be destroyed."""
    return batch_execution.reject(database, number, why.reason, at=now, actor=actor.name)
