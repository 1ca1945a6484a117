"""Accounts of people, how they sign in, and what they sign."""
