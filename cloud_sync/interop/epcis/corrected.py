"""What events of ours said of a lot before it was corrected: under which number, and when it expired.

An event that named a lot wrongly keeps its id and gets an error declaration; what is right has an id of its own. Which
corrections concern an event is worked out in the database (``lot_corrections``), in the order in which they were
confirmed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LotCorrection:
    """A correction that was confirmed: what stood there before it."""

    lot_id: int
    field: str
    before: str | None
    decided_at: datetime


FIELDS: Mapping[str, str] = {"lot_number": "lot_number", "lot_expiry": "expires_on"}
"""What each kind of correction is about, as rows call it."""


def corrections_of(row: Row) -> Sequence[LotCorrection]:
    """The corrections since a row was told, the first first."""
    return [
        LotCorrection(each["lot_id"], FIELDS[each["kind"]], each["before"], datetime.fromisoformat(each["decided_at"]))
        for each in row.get("corrections") or ()
    ]


def as_known(goods: Sequence[Row], row: Row) -> tuple[list[Row], int]:
    """The goods as they were known after ``row["revision"]`` corrections (None: all of them), and that number."""
    corrections = corrections_of(row)
    asked = row.get("revision")
    revision = len(corrections) if asked is None else min(asked, len(corrections))
    found: list[Row] = []
    for each in goods:
        before: dict[str, str | None] = {}
        for correction in corrections[revision:]:
            if correction.lot_id == each.get("lot_id"):
                before.setdefault(correction.field, correction.before)
        found.append({**each, **before} if before else each)
    return found, revision
