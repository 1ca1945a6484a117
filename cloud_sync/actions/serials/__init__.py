"""Serialised units: numbers, the history of each, devices, lost and suspicious ones."""
