"""The vocabulary that gateway and ledger share. Pure: no I/O, no clock, no randomness, no logging."""
