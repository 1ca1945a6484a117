"""Recalls: everything of some lots is frozen and found, recipients are told, and every unit is accounted for."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.domain.recall import RecallFlow, reconcile
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.positions import lot_of
from cloud_sync.posting.recall_scope import reach_recalls
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries

NOTICES_MAX = 10_000


def open_recall(
    database: Database,
    *,
    title: str,
    reason: str,
    is_mock: bool,
    lots: Sequence[int],
    items: Sequence[str],
    suppliers: Sequence[str],
    lot_numbers: Sequence[tuple[str, str]] = (),
    actor: str,
) -> Row:
    """Freeze all stock of these lots, items and suppliers, now and whenever it arrives, and what is made of it.

    ``lot_numbers`` are (item, lot number), also of lots that have not come yet.

    A mock recall freezes nothing; its clock runs all the same. Raises ``Invalid``, ``NotFound``.
    """
    if not (lots or items or suppliers or lot_numbers):
        raise Invalid("a recall of nothing", "Name at least one lot, lot number, item or supplier.")
    with database.transaction() as connection:
        lock_holds(connection)
        for lot_id in lots:
            lot_of(connection, lot_id)
        item_ids = [item_named(connection, item)["id"] for item in sorted(set(items))]
        numbered = sorted(set(lot_numbers))
        supplier_ids = [_supplier(connection, name) for name in sorted(set(suppliers))]
        recall_id: int = queries("recalls").add_recall(
            connection, title=title, reason=reason, is_mock=is_mock, opened_by=actor
        )
        queries("recalls").add_scope(
            connection,
            recall_id=recall_id,
            lot_ids=sorted(set(lots)),
            item_ids=item_ids,
            supplier_ids=supplier_ids,
            numbered_item_ids=[item_named(connection, item)["id"] for item, _ in numbered],
            lot_numbers=[number for _, number in numbered],
        )
        data: dict[str, Any] = {
            "lots": sorted(set(lots)),
            "items": sorted(set(items)),
            "suppliers": sorted(set(suppliers)),
            "lot_numbers": numbered,
        }
        _tell(connection, recall_id, "recall_opened", actor, reason, {**data, "is_mock": is_mock})
        reach_recalls(connection, None, recall_id=recall_id)
        queries("recalls").add_notices(connection, recall_id=recall_id)
        return _recall(connection, recall_id)


def list_recalls(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Recalls, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("recalls").recalls(connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def show_recall(database: Database, recall_id: int) -> dict[str, Any]:
    """The recall, its reconciliation lot by lot, and its notices. Raises ``NotFound``.

    The first time that everything is accounted for is noted: that is when the clock of a mock recall stops.
    """
    with database.transaction() as connection:
        _recall(connection, recall_id)
        lots = _reconciled(connection, recall_id)
        if all(lot["is_complete"] for lot in lots) and queries("recalls").note_reconciled(
            connection, recall_id=recall_id
        ):
            _tell(connection, recall_id, "recall_reconciled", LEDGER, "every unit is accounted for", {})
        if queries("recalls").add_notices(connection, recall_id=recall_id):
            _tell(connection, recall_id, "recall_notices_updated", LEDGER, "more recipients, or other quantities", {})
        notices = list(queries("recalls").notices(connection, recall_id=recall_id, rows_max=NOTICES_MAX))
        return {**_recall(connection, recall_id), "reconciliation": lots, "notices": notices}


def list_impact(database: Database, recall_id: int, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Where everything in its reach is now, products made of it included. Raises ``NotFound``."""
    with database.transaction() as connection:
        _recall(connection, recall_id)
        return list(
            queries("recalls").impact(connection, recall_id=recall_id, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def send_notice(database: Database, recall_id: int, notice_id: int, how: str, *, actor: str) -> Row:
    """Note that a recipient was told. Raises ``NotFound``, ``Conflict`` if it was before."""
    with database.transaction() as connection:
        _notice(connection, recall_id, notice_id)
        if not queries("recalls").send_notice(
            connection, notice_id=notice_id, recall_id=recall_id, sent_by=actor, sent_how=how
        ):
            raise Conflict(f"notice {notice_id} was sent before")
        _tell(connection, recall_id, "recall_notice_sent", actor, how, {"notice": notice_id})
        return _notice(connection, recall_id, notice_id)


def acknowledge_notice(database: Database, recall_id: int, notice_id: int, text: str, *, actor: str) -> Row:
    """Note what a recipient answered. Raises ``NotFound``, ``Conflict`` if it was not sent, or answered before."""
    with database.transaction() as connection:
        _notice(connection, recall_id, notice_id)
        if not queries("recalls").acknowledge_notice(
            connection, notice_id=notice_id, recall_id=recall_id, acknowledged_by=actor, acknowledged_text=text
        ):
            raise Conflict(f"notice {notice_id} was not sent yet, or was acknowledged before")
        _tell(connection, recall_id, "recall_notice_acknowledged", actor, text, {"notice": notice_id})
        return _notice(connection, recall_id, notice_id)


def close_recall(database: Database, recall_id: int, *, outcome: str, reason: str, actor: str) -> Row:
    """End a recall. ``completed``: what may turn up stays held. ``lifted``: it was without cause, all is free of it.

    Somebody else than who opened it closes it, and not before every unit is accounted for. Raises ``NotFound``,
    ``NotAllowed``, ``Conflict``.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        recall = _recall(connection, recall_id)
        if recall["closed_at"] is not None:
            raise Conflict(f"{recall['closed_by']} closed recall {recall_id} before: {recall['outcome']}")
        if recall["opened_by"] == actor:
            raise NotAllowed(f"{actor} opened this recall", "Somebody else with the role quality has to close it.")
        lots = _reconciled(connection, recall_id)
        open_lots = [lot["lot_number"] for lot in lots if not lot["is_complete"]]
        if outcome == "completed" and open_lots:
            raise Conflict(
                f"not every unit of {', '.join(open_lots[:10])} is accounted for",
                "See the difference in GET /v1/recalls/{id}; find the units, count them and have the count approved.",
            )
        if outcome == "completed" and not recall["is_mock"] and any(lot["on_hand"] > 0 for lot in lots):
            raise Conflict(
                "recalled stock is still on hand",
                "Return it to the supplier or destroy it first; if it is not there, count and have the count approved.",
            )
        queries("recalls").close_recall(
            connection, recall_id=recall_id, closed_by=actor, outcome=outcome, closed_reason=reason
        )
        _tell(connection, recall_id, "recall_closed", actor, reason, {"outcome": outcome})
        return _recall(connection, recall_id)


def _reconciled(connection: Connection, recall_id: int) -> list[dict[str, Any]]:
    rows = list(queries("recalls").flows(connection, recall_id=recall_id))
    lots = []
    for (lot_id, item, lot_number), group in groupby(
        rows, key=lambda row: (row["lot_id"], row["item"], row["lot_number"])
    ):
        sums = reconcile(
            RecallFlow(row["from_kind"], row["to_kind"], row["quantity"], row["is_approved"]) for row in group
        )
        names = {"lot_id": lot_id, "item": item, "lot_number": lot_number}
        lots.append({**names, **asdict(sums), "accounted_pct": sums.accounted_pct, "is_complete": sums.is_complete})
    return lots


def _supplier(connection: Connection, name: str) -> int:
    place = place_named(connection, name)
    if place["kind"] != "supplier":
        raise Invalid(f"{name} is a {place['kind']}, not a supplier")
    return int(place["id"])


def _recall(connection: Connection, recall_id: int) -> Row:
    row: Row | None = queries("recalls").recall_by_id(connection, recall_id=recall_id)
    if row is None:
        raise NotFound(f"there is no recall {recall_id}", "See GET /v1/recalls for those there are.")
    return row


def _notice(connection: Connection, recall_id: int, notice_id: int) -> Row:
    _recall(connection, recall_id)
    for row in queries("recalls").notices(connection, recall_id=recall_id, rows_max=NOTICES_MAX):
        if row["id"] == notice_id:
            return dict(row)
    raise NotFound(f"recall {recall_id} has no notice {notice_id}", "See GET /v1/recalls/{id} for those there are.")


def _tell(connection: Connection, recall_id: int, kind: str, actor: str, reason: str, data: dict[str, Any]) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"recall:{recall_id}", reason=reason, data=data)
