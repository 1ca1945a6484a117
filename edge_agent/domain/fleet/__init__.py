"""What ledger and gateways agree on about configuration, releases and heartbeats. Pure."""
