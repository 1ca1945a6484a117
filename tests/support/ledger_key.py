"""The key of the ledgers of tests, and gateways that know it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.ledger_keys import LedgerKeys
from edge_agent.uplink.trust import LedgerTrust

LEDGER_KEYS = LedgerKeys(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))), ())
seal = LEDGER_KEYS.sign


def trust() -> LedgerTrust:
    """What a gateway knows that has enrolled at them."""
    return LedgerTrust([LEDGER_KEYS.public_key])


def seal_what_is_one(receipts: list[object]) -> dict[str, object]:
    """The signed answer with these, or one without a signature if any of them is no receipt."""
    said = [each for each in receipts if isinstance(each, dict) and {"digest", "outcome", "reason"} <= each.keys()]
    return seal(said) if len(said) == len(receipts) else {"receipts": receipts}
