"""Lengths of time for people."""

from datetime import timedelta

MISSING = "–"


def lasting(span: timedelta | float | None) -> str:
    """A length of time for people: ``3 h 20 min``.

    >>> lasting(12_000), lasting(40), lasting(200_000)
    ('3 h 20 min', '40 s', '2 d 7 h')
    """
    if span is None:
        return MISSING
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    for unit, size, part, part_size in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            rest = seconds % size // part_size
            return f"{seconds // size} {unit} {rest} {part}" if rest else f"{seconds // size} {unit}"
    return f"{seconds} s"
