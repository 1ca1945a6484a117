"""Devices, rooms and cables in software, byte by byte, with every fault that real ones have. Newcomers start here.

``python -m edge_agent.simulators --help`` runs them; tests and the demonstration use the classes.
"""
