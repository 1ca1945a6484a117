"""Corrections of codes: a GTIN, NDC or HIBC code that stands for the wrong item or pack size, or for none."""

import re
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.corrections.wanted import Subject
from cloud_sync.posting.item_codes import claim_codes
from cloud_sync.posting.movements import rebook_cases
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries

BOOKED_WRONGLY = "booked_by_corrected_code"


@dataclass(frozen=True, slots=True)
class ItemCode:
    """A code stands for so many base units of another item, or for nothing (``item`` None)."""

    code: str
    item: str | None
    base_units: int | None
    kind = "code"

    def subject(self, connection: Connection) -> Subject:
        """The code and what it stands for."""
        lock_holds(connection)
        if (self.item is None) != (self.base_units is None):
            raise Invalid("name the item and its base units, or neither to take the code back")
        known = queries("corrections").code_now(connection, code=self.code)
        if known is None:
            raise NotFound(f"no item has the code {self.code}", "See GET /v1/items for the codes there are.")
        if self.item is not None and queries("master_data").item_by_name(connection, name=self.item) is None:
            raise NotFound(f"there is no item {self.item}", "See GET /v1/items for those there are.")
        before = {"item": known["item"], "base_units": known["base_units"]}
        after = {"item": self.item, "base_units": self.base_units}
        if before == after:
            raise Invalid(f"{self.code} stands for {self.base_units} of {self.item} already")
        lots = [row["lot_id"] for row in self._booked(connection, known["item"])]
        return Subject(f"code:{self.code}", before, after, None, sorted(set(lots)), in_use=bool(lots))

    def apply(self, connection: Connection, subject: Subject, actor: str, at: datetime) -> None:
        """What was booked by the code as it was becomes cases that hold the lots; what waited for it is booked."""
        booked = self._booked(connection, subject.before["item"])
        queries("corrections").forget_gtin(connection, code=self.code)
        queries("corrections").forget_code(connection, code=self.code)
        if self.item is not None and self.base_units is not None:
            is_gtin = re.fullmatch(r"[0-9]{14}", self.code) is not None
            said = {self.code: self.base_units}
            claim_codes(connection, self.item, said if is_gtin else {}, {} if is_gtin else said)
        now = f"{self.base_units} of {self.item}" if self.item else "no item"
        for row in booked:
            text = (
                f"{row['action']} of {row['quantity']} of {subject.before['item']} lot {row['lot_number']} was booked "
                f"by code {self.code}, which stands for {now} as corrected: book the difference"
            )
            data = {"code": self.code, "before": subject.before, "after": subject.after, "scanned": row["scanned"]}
            case = Case(BOOKED_WRONGLY, row["fact"], text, row["lot_id"], row["evidence_id"], data)
            open_case(connection, case)
        rebook_cases(connection, actor=actor)

    def _booked(self, connection: Connection, item: str) -> list[Row]:
        return list(queries("corrections").booked_by_code(connection, item=item, code=self.code))
