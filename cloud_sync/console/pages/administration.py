"""Administration: master data with its history, storage policies, and imports that are tried first."""

from collections.abc import Collection, Mapping
from csv import reader, writer
from dataclasses import asdict
from io import StringIO
from typing import Annotated, Any, Literal, get_args, get_origin

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from cloud_sync.actions.audit_log import events_of
from cloud_sync.actions.backups import last_backup
from cloud_sync.actions.master_data.master_data import guarded_places, list_policies
from cloud_sync.actions.master_data.records import (
    FILTERS,
    NO_FAULTS_TOLD,
    NO_PROGRESS,
    Imported,
    Progress,
    TellFault,
    count_records,
    export_csv,
    import_csv,
    model_of,
    record_of,
    records_listed,
)
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.progress import MEDIA_TYPE, lines_of
from cloud_sync.console.advice import row_for_people
from cloud_sync.console.forms import Field, Why, csv_of_upload, reason_of
from cloud_sync.console.page_route import (
    Administrator,
    Auditor,
    PageRoute,
    Qualifier,
    RecordKeeper,
    Visitor,
    let_in,
)
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.master_records import KINDS
from cloud_sync.domain.master_records_csv import write_csv
from cloud_sync.domain.roles import Actor, Permission, keeps
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Database, Row

ROWS_MAX = 1_000
POLICIES_MAX = 200
EVENTS_MAX = 200
TITLES: Mapping[str, str] = {
    "places": "Places", "items": "Items and codes", "suppliers": "Suppliers", "recipients": "Customers and wards",
    "owners": "Owners", "operators": "Operators and badges", "reorder-levels": "Reorder levels",
    "costs": "Unit costs",
}  # fmt: skip
"""Kinds of records that are kept here; opening balances are imported only."""
FIRST: Mapping[str, tuple[str, ...]] = {
    "places": ("name", "title", "kind", "parent", "policy", "zone"),
    "items": ("name", "title", "base_unit", "gtins", "codes", "storage_class", "controlled_schedule"),
    "suppliers": ("name", "title", "status", "qualified_until", "note"),
}
"""Columns of lists that do not show all fields."""

NOT_SORTED = frozenset({"gtins", "codes", "substitutes", "item_days_min"})
"""Columns with several values in a cell."""

router = APIRouter(route_class=PageRoute)
Done = Annotated[bool, Form()]


@router.get("/administration")
def administration_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """What can be kept, and how much of each there is; and when the ledger was backed up last."""
    counts = count_records(database)
    return render(
        request, "administration.html", titles=TITLES, counts=counts, policies=counts["policies"],
        backup=last_backup(database), zone=house_zone(database),
    )  # fmt: skip


@router.get("/administration/policies")
def policies_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Storage policies, and how many places each guards."""
    guarded = _guarded(database)
    rows = [
        {"name": row["name"], "title": row["body"]["title"], "rules": len(row["body"]["rules"]),
         "places": guarded.get(row["name"], [])}
        for row in list_policies(database, rows_max=ROWS_MAX)
    ]  # fmt: skip
    return list_page(request, "policies.html", policies=table(request, "policies", POLICIES, rows))


@router.get("/administration/policies/{name}")
def policy_page(name: str, request: Request, database: Ledger, _: Visitor) -> Any:
    """One policy: its rules with their sources, where it is in force, and its history."""
    found = [row for row in list_policies(database, rows_max=ROWS_MAX) if row["name"] == name]
    if not found:
        raise NotFound(f"there is no policy {name}", "See Administration, Storage policies.")
    return render(
        request, "policy.html", policy=found[0]["body"], places=_guarded(database).get(name, []),
        events=_history(request, database, f"policy:{name}"), zone=house_zone(database),
    )  # fmt: skip


@router.get("/administration/imports")
async def imports_page(request: Request, database: Ledger, actor: RecordKeeper, kind: str = "") -> Any:
    """Bring in a file; it is tried first."""
    kinds = await kinds_kept(request, database, actor, KINDS)
    chosen = next(each for each in (kind, "items", kinds[0]) if each in kinds)
    return render(request, "imports.html", kinds=kinds, kind=chosen, done=None, text="", reason="", faults=None)


async def kinds_kept(request: Request, database: Database, actor: Actor, kinds: Collection[str]) -> list[str]:
    """Those of ``kinds`` that whoever looks may bring a file of. Raises ``NotAllowed`` if there is none."""
    if not any(actor.may(keeps(each)) for each in kinds):
        await let_in(request, database, actor, Permission.ADMINISTER)
    return [each for each in kinds if actor.may(keeps(each))]


@router.post("/administration/imports")
async def import_page(
    request: Request, database: Ledger, actor: RecordKeeper, now: Now, kind: Field,
    file: UploadFile | None = None, text: Annotated[str, Form()] = "", reason: Why = "", dry_run: Done = False,
    progress: Done = False,
) -> Any:  # fmt: skip
    """Try a file, or take it in: all rows, or none if any has a fault. With ``progress`` the answer tells line by line
    how far it is, every fault as it is found, and at last the page."""
    model_of(kind)
    await let_in(request, database, actor, keeps(kind))
    why = reason_of(reason, "an import")
    said = text or await csv_of_upload(file)
    kinds = [each for each in KINDS if actor.may(keeps(each))]

    def page(done: Imported) -> Response:
        status = 422 if done.faults else 200
        faults = table(request, "faults", FAULTS, [asdict(fault) for fault in done.faults])
        return render(
            request, "imports.html", status, kinds=kinds, kind=kind, done=done, text=said, reason=why, faults=faults
        )  # fmt: skip

    def run(tell: Progress = NO_PROGRESS, tell_fault: TellFault = NO_FAULTS_TOLD) -> Imported:
        return import_csv(
            database, kind, said, dry_run=dry_run, reason=why, at=now, actor=actor.name, progress=tell,
            tell_fault=tell_fault,
        )  # fmt: skip

    if progress:
        lines = lines_of(lambda *tell: {"page": bytes(page(run(*tell)).body).decode()})
        return StreamingResponse(lines, media_type=MEDIA_TYPE)
    return page(await run_in_threadpool(run))


@router.get("/administration/exports/{kind}")
def export_page(kind: str, database: Ledger, actor: Auditor) -> Any:
    """All records of a kind as CSV; importing it again changes nothing."""
    headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    lines = export_csv(database, kind, actor=actor.name)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/administration/{kind}")
def records_page(kind: str, request: Request, database: Ledger, _: Visitor) -> Any:
    """Records of a kind."""
    title = _title(kind)
    columns = _columns(kind)

    def found(wanted: ListRequest) -> list[Row]:
        return [row | {"key": _key(kind, row)} for row in records_listed(database, kind, wanted)]

    shown = table(
        request, kind, columns, source=found, sorts=[each.key for each in columns if each.key not in NOT_SORTED],
        choices=_filters(database, kind),
    )  # fmt: skip
    return list_page(request, "records.html", kind=kind, title=title, records=shown)


@router.get("/administration/{kind}/new")
def new_record_page(kind: str, request: Request, database: Ledger, _: Visitor) -> Any:
    """An empty form."""
    return _record(request, database, kind, "new")


@router.get("/administration/{kind}/{key:path}")
def record_page(kind: str, key: str, request: Request, database: Ledger, _: Visitor) -> Any:
    """A record, how to change it, and its history."""
    return _record(request, database, kind, key)


@router.post("/administration/suppliers/{key:path}")
async def keep_supplier(key: str, request: Request, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """Whether a supplier is qualified is quality's to say. ``key`` is ``new`` for another one."""
    return await _keep(request, database, "suppliers", key, actor.name, now)


@router.post("/administration/{kind}/{key:path}")
async def keep_record(kind: str, key: str, request: Request, database: Ledger, actor: Administrator, now: Now) -> Any:
    """Add a record (``key`` is ``new``), or change it to be like this."""
    return await _keep(request, database, kind, key, actor.name, now)


async def _keep(request: Request, database: Database, kind: str, key: str, actor: str, at: Any) -> Response:
    _title(kind)
    form = {name: text for name, text in (await request.form()).items() if isinstance(text, str)}
    names = list(model_of(kind).model_fields)
    said = [form.get(name, "").replace("\r", "").replace("\n", " ") for name in names]
    reason = reason_of(form.get("reason", ""), "a change")
    done = await run_in_threadpool(
        import_csv, database, kind, _file_of(names, said), dry_run=False, reason=reason, at=at, actor=actor
    )
    if not done.faults:
        return RedirectResponse(f"/administration/{kind}/{_key(kind, dict(zip(names, said, strict=True)))}", 303)
    return await run_in_threadpool(_record, request, database, kind, key, done, dict(zip(names, said, strict=True)))


def _record(
    request: Request, database: Database, kind: str, key: str, done: Imported | None = None,
    said: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    title, is_new = _title(kind), key == "new"
    found = None if is_new else record_of(database, kind, key)
    if not found and not is_new:
        raise NotFound(f"there is no {key} among {title.lower()}", "See Administration.")
    subject = f"{kind.replace('-', '_').removesuffix('s')}:{key}"
    return render(
        request, "record.html", 422 if done else 200, kind=kind, title=title, key="" if is_new else key,
        fields=_fields(kind, found, said or {}), done=done, zone=house_zone(database),
        events=None if is_new else _history(request, database, subject),
    )  # fmt: skip


def _history(request: Request, database: Database, subject: str) -> list[Row] | None:
    """What was done to it, for whoever may read the audit trail."""
    if not request.state.actor.may(Permission.AUDIT):
        return None
    return events_of(database, subject, rows_max=EVENTS_MAX)


def _title(kind: str) -> str:
    if kind not in TITLES:
        raise NotFound(f"there is no page for {kind}", "See Administration.")
    return TITLES[kind]


def _key(kind: str, row: Mapping[str, Any]) -> str:
    return model_of(kind).model_construct(**row).key


def _columns(kind: str) -> tuple[Column, ...]:
    fields = FIRST.get(kind) or tuple(model_of(kind).model_fields)
    first, *others = fields

    def linked(row: Row) -> str:
        return f"/administration/{kind}/{row['key']}"

    chosen = FILTERS.get(kind, ())
    rest = [Column(name, _words(name), filters=name in chosen, value=_shown(name)) for name in others]
    return Column(first, _words(first), link=linked), *rest


def _filters(database: Database, kind: str) -> dict[str, tuple[str, ...]]:
    """What each column is filtered by: the values that its field may have, or the policies there are."""
    fields = model_of(kind).model_fields
    return {
        name: tuple(row["name"] for row in list_policies(database, rows_max=POLICIES_MAX)) if name == "policy"
        else tuple("no" if each == "false" else "yes" if each == "true" else each
                   for each in _choices(fields[name].annotation))
        for name in FILTERS.get(kind, ())
    }  # fmt: skip


def _shown(name: str) -> Any:
    def of(row: Row) -> Any:
        value = row[name]
        if isinstance(value, dict):
            return ", ".join(f"{code} ({units})" for code, units in value.items())
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value

    return of


def _fields(kind: str, row: Row | None, said: Mapping[str, str] = {}) -> list[dict[str, Any]]:
    """Each field as a line of text, as a file would hold it; with what was typed, if that was refused."""
    model = model_of(kind)
    cells: Mapping[str, str] = {}
    if row is not None:
        _, line = write_csv(kind, [model.model_construct(**row)])
        cells = dict(zip(model.model_fields, next(iter(_rows_of(line))), strict=True))
    return [
        {
            "name": name, "title": _words(name), "hint": field.description or "", "is_key": name in model.KEY,
            "value": said.get(name, cells.get(name, "" if field.is_required() else _default(field.default))),
            "choices": _choices(field.annotation),
        }
        for name, field in model.model_fields.items()
    ]  # fmt: skip


def _choices(annotation: Any) -> tuple[str, ...]:
    """The values that a field may have, where they are few."""
    if annotation is bool:
        return "true", "false"
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()


def _default(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value or "") if value else ""


def _rows_of(line: str) -> Any:
    return reader([line])


def _file_of(names: list[str], values: list[str]) -> str:
    text = StringIO()
    writer(text, lineterminator="\n").writerows([names, values])
    return text.getvalue()


LABELS = {
    "gtins": "GTINs", "ndc": "NDC", "allowance_minutes": "Minutes outside the limits, at most",
    "allowance_c_max": "Up to how many °C", "receipt_days_min": "Days of shelf life at receipt, at least",
    "shelf_life_days_min": "Days of shelf life, at least", "receipt_inspection": "Inspect each receipt",
    "expiry_required": "Must have an expiry date", "serial_tracked": "Tracked by serial number",
    "controlled_schedule": "Schedule, if controlled", "policy": "Storage policy", "parent": "Location",
    "item_days_min": "Days of shelf life of single items, at least", "order_min": "Order at least",
    "room_max": "What there is room for, at most", "cycle_days": "Days that an order is for",
    "zone": "Time zone", "shelf_life_days": "Shelf life in days", "storage_class": "Storage policy it needs",
}  # fmt: skip
"""What fields are called, where their names do not say it."""


def _words(name: str) -> str:
    if name in LABELS:
        return LABELS[name]
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _guarded(database: Database) -> dict[str, list[Row]]:
    guarded: dict[str, list[Row]] = {}
    for place in guarded_places(database, rows_max=ROWS_MAX):
        guarded.setdefault(place["policy"], []).append(place)
    return guarded


FAULTS = (
    Column("line", "Line", Show.NUMBER),
    Column("column", "Column", value=lambda row: row["column"] or "all of it"),
    Column("text", "What is wrong", value=lambda row: row_for_people(row["text"])),
)
POLICIES = (
    Column("name", "Policy", link=lambda row: f"/administration/policies/{row['name']}"),
    Column("title", "Requirement"),
    Column("rules", "Rules", Show.NUMBER),
    Column("places", "In force in", value=lambda row: [place["title"] or place["name"] for place in row["places"]]),
)
