"""The key of the ledgers of tests, and gateways that know it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.ledger_keys import LedgerKeys
from edge_agent.uplink.trust import LedgerTrust

LEDGER_KEYS = LedgerKeys(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))), ())
seal = LEDGER_KEYS.sign


def trust() -> LedgerTrust:
    """What a gateway knows that has enrolled at them."""
    return LedgerTrust([LEDGER_KEYS.public_key])


def seal_what_is_one(receipts: list[object]) -> dict[str, list[object]]:
    """Sign those that are receipts, and leave the others as they are."""
    signed: list[object] = []
    for each in receipts:
        is_one = isinstance(each, dict) and isinstance(each.get("digest"), str) and "outcome" in each
        signed += seal([{"reason": "", **each}])["receipts"] if is_one else [each]  # type: ignore[dict-item]
    return {"receipts": signed}
