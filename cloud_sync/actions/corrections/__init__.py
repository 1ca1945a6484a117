"""Corrections that people propose, see the effect of, and confirm."""
