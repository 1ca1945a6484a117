"""Gateways: which of them are heard from, how much they still have to send, and channels that nothing judges."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.gateways.gateways import list_gateways
from cloud_sync.actions.master_data.master_data import list_channels, list_places
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import render

ROWS_MAX = 1000

router = APIRouter(route_class=PageRoute)


@router.get("/gateways")
def gateways_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The fleet, and every channel with its place."""
    return render(
        request, "gateways.html", gateways=list_gateways(database, rows_max=ROWS_MAX),
        zone=house_zone(database), now=now,
        channels=list_channels(database, gateway=None, place=None, rows_max=ROWS_MAX),
        places=list_places(database, rows_max=ROWS_MAX),
    )  # fmt: skip
