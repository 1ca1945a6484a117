"""What quality may decide on the exposure of a lot, given what was decided before on the same evidence."""

from enum import StrEnum


class Decision(StrEnum):
    """A disposition."""

    RELEASE = "release"
    REJECT = "reject"
    DESTROY = "destroy"


class CaseDecision(StrEnum):
    """How a case ends: it was explained, the books were corrected, the fact was accepted or rejected as it is."""

    EXPLAINED = "explained"
    CORRECTED = "corrected"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


FOLLOWS: dict[Decision | None, frozenset[Decision]] = {
    None: frozenset(Decision),
    Decision.RELEASE: frozenset({Decision.REJECT, Decision.DESTROY}),
    Decision.REJECT: frozenset({Decision.DESTROY}),
    Decision.DESTROY: frozenset(),
}
"""What may follow a decision while the evidence stays the same: only more caution. When the evidence changes, the
hold is back and everything may be decided anew (but nothing undoes a destruction)."""


def may_follow(earlier: tuple[tuple[Decision, bool], ...], decision: Decision) -> bool:
    """Whether ``decision`` may be taken after ``earlier`` ones, oldest first: (decision, same evidence as now)."""
    if any(before is Decision.DESTROY for before, _ in earlier):
        return False
    on_this_evidence = [before for before, same in earlier if same]
    return decision in FOLLOWS[on_this_evidence[-1] if on_this_evidence else None]
