"""Lotwarden's gateway: listens to sensors and scanners, keeps what it hears, syncs it to the ledger."""
