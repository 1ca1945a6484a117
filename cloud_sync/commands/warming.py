"""What the first visitor would wait for is done after the start, bit by bit, while nobody does."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from importlib.resources import files
from threading import Thread
from time import sleep

from starlette.routing import BaseRoute

from cloud_sync.commands.loading import keep_what_is_there
from cloud_sync.console.page_route import PageRoute
from cloud_sync.storage.queries import queries

PAUSE_S = 0.02
"""After each bit, of some 5 ms: requests come first."""
log = logging.getLogger(__name__)


def warm_in_background(routes: Iterable[BaseRoute]) -> None:
    """Start on it; the process may end at any time."""
    bits = [*_routes_to_work_out(routes), *_queries_to_read()]
    Thread(target=do_each, args=(bits,), name="warming", daemon=True).start()


def _routes_to_work_out(routes: Iterable[BaseRoute]) -> list[Callable[[], object]]:
    """Of all pages, but not of what forms send and programs ask for: that would be six times the memory."""
    return [route.work_out_ahead for route in routes if isinstance(route, PageRoute) and "GET" in (route.methods or ())]


def _queries_to_read() -> list[Callable[[], object]]:
    names = sorted(file.name for file in files("cloud_sync.storage").iterdir() if file.name.endswith(".sql"))
    return [partial(queries, name.removesuffix(".sql")) for name in names]


def do_each(bits: Iterable[Callable[[], object]], pause_s: float = PAUSE_S) -> None:
    """Do these, with a pause after each; what was made of it stays."""
    for bit in bits:
        try:
            bit()
        except Exception:  # who asks for it is told
            log.exception("a page could not be prepared")
        sleep(pause_s)
    keep_what_is_there()
