"""Loggers: bring a file, answer what it does not say, look at it, and confirm; and what became of those before."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from cloud_sync.actions.interop import loggers
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field
from cloud_sync.console.page_route import PageRoute, Receiver, SensorPlacer, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

MEDIA_TYPE = "application/octet-stream"
FILE_BYTES_MAX = 8 << 20
VERDICTS = {"broken": ("broken", "bad"), "kept": ("kept", "ok"), "judged_in_place": ("judged in its place", ""),
            "waiting": ("waits for its order or room", "warn")}  # fmt: skip
DEVICE = {"alarm": "alarm", "ok": "no alarm", "": "says nothing"}

FILES = (
    Column("brought_at", "Brought", Show.WHEN),
    Column("serial", "Logger", link=lambda row: f"/loggers/{row['id']}"),
    Column("of", "Of", value=lambda row: f"order {row['order']}" if row["order"] else row["place"] or ""),
    Column("first_at", "From", Show.WHEN),
    Column("last_at", "Until", Show.WHEN),
    Column("lowest", "Lowest °C", Show.NUMBER, html=lambda row: f"{row['lowest']:.1f}"),
    Column("highest", "Highest °C", Show.NUMBER, html=lambda row: f"{row['highest']:.1f}"),
    Column("device_verdict", "The device", value=lambda row: DEVICE[row["device_verdict"]]),
    Column("verdict", "The policies", Show.TAG, html=lambda row: tag(*VERDICTS[row["verdict"]])),
)

router = APIRouter(route_class=PageRoute)


@router.get("/loggers")
def loggers_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Files that were brought, and the form for another one."""

    zone = house_zone(database)

    def found(wanted: ListRequest) -> list[Row]:
        page = wanted.page
        rows = loggers.list_files(database, rows_max=page["rows_max"], rows_skipped=page["rows_skipped"])
        return [{**row, "zone": zone} for row in rows]  # times as here, not by the logger's clock

    files = table(request, "loggers", FILES, source=found, searches=False, zone=zone)
    return list_page(request, "loggers.html", files=files)


@router.get("/loggers/{file_id}")
def logger_page(request: Request, file_id: int, database: Ledger, _: Visitor) -> Any:
    """One file: what the device said, what the policies say, and why they differ."""
    row = loggers.logger_file(database, file_id)
    return render(
        request, "logger_file.html", file=row, zone=house_zone(database), verdict=VERDICTS[row["verdict"]],
        device=DEVICE[row["device_verdict"]],
    )  # fmt: skip


@router.post("/loggers/preview")
async def preview_page(request: Request, _: Visitor, database: Ledger, file: UploadFile | None = None) -> Any:
    """What the file says, or what has to be answered first."""
    form = await request.form()
    said = {name: text for name, text in form.items() if isinstance(text, str)}
    content = await _content_of(file, said.get("content", ""))
    answers = {name.removeprefix("a:"): text.strip() for name, text in said.items() if name.startswith("a:")}
    found = await run_in_threadpool(loggers.look_at, content, answers)
    return await run_in_threadpool(
        lambda: render(
            request, "logger_preview.html", found=found, answers={key: text for key, text in answers.items() if text},
            content=base64.b64encode(content).decode(), order=said.get("order", ""), place=said.get("place", ""),
            zone=house_zone(database),
        )
    )  # fmt: skip


@router.post("/loggers/shipment")
async def shipment_page(
    request: Request, database: Ledger, now: Now, actor: Receiver, content: Annotated[str, Form()], order: Field,
    policy: Field = "",
) -> Any:  # fmt: skip
    """The file is of a shipment: what came with it is held if a policy was broken."""
    row = await run_in_threadpool(
        loggers.attach_to_order, database, await _content_of(None, content), MEDIA_TYPE, order.strip(),
        await _answers(request), policy=policy.strip() or None, at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse(f"/loggers/{row['id']}", 303)


@router.post("/loggers/room")
async def room_page(
    request: Request, database: Ledger, now: Now, actor: SensorPlacer, content: Annotated[str, Form()], place: Field
) -> Any:
    """The file is of a room: its readings are judged by the policies there."""
    row = await run_in_threadpool(
        loggers.bring_for_room, database, await _content_of(None, content), MEDIA_TYPE, place.strip(),
        await _answers(request), at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse(f"/loggers/{row['id']}", 303)


async def _answers(request: Request) -> dict[str, str]:
    form = await request.form()
    return {
        name.removeprefix("a:"): text.strip()
        for name, text in form.items()
        if isinstance(text, str) and name.startswith("a:") and text.strip()
    }


async def _content_of(file: UploadFile | None, encoded: str) -> bytes:
    """The file that was uploaded, or that the form before carries on."""
    if encoded:
        try:
            content = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("the file did not come through", "Go back to Loggers and choose it again.") from error
    else:
        content = await file.read() if file is not None and file.filename else b""
    if not content:
        raise Invalid("no file was chosen", "Go back and choose the file that the logger exported.")
    if len(content) > FILE_BYTES_MAX:
        raise Invalid("the file is larger than 8 MB", "Export a shorter time from the logger.")
    return content
