"""What both sides know of the sealed audit trail: proofs of a Merkle tree (RFC 6962), and signed checkpoints of it."""
