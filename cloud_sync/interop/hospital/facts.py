"""What a hospital's systems tell the ledger, whatever language they told it in. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from edge_agent.domain.wire.records import Action

LINES_MAX = 500
"""Of one message."""
LABEL_NUMBER = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,98}[\x21-\x7e])?")
"""A lot or serial number as labels can hold it."""


class Becomes(StrEnum):
    """What a message of the hospital says happened, or should."""

    DISPENSE = "dispense"
    """Stock was handed out: pharmacy to ward."""
    WITHDRAW = "withdraw"
    """A nurse took stock out of a cabinet: cabinet to ward."""
    REFILL = "refill"
    """A technician filled a cabinet: store to cabinet."""
    UNLOAD = "unload"
    """Taken out of the cabinet, back to the store."""
    RETURN = "return"
    """It came back from the ward."""
    WASTE = "waste"
    """Destroyed at the cabinet."""
    ORDER = "order"
    """Somebody asks for stock (a requisition)."""
    NOTE = "note"
    """Kept as evidence; it moves nothing."""


ACTIONS: dict[Becomes, Action] = {
    Becomes.DISPENSE: Action.DISPENSE,
    Becomes.WITHDRAW: Action.DISPENSE,
    Becomes.REFILL: Action.MOVE,
    Becomes.UNLOAD: Action.MOVE,
    Becomes.RETURN: Action.RETURN,
    Becomes.WASTE: Action.DESTROY,
}
"""The movement that each fact is."""


@dataclass(frozen=True, slots=True)
class HospitalFact:
    """One movement as the hospital told it. ``codes`` name the item, the surest first: a GTIN in 14 digits,
    ``ndc:...``,
    or ``item:NAME`` for the ledger's own name.

    ``quantity`` counts base units, or packs of the code if ``in_packs``. ``from_place`` and ``to_place`` are the
    ledger's names, None where the message does not say. ``earliest_at`` and ``latest_at`` (aware UTC): when it may
    have been, as the message says it; None: it does not say.
    """

    action: Action
    codes: tuple[str, ...]
    quantity: int
    in_packs: bool
    lot: str | None
    serial: str | None = None
    expires_on: date | None = None
    expires_hour: time | None = None
    from_place: str | None = None
    to_place: str | None = None
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    operator: str = ""
    order: str = ""
    patient: str = ""


@dataclass(frozen=True, slots=True)
class HospitalOrder:
    """Stock that somebody asks for, or (``is_cancelled``) asks for no more."""

    number: str
    codes: tuple[str, ...]
    quantity: int
    in_packs: bool
    from_place: str
    to_place: str
    patient: str = ""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """All that one message says. ``is_note``: it was understood, and there is nothing to book."""

    facts: tuple[HospitalFact, ...] = ()
    orders: tuple[HospitalOrder, ...] = ()
    is_note: bool = False

    @property
    def all(self) -> tuple[HospitalFact | HospitalOrder, ...]:
        """Facts and orders."""
        return (*self.facts, *self.orders)

    @property
    def places(self) -> tuple[str, ...]:
        """All places that are named."""
        return tuple(place for each in self.all for place in (each.from_place, each.to_place) if place)
