"""Quality control inside the caller's transaction: plans in force, samples and results, and what they gate."""
