"""Corrections of lots: their expiry and their number."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from cloud_sync.domain.booking import expiry_text
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.cases import Case, close_case, latest_case, open_case
from cloud_sync.posting.corrections.wanted import Subject
from cloud_sync.posting.lots import MISMATCH, judge_issues_again
from cloud_sync.posting.quality_control.support import check_extension
from cloud_sync.posting.recall_scope import reach_recalls, redo_reaches
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.locks import lock_holds, lock_lots
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import Expiry

COMPONENT_EXPIRES = "component_expires_before_product"


@dataclass(frozen=True, slots=True)
class LotExpiry:
    """The expiry of a lot is another day (and hour): misread, mistyped, or extended by its maker."""

    lot_id: int
    expires_on: date
    expires_hour: time | None = None
    kind = "lot_expiry"

    def subject(self, connection: Connection) -> Subject:
        """The lot and its expiry from before."""
        lot = _lot(connection, self.lot_id)
        before: dict[str, Any] = {"expiry": None, "expires_exactly": None}
        if lot["expires_on"] is not None:
            before["expiry"] = expiry_text((lot["expires_on"], lot["expires_hour"]))
        if lot["expires_exactly"] is not None:
            before["expires_exactly"] = lot["expires_exactly"].isoformat()
        check_extension(connection, lot, Expiry(self.expires_on, self.expires_hour))
        after = {"expiry": expiry_text((self.expires_on, self.expires_hour)), "expires_exactly": None}
        return _subject(lot, before, after)

    def apply(self, connection: Connection, subject: Subject, actor: str, at: datetime) -> None:
        """Labels do not change it any more. What was issued late by it, and products that outlast it, become cases."""
        queries("movements").set_expiry(
            connection,
            id=self.lot_id,
            expires_on=self.expires_on,
            expires_hour=self.expires_hour,
            expires_exactly=None,
        )
        queries("corrections").mark_expiry_corrected(connection, lot_id=self.lot_id)
        mismatch = latest_case(connection, MISMATCH, f"lot:{self.lot_id}")
        if mismatch is not None and mismatch["resolved_at"] is None:
            resolution = f"the expiry was corrected to {subject.after['expiry']}"
            close_case(connection, mismatch["id"], actor=actor, resolution=resolution)
        judge_issues_again(connection, lot_id=self.lot_id)
        for product in queries("corrections").products_beyond(connection, lot_id=self.lot_id):
            text = (
                f"lot {product['lot_number']} of batch {product['batch']} may be used for longer than its component, "
                f"which expires {subject.after['expiry']} as corrected"
            )
            key = f"lot:{product['lot_id']}/component:{self.lot_id}"
            open_case(connection, Case(COMPONENT_EXPIRES, key, text, product["lot_id"]))


@dataclass(frozen=True, slots=True)
class LotNumber:
    """A lot has another number than was written down."""

    lot_id: int
    lot_number: str
    kind = "lot_number"

    def subject(self, connection: Connection) -> Subject:
        """The lot and its number from before."""
        lot = _lot(connection, self.lot_id)
        return _subject(lot, {"lot_number": lot["lot_number"]}, {"lot_number": self.lot_number})

    def apply(self, connection: Connection, subject: Subject, actor: str, at: datetime) -> None:
        """Recalls that name the number reach it now. Raises ``Conflict`` if another lot has the number."""
        if not queries("corrections").rename_lot(connection, lot_id=self.lot_id, lot_number=self.lot_number):
            raise Conflict(
                f"there is a lot {self.lot_number} of this item already",
                "Count both lots: what is in the boxes belongs to that one.",
            )
        redo_reaches(connection)
        reach_recalls(connection, [self.lot_id])


def _lot(connection: Connection, lot_id: int) -> Row:
    lock_holds(connection)
    lock_lots(connection, [lot_id])
    lot: Row | None = queries("corrections").lot_to_correct(connection, lot_id=lot_id)
    if lot is None:
        raise NotFound(f"there is no lot {lot_id}", "See GET /v1/lots for those there are.")
    return lot


def _subject(lot: Row, before: dict[str, Any], after: dict[str, Any]) -> Subject:
    if before == after:
        raise Invalid(f"lot {lot['lot_number']} of {lot['item']} is known like this already")
    return Subject(f"lot:{lot['id']}", before, after, lot["id"], [lot["id"]], in_use=lot["has_moved"])
