"""The key with which the ledger signs its receipts: made when first needed, kept in its database, changed by people.

A gateway deletes what has a receipt, so receipts are worth forging to whoever can write to a broker's topic.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.errors import DatabaseDown
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.fleet.handed_out import signed_words
from edge_agent.domain.wire.protocol import PROTOCOLS_READ
from edge_agent.domain.wire.receipts import HANDOVERS_MAX, Answer, handover_words, receipts_words

READ_AGAIN_S = 5.0
"""How long another process of this ledger may go on with the key before, after a change."""


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """What signs now, and the handovers that led to it, the oldest first."""

    private: Ed25519PrivateKey
    handovers: tuple[dict[str, str], ...]

    @property
    def public_key(self) -> str:
        """32 bytes in base64."""
        return _text(self.private.public_key().public_bytes_raw())

    @property
    def broker_group(self) -> str:
        """In which this ledger's processes share what comes through a broker: the same for all, not to be guessed."""
        return self.derived(b"lotwarden broker group", size=16).hex()

    def derived(self, purpose: bytes, *, size: int) -> bytes:
        """Bytes for a purpose that only this ledger can know; the same in all its processes."""
        return hashlib.blake2b(purpose, key=self.private.private_bytes_raw(), digest_size=size).digest()

    def sign(self, receipts: Iterable[Mapping[str, str]]) -> Answer:
        """The answer with these receipts (``digest``, ``outcome``, ``reason``), signed once for all."""
        # Half a character, from a crooked gateway's header, has no place in an answer for all.
        said = [dict(each) | {"reason": each["reason"].encode(errors="replace").decode()} for each in receipts]
        words = receipts_words((each["digest"], each["outcome"], each["reason"]) for each in said)
        return {
            "receipts": said,
            "key": self.public_key,
            "signature": _text(self.private.sign(words)),
            "handovers": [dict(each) for each in self.handovers],
            "protocols": list(PROTOCOLS_READ),
        }

    def sign_body(self, form: str, body: str) -> dict[str, str]:
        """A body that is handed to a gateway, signed as what it is (``edge_agent.domain.fleet.handed_out``)."""
        return {"body": body, "by": self.public_key, "signature": _text(self.private.sign(signed_words(form, body)))}


class ReceiptSigner:
    """Signs answers with the key as it is now. Safe to use from many threads."""

    def __init__(self, database: Database, *, mono_s: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._mono_s = mono_s
        self._read: tuple[float, LedgerKeys] | None = None

    def __call__(self, receipts: Iterable[Mapping[str, str]]) -> Answer:
        """See :meth:`LedgerKeys.sign`. Raises ``DatabaseDown`` as long as no key could be read."""
        return self._keys().sign(receipts)

    def _keys(self) -> LedgerKeys:
        now_s, read = self._mono_s(), self._read
        if read is not None and now_s - read[0] < READ_AGAIN_S:
            return read[1]
        try:
            keys = ledger_keys(self._database)
        except DatabaseDown:
            if read is None:
                raise
            return read[1]
        self._read = now_s, keys
        return keys


def ledger_keys(database: Database) -> LedgerKeys:
    """The ledger's key; made on the first call."""
    with database.transaction() as connection:
        return keys_in(connection)


def keys_in(connection: Connection) -> LedgerKeys:
    """The same within a transaction."""
    rows = _rows(connection)
    if not rows:
        queries("ledger_keys").lock_ledger_keys(connection)
        rows = _rows(connection)
    if not rows:
        _add(connection, Ed25519PrivateKey.generate(), None, actor="ledger", reason="the first one")
        rows = _rows(connection)
    return _keys(rows)


def rotate(database: Database, *, actor: str, reason: str) -> tuple[str, str]:
    """Sign with a new key from now on; gives the old and the new public key. Gateways follow by the old key's word."""
    with database.transaction() as connection:
        keys_in(connection)
        queries("ledger_keys").lock_ledger_keys(connection)
        old = _keys(_rows(connection))
        fresh = Ed25519PrivateKey.generate()
        _add(connection, fresh, old, actor=actor, reason=reason)
        return old.public_key, _text(fresh.public_key().public_bytes_raw())


def _rows(connection: Connection) -> list[Row]:
    return list(queries("ledger_keys").ledger_keys(connection, keys_max=HANDOVERS_MAX))


def _keys(rows: list[Row]) -> LedgerKeys:
    handovers = tuple(
        {
            "key": _text(bytes(row["public_key"])),
            "by": _text(bytes(row["previous"])),
            "signature": _text(bytes(row["handover"])),
        }
        for row in reversed(rows)
        if row["previous"] is not None
    )
    return LedgerKeys(Ed25519PrivateKey.from_private_bytes(bytes(rows[0]["private_key"])), handovers)


def _add(connection: Connection, fresh: Ed25519PrivateKey, old: LedgerKeys | None, *, actor: str, reason: str) -> None:
    public = fresh.public_key().public_bytes_raw()
    handover = old.private.sign(handover_words(_text(public), old.public_key)) if old else None
    queries("ledger_keys").add_ledger_key(
        connection,
        public_key=public,
        private_key=fresh.private_bytes_raw(),
        previous=old.private.public_key().public_bytes_raw() if old else None,
        handover=handover,
    )
    data = {"public_key": _text(public), "previous": old.public_key if old else None}
    add_event(connection, actor=actor, kind="ledger_key_made", subject="ledger", reason=reason, data=data)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
