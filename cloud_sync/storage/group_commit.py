"""Requests that come at the same moment share a transaction: each would wait for the disk and the server alone."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class _Asked(Generic[Request, Answer]):
    request: Request
    goes_on: Event = field(default_factory=Event)
    to_lead: "list[_Asked[Request, Answer]] | None" = None
    """Itself first, and those that it answers with it; None once another one has answered."""
    answer: Answer | None = None


class GroupCommit(Generic[Request, Answer]):
    """Does what several threads ask for at the same moment in one go; whoever comes first does it for all.

    ``do`` is given ``at_once_max`` requests at the most, and gives an answer to each, in their order, or None where one
    has to be looked at alone; None to all if it raises. Whoever asks alone does not wait for others to come. Nothing is
    kept here from one request to the next.
    """

    def __init__(
        self, do: Callable[[Sequence[Request]], Sequence[Answer | None]], *, at_once_max: int, leaders_max: int
    ) -> None:
        """``leaders_max`` goes may be under way at the same time."""
        self._do = do
        self._at_once_max = at_once_max
        self._lock = Lock()
        self._waiting: deque[_Asked[Request, Answer]] = deque()
        self._leaders_free = leaders_max

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._waiting)

    def answer(self, request: Request) -> Answer | None:
        """What ``do`` gives for this request, None if it raised; raises it if this thread did it."""
        mine = _Asked[Request, Answer](request)
        with self._lock:
            if self._leaders_free:
                self._leaders_free -= 1
                mine.to_lead = [mine]
                mine.goes_on.set()
            else:
                self._waiting.append(mine)
        mine.goes_on.wait()
        if mine.to_lead is not None:
            self._lead(mine.to_lead)
        return mine.answer

    def _lead(self, group: "list[_Asked[Request, Answer]]") -> None:
        try:
            for each, answer in zip(group, self._do([each.request for each in group]), strict=True):
                each.answer = answer
        finally:
            for each in group[1:]:
                each.goes_on.set()
            with self._lock:
                following = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._at_once_max))]
                if following:
                    following[0].to_lead = following
                    following[0].goes_on.set()
                else:
                    self._leaders_free += 1
