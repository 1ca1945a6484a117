"""What requests and answers about transaction data, partners and verification look like (DSCSA)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.common import Code, Id, In, Name, Quantity, Reason, Schema
from cloud_sync.domain.master_records import Day, Units

Words = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300, strip_whitespace=True)]
Needed = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=300, strip_whitespace=True)]


class ProductIn(In):
    """What transaction information tells of an item; its NDC stands with the item."""

    product_name: Needed
    ingredients: Words = ""
    strength: Needed
    dosage_form: Needed
    container_size: Needed = Field(description="For example: 10 mL in 1 vial.")
    container_units: Units = Field(1, description="How many base units are in one container.")


class ProductOut(Schema):
    """An item that is a product under the act."""

    item: str
    product_name: str
    ingredients: str
    strength: str
    dosage_form: str
    container_size: str
    container_units: int
    set_by: str


class PartnerIn(In):
    """The business behind a supplier or customer, or behind a site of ours."""

    business_name: Needed
    street: Words = ""
    city: Words = ""
    state: Words = ""
    postal_code: Words = ""
    country: Words = "US"
    gln: Annotated[str, StringConstraints(pattern=r"^([0-9]{13})?$")] = Field("", description="Global Location Number.")
    category: Words = Field("", description="As on Form FDA 3911: manufacturer, wholesale distributor, dispenser, ...")
    contact: Words = ""
    telephone: Words = ""
    email: Words = ""
    verification_url: Words = Field("", description="Where to ask for verification of product identifiers.")
    connection: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=100)] = Field(
        "", description="The connection by which it gets transaction data and messages, and may send its own."
    )
    verification_token: Words = Field("", description="What it asks us for; empty leaves the one before. Never shown.")


class LicenceIn(In):
    """A licence as it was looked up."""

    kind: Literal["manufacturer", "repackager", "wholesale_distributor", "third_party_logistics", "dispenser"]
    number: Needed
    state: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = Field("", description="TX; none for FDA.")
    valid_until: Day = Field(description="Its last day.")
    verified_with: Needed = Field(description="Where it was looked up: the state board's register, the FDA's list, ...")


class LicenceOut(Schema):
    """A licence as it was looked up."""

    id: int
    partner: str
    kind: str
    number: str
    state: str
    valid_until: date
    verified_by: str
    verified_at: datetime
    verified_with: str
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


class PartnerOut(Schema):
    """A partner. ``why_not``: why it may not be traded with today; empty if it may."""

    name: str
    title: str
    kind: str
    business_name: str | None
    street: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    gln: str | None
    category: str | None
    contact: str | None
    telephone: str | None
    email: str | None
    verification_url: str | None
    connection: str | None
    why_not: str = ""


class PartnerShownOut(PartnerOut):
    """A partner with the latest look at each of its licences."""

    licences: list[LicenceOut]


class TransactionRowOut(Schema):
    """What was told about one shipment. ``fault``: why it does not count."""

    id: int
    direction: str
    partner: str
    reference: str
    order_ref: str
    transaction_on: date
    fault: str | None
    faults: list[str]
    told_by: str
    told_at: datetime
    finished_at: datetime | None
    voided_at: datetime | None
    sha256: str


class TransactionListedOut(TransactionRowOut):
    """With how much it tells."""

    lines: int
    serials: int


class TransactionLineOut(Schema):
    """One line, and how much of it moved: base units."""

    line: int
    item: str | None
    gtin: str
    ndc: str
    lot_number: str
    lot_id: int | None
    quantity: int
    serials: int
    moved: int


class TransactionOut(TransactionRowOut):
    """With its lines, and the transaction information and statement themselves."""

    lines: list[TransactionLineOut]
    content: dict[str, Any]
    finished_by: str | None
    voided_by: str | None
    voided_reason: str | None


class DamageIn(In):
    """Product that arrived damaged."""

    supplier: Name
    lot_id: Id
    place: Name
    quantity: Quantity
    serial: Code | None = None
    text: Reason


class CaseMadeOut(Schema):
    """The case that was opened."""

    case_id: int


class MessageOut(Schema):
    """What a partner has to be told."""

    id: int
    partner: str
    kind: str
    case_id: int | None
    subject: str
    body: str
    data: dict[str, Any]
    made_at: datetime
    due_at: datetime | None
    sent_by: str | None
    sent_at: datetime | None
    sent_how: str | None
    answered_by: str | None
    answered_at: datetime | None
    answer: str | None
    withdrawn_at: datetime | None


class SuspectIn(In):
    """Product to suspect: a lot, or one serial of it. ``source``: own, or who told us."""

    lot_id: Id
    serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""
    source: Literal["own", "partner", "fda"] = "own"
    classification: Literal[
        "counterfeit",
        "diverted",
        "stolen",
        "intentional_adulteration",
        "unfit_for_distribution",
        "fraudulent_transaction",
    ]
    description: Reason


class DeterminationIn(In):
    """What the investigation found, and why."""

    determination: Literal["cleared", "illegitimate"]
    reason: Reason


class FdaIn(In):
    """How the FDA was told, and the incident number that it gave."""

    reason: Reason = Field(description="How Form FDA 3911 was sent.")
    incident: Words = ""


class TradedOut(Schema):
    """A partner that the product came from, or went to."""

    partner: str
    kind: str
    quantity: int


class SuspectRowOut(Schema):
    """An investigation. ``due_at``: until when its next step has to be done."""

    id: int
    item: str
    lot_id: int
    lot_number: str
    serial: str
    source: str
    classification: str
    description: str
    stage: str
    due_at: datetime | None
    case_id: int
    opened_by: str
    opened_at: datetime
    determination: str | None
    determined_by: str | None
    determined_at: datetime | None
    determination_reason: str | None
    fda_notified_by: str | None
    fda_notified_at: datetime | None
    fda_notified_how: str | None
    fda_incident: str
    terminated_by: str | None
    terminated_at: datetime | None
    termination_reason: str | None
    partners_waiting: int


class SuspectOut(SuspectRowOut):
    """With the partners concerned and what they were told."""

    on_hand: int
    partners: list[TradedOut]
    messages: list[MessageOut]


class AskIn(In):
    """A product identifier to be verified by the partner that made it."""

    partner: Name
    gtin: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
    lot_number: Code
    serial: Code
    expires_on: Day | None = None
    context: Literal["dscsaSaleableReturn", "dscsaSuspect", "dscsaOther"] = "dscsaSaleableReturn"


class VerificationOut(Schema):
    """A verification asked or answered. ``verified`` null: no answer came; ``error`` says why."""

    id: int
    direction: str
    partner: str | None
    gtin: str
    lot_number: str
    serial: str
    expires_on: date | None
    context: str
    correlation: str
    requester_gln: str
    verified: bool | None
    reason: str | None
    info: str | None
    error: str
    case_id: int | None
    person: str
    at: datetime


class AnswerDataOut(Schema):
    """Whether it is verified; a reason and more only where there is one."""

    verified: bool
    verificationFailureReason: str | None = None  # noqa: N815 - the standard's name
    additionalInfo: str | None = None  # noqa: N815 - the standard's name


class AnswerOut(Schema):
    """The answer to a verification, after the GS1 Lightweight Messaging Standard."""

    verificationTimestamp: str  # noqa: N815 - the standard's name
    responderGLN: str  # noqa: N815 - the standard's name
    data: AnswerDataOut
    corrUUID: str  # noqa: N815 - the standard's name


class ConnectivityOut(Schema):
    """That this service answers for a GTIN."""

    responderGLN: str  # noqa: N815 - the standard's name


class TracingRequestIn(In):
    """What a regulator asks about a product: an item by its GTIN, a lot of it, or one serial."""

    asked_by: Needed = Field(description="Agency and person.")
    reference: Words = ""
    asked_at: datetime | None = Field(None, description="When they asked; now if left out.")
    gtin: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
    lot_number: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=100)] = ""
    serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""


class TracingRequestOut(Schema):
    """A request and its clock of 48 hours."""

    id: int
    asked_by: str
    reference: str
    asked_at: datetime
    due_at: datetime
    gtin: str
    item: str
    lot_number: str
    serial: str
    recorded_by: str
    answered_by: str | None
    answered_at: datetime | None
    answer_sha256: str | None
