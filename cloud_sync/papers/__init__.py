"""Papers: what the ledger knows of a record, as a PDF/A that names the hash of its data and can be checked again."""
