"""Requests that come at the same moment share a transaction: each would wait for the disk and the server alone."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Condition, Event, Lock
from time import monotonic
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")

GATHER_S = 0.002
"""How long a group that follows another waits for those who were just answered: who works flat out asks again at once,
and the first of them would go alone, with all the others waiting for its end.
"""
PATIENCE_S = 0.025
"""Who has waited so long for a go that is under way need not wait for its end."""
FEW = 2
"""Nor does anybody for a go of so few: a second one beside it is quicker than both one after the other."""


@dataclass(slots=True, eq=False)
class _Asked(Generic[Request, Answer]):
    request: Request
    goes_on: Event = field(default_factory=Event)
    expects: int | None = None
    """It leads, and so many are likely to ask with it; None once another one has answered."""
    answer: Answer | None = None


class GroupCommit(Generic[Request, Answer]):
    """Does what several threads ask for at the same moment in one go; whoever comes first does it for all.

    ``do`` is given ``at_once_max`` requests at the most, and gives an answer to each, in their order, or None where one
    has to be looked at alone; None to all if it raises. Whoever asks alone does not wait for others to come, except for
    those of a group that was answered within the last ``gather_s``. Nothing else is kept from one request to the next.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Request]], Sequence[Answer | None]],
        *,
        at_once_max: int,
        leaders_max: int,
        gather_s: float = GATHER_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """One go at a time, so that groups are large; up to ``leaders_max`` where few ask, or one lasts longer than
        ``patience_s``."""
        self._do = do
        self._at_once_max = at_once_max
        self._leaders_max = leaders_max
        self._gather_s = gather_s
        self._patience_s = patience_s
        self._lock = Lock()
        self._enough = Condition(self._lock)
        self._expected = 0
        """How many have to wait until whoever leads goes: woken by each, it would have them wait for its turns."""
        self._waiting: deque[_Asked[Request, Answer]] = deque()
        self._leaders = 0
        self._goes_of_few = 0
        """Of those under way. Who leads and still waits for others is no go yet."""
        self._last_size, self._last_at_s = 0, 0.0
        """Of the group that was answered last, and when."""

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._waiting)

    def answer(self, request: Request) -> Answer | None:
        """What ``do`` gives for this request, None if it raised; raises it if this thread did it."""
        mine = _Asked[Request, Answer](request)
        with self._lock:
            self._waiting.append(mine)
            if not self._leaders:
                is_soon = monotonic() - self._last_at_s < self._gather_s
                self._let_first_lead(expects=self._last_size if is_soon else 1)
            elif self._leaders == self._goes_of_few < self._leaders_max:
                self._let_first_lead(expects=1)
            elif len(self._waiting) == self._expected:
                self._enough.notify_all()
        while not mine.goes_on.wait(self._patience_s):
            with self._lock:
                if self._waiting and self._leaders < self._leaders_max:
                    self._let_first_lead(expects=1)
        if mine.expects is not None:
            self._lead(mine, mine.expects)
        return mine.answer

    def _let_first_lead(self, expects: int) -> None:
        first = self._waiting.popleft()
        self._leaders += 1
        first.expects = expects
        first.goes_on.set()

    def _lead(self, first: "_Asked[Request, Answer]", expects: int) -> None:
        group = [first, *self._gathered(min(expects, self._at_once_max) - 1)]
        is_of_few = len(group) <= FEW
        with self._lock:
            self._goes_of_few += is_of_few
        try:
            for each, answer in zip(group, self._do([each.request for each in group]), strict=True):
                each.answer = answer
        finally:
            with self._lock:
                self._leaders -= 1
                self._goes_of_few -= is_of_few
                self._last_size, self._last_at_s = len(group), monotonic()
                if self._waiting:
                    self._let_first_lead(expects=len(group) + len(self._waiting))
            for each in group[1:]:
                each.goes_on.set()

    def _gathered(self, expected: int) -> "list[_Asked[Request, Answer]]":
        """Those who wait, once as many as are expected do, or nobody else came for a moment."""
        with self._lock:
            if expected > len(self._waiting):
                self._expected = expected
                self._enough.wait_for(lambda: len(self._waiting) >= expected, timeout=self._gather_s)
                self._expected = 0
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._at_once_max - 1))]
