"""The console on the ledger's HTTP face: its pages, and the files that come with them."""

from importlib import resources
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from cloud_sync.console.live import Broadcast, Recent
from cloud_sync.console.pages import (
    access_reviews,
    administration,
    agreements,
    alerts,
    audit,
    batch,
    cases,
    change_control,
    changes,
    compounding,
    counts,
    destruction,
    equipment,
    expiry,
    gateways,
    labels,
    login,
    lots,
    new_order,
    now,
    order,
    orders,
    papers,
    people,
    picks,
    quarantine,
    recalls,
    receiving,
    records,
    reports,
    retention,
    returns,
    room,
    setup,
    signatures,
    trace,
    training,
    transfers,
)

PAGES = (
    now, room, quarantine, trace, lots, labels, cases, alerts,
    receiving, orders, new_order, order, picks, transfers, returns, destruction, counts,
    recalls, compounding, batch, signatures, expiry, reports, papers, audit,
    records, changes, change_control, retention, training, equipment, agreements, access_reviews,
    gateways, setup, people, administration, login,
)  # fmt: skip


def add_console(app: FastAPI) -> None:
    """What :data:`PAGES` need of ``app``, and scripts and styles at ``/static``."""
    app.state.broadcast = Broadcast()
    app.state.lots_in_rooms = Recent()
    # Files are the same for everybody, so that their compressed size tells nothing; pages are sent as they are.
    files = _Files(directory=Path(str(resources.files("cloud_sync.console") / "static")))
    app.mount("/static", GZipMiddleware(files, compresslevel=6))


class _Files(StaticFiles):
    """Files that a browser may keep for a day: they change with the release only, and each page names the release."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cached(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["cache-control"] = "private, max-age=86400"
            await send(message)

        await super().__call__(scope, receive, cached)
