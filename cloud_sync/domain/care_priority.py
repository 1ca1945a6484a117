"""Who comes first when there is not enough for everybody."""

from collections.abc import Mapping

CARE_PRIORITIES: Mapping[int, str] = {1: "life-saving, no alternative", 2: "urgent", 3: "planned care", 4: "can wait"}
USUAL_PRIORITY = 3
URGENT = 2
"""And what comes before it."""


def priority_words(priority: int) -> str:
    """A priority as people read it.

    >>> priority_words(1)
    '1, life-saving, no alternative'
    """
    return f"{priority}, {CARE_PRIORITIES[priority]}"
