"""The sealed audit trail: whatever is evidence becomes a leaf of a Merkle tree that is signed and witnessed."""
