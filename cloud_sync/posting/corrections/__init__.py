"""What was written down wrongly is put right, and all that follows from it."""
