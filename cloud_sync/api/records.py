"""Master data with history: keep single records, import and export files of them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from cloud_sync.actions.master_data import documents, records
from cloud_sync.api.access import Administrator, ApiRoute, Auditor, Ledger, Listing, Now, Qualifier, Reader
from cloud_sync.api.problems import also, answers
from cloud_sync.api.progress import MEDIA_TYPE, lines_of
from cloud_sync.api.schemas.common import Id, Listed, Name, Reason
from cloud_sync.api.schemas.order import (
    DocumentIn,
    DocumentOut,
    ImportOut,
    ItemKeepIn,
    OwnerKeepIn,
    PlaceKeepIn,
    RecipientKeepIn,
    ReorderKeepIn,
    SupplierKeepIn,
)
from cloud_sync.domain.master_records import (
    ItemRecord,
    MasterRecord,
    OperatorRecord,
    OwnerRecord,
    PlaceRecord,
    RecipientRecord,
    ReorderRecord,
    SupplierRecord,
)
from cloud_sync.domain.roles import SUPPLIERS
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database

router = APIRouter(tags=["master data"], route_class=ApiRoute, responses=answers(404, 409))

Kind = Annotated[str, Path(pattern=r"^[a-z-]{1,40}$", description="What the file holds.", examples=["items"])]
_CSV = {"text/csv": {"schema": {"type": "string"}}}


_BODY = {"requestBody": {"required": True, "description": "The file, in UTF-8.", "content": _CSV}}
Why = Annotated[Reason, Query(description="Why; the event log keeps it.")]
DryRun = Annotated[bool, Query(description="Say what would happen, and change nothing.")]
Telling = Annotated[bool, Query(description="Tell line by line how far it is, and at last the answer.")]


@router.post("/imports/suppliers", summary="Import suppliers", response_model=ImportOut, openapi_extra=_BODY)
async def import_suppliers(
    request: Request, database: Ledger, actor: Qualifier, now: Now, reason: Why, dry_run: DryRun = False,
    progress: Telling = False,
) -> Any:  # fmt: skip
    """Take in a CSV file of suppliers as any other kind of import. Whether a supplier is qualified is for quality to
    decide: a file of many needs the same permission as one of them."""
    return await _import(
        request, database, SUPPLIERS, now, actor.name, reason=reason, dry_run=dry_run, progress=progress
    )


@router.post("/imports/{kind}", summary="Import master data", response_model=ImportOut, openapi_extra=_BODY)
async def import_file(
    kind: Kind, request: Request, database: Ledger, actor: Administrator, now: Now, reason: Why,
    dry_run: DryRun = False, progress: Telling = False,
) -> Any:  # fmt: skip
    """Take in a CSV file: all rows, or none if any has a fault. `GET /v1/exports/{kind}` shows the columns.

    Opening balances are stock from nothing: they count once another person has sent the same file (`waits`).

    Kinds, in an order in which nothing needs what comes after it: places, owners, items, suppliers (by quality, see
    `POST /v1/imports/suppliers`), recipients, operators, reorder-levels, costs, opening-balances.

    With `progress` the answer is `application/x-ndjson`: lines `{"rows_done": 1200, "rows": 8000}` while it works,
    `{"fault": {"line": 7, "column": "gtins", "text": ...}}` for each fault as it is found, and a last line that is the
    answer, or `{"error": ..., "what_to_do": ...}`. Breaking the connection does not stop it.
    """
    return await _import(request, database, kind, now, actor.name, reason=reason, dry_run=dry_run, progress=progress)


async def _import(
    request: Request, database: Database, kind: str, now: datetime, actor: str, *, reason: str, dry_run: bool,
    progress: bool,
) -> Any:  # fmt: skip
    records.model_of(kind)
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"the file is not in UTF-8: {error}", "Save it as CSV in UTF-8.") from error
    if "\x00" in text:
        raise Invalid("the file holds a NUL character", "Save it as plain CSV in UTF-8.")

    def run(
        tell: records.Progress = records.NO_PROGRESS, tell_fault: records.TellFault = records.NO_FAULTS_TOLD
    ) -> dict[str, Any]:
        done = records.import_csv(
            database, kind, text, dry_run=dry_run, reason=reason, at=now, actor=actor, progress=tell,
            tell_fault=tell_fault,
        )  # fmt: skip
        return ImportOut.model_validate(done, from_attributes=True).model_dump()

    if progress:
        return StreamingResponse(lines_of(run), media_type=MEDIA_TYPE)
    return await run_in_threadpool(run)


@router.get(
    "/exports/{kind}",
    summary="Export master data",
    response_class=StreamingResponse,
    responses={200: {"content": _CSV, "description": "The file."}},
)
def export_file(kind: Kind, database: Ledger, actor: Auditor) -> Any:
    """All records of a kind as CSV, header first. Importing it again changes nothing."""
    lines = records.export_csv(database, kind, actor=actor.name)
    headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.put("/places/{name}", summary="Keep a place", response_model=PlaceRecord, responses=also(201, PlaceRecord))
def keep_place(
    name: Name, said: PlaceKeepIn, response: Response, database: Ledger, actor: Administrator, now: Now
) -> Any:
    """Add a place, or change its title or policy; its readings are judged by the new policy then."""
    return _keep(database, "places", PlaceRecord, said, response, now, actor.name, name=name)


@router.put("/owners/{name}", summary="Keep an owner", response_model=OwnerRecord, responses=also(201, OwnerRecord))
def keep_owner(
    name: Name, said: OwnerKeepIn, response: Response, database: Ledger, actor: Administrator, now: Now
) -> Any:
    """Add an owner, or change it."""
    return _keep(database, "owners", OwnerRecord, said, response, now, actor.name, name=name)


@router.put("/items/{name}", summary="Keep an item", response_model=ItemRecord, responses=also(201, ItemRecord))
def keep_item(
    name: Name, said: ItemKeepIn, response: Response, database: Ledger, actor: Administrator, now: Now
) -> Any:
    """Add an item, or change it to be like this. What the ledger counts in, and what a GTIN stands for, stays."""
    return _keep(database, "items", ItemRecord, said, response, now, actor.name, name=name)


@router.get("/suppliers", summary="List suppliers", response_model=Listed[SupplierRecord])
def list_suppliers(database: Ledger, _: Reader, page: Listing) -> Any:
    """Suppliers and whether goods may come from them."""
    return _list(database, "suppliers", page)


@router.put(
    "/suppliers/{name}", summary="Keep a supplier", response_model=SupplierRecord, responses=also(201, SupplierRecord)
)
def keep_supplier(
    name: Name, said: SupplierKeepIn, response: Response, database: Ledger, actor: Qualifier, now: Now
) -> Any:
    """Add a supplier, or change its qualification. Receipts from one that is not qualified are held."""
    return _keep(database, "suppliers", SupplierRecord, said, response, now, actor.name, name=name)


@router.get("/recipients", summary="List customers and wards", response_model=Listed[RecipientRecord])
def list_recipients(database: Ledger, _: Reader, page: Listing) -> Any:
    """Customers and wards, and the remaining shelf life that they demand."""
    return _list(database, "recipients", page)


@router.put(
    "/recipients/{name}",
    summary="Keep a customer or ward",
    response_model=RecipientRecord,
    responses=also(201, RecipientRecord),
)
def keep_recipient(
    name: Name, said: RecipientKeepIn, response: Response, database: Ledger, actor: Administrator, now: Now
) -> Any:
    """Add a customer or ward, or change what it demands."""
    return _keep(database, "recipients", RecipientRecord, said, response, now, actor.name, name=name)


@router.get("/operators", summary="List operators", response_model=Listed[OperatorRecord])
def list_operators(database: Ledger, _: Reader, page: Listing) -> Any:
    """Who works with scanners."""
    return _list(database, "operators", page)


@router.get("/reorder-levels", summary="List reorder levels", response_model=Listed[ReorderRecord])
def list_reorder_levels(database: Ledger, _: Reader, page: Listing) -> Any:
    """When to order more of which item for which place."""
    return _list(database, "reorder-levels", page)


@router.put(
    "/reorder-levels/{item}/{place}",
    summary="Keep a reorder level",
    response_model=ReorderRecord,
    responses=also(201, ReorderRecord),
)
def keep_reorder_level(
    item: Name, place: Name, said: ReorderKeepIn, response: Response, database: Ledger, actor: Administrator, now: Now
) -> Any:
    """Say when to order more of an item for a place, and up to how much."""
    return _keep(database, "reorder-levels", ReorderRecord, said, response, now, actor.name, item=item, place=place)


@router.post("/documents", summary="Add a document", status_code=201, response_model=DocumentOut)
def add_document(said: DocumentIn, database: Ledger, actor: Qualifier) -> Any:
    """Keep where a paper of a supplier (licence, audit) or lot (certificate of analysis) is."""
    return documents.add_document(database, **said.model_dump(), actor=actor.name)


@router.get("/documents", summary="List documents", response_model=Listed[DocumentOut])
def list_documents(
    database: Ledger, _: Reader, page: Listing, supplier: Name | None = None, lot: Id | None = None
) -> Any:
    """Papers of suppliers and lots."""
    return page.of(
        documents.list_documents(
            database, supplier=supplier, lot_id=lot, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


def _keep(
    database: Database,
    kind: str,
    model: type[MasterRecord],
    said: Any,
    response: Response,
    now: Any,
    actor: str,
    **key: str,
) -> Any:
    try:
        record = model.model_validate({**said.model_dump(exclude={"reason"}), **key})
    except ValidationError as error:
        raise Invalid("; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())) from error
    row, is_new = records.keep_record(database, kind, record, reason=said.reason, at=now, actor=actor)
    response.status_code = 201 if is_new else 200
    return row


def _list(database: Database, kind: str, page: Any) -> Any:
    return page.of(records.list_records(database, kind, rows_max=page.rows_max, rows_skipped=page.offset))
