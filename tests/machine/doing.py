"""What may happen to a ledger, and how likely it is."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Doing = Callable[..., None]
DOINGS: dict[str, st.SearchStrategy[dict[str, Any]]] = {}
WEIGHTED: list[str] = []
"""Names of what may happen, the more often the likelier."""


def does(weight: int, **drawn: st.SearchStrategy[Any]) -> Callable[[Doing], Doing]:
    """Something that may happen, with what it takes. One rule draws from all of them: hypothesis on its own would
    leave most kinds of things out of most stories, and it is their mixture that matters here."""

    def register(doing: Doing) -> Doing:
        DOINGS[doing.__name__] = st.fixed_dictionaries(drawn)
        WEIGHTED.extend([doing.__name__] * weight)
        return doing

    return register


things = st.deferred(lambda: st.sampled_from(WEIGHTED).flatmap(lambda name: st.tuples(st.just(name), DOINGS[name])))
