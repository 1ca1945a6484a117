"""Lotwarden's central lot ledger: evidence in, quarantine, FEFO and trace out."""
