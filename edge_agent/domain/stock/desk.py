"""The desk: what the docks of a site need to know while the ledger is out of reach.

The ledger builds a :class:`DeskSnapshot` for a gateway's site, the gateway keeps it. Both read and write it as the same
JSON, so both use these classes. Lists may be empty: a ledger that knows no orders says so with none.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.stock.badges import KEPT_PIN
from edge_agent.domain.stock.eligibility import HoldKind
from edge_agent.domain.stock.expiry import Expiry, expiry_of, zone_named

ROWS_MAX = 50_000
"""Of one list. A site with more lots needs a larger gateway than this desk is meant for."""
DESK_BYTES_MAX = 32 << 20
"""Of a snapshot as JSON."""
TAKEN_AT_HEADER = "lotwarden-taken-at"
"""The ledger's time when it took the snapshot, ISO 8601. Not part of the content, so that the ETag stays the same
while nothing changes."""

Text = Annotated[str, Field(max_length=1000)]
Units = Annotated[int, Field(ge=-(10**12), le=10**12)]


class DeskFault(ValueError):
    """What should be a desk is none. ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class DeskItem:
    """A product. ``gtins`` maps each packaging level to its base units, ``codes`` the keys of its other codes
    (:mod:`edge_agent.domain.item_codes`).

    ``receipt_days_min`` is the remaining shelf life in days that a receipt of it should have, None if nobody demands
    one.
    """

    name: Text
    title: Text
    gtins: dict[Annotated[str, Field(pattern=r"^[0-9]{14}$")], Annotated[int, Field(gt=0)]]
    base_unit: Text = "each"
    expiry_required: bool = True
    serial_tracked: bool = False
    receipt_days_min: Annotated[int, Field(ge=0)] | None = None
    codes: dict[Text, Annotated[int, Field(gt=0)]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeskBlock:
    """A hold. ``place`` None means everywhere, ``serial`` None every unit of the lot."""

    kind: HoldKind
    text: Text
    place: Text | None = None
    serial: Text | None = None


@dataclass(frozen=True, slots=True)
class DeskReservation:
    """Base units that are reserved for a demand (an order's number)."""

    demand: Text
    quantity: Annotated[int, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class DeskBalance:
    """Base units of a lot in a place of this site; ``serial`` is '' for stock without."""

    place: Text
    quantity: Units
    serial: Text = ""
    reservations: tuple[DeskReservation, ...] = ()


@dataclass(frozen=True, slots=True)
class DeskLot:
    """A lot with stock at this site. ``expires_on`` and ``expires_hour`` are what its label says, ``expires_exactly``
    the instant if it ends at one. ``expires_at`` is the first instant at which it may no longer be used at this site.
    """

    item: Text
    number: Text
    owner: Text
    expires_on: date | None = None
    expires_at: datetime | None = None
    blocks: tuple[DeskBlock, ...] = ()
    balances: tuple[DeskBalance, ...] = ()
    expires_hour: time | None = None
    expires_exactly: datetime | None = None

    @property
    def expiry(self) -> Expiry | None:
        """Until when it may be used, wherever that is asked."""
        return expiry_of(self.expires_on, self.expires_hour, self.expires_exactly)


@dataclass(frozen=True, slots=True)
class DeskPlace:
    """A place. ``path`` names it and everything it stands in, outermost first. ``policy`` is its own.

    ``zone`` is the IANA time zone that counts there; ``is_zone_known``: somebody has set it, else UTC stands in.
    """

    name: Text
    kind: Text
    path: tuple[Text, ...]
    title: Text = ""
    policy: Text | None = None
    zone: Text = "UTC"
    is_zone_known: bool = False

    @property
    def tz(self) -> tzinfo:
        """Its time zone; UTC where this machine does not know the name."""
        try:
            return zone_named(self.zone)
        except ValueError:
            return UTC


@dataclass(frozen=True, slots=True)
class DeskOrderLine:
    """What an order is about, in base units. ``lot`` None leaves the lot open."""

    item: Text
    quantity: Annotated[int, Field(gt=0)]
    done: Annotated[int, Field(ge=0)] = 0
    lot: Text | None = None


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """An open order: ``receipt`` from a supplier, or ``issue`` to whoever is to get it (then it is a pick)."""

    number: Text
    kind: Literal["receipt", "issue"]
    partner: Text
    lines: tuple[DeskOrderLine, ...]
    shelf_life_days_min: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class DeskOperator:
    """Who may work at the docks of this site. ``badge`` is the digest of what follows ``LW.BADGE.`` on the card
    (:func:`~edge_agent.domain.stock.badges.badge_digest`), ``pin`` that of what has to be given with it
    (:func:`~edge_agent.domain.stock.badges.kept_pin`); None if the badge is enough. ``why_not``: why it does not
    count."""

    name: Text
    badge: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    active: bool = True
    pin: Annotated[str, Field(pattern=KEPT_PIN)] | None = None
    why_not: Text = ""


@dataclass(frozen=True, slots=True)
class DeskSupplier:
    """A supplier's place and whether goods may come from there; ``text`` says why not."""

    place: Text
    qualified: bool
    text: Text = ""
    qualified_until: date | None = None


@dataclass(frozen=True, slots=True)
class DeskChannel:
    """Where the ledger says that a channel of this gateway measures.

    ``not_judged_because`` is why somebody at the ledger decided that no rule need judge it; '' if nobody did.
    """

    device: Text
    metric: Text
    place: Text
    not_judged_because: Text = ""


@dataclass(frozen=True, slots=True)
class DeskCase:
    """A scan of this gateway that the ledger could not book: what is wrong, and when it was scanned by whom.

    ``number`` is that of the ledger's exception case, where one click books it once the cause is gone.
    """

    number: int
    kind: Text
    text: Text
    at: datetime
    operator: Text = ""


@dataclass(frozen=True, slots=True)
class DeskLostSerial:
    """A unit that every dock refuses: lost, stolen, or one that counterfeits bear. ``text`` says what to do."""

    item: Text
    serial: Text
    text: Text


Rows = Annotated[tuple[DeskItem, ...], Field(max_length=ROWS_MAX)]


@dataclass(frozen=True, slots=True)
class DeskSnapshot:
    """Everything the docks of ``site`` need, as the ledger knew it at one instant."""

    gateway: Text
    site: Text
    items: Rows = ()
    lots: Annotated[tuple[DeskLot, ...], Field(max_length=ROWS_MAX)] = ()
    places: Annotated[tuple[DeskPlace, ...], Field(max_length=ROWS_MAX)] = ()
    orders: Annotated[tuple[DeskOrder, ...], Field(max_length=ROWS_MAX)] = ()
    operators: Annotated[tuple[DeskOperator, ...], Field(max_length=ROWS_MAX)] = ()
    suppliers: Annotated[tuple[DeskSupplier, ...], Field(max_length=ROWS_MAX)] = ()
    policies: Annotated[tuple[Policy, ...], Field(max_length=ROWS_MAX)] = ()
    channels: Annotated[tuple[DeskChannel, ...], Field(max_length=ROWS_MAX)] = ()
    not_booked: Annotated[tuple[DeskCase, ...], Field(max_length=ROWS_MAX)] = ()
    lost: Annotated[tuple[DeskLostSerial, ...], Field(max_length=ROWS_MAX)] = ()
    badge_salt: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){8,64}$")] = "00" * 16
    version: Literal[1] = 1


def desk_json(snapshot: DeskSnapshot) -> bytes:
    """The snapshot as JSON; equal snapshots give equal bytes."""
    return _SNAPSHOT.dump_json(snapshot)


def desk_of(raw: bytes) -> DeskSnapshot:
    """The snapshot in ``raw``. Raises ``DeskFault`` naming the first faults."""
    if len(raw) > DESK_BYTES_MAX:
        raise DeskFault(f"{len(raw)} bytes are more than {DESK_BYTES_MAX}")
    try:
        return _SNAPSHOT.validate_json(raw)
    except ValidationError as error:
        raise DeskFault(_told(error)) from error


def desk_from(content: Mapping[str, Any]) -> DeskSnapshot:
    """The snapshot with this content, lists of plain rows. Raises ``DeskFault`` as :func:`desk_of`."""
    try:
        return _SNAPSHOT.validate_python(content)
    except ValidationError as error:
        raise DeskFault(_told(error)) from error


def desk_etag(raw: bytes) -> str:
    """The entity tag of a snapshot's JSON, quotes included."""
    return f'"{hashlib.sha256(raw).hexdigest()}"'


_SNAPSHOT = TypeAdapter(DeskSnapshot)


def _told(error: ValidationError) -> str:
    faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
    return f"{error.error_count()} faults: {faults}"
