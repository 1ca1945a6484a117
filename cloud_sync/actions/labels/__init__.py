"""Labels of what the ledger knows, and the numbers of totes."""
