"""Bluetooth Low Energy sensors: one module for each format, a registry of them, and one task for each adapter.

``on_air`` and ``frames`` have the shapes, ``formats`` the modules that decode bytes, ``registry`` finds them,
``hearing`` tells what was just said from what BlueZ remembers, ``sources`` which probe said it, ``staleness`` keeps one
device's frames over time, ``bus`` listens through BlueZ and ``connect`` reads over a connection. Only these two do I/O.
"""
