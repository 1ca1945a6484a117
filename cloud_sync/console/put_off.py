"""What takes long where there is much stock: the page is there at once, and the rest comes when it is ready."""

from fastapi import Request

from cloud_sync.actions.overview.goods import is_large
from cloud_sync.storage.database import Database


def is_put_off(request: Request, database: Database, waits: bool) -> bool:
    """Whether to answer with the page's frame for now. ``waits``: who asks, asks for the rest."""
    return not waits and "csv" not in request.query_params and is_large(database)


def rest_of(request: Request) -> str:
    """Where the page is with everything on it."""
    whole = request.url.include_query_params(waits="true")
    return f"{whole.path}?{whole.query}"
