"""Which versions of the batch format there are, and how the two sides agree on one. Pure.

A batch is written once and stored as it is sent, so a gateway writes only what its ledger has said that it reads:
version 1 until then. A ledger says what it reads in the answer to every heartbeat and with every receipt; one of
before says
nothing, which means version 1. What a ledger cannot read yet it does not refuse for ever: its receipt says ``unread``.
"""

PROTOCOLS_WRITTEN: tuple[int, ...] = (1,)
"""What this gateway can write."""
PROTOCOLS_READ: tuple[int, ...] = (1,)
"""What this ledger reads. A version that was ever accepted stays here."""
OLDEST = 1
"""Of a side that does not say."""
PROTOCOL_MAX = 1000
