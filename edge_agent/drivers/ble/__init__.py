"""Bluetooth Low Energy sensors: one pure module per maker, a table of formats, and one task per adapter.

``frames`` has the shapes, the maker modules decode bytes, ``formats`` lists them, ``track`` judges one device's
frames over time, ``bus`` listens through BlueZ. Only ``bus`` does I/O.
"""
