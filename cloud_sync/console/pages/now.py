"""Now: every room at a glance, live."""

from collections.abc import AsyncIterator
from itertools import groupby
from time import monotonic
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from cloud_sync.actions.overview.rooms import LotsIn, RoomNow, held_in_rooms, lots_in_rooms, rooms_now, todo
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.live import Broadcast, Recent
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.domain.accounts import SESSION_IDLE_MAX
from cloud_sync.storage.database import Database

router = APIRouter(route_class=PageRoute)


def by_site(rooms: tuple[RoomNow, ...]) -> list[tuple[RoomNow, list[RoomNow]]]:
    """Rooms of each site; the first of a site tells the site."""
    sites = [list(group) for _, group in groupby(rooms, key=lambda room: room.site)]
    return [(group[0], group) for group in sites]


@router.get("/")
def now_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Sites and their rooms as tiles, and what waits for somebody."""
    rooms = rooms_now(database, now, _lots(request, database))
    return render(request, "now.html", sites=by_site(rooms), todo=todo(database), rooms=rooms, now=now)


@router.get("/live")
async def live(request: Request, database: Ledger, visitor: Visitor) -> Any:
    """The tiles again whenever something changed, as server-sent events."""
    del visitor  # only who may read gets here
    clock = request.app.state.clock

    def tiles() -> str:
        at = clock()
        body = render(
            request, "tiles.html", sites=by_site(rooms_now(database, at, _lots(request, database))), now=at
        ).body
        return bytes(body).decode()

    broadcast: Broadcast = request.app.state.broadcast

    async def events() -> AsyncIterator[str]:
        yield "retry: 2000\n\n"
        ends_s = monotonic() + SESSION_IDLE_MAX.total_seconds()
        async for text in broadcast.follow(lambda: run_in_threadpool(tiles)):
            if await request.is_disconnected() or monotonic() > ends_s:
                return  # whoever still looks asks again, and shows again who they are
            lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
            yield f"event: tiles\n{lines}\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _lots(request: Request, database: Database) -> LotsIn:
    """What lies in the rooms and what of it is held, as far as it is known by now."""
    lots: Recent[dict[int, int]] = request.app.state.lots_in_rooms
    held: Recent[dict[int, int]] = request.app.state.held_in_rooms
    return LotsIn(lots.get(lambda: lots_in_rooms(database)), held.get(lambda: held_in_rooms(database)) or {})
