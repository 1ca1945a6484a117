"""The ledger's answer to a batch, and why it does not believe one."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from cloud_sync.errors import NotGenuine
from cloud_sync.posting.cases import Case
from cloud_sync.storage.database import Row
from edge_agent.domain.wire.records import SEQ_END
from edge_agent.domain.wire.wire import BatchHeader, VersionNotRead, WireError, header_of


class BatchOutcome(StrEnum):
    """What became of a batch. The gateway may forget the first two and must keep the others.

    ``UNKNOWN``: nothing of this gateway is taken as long as it is not registered, or revoked; it may send it again
    then. ``UNREAD``: it is of a later version than this ledger reads; it may be sent again to a newer one. What is
    ``REFUSED`` will be refused again.
    """

    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNREAD = "unread"
    FORK = "fork"


@dataclass(frozen=True, slots=True)
class BatchReceipt:
    """The ledger's answer. ``digest`` is the batch's (64 hex digits); ``reason`` says why it was not stored."""

    digest: str
    outcome: BatchOutcome
    reason: str = ""


def checked_header(raw: bytes) -> BatchHeader:
    header = header_of(raw)
    _check_header(header)
    return header


class NotBelieved(NotGenuine):
    """The gateway was revoked."""


class UnknownGateway(NotBelieved):
    """Nobody registered it; its name is worth nothing."""


def outcome_of(error: WireError) -> BatchOutcome:
    """What is of a later version than this ledger is not refused for ever."""
    return BatchOutcome.UNREAD if isinstance(error, VersionNotRead) else BatchOutcome.REFUSED


def not_believed(name: str, gateway: Row | None) -> NotGenuine | None:
    """Why nothing of this gateway is taken, whoever signed it; None if there is no reason."""
    if gateway is None:
        return UnknownGateway(f"no gateway is registered as {name}: register it with its public key")
    if gateway["revoked_at"] is not None:
        return NotBelieved(f"gateway {name} was revoked at {gateway['revoked_at']:%Y-%m-%d %H:%M} UTC")
    return None


def wrong_signature(name: str) -> NotGenuine:
    return NotGenuine(f"the signature is not that of gateway {name}")


def refusal(digest: str, error: NotGenuine) -> BatchReceipt:
    outcome = BatchOutcome.UNKNOWN if isinstance(error, NotBelieved) else BatchOutcome.REFUSED
    return BatchReceipt(digest, outcome, str(error))


def _check_header(header: BatchHeader) -> None:
    """What the ledger can keep; a header that no gateway of ours would write is refused."""
    if not header.gateway.isprintable():
        raise WireError("the gateway's name has unprintable characters")
    try:
        is_plain = str(uuid.UUID(header.journal)) == header.journal
    except ValueError:
        is_plain = False
    if not is_plain:
        raise WireError(f"journal {header.journal} is not a UUID")
    if header.first >= SEQ_END:
        raise WireError(f"sequence number {header.first} is not below {SEQ_END}")


def not_genuine_case(header: BatchHeader, digest: str, error: NotGenuine) -> Case:
    # All that strangers send is one case: they could make up names without end.
    name = "unknown gateways" if isinstance(error, UnknownGateway) else f"gateway:{header.gateway}"
    return Case("batch_not_genuine", name, str(error), data={"digest": digest, "gateway": header.gateway})
