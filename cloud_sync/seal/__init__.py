"""The sealed audit trail: what is written to evidence becomes a leaf of a Merkle tree whose root is signed and witnessed."""
