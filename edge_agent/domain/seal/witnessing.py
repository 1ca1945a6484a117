"""What a witness looks at before it signs a checkpoint. Pure."""

from collections.abc import Sequence

from edge_agent.domain.seal.merkle import is_consistent
from edge_agent.domain.seal.notes import Checkpoint

WITNESS_PATH = "/v1/seal/witness"
COSIGNATURES_PATH = "/v1/seal/cosignatures"


def conflict_of(seen: Checkpoint | None, shown: Checkpoint, proof: Sequence[bytes]) -> str:
    """Why ``shown`` is not what became of what was ``seen`` before; "" if it is, or if nothing was."""
    if seen is None:
        return ""
    if shown.origin != seen.origin:
        return f"this gateway witnesses the ledger {seen.origin}, and {shown.origin} answered"
    if shown.size < seen.size:
        return f"the ledger showed {seen.size} sealed rows before and shows {shown.size} now: it was set back"
    if not is_consistent(seen.size, shown.size, proof, seen.root, shown.root):
        return f"what the ledger shows now does not contain the {seen.size} sealed rows that it showed before"
    return ""
