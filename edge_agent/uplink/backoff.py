"""How long to wait before the next attempt: longer after each failure, and never as long as the neighbours."""

from collections.abc import Callable

DOUBLINGS_MAX = 30
"""More of them change nothing, and would only make the number large."""


class Backoff:
    """Pauses that double from ``shortest_s`` to ``longest_s``, and start over after a success.

    ``random`` gives numbers in 0..1: each pause lies between half and the whole, so that gateways that lost their
    ledger at the same instant do not all come back at the same instant.
    """

    def __init__(self, shortest_s: float, longest_s: float, random: Callable[[], float]) -> None:
        self._shortest_s = min(shortest_s, longest_s)
        self._longest_s = longest_s
        self._random = random
        self._failures = 0

    def failed(self) -> None:
        """The next pause is longer."""
        self._failures += 1

    def succeeded(self) -> None:
        """The next pause is the shortest."""
        self._failures = 0

    def pause_s(self) -> float:
        """How long to wait now, after at least one failure."""
        doubled_s = self._shortest_s * 2.0 ** min(max(0, self._failures - 1), DOUBLINGS_MAX)
        return min(doubled_s, self._longest_s) * (0.5 + self._random() / 2)
