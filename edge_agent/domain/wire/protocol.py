"""Which versions of the batch format there are, and how the two sides agree on one. Pure.

A batch is written once and stored as it is sent, so a gateway writes only what its ledger has said that it reads:
version 1 until then. A ledger says what it reads in the answer to every heartbeat and with every receipt; one of
before says
nothing, which means version 1. What a ledger cannot read yet it does not refuse for ever: its receipt says ``unread``.
"""

import json
from collections.abc import Iterable

PROTOCOLS_WRITTEN: tuple[int, ...] = (1,)
"""What this gateway can write."""
PROTOCOLS_READ: tuple[int, ...] = (1,)
"""What this ledger reads. A version that was ever accepted stays here."""
OLDEST = 1
"""Of a side that does not say."""
PROTOCOL_MAX = 1000


def agreed(written: Iterable[int], read: Iterable[int]) -> int | None:
    """The latest version that one side writes and the other reads; None if there is none.

    >>> agreed((1, 2), (1,)), agreed((1,), (1, 2, 3)), agreed((3,), (1, 2))
    (1, 1, None)
    """
    return max(set(written) & set(read), default=None)


def versions_of(said: object) -> tuple[int, ...]:
    """The versions that the other side says it reads; that of a side of before, if it says nothing that can be read."""
    if not isinstance(said, list) or not said:
        return (OLDEST,)
    found = [each for each in said if isinstance(each, int) and OLDEST <= each <= PROTOCOL_MAX]
    return tuple(found) or (OLDEST,)


def version_in(head: bytes) -> int | None:
    """The version that a header names, whatever else is in it; None if it names none. Nothing of it is proven."""
    try:
        said = json.loads(head)
    except (ValueError, RecursionError):
        return None
    version = said.get("version") if isinstance(said, dict) else None
    return version if isinstance(version, int) and OLDEST <= version <= PROTOCOL_MAX else None
