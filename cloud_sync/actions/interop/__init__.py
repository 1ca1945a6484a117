"""What is asked of the ledger in the words of other systems, and by the act on the drug supply chain."""
