"""Controlled changes, legal holds and agreements, in the caller's transaction."""
