"""Electronic records as people keep them: controlled changes, legal holds, training, equipment, access reviews."""
