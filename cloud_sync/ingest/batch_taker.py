"""What every door behind a broker does with batches, however they came: store them, and answer with signed receipts.

The topic says who wrote (the broker's access list sees to that), the signed header says who speaks. Where they differ,
the batch is refused, and the refusal goes to the gateway of the topic: the one named in the header must not be told by
others that its batches are unwanted.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.domain.wire.journal_gaps import MISSING
from edge_agent.domain.wire.receipts import Answer
from edge_agent.domain.wire.wire import BATCH_BYTES_MAX, WireError, digest_of, header_of

GATEWAY_NAME = r"[a-z0-9][a-z0-9._-]{0,59}"
TROUBLES_MAX = 1000
"""Only so many at once: strangers could make up names of gateways without end."""

_GATEWAY = re.compile(GATEWAY_NAME)


class Receipt(Protocol):
    """What ``store`` gives: the ledger's word on one batch (``cloud_sync.ingest.batches.Receipt`` is one)."""

    @property
    def digest(self) -> str:
        """Of the batch, 64 hex digits."""
        ...

    @property
    def outcome(self) -> str:
        """stored, duplicate, refused, unknown or fork."""
        ...

    @property
    def reason(self) -> str:
        """For people."""
        ...


Seal = Callable[[Iterable[Mapping[str, str]]], Answer]
"""Signs receipts (``digest``, ``outcome``, ``reason``) as the ledger; any exception means: no receipt."""
Missing = Callable[[str, bytes], str]
"""A gateway and a batch of it -> what the ledger has not got of that journal, in words for it; '' if nothing."""
Store = Callable[[Sequence[bytes]], Sequence[Receipt]]
"""Stores batches and returns, once they are committed, a receipt for each. Any exception means: not stored, or not all;
let them be sent again. So a batch that can never be stored has to get a receipt, too."""
Publish = Callable[[str, bytes], None]
"""Sends an answer to a gateway, if there is a connection; nothing is kept."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is said of a batch beside the store's own receipts."""

    digest: str
    reason: str
    outcome: str = "refused"


class Troubles:
    """Troubles that are logged once when they begin and once when they end. Safe to use from many threads."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._troubles: set[str] = set()

    def enter(self, name: str, words: str, error: Exception | None = None) -> None:
        """It begins, if it has not begun."""
        with self._lock:
            if name in self._troubles or len(self._troubles) >= TROUBLES_MAX:
                return
            self._troubles.add(name)
        self._log.warning("%s", words, exc_info=error)

    def is_in(self, name: str) -> bool:
        """Whether it has begun."""
        return name in self._troubles

    def leave(self, name: str, words: str) -> None:
        """It ends, if it had begun."""
        with self._lock:
            if name not in self._troubles:
                return
            self._troubles.remove(name)
        self._log.warning("%s", words)


class BatchTaker:
    """Stores the batches of one gateway together and answers it. Safe to use from many threads."""

    def __init__(self, store: Store, seal: Seal, missing: Missing, publish: Publish, troubles: Troubles) -> None:
        self._store = store
        self._seal = seal
        self._missing = missing
        self._publish = publish
        self._troubles = troubles

    def take(self, gateway: str, raws: Sequence[bytes]) -> bool:
        """Whether all of these are dealt with; False where they have to come again."""
        own, refusals = [], []
        for raw in raws:
            fault = _topic_fault(gateway, raw)
            if fault:
                refusals.append(Refusal(digest_of(raw), fault))
            else:
                own.append(raw)
        if refusals:
            self.answer(gateway, refusals)
        if not own:
            return True
        try:
            receipts = self._store(own)
        except Exception as error:  # noqa: BLE001 - not stored, whatever the reason
            # Without a receipt the gateway sends it again.
            words = f"batches cannot be stored ({error}): no receipts until they can"
            self._troubles.enter("store", words, error)
            return False
        self._troubles.leave("store", "batches are stored again")
        return self.answer(gateway, [*receipts, *self._missed(gateway, own[-1], receipts[-1])])

    def answer(self, gateway: str, receipts: Sequence[Receipt]) -> bool:
        """Whether these were signed and sent. Where the connection is gone meanwhile, the receipts are too: the batches
        come again, as duplicates."""
        for each in receipts:
            self._note_outcome(gateway, each)
        try:
            answer = self._seal(
                {"digest": each.digest, "outcome": str(each.outcome), "reason": each.reason} for each in receipts
            )
        except Exception as error:  # noqa: BLE001 - a receipt that is not signed is worth nothing
            self._troubles.enter("seal", f"receipts cannot be signed ({error}): none until they can", error)
            return False
        self._troubles.leave("seal", "receipts are signed again")
        self._publish(gateway, json.dumps(answer).encode())
        return True

    def _missed(self, gateway: str, raw: bytes, receipt: Receipt) -> list[Receipt]:
        """What a gateway that can only send has to send again, said beside the receipt of a batch of it."""
        if receipt.outcome not in ("stored", "duplicate"):
            return []
        try:
            words = self._missing(gateway, raw)
        except Exception as error:  # noqa: BLE001 - its receipts count whatever else is wrong
            self._troubles.enter("missing", f"gateways cannot be asked for what is missing ({error})", error)
            return []
        self._troubles.leave("missing", "gateways are asked again for what is missing")
        return [Refusal(receipt.digest, words, MISSING)] if words else []

    def _note_outcome(self, gateway: str, receipt: Receipt) -> None:
        if receipt.outcome in ("refused", "unknown", "fork"):
            words = f"refused a batch of {gateway} ({receipt.digest[:12]}...): {receipt.reason}"
            self._troubles.enter(f"refused {gateway}", words)
        else:
            self._troubles.leave(f"refused {gateway}", f"batches of {gateway} are taken again")


def is_gateway_name(name: str) -> bool:
    """Whether a gateway may be named so."""
    return _GATEWAY.fullmatch(name) is not None


def size_fault(raw: bytes) -> str | None:
    """Why so many bytes are no batch, or nothing."""
    return f"{len(raw)} bytes are more than {BATCH_BYTES_MAX}" if len(raw) > BATCH_BYTES_MAX else None


def _topic_fault(gateway: str, raw: bytes) -> str | None:
    """Why a batch must not have come on the topic of ``gateway``, or nothing."""
    fault = size_fault(raw)
    if fault:
        return fault
    try:
        header = header_of(raw)
    except WireError as error:
        return error.reason
    if header.gateway != gateway:
        return f"it came on the topic of {gateway} but is signed as {header.gateway}"
    return None
