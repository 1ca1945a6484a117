"""Epochs of the sealed log: one begins with each restore of a backup (``edge_agent.domain.seal.epochs``)."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from secrets import token_hex

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.seal.epochs import Epoch, epoch_of
from edge_agent.domain.seal.merkle import EMPTY_ROOT
from edge_agent.domain.seal.notes import Checkpoint


def origin_in(connection: Connection) -> str:
    """The name of this ledger's log: it follows from the first key that the ledger had, and from its restores."""
    return Origins(connection).now


class Origins:
    """The names that the log has had, by the size of the tree."""

    def __init__(self, connection: Connection) -> None:
        keys_in(connection)
        first = bytes(queries("seal").first_ledger_key(connection))
        self.first = f"lotwarden.ledger/{sha256(first).hexdigest()[:16]}"
        self.epochs: Sequence[Row] = list(queries("backup").epochs(connection))

    @property
    def now(self) -> str:
        """The name at present."""
        return epoch_of(self.epochs[-1]["statement"]).origin if self.epochs else self.first

    def at(self, size: int) -> str:
        """The name under which a checkpoint of so many rows was signed."""
        before = [row for row in self.epochs if row["restored_size"] < size]
        return epoch_of(before[-1]["statement"]).origin if before else self.first


def begin_epoch(connection: Connection, known: Checkpoint | None, *, at: datetime, actor: str, reason: str) -> Epoch:
    """Let the log of a ledger that was just restored go on under another name.

    ``known``: the last checkpoint that the ledger before is known to have signed, if it is later than what came back.
    """
    origins = Origins(connection)
    last = queries("seal").last_checkpoint(connection) or {"size": 0, "root": EMPTY_ROOT}
    restored = Checkpoint(origins.now, last["size"], bytes(last["root"]))
    number = max([1, *(row["number"] for row in origins.epochs)]) + 1
    if known is None or known.size < restored.size:
        known = restored
    # Whoever restores the same backup twice gets two names: neither is the other's second history.
    epoch = Epoch(f"{origins.first}/{number}.{token_hex(4)}", restored, known)
    keys = keys_in(connection)
    queries("backup").add_epoch(
        connection,
        number=number,
        restored_size=restored.size,
        statement=epoch.words.decode(),
        signature=keys.private.sign(epoch.words),
        public_key=keys.private.public_key().public_bytes_raw(),
        begun_at=at,
        begun_by=actor,
        reason=reason,
    )
    return epoch
