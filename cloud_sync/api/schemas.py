"""What requests and answers look like. Times are UTC; quantities are whole base units of the item."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from cloud_sync.domain.decisions import CaseDecision, Decision
from edge_agent.domain.policies import Policy
from edge_agent.domain.records import Action

QUANTITY_MAX = 10**12
ID_MAX = 2**63 - 1

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
"""Letters, digits, dot, dash and underscore."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=1000, strip_whitespace=True)]
"""Any text without NUL, which PostgreSQL cannot hold."""
Reason = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=3, max_length=1000, strip_whitespace=True)]
"""Why, in words: an auditor will ask."""
Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=100)]
"""A lot number, serial or order number: printable ASCII without spaces."""
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
Id = Annotated[int, Field(ge=1, le=ID_MAX)]
PlaceKind = Literal[
    "site",
    "room",
    "bin",
    "supplier",
    "customer",
    "ward",
    "production",
    "scrap",
    "count_difference",
    "used_up",
    "transit",
]

T = TypeVar("T")


class In(BaseModel):
    """Base of requests: unknown fields are faults, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid")


class Listed(BaseModel, Generic[T]):
    """A page of a list. ``more`` says that there are rows behind it: ask again with a higher offset."""

    rows: list[T]
    more: bool


class PlaceIn(In):
    """A place: anything that can hold stock."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "fridge-a", "title": "Refrigerator A", "kind": "room", "parent": "pharmacy",
                 "policy": "usp-refrigerator"}
            ]
        },
    )  # fmt: skip
    name: Name
    title: Text = ""
    kind: PlaceKind
    parent: Name | None = Field(None, description="The place it stands in.")
    policy: Name | None = Field(None, description="Storage policy of the place and what stands in it.")


class PlaceOut(BaseModel):
    """A place. ``path`` names everything it stands in, outermost first, and itself."""

    id: int
    name: str
    title: str
    kind: PlaceKind
    parent: str | None
    policy: str | None
    path: list[str]


class OwnerIn(In):
    """Whose stock it is."""

    name: Name = Field(examples=["acme-pharma"])
    title: Text = Field("", examples=["ACME Pharma Ltd"])


class OwnerOut(BaseModel):
    """Whose stock it is."""

    name: str
    title: str


class GtinIn(In):
    """A packaging level of an item."""

    gtin: Annotated[str, Field(pattern=r"^[0-9]{14}$", examples=["00312345678906"])]
    base_units: Quantity = Field(1, description="How many base units are in one.")


class ItemIn(In):
    """A product. Say it again with more GTINs to add them."""

    name: Name = Field(examples=["insulin-10ml"])
    title: Text = Field("", examples=["Insulin 100 IU/ml, vial 10 ml"])
    base_unit: Name = Field("each", examples=["vial"])
    expiry_required: bool = Field(True, description="Whether stock without an expiry date may not be issued.")
    serial_tracked: bool = False
    gtins: Annotated[list[GtinIn], Field(max_length=100)] = []


class GtinOut(BaseModel):
    """A packaging level of an item."""

    gtin: str
    base_units: int


class ItemOut(BaseModel):
    """A product."""

    id: int
    name: str
    title: str
    base_unit: str
    expiry_required: bool
    serial_tracked: bool
    gtins: list[GtinOut]


class PolicyOut(BaseModel):
    """A storage policy."""

    name: str
    body: Policy


class ChannelOut(BaseModel):
    """One metric of one device. Without a place its readings are kept but judge nothing."""

    id: int
    gateway: str
    device: str
    metric: str
    place: str | None
    latest_at: datetime | None
    latest_value: float | None


class ChannelPlaceIn(In):
    """Where a channel measures."""

    place: Name = Field(examples=["fridge-a"])


class GatewayIn(In):
    """A gateway and its public key."""

    name: Name = Field(examples=["gw-cold-1"])
    public_key: Annotated[str, Field(max_length=100, description="Ed25519 public key, 32 bytes in base64.")]


class RevokeIn(In):
    """Why a gateway is not to be believed any longer."""

    reason: Reason


class LaneOut(BaseModel):
    """How far one lane of one journal has come."""

    journal: UUID
    lane: str
    first_seq: int
    last_seq: int
    batches: int
    received_at: datetime


class GapOut(BaseModel):
    """Records that are not here though later ones are: on their way, lost, or thinned."""

    journal: UUID
    lane: str
    missing_from: int
    missing_to: int
    declared: Literal["", "lost", "thinned"] = Field(
        description="What the gateway said of them: lost, thinned (envelopes stand for them), or nothing yet."
    )


class GatewayOut(BaseModel):
    """A gateway, when it was last heard of, and what is missing of its journals."""

    name: str
    public_key: str
    registered_at: datetime
    revoked_at: datetime | None
    last_seen_at: datetime | None
    lanes: list[LaneOut]
    gaps: list[GapOut]


class LotOut(BaseModel):
    """A lot. ``expires_at`` is the first instant at which it may no longer be used."""

    id: int
    item: str
    lot_number: str
    owner: str
    expires_on: date | None
    expires_at: datetime | None
    held: bool = Field(description="Whether anything blocks any of it.")


class ReasonOut(BaseModel):
    """One reason not to issue, for machines and people."""

    code: str = Field(examples=["held"])
    text: str


class StockRef(BaseModel):
    """Which stock."""

    lot_id: int
    item: str
    lot_number: str
    owner: str
    serial: str
    place: str
    expires_at: datetime | None


class StockOut(StockRef):
    """Stock of a lot in a place, and all reasons not to issue it."""

    quantity: int
    reserved: int
    reasons: list[ReasonOut]


class AllocationIn(In):
    """A demand for stock."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    item: Name = Field(examples=["insulin-10ml"])
    owner: Name = "house"
    quantity: Quantity
    demand: Code = Field(description="What it is for: an order, ward request or prescription.", examples=["SO-1007"])
    site: Name | None = Field(None, description="Only stock at and below this place.")
    shelf_life_min_days: Annotated[int, Field(ge=0, le=36500)] = 0


class PromisedOut(StockRef):
    """Stock that is promised now."""

    id: int
    quantity: int


class SkippedOut(StockRef):
    """Stock whose turn it was, and all reasons why it was passed over."""

    quantity: int
    reasons: list[ReasonOut]


class AllocationOut(BaseModel):
    """What was promised, what was passed over and why, and how much could not be covered."""

    reservations: list[PromisedOut]
    skipped: list[SkippedOut]
    missing: int


class ReservationOut(BaseModel):
    """A promise of stock."""

    id: int
    client_id: UUID
    lot_id: int
    item: str
    lot_number: str
    serial: str
    place: str
    quantity: int
    demand: str
    reserved_by: str
    reserved_at: datetime
    ended_at: datetime | None
    ended_as: str | None
    ended_reason: str | None


class WhyIn(In):
    """Why it is done."""

    reason: Reason


class PickIn(In):
    """Where promised stock goes."""

    to_place: Name
    action: Literal[Action.PICK, Action.SHIP, Action.DISPENSE, Action.CONSUME] = Action.PICK
    quantity: Quantity | None = Field(None, description="Only so much of it; the rest stays promised.")


class LineIn(In):
    """Stock to move."""

    item: Name
    lot_number: Code
    quantity: Quantity
    owner: Name = "house"
    serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""
    expires_on: date | None = Field(None, description="As on the label; for lots the ledger does not know yet.")


class MovementIn(In):
    """A command to move stock. Issuing actions are refused for blocked stock."""

    client_id: UUID = Field(description="A new UUID for each new request; the same to ask again.")
    action: Action
    from_place: Name
    to_place: Name
    occurred_at: AwareDatetime = Field(description="When, with its offset from UTC; not in the future.")
    order: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=100)] = ""
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=1000)]


class MovementOut(BaseModel):
    """Stock that went from one place to another. ``fact`` names where it was said."""

    id: int
    fact: str
    lot_id: int
    item: str
    lot_number: str
    serial: str
    quantity: int
    from_place: str
    to_place: str
    occurred_at: datetime
    recorded_at: datetime
    action: str
    operator: str
    order_ref: str
    event_id: int


class ExcursionOut(BaseModel):
    """An interval during which a channel broke a rule of its place; open while ``ended_at`` is null."""

    id: int
    gateway: str
    device: str
    metric: str
    place: str
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float
    version: int
    severity: str = Field(description="action: holds the stock that was in it; alert: opens a case.")
    longest_gap_s: float = Field(description="Longest time within it in which nothing was measured.")
    lots_exposed: int


class ExposureOut(BaseModel):
    """Stock that was in an excursion, wherever it is since."""

    excursion_id: int
    lot_id: int
    item: str
    lot_number: str
    serial: str
    place: str
    place_kind: PlaceKind
    residency_began_at: datetime
    since: datetime
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float


class HoldNowOut(BaseModel):
    """A reason that blocks stock now. No place: everywhere. No serial: all of them."""

    lot_id: int
    item: str
    lot_number: str
    serial: str | None
    place: str | None
    kind: str
    excursion_id: int | None
    text: str


class HoldIn(In):
    """Stock to block by hand."""

    lot_id: Id
    place: Name | None = Field(None, description="Only at and below this place; null blocks the lot everywhere.")
    reason: Reason = Field(examples=["outer box torn, seal broken"])


class HoldOut(BaseModel):
    """A hold that a person or rule placed."""

    id: int
    kind: str
    lot_id: int
    item: str
    lot_number: str
    place: str | None
    reason: str
    placed_by: str
    placed_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lifted_reason: str | None


class DispositionIn(In):
    """A quality decision on the exposure of a lot by an excursion that has ended."""

    excursion_id: Id
    lot_id: Id
    decision: Decision
    places: Annotated[list[Name], Field(max_length=100)] = Field(
        default=[], description="Only for stock at or below these, while it is there; none: wherever it is."
    )
    reason: Reason = Field(examples=["22 min above 8 °C, maker allows 24 h at up to 25 °C (letter of 2026-03-02)"])


class DispositionOut(BaseModel):
    """A quality decision. ``same_evidence`` says whether it still covers the evidence as it is now."""

    id: int
    excursion_id: int
    lot_id: int
    item: str
    lot_number: str
    decision: Decision
    reason: str
    decided_by: str
    decided_at: datetime
    places: list[str] | None
    evidence: str | None = Field(description="SHA-256 of what it was decided on.")
    excursion_withdrawn: bool
    same_evidence: bool


class CaseOut(BaseModel):
    """A physical fact that contradicts the ledger, or that cannot be read."""

    id: int
    kind: str
    key: str
    text: str
    lot_id: int | None
    place: str | None = Field(description="It holds the lot at and below this place only.")
    evidence_id: int | None
    data: dict[str, Any]
    opened_at: datetime
    age_s: float = Field(description="How long it has been open, or was.")
    assignee: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_role: str | None
    decision: CaseDecision | None
    resolution: str | None


class SuspicionIn(In):
    """Product that looks wrong."""

    lot_id: Id
    place: Name | None = Field(None, description="Only at and below this place; null holds the lot everywhere.")
    text: Reason = Field(examples=["carton without tamper seal, print differs"])


class AssignIn(In):
    """Who looks into it."""

    assignee: Name


class VersionOut(BaseModel):
    """An excursion as it was once."""

    excursion_id: int
    version: int
    change: str
    rule: str
    began_at: datetime
    ended_at: datetime | None
    worst: float
    recorded_at: datetime


class RecallIn(In):
    """What to recall. A mock recall holds nothing."""

    title: Reason
    reason: Reason
    is_mock: bool = False
    lots: Annotated[list[Id], Field(max_length=1000)] = []
    items: Annotated[list[Name], Field(max_length=1000)] = []
    suppliers: Annotated[list[Name], Field(max_length=1000)] = []


class RecallOut(BaseModel):
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


class ReconciledOut(BaseModel):
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
    difference: int
    came_back: int
    accounted_pct: float
    is_complete: bool


class NoticeOut(BaseModel):
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


class ImpactOut(BaseModel):
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


class ResolutionIn(In):
    """What was found and done."""

    decision: CaseDecision = CaseDecision.EXPLAINED
    resolution: Reason


class EventOut(BaseModel):
    """Who did what, when and why."""

    id: int
    at: datetime
    actor: str
    kind: str
    subject: str
    reason: str
    data: dict[str, Any]


class NodeOut(BaseModel):
    """A lot in a place."""

    key: str
    lot_id: int
    item: str
    lot_number: str
    place: str
    place_kind: PlaceKind


class EdgeOut(BaseModel):
    """Stock that went from one node to another, movements added up."""

    kind: str = Field(description="moved, or made_into: one lot went into the making of another.")
    source: str
    target: str
    quantity: int
    movements: int
    first_at: datetime
    last_at: datetime


class EndOut(BaseModel):
    """Where a trace meets the world: a supplier or a recipient."""

    lot_id: int
    item: str
    lot_number: str
    from_place: str
    to_place: str
    quantity: int
    first_at: datetime
    last_at: datetime


class GraphOut(BaseModel):
    """A trace one way. ``ends`` are its suppliers (backward) or recipients (forward)."""

    nodes: list[NodeOut]
    edges: list[EdgeOut]
    ends: list[EndOut]


class TraceOut(BaseModel):
    """Where a lot came from and went, and the excursions it was exposed to on the way."""

    lot: LotOut
    serial: str
    backward: GraphOut | None
    forward: GraphOut | None
    excursions: list[ExposureOut]
    is_cut: bool = Field(description="Whether the trace is longer than what is shown.")


class HealthOut(BaseModel):
    """That the ledger and its database answer."""

    status: Literal["ok"] = "ok"
    version: str
