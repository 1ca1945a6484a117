"""What a gateway asks to find out what the ledger has lost of what it acknowledged, and sums of numbers. Pure.

``GET MISSING_PATH?journal=...&scans=N&readings=N``, signed: of each lane up to its number, what the ledger has not got.

A gateway that reaches the ledger through a broker only cannot ask. To it the ledger says so beside its receipts, signed
like them: a line with the digest of a batch that it has just taken, the outcome ``missing``, and as reason what
:func:`missing_words` writes.
"""

import json
from collections.abc import Iterable, Sequence

MISSING_PATH = "/v1/journals/missing"
LOST_BY_RESTORE = "restore"
"""``because`` of a gap notice: the ledger acknowledged these, was restored, and the gateway has them no more."""

MISSING = "missing"
"""The outcome of the line in an answer that is no receipt."""

Numbers = tuple[int, int]
"""The first and the last of consecutive numbers."""
LaneNumbers = tuple[str, int, int]
"""A lane, the first and the last of consecutive numbers of it."""


def missing_words(journal: str, spans: Iterable[LaneNumbers]) -> str:
    """What the ledger has not got of a journal, to be sent beside receipts."""
    return json.dumps({"journal": journal, "missing": [list(each) for each in spans]}, separators=(",", ":"))


def missing_of(text: str) -> tuple[str, tuple[LaneNumbers, ...]]:
    """What :func:`missing_words` wrote: the journal, and its spans. Raises ``ValueError``.

    >>> missing_of(missing_words("j", [("scans", 3, 9)]))
    ('j', (('scans', 3, 9),))
    """
    try:
        said = json.loads(text)
        spans = tuple((str(lane), int(first), int(last)) for lane, first, last in said["missing"])
        return str(said["journal"]), spans
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"this does not say what is missing: {text[:80]!r}") from error


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
