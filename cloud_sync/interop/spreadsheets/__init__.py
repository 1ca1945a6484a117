"""Spreadsheets as people have them, made into the rows that imports take: pure, and asking where it is not certain."""
