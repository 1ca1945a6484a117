"""What papers of lots show: the history of a lot, and its thermal passport."""

import json
from datetime import datetime
from typing import Any

from cloud_sync.actions.audit_log import events_of
from cloud_sync.actions.master_data.documents import list_documents
from cloud_sync.actions.papers.sites import HOUSE, place_row, site_shown
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.actions.quality.trace import trace
from cloud_sync.actions.stock.stock import list_movements, list_stock
from cloud_sync.errors import NotFound
from cloud_sync.papers.kinds.lot_history import LotHistory
from cloud_sync.papers.kinds.thermal_passport import ThermalPassport
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

GAP_S = 1800.0
"""A value counts for so long at most, where nothing is known of its device."""
ROWS_MAX = 5000
ID_MAX = 2**63 - 1


def history_of(database: Database, paper_id: str, at: datetime) -> LotHistory:
    """Of the lot with this id. Raises ``NotFound``."""
    lot_id = id_of(paper_id, "lot")
    traced = trace(database, lot_id)
    movements = list_movements(database, lot_id=lot_id, rows_max=ROWS_MAX + 1)
    with database.transaction() as connection:
        lot = lot_row(connection, lot_id)
        site = site_of_lot(connection, lot_id)
    holds = listed(database, "holds_now", lot_id=lot_id, place=None, rows_max=ROWS_MAX, rows_skipped=0)
    stock = list_stock(database, at=at, lot_id=lot_id, rows_max=ROWS_MAX)
    return LotHistory.model_validate({
        "site": site, "lot": lot, "holds": sorted(holds, key=lambda row: (row["kind"], row["text"])),
        "stock": [row | {"reasons": [each["text"] for each in row["reasons"]]} for row in stock],
        "sources": _ends(traced.backward, "from_place"), "recipients": _ends(traced.forward, "to_place"),
        "movements": sorted(movements[:ROWS_MAX], key=lambda row: (row["occurred_at"], row["id"])),
        "documents": list_documents(database, supplier=None, lot_id=lot_id, rows_max=ROWS_MAX),
        "events": events_of(database, f"lot:{lot_id}", rows_max=ROWS_MAX), "is_cut": len(movements) > ROWS_MAX,
    })  # fmt: skip


def passport_of(database: Database, paper_id: str, at: datetime) -> ThermalPassport:
    """Of the lot with this id, or of ``ID:SERIAL``. Raises ``NotFound``."""
    number, _, serial = paper_id.partition(":")
    lot_id = id_of(number, "lot")
    told = passport(database, lot_id, serial=serial, gap_s=GAP_S, allowance_s=None, at=at)
    with database.transaction() as connection:
        ids = [row["excursion_id"] for row in told["excursions"]]
        metrics = {row["id"]: row["metric"] for row in queries("papers").metrics_of_excursions(connection, ids=ids)}
        told["excursions"] = [row | {"metric": metrics[row["excursion_id"]]} for row in told["excursions"]]
        return ThermalPassport.model_validate(
            {**told, "lot": lot_row(connection, lot_id), "site": site_of_lot(connection, lot_id)}
        )


def id_of(text: str, what: str) -> int:
    """A number in a paper's id. Raises ``NotFound`` for what is none."""
    if text.isascii() and text.isdigit() and int(text) <= ID_MAX:
        return int(text)
    raise NotFound(f"there is no {what} {text}", "Give its number, as the page and the API show it.")


def lot_row(connection: Connection, lot_id: int) -> Row:
    """A lot with what its item is called. Raises ``NotFound``."""
    row: Row | None = queries("papers").lot(connection, lot_id=lot_id)
    if row is None:
        raise NotFound(f"there is no lot {lot_id}", "See GET /v1/lots for those there are.")
    return row


def site_of_lot(connection: Connection, lot_id: int) -> dict[str, str]:
    """The site where most of it is, or was last; the house if it was in none."""
    name = queries("papers").last_place_of_lot(connection, lot_id=lot_id)
    return site_shown(place_row(connection, name)) if name else {"name": "", "title": HOUSE}


def _ends(graph: Any, place: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(graph.ends) if graph else []
    return [row | {"place": row[place]} for row in rows]
