"""What a gateway takes from its ledger, or from a stick: configuration and releases, each on probation first."""
