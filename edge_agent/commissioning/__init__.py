"""The bench: find devices, prove them, write them into the configuration, and see what is wrong when one is silent.

One module for each command (``scan``, ``probe``, ``add``, ``monitor``, ``doctor``, ``sheet``), over three rooms:
``exchange`` (single questions, every byte kept), ``judge`` (pure: what answers are worth) and ``proving`` (which
questions to ask, and what to try when the answers make no sense). The agent itself uses none of it.
"""
