"""What a gateway asks to find out what the ledger has lost of what it acknowledged, and sums of numbers. Pure.

``GET MISSING_PATH?journal=...&scans=N&readings=N``, signed: of each lane up to its number, what the ledger has not got.
"""

from collections.abc import Iterable, Sequence

MISSING_PATH = "/v1/journals/missing"
LOST_BY_RESTORE = "restore"
"""``because`` of a gap notice: the ledger acknowledged these, was restored, and the gateway has them no more."""

Numbers = tuple[int, int]
"""The first and the last of consecutive numbers."""


def without(spans: Iterable[Numbers], others: Iterable[Numbers]) -> list[Numbers]:
    """The numbers of ``spans`` that are in none of the ``others``.

    >>> without([(1, 10), (20, 30)], [(3, 4), (8, 25)])
    [(1, 2), (5, 7), (26, 30)]
    """
    left = list(spans)
    for low, high in others:
        cut: list[Numbers] = []
        for first, last in left:
            if high < first or last < low:
                cut.append((first, last))
                continue
            cut += [(first, low - 1)] if first < low else []
            cut += [(high + 1, last)] if high < last else []
        left = cut
    return left


def in_both(spans: Sequence[Numbers], others: Sequence[Numbers]) -> list[Numbers]:
    """The numbers that are in both.

    >>> in_both([(1, 10), (20, 30)], [(8, 25)])
    [(8, 10), (20, 25)]
    """
    return [
        (max(first, low), min(last, high))
        for first, last in spans
        for low, high in others
        if max(first, low) <= min(last, high)
    ]
