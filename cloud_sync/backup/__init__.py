"""Backups of the whole ledger: encrypted, checked after writing, and restored into an empty database."""
