"""Months of readings outside of the database: Parquet files in a folder or bucket, with a signed manifest of hashes."""
