"""A request, as transactions know it: somebody waits for its answer, and what it committed stays if the rest fails.

Whoever waits is not kept waiting for a server that is silent (``server_watch.py``). And where a request is more than
one transaction, what fails later does not undo what was committed before: whoever is told of it has to know.
"""

from contextvars import ContextVar

_committed: ContextVar[list[bool] | None] = ContextVar("whether this request committed something", default=None)
"""Set for requests alone; a list of one, for the threads that work for a request have copies of its context."""


def begin_request() -> None:
    """What is done from now on, in this context and its copies, belongs to one request."""
    _committed.set([False])


def begin_what_was_asked() -> None:
    """What this request committed until now was to find out who asks; it is not what was asked for."""
    if (committed := _committed.get()) is not None:
        committed[0] = False


def note_commit() -> None:
    """A transaction was committed."""
    if (committed := _committed.get()) is not None:
        committed[0] = True


def has_committed() -> bool:
    """Whether this is a request that committed something."""
    return bool((committed := _committed.get()) and committed[0])


def is_awaited() -> bool:
    """Whether somebody waits for this."""
    return _committed.get() is not None
