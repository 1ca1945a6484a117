"""Files of temperature loggers: of shipments, and of rooms without a gateway."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime

from cloud_sync.actions.interop import loggers
from cloud_sync.api.access import ApiRoute, Ledger, Listing, LoggerOfRoom, LoggerOfShipment, LoggerReader, Now
from cloud_sync.api.problems import answers as answers_of
from cloud_sync.api.schemas.common import ID_MAX, Code, Listed, Name
from cloud_sync.api.schemas.logger import LoggerFileOut, LoggerPreviewOut, QuestionOut
from cloud_sync.errors import Invalid
from cloud_sync.interop.questions import Question

router = APIRouter(tags=["loggers"], route_class=ApiRoute, responses=answers_of(404, 409, 429))

_FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_BODY = {"requestBody": {"required": True, "description": "The file as the logger exported it.", "content": _FILE}}
AnswerList = Annotated[
    list[str], Query(max_length=100, description="What the file does not say: `KEY=VALUE`.", examples=[["zone=+02:00"]])
]


def answers_in(said: list[str]) -> dict[str, str]:
    """Answers by their keys. Raises ``Invalid``."""
    found = {}
    for each in said:
        key, equals, value = each.partition("=")
        if not equals or "\x00" in each or len(each) > 1000:
            raise Invalid(f"{each[:60]!r} is no answer", "Write it as KEY=VALUE, such as zone=+02:00.")
        found[key] = value
    return found


def asked(questions: tuple[Question, ...]) -> list[QuestionOut]:
    """Questions as the API gives them."""
    return [QuestionOut(key=each.key, text=each.text, choices=dict(each.choices)) for each in questions]


@router.post(
    "/logger-files/preview", summary="Look at a logger's file", response_model=LoggerPreviewOut, openapi_extra=_BODY
)
async def look_at(request: Request, _: LoggerReader, answer: AnswerList = []) -> Any:  # noqa: B006
    """What it says, or what has to be answered first. Nothing is kept."""
    found = await run_in_threadpool(loggers.look_at, await request.body(), answers_in(answer))
    if found.file is None:
        return LoggerPreviewOut(questions=asked(found.questions))
    file = found.file
    return LoggerPreviewOut(
        questions=[], format=file.format, is_verified=file.is_verified, device=file.device, serial=file.serial,
        zone=found.zone, first_at=found.first_at, last_at=found.last_at, readings=len(file.good) or len(file.days),
        lowest=found.lowest, highest=found.highest, device_verdict=file.verdict, notes=list(file.notes),
    )  # fmt: skip


@router.post(
    "/orders/{number}/logger-files",
    summary="Attach a logger to a shipment",
    status_code=201,
    response_model=LoggerFileOut,
    openapi_extra=_BODY,
)
async def attach(
    number: Code, request: Request, database: Ledger, now: Now, actor: LoggerOfShipment,
    answer: AnswerList = [],  # noqa: B006
    policy: Annotated[Name | None, Query(description="For items that name no storage policy.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="When transport began, if the logger ran before.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="When it ended, if the logger ran on.")] = None,
) -> Any:  # fmt: skip
    """Judge what travelled with an order: if a policy was broken, what came of its items, or comes later, is held."""
    content, media_type = await _file_of(request)
    return await run_in_threadpool(
        loggers.attach_to_order, database, content, media_type, number, answers_in(answer), policy=policy, since=since,
        until=until, at=now, actor=actor.name,
    )  # fmt: skip


@router.post(
    "/places/{name}/logger-files",
    summary="Bring the readings of a room's logger",
    status_code=201,
    response_model=LoggerFileOut,
    openapi_extra=_BODY,
)
async def bring(
    name: Name, request: Request, database: Ledger, now: Now, actor: LoggerOfRoom,
    answer: AnswerList = [],  # noqa: B006
) -> Any:  # fmt: skip
    """What a logger measured in a room without a gateway: judged by the policies there, like any reading."""
    content, media_type = await _file_of(request)
    return await run_in_threadpool(
        loggers.bring_for_room, database, content, media_type, name, answers_in(answer), at=now, actor=actor.name
    )


@router.post(
    "/logger-files", summary="Keep a logger's file for later", status_code=201, response_model=LoggerFileOut,
    openapi_extra=_BODY,
)  # fmt: skip
async def keep_for_later(
    request: Request, database: Ledger, now: Now, actor: LoggerOfShipment,
    answer: AnswerList = [],  # noqa: B006
) -> Any:  # fmt: skip
    """A file that comes before its order, or before somebody knows in which room it was: judged when it is attached."""
    content, media_type = await _file_of(request)
    return await run_in_threadpool(
        loggers.bring_to_wait, database, content, media_type, answers_in(answer), at=now, actor=actor.name
    )


FileId = Annotated[int, Path(ge=1, le=ID_MAX)]


@router.post(
    "/orders/{number}/logger-files/{file_id}", summary="Attach a file that waits to a shipment", status_code=201,
    response_model=LoggerFileOut,
)  # fmt: skip
def attach_to_order(
    number: Code, file_id: FileId, database: Ledger, now: Now, actor: LoggerOfShipment,
    policy: Annotated[Name | None, Query(description="For items that name no storage policy.")] = None,
    since: AwareDatetime | None = None, until: AwareDatetime | None = None,
) -> Any:  # fmt: skip
    """Judge it as what travelled with this order."""
    return loggers.attach_waiting(
        database, file_id, order=number, policy=policy, since=since, until=until, at=now, actor=actor.name
    )


@router.post(
    "/places/{name}/logger-files/{file_id}", summary="Attach a file that waits to a room", status_code=201,
    response_model=LoggerFileOut,
)  # fmt: skip
def attach_to_room(name: Name, file_id: FileId, database: Ledger, now: Now, actor: LoggerOfRoom) -> Any:
    """Take it as what was measured in this room."""
    return loggers.attach_waiting(database, file_id, place=name, at=now, actor=actor.name)


@router.get("/logger-files", summary="List files of loggers", response_model=Listed[LoggerFileOut])
def list_files(
    database: Ledger, _: LoggerReader, page: Listing, order: Code | None = None, place: Name | None = None
) -> Any:
    """Files, the newest first, with the device's verdict beside ours."""
    rows = loggers.list_files(database, order=order, place=place, rows_max=page.rows_max, rows_skipped=page.offset)
    return page.of(rows)


@router.get("/logger-files/{file_id}", summary="See a file of a logger", response_model=LoggerFileOut)
def see_file(file_id: Annotated[int, Path(ge=1, le=ID_MAX)], database: Ledger, _: LoggerReader) -> Any:
    """One file, with all that was made of it."""
    return loggers.logger_file(database, file_id)


async def _file_of(request: Request) -> tuple[bytes, str]:
    content = await request.body()
    if not content:
        raise Invalid("there is no file", "Send the file as the body of the request.")
    return content, request.headers.get("content-type", "application/octet-stream")[:100]
