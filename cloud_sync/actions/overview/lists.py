"""Long lists as people leaf through them: what is searched, sorted and filtered is so in the database."""

from datetime import datetime

from cloud_sync.actions.overview.lots import lot_ids_matching
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.posting.positions import shown
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

LOTS_MAX = 20_000
"""Words that match more lots than these stand for the first so many."""


def stock_listed(database: Database, wanted: ListRequest, *, at: datetime, place_id: int | None = None) -> list[Row]:
    """Stock in the house, or at and below a place, place by place; ``reasons``: why not to issue it at ``at``."""
    with database.transaction() as connection:
        lot_ids = lot_ids_matching(connection, wanted.words, rows_max=LOTS_MAX) if wanted.words else None
        rows = queries("overview").stock_listed(
            connection, place_id=place_id, lot_ids=lot_ids, **wanted.page,
            is_descending=wanted.sort == "place" and wanted.is_descending,
        )  # fmt: skip
        return [shown(row, at) for row in rows]


def movements_listed(database: Database, wanted: ListRequest, *, lot_id: int | None = None) -> list[Row]:
    """Movements of one lot, of the lots that the words match, or all, the latest first."""
    with database.transaction() as connection:
        lot_ids = [lot_id] if lot_id is not None else None
        if lot_ids is None and wanted.words:
            lot_ids = lot_ids_matching(connection, wanted.words, rows_max=LOTS_MAX)
        return list(
            queries("overview").movements_listed(
                connection, lot_ids=lot_ids, action=wanted.choice("action"), is_descending=_latest_first(wanted),
                **wanted.page,
            )
        )  # fmt: skip


def cases_listed(database: Database, wanted: ListRequest, *, only_open: bool) -> list[Row]:
    """Exception cases, the oldest first."""
    with database.transaction() as connection:
        return list(
            queries("overview").cases_listed(
                connection, only_open=only_open, state=wanted.choice("state"), kind=wanted.choice("kind"),
                words=wanted.words, sort=wanted.sort, is_descending=wanted.is_descending, **wanted.page,
            )
        )  # fmt: skip


def case_kinds(database: Database) -> list[str]:
    """Every kind of case that there was."""
    with database.transaction() as connection:
        return [row["kind"] for row in queries("overview").case_kinds(connection)]


def excursions_listed(database: Database, wanted: ListRequest) -> list[Row]:
    """Excursions, the latest first."""
    with database.transaction() as connection:
        return list(
            queries("overview").excursions_listed(
                connection, words=wanted.words, sort=wanted.sort or "began_at",
                is_descending=wanted.is_descending if wanted.sort else True, **wanted.page,
            )
        )  # fmt: skip


def _latest_first(wanted: ListRequest) -> bool:
    return wanted.is_descending if wanted.sort else True
