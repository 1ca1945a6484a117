"""What requests and answers on recalls look like."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from cloud_sync.api.schemas.common import Id, In, LotNumber, Name, PlaceKind, Reason, Schema


class NumberedLotIn(In):
    """A lot by its number, of any owner."""

    item: Name
    lot_number: LotNumber


class RecallIn(In):
    """What to recall. A mock recall holds nothing."""

    title: Reason
    reason: Reason
    is_mock: bool = False
    lots: Annotated[list[Id], Field(max_length=1000)] = Field(default=[])
    lot_numbers: Annotated[list[NumberedLotIn], Field(max_length=1000)] = Field(
        default=[], description="Lots as the notice of the recall names them; they need not have come yet."
    )
    items: Annotated[list[Name], Field(max_length=1000)] = Field(default=[])
    suppliers: Annotated[list[Name], Field(max_length=1000)] = Field(default=[])


class RecallOut(Schema):
    """A recall and its clock."""

    id: int
    title: str
    reason: str
    is_mock: bool
    opened_by: str
    opened_at: datetime
    elapsed_s: float
    reconciled_at: datetime | None
    reconciled_after_s: float | None
    closed_by: str | None
    closed_at: datetime | None
    outcome: str | None
    closed_reason: str | None
    lots: int = Field(description="How many lots it reaches.")


class ReconciledOut(Schema):
    """Where what was received of a lot has gone; the parts add up to what was received."""

    lot_id: int
    item: str
    lot_number: str
    received: int
    on_hand: int
    with_recipients: int
    returned: int
    destroyed: int
    consumed: int
    count_differences: int = Field(description="What approved counts took away (added: below 0); accounted for.")
    difference: int = Field(description="Missed without an approved count; a recall is not completed with it.")
    came_back: int
    accounted_pct: float
    is_complete: bool


class NoticeOut(Schema):
    """What a recipient was told and answered."""

    id: int
    recall_id: int
    place: str
    place_kind: PlaceKind
    lots: list[dict[str, Any]]
    sent_by: str | None
    sent_at: datetime | None
    sent_how: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledged_text: str | None


class RecallShownOut(RecallOut):
    """A recall with its reconciliation and notices."""

    reconciliation: list[ReconciledOut]
    notices: list[NoticeOut]


class ImpactOut(Schema):
    """Recalled stock, and where it is now."""

    lot_id: int
    item: str
    lot_number: str
    is_product: bool
    serial: str
    place: str
    place_kind: PlaceKind
    quantity: int


class RecallCloseIn(In):
    """How a recall ends. ``completed`` leaves what may turn up held; ``lifted`` frees everything."""

    outcome: Literal["completed", "lifted"]
    reason: Reason
