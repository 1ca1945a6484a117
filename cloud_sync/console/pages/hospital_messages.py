"""Hospital messages: what pharmacy systems and cabinets told, what became of it, and another look after a map was
mended."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from cloud_sync.actions.interop import hospital_messages as messages
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import Auditor, PageRoute, Resolver, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.roles import Permission
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)
MessageId = Annotated[int, Path(ge=1, le=10**15)]
TONES = {"booked": "ok", "ordered": "ok", "noted": "", "with_cases": "warn", "not_understood": "bad", "refused": "bad"}


def _outcome(row: Row) -> Any:
    return tag(messages.OUTCOMES.get(row["outcome"], "being read"), TONES.get(row["outcome"], ""))


MESSAGES = (
    Column("id", "Message", Show.NUMBER, link=lambda row: f"/hospital-messages/{row['id']}"),
    Column("received_at", "Received", Show.WHEN),
    Column("connection", "From"),
    Column("kind", "Type"),
    Column("control_id", "Control ID"),
    Column("outcome", "Outcome", Show.TAG, filters=tuple(sorted(each.replace("_", " ") for each in messages.OUTCOMES)),
           html=_outcome),
    Column("told", "Details"),
)  # fmt: skip


@router.get("/hospital-messages")
def messages_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Messages, the latest first."""

    def found(wanted: ListRequest) -> list[Row]:
        return messages.list_messages(database, wanted)

    shown = table(request, "messages", MESSAGES, source=found, sorts=(), zone=house_zone(database))
    has_door = request.app.state.field_maps.section is not None
    return list_page(request, "hospital_messages.html", messages=shown, has_door=has_door)


@router.get("/hospital-messages/{message_id}")
def message_page(message_id: MessageId, request: Request, database: Ledger, actor: Visitor) -> Any:
    """One message: its segments, what became of it each time, and the exceptions that are open because of it."""
    message, outcomes, cases = messages.message_of(database, message_id)
    return render(
        request, "hospital_message.html", message=message, outcomes=outcomes, cases=cases, words=messages.OUTCOMES,
        tones=TONES, zone=house_zone(database),
        segments=messages.shown_segments(message["content"], message["format"], with_patients=False),
        can_read_again=message["outcome"] in ("not_understood", "refused") and actor.may(Permission.RESOLVE),
    )  # fmt: skip


@router.get("/hospital-messages/{message_id}/bytes")
def bytes_page(message_id: MessageId, database: Ledger, _: Auditor) -> Response:
    """The message as it came, byte for byte: it may hold personal data."""
    message, _outcomes, _cases = messages.message_of(database, message_id)
    if message["content"] is None:
        raise NotFound(f"the content of message {message_id} was erased")
    ending = "hl7" if message["format"] == "hl7v2" else "json"
    name = f'attachment; filename="message-{message_id}.{ending}"'
    return Response(
        bytes(message["content"]), media_type="application/octet-stream", headers={"Content-Disposition": name}
    )


@router.post("/hospital-messages/{message_id}/read-again")
def read_again_page(message_id: MessageId, request: Request, database: Ledger, actor: Resolver, now: Now) -> Any:
    """Read it by its sender's field map as it is now."""
    messages.read_again(database, request.app.state.field_maps, message_id, at=now, actor=actor)
    return RedirectResponse(f"/hospital-messages/{message_id}", 303)
