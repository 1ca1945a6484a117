"""How likely held stock is to be released, from the ledger's own decisions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decided:
    """How many holds of a kind ended with the stock released, and how many ended otherwise."""

    kind: str
    released: int
    refused: int


NEVER = frozenset({"recall"})
"""Stock that is recalled is not counted on."""


def chances(history: Iterable[Decided]) -> Mapping[str, float]:
    """The chance of each kind of hold to end with a release, between 0 and 1 (Laplace's rule, (r + 1) / (n + 2)).

    >>> chances([Decided("exposure", 7, 1)])["exposure"]
    0.8
    """
    return {
        each.kind: 0.0 if each.kind in NEVER else (each.released + 1) / (each.released + each.refused + 2)
        for each in history
    }


def chance_of(kinds: Iterable[str], known: Mapping[str, float]) -> float:
    """The chance that all holds on some stock are lifted: the product; a kind without history has a half."""
    chance = 1.0
    for kind in sorted(set(kinds)):
        chance *= 0.0 if kind in NEVER else known.get(kind, 0.5)
    return chance
