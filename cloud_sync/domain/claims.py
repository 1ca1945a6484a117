"""Complaints and claims to suppliers: what may be claimed, for how much, and when a claim is settled."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

CENT = Decimal("0.01")


class ComplaintKind(StrEnum):
    """What is wrong with the goods."""

    TEMPERATURE = "temperature"
    DAMAGE = "damage"
    DEFECT = "defect"
    LABELLING = "labelling"
    SHORT_DELIVERY = "short_delivery"
    SHORT_DATED = "short_dated"
    WRONG_ITEM = "wrong_item"
    OTHER = "other"


class EvidenceKind(StrEnum):
    """What shows it."""

    PASSPORT = "thermal_passport"
    LOGGER = "logger_file"
    PHOTO = "photo"
    DOCUMENT = "document"


class Remedy(StrEnum):
    """What a supplier is asked for, or gives."""

    CREDIT = "credit"
    REPLACEMENT = "replacement"


class Ended(StrEnum):
    """How a claim ends without being settled in full."""

    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ClaimMoney:
    """What was claimed for ``quantity`` base units, and what came of it so far; both of one currency."""

    quantity: int
    amount: Decimal
    settled: Decimal = Decimal(0)

    @property
    def open(self) -> Decimal:
        """What is still to come."""
        return self.amount - self.settled

    def worth_of(self, quantity: int) -> Decimal:
        """What so many replaced units settle, to the cent; all of them settle all that is open at most.

        >>> ClaimMoney(3, Decimal(100)).worth_of(1)
        Decimal('33.33')
        """
        share = (self.amount * quantity / self.quantity).quantize(CENT, ROUND_HALF_EVEN)
        return min(self.open, max(CENT, share)) if quantity < self.quantity else self.open


def worth_of_units(unit_cost: Decimal, quantity: int) -> Decimal:
    """What so many base units cost, to the cent."""
    return (unit_cost * quantity).quantize(CENT, ROUND_HALF_EVEN)


def evidence_digest(digests: Iterable[str]) -> str:
    """SHA-256 over the sorted digests of all evidence: what a supplier was sent.

    >>> evidence_digest(["b" * 64, "a" * 64]) == evidence_digest(["a" * 64, "b" * 64])
    True
    """
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def media_type_of(content: bytes) -> str | None:
    """Which of the kinds of files that are kept this is, by its first bytes; None for any other.

    >>> media_type_of(bytes.fromhex("ffd8ffe0")), media_type_of(b"%PDF-1.7"), media_type_of(b"<svg/>")
    ('image/jpeg', 'application/pdf', None)
    """
    return next((media for begins, media in _BEGINS if content.startswith(begins)), None)


_BEGINS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)
