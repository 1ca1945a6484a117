"""Installation and operation of this very ledger, checked and written down: for users who have to validate (GAMP 5)."""
