"""What a ledger says after it was restored from a backup: its sealed log goes on under another name. Pure.

The ledger before may have signed more than came back. To sign other rows at the same places of the same log would be a
second history; so the log ends where it was restored, and its successor says by whom it is preceded::

    lotwarden seal epoch 1
    lotwarden.ledger/3f2a.../2.9c01b7d2 <- the name from now on
    lotwarden.ledger/3f2a...            <- the name before
    1234                                <- rows of the one before that came back: the successor begins with these
    base64 of the root hash of these rows
    1300                                <- rows of the one before that are known to have been signed
    base64 of the root hash of these
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.domain.seal.notes import Checkpoint, NoteFault

EPOCHS_MAX = 1000
HEAD = "lotwarden seal epoch 1"


@dataclass(frozen=True, slots=True)
class Epoch:
    """``restored``: the last checkpoint that came back, of the log before; ``known``: the last that is known of it."""

    origin: str
    restored: Checkpoint
    known: Checkpoint

    @property
    def words(self) -> bytes:
        """What the ledger signs."""
        places = ((str(each.size), _text(each.root)) for each in (self.restored, self.known))
        lines = (HEAD, self.origin, self.restored.origin, *(line for place in places for line in place))
        return "".join(f"{line}\n" for line in lines).encode()


def epoch_of(words: str) -> Epoch:
    """An epoch as it was signed; nothing is verified. Raises ``NoteFault``."""
    try:
        head, origin, before, size, root, known_size, known_root, end = words.split("\n")
        restored = Checkpoint(before, int(size), base64.b64decode(root, validate=True))
        known = Checkpoint(before, int(known_size), base64.b64decode(known_root, validate=True))
        epoch = Epoch(origin, restored, known)
    except ValueError as error:
        raise NoteFault("it is no statement of a restored ledger") from error
    if head != HEAD or end or epoch.words.decode() != words:
        raise NoteFault("it is no statement of a restored ledger")
    return epoch


def after_restores(seen: Checkpoint, epochs: Sequence[Epoch]) -> Checkpoint:
    """What of a checkpoint that a witness saw still counts after these restores, under the name the log has then."""
    for epoch in epochs:
        if epoch.restored.origin == seen.origin:
            kept = seen if seen.size <= epoch.restored.size else epoch.restored
            seen = Checkpoint(epoch.origin, kept.size, kept.root)
    return seen


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
