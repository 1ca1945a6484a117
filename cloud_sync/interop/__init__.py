"""What others send and are sent, translated: pure functions on values, without the database.

A room for each kind of partner. Doors (``api/``, ``commands/``) keep what came byte for byte
(``posting/interop/documents.py``), have it translated here, and call actions with the facts.
"""
