"""What somebody with the source tried against the ledger, one test each. On loopback, and harmless."""
