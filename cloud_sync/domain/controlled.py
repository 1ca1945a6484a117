"""Controlled items: what two people have to find alike, when a discrepancy is due, and when the next inventory is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

SCHEDULES = ("I", "II", "III", "IV", "V")
DISCREPANCIES = (
    "count_difference", "negative_balance", "duplicate_serial", "charge_difference", "charge_not_made",
    "waste_not_witnessed",
)  # fmt: skip
"""Kinds of cases that say of a controlled item that something is not where it should be, or was not seen by two."""
REMIND_PART = 0.5
"""Of a deadline: as much of it is left when somebody is reminded."""
INVENTORY_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Found:
    """What one person found last of one position."""

    position: tuple[int, int, str]
    told: str
    person: str
    quantity: int


def fault_of_double_count(found: Iterable[Found], approved: Mapping[tuple[int, int, str], int]) -> str | None:
    """Why the findings do not do where two people have to count each position; None if they do.

    ``approved`` is what would be booked of each position. Two people have to have found that, each alone.

    >>> amy, bob = (Found((1, 2, ""), "lot A in safe", who, 5) for who in ("amy", "bob"))
    >>> fault_of_double_count([amy], {(1, 2, ""): 5})
    'lot A in safe was counted by amy alone'
    >>> fault_of_double_count([amy, bob], {(1, 2, ""): 5}) is None
    True
    """
    by_position: dict[tuple[int, int, str], list[Found]] = {}
    for each in found:
        by_position.setdefault(each.position, []).append(each)
    for position, each_found in sorted(by_position.items()):
        told = each_found[0].told
        if len(each_found) < 2:
            return f"{told} was counted by {each_found[0].person} alone"
        alike = [each.person for each in each_found if each.quantity == approved[position]]
        if len(alike) < 2:
            said = ", ".join(f"{each.person} {each.quantity}" for each in each_found)
            return f"of {told} two people did not find the same: {said}"
    return None


def remind_at(opened_at: datetime, due_at: datetime) -> datetime:
    """When somebody is reminded of a deadline."""
    return opened_at + (due_at - opened_at) * (1 - REMIND_PART)


def inventory_due_on(last_on: date, months: int) -> date:
    """The last day on which a site is to be inventoried again.

    >>> inventory_due_on(date(2024, 2, 29), 24), inventory_due_on(date(2025, 8, 31), 6)
    (datetime.date(2026, 2, 28), datetime.date(2026, 2, 28))
    """
    month = last_on.month - 1 + months
    year, month = last_on.year + month // 12, month % 12 + 1
    for day in range(last_on.day, 27, -1):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return date(year, month, last_on.day)


def schedules_asking(rules: Iterable[Mapping[str, Any]], what: str) -> frozenset[str]:
    """Schedules whose rule asks for it: ``blind_count``, ``double_count`` or ``witnessed_waste``."""
    return frozenset(str(rule["schedule"]) for rule in rules if rule[what])
