"""Lots as people look for them."""

from cloud_sync.domain.list_request import ListRequest
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

AFTER_ALL = "\U0010ffff"
"""Sorts behind whatever may follow."""
BY_INDEX = ("", "expires_on", "lot_number")


def lot_told(database: Database, lot_id: int) -> Row:
    """``id``, ``item``, ``lot_number``, ``owner`` and ``expires_on`` of a lot, and more. Raises ``NotFound``."""
    with database.transaction() as connection:
        return lot_of(connection, lot_id)


def lots_listed(database: Database, wanted: ListRequest) -> list[Row]:
    """Lots whose number begins with these words, or whose item is called so or has this GTIN; without words, all that
    are in the house. Those that expire first come first; ``state`` is chosen from held, free, none here."""
    words, state = wanted.words.strip(), wanted.chosen.get("state", "")
    overview = queries("overview")
    with database.transaction() as connection:
        if words and not state and not wanted.sort:
            found = overview.lots_found(connection, words=words, after_words=words + AFTER_ALL, **wanted.page)
        elif not words and state != "held" and wanted.sort in BY_INDEX:
            found = overview.lots_in_house(
                connection, sort=wanted.sort or "expires_on", is_descending=_descending(wanted), state=state,
                **wanted.page,
            )  # fmt: skip
        else:
            found = overview.lots_matching(
                connection, words=words, state=state, sort=wanted.sort, is_descending=_descending(wanted), **wanted.page
            )
        ids = [row["id"] for row in found]
        shown = {row["id"]: row for row in overview.lots_shown(connection, lot_ids=ids)}
        return [shown[lot_id] for lot_id in ids]


def lot_ids_matching(connection: Connection, words: str, *, rows_max: int) -> list[int]:
    """Ids of the lots that these words stand for, at most so many."""
    found = queries("overview").lots_found(
        connection, words=words.strip(), after_words=words.strip() + AFTER_ALL, rows_max=rows_max, rows_skipped=0
    )
    return [row["id"] for row in found]


def _descending(wanted: ListRequest) -> bool:
    return wanted.is_descending and wanted.sort != ""
