"""What every way to the ledger offers to the forwarder."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What became of one batch at the ledger."""

    STORED = "stored"
    DUPLICATE = "duplicate"  # stored before, byte for byte the same
    REFUSED = "refused"  # will never be taken as it is (bad signature, unreadable)
    UNKNOWN = "unknown"  # the ledger does not believe this gateway (now): not registered, or revoked
    UNREAD = "unread"  # of a later version than this ledger reads: it is taken once the ledger is newer
    FORK = "fork"  # another batch has this identity: the journal was copied or rolled back


@dataclass(frozen=True, slots=True)
class Receipt:
    """The ledger's own word on the batch with this digest (64 hex digits). ``reason`` is for people."""

    digest: str
    outcome: Outcome
    reason: str = ""


class Uplink(Protocol):
    """One way to the ledger."""

    async def send(self, units: Sequence[bytes]) -> tuple[Receipt, ...]:
        """Hand over ``units`` and give the receipts that came back, in any order, perhaps not for all of them.

        Raises ``LinkDown`` when it is worth trying again, ``Refused`` when the ledger turned the whole message
        down. Nothing counts as delivered without a receipt.
        """
        ...

    @property
    def forged(self) -> str:
        """What of the last receipts was not the ledger's own, in words; "" once they are sound again."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...
