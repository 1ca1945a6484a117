"""Beyond-use dates of compounded preparations: USP <797> (2023) and <795> (2023) as a table.

A figure that a checked source states is applied. One on which only secondary sources agree is marked unverified: it
never becomes a date by itself, a person gives the date with its source, and the figure is the latest that is taken.
What the table does not know at all a person gives, too. Where the chapter has no such storage, nobody can give a date.
A BUD is an instant, not a day: category 1 counts hours from the moment of compounding.

The chapters themselves were not read. <797>: a maker's BUD calculator and Wolters Kluwer; <795>: passetra.com and
medsafetyofficer.org, which agree on the figures that are not marked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from edge_agent.domain.stock.expiry import wall_text


class Storage(StrEnum):
    """Where the finished preparation is kept."""

    ROOM = "room"
    REFRIGERATOR = "refrigerator"
    FREEZER = "freezer"


class Preparation(StrEnum):
    """What was made, as far as its beyond-use date depends on it."""

    IMMEDIATE_USE = "immediate_use"
    CATEGORY_1 = "category_1"
    CATEGORY_2_ASEPTIC_UNTESTED = "category_2_aseptic_untested"  # from sterile components only
    CATEGORY_2_ASEPTIC_NONSTERILE_UNTESTED = "category_2_aseptic_nonsterile_untested"  # a component is not sterile
    CATEGORY_2_ASEPTIC_TESTED = "category_2_aseptic_tested"  # passed sterility test
    CATEGORY_2_TERMINAL_UNTESTED = "category_2_terminal_untested"  # terminally sterilised
    CATEGORY_2_TERMINAL_TESTED = "category_2_terminal_tested"
    CATEGORY_3_ASEPTIC = "category_3_aseptic"  # always tested
    CATEGORY_3_TERMINAL = "category_3_terminal"
    NONSTERILE_AQUEOUS_UNPRESERVED = "nonsterile_aqueous_unpreserved"  # water activity 0.60 and more
    NONSTERILE_AQUEOUS_PRESERVED = "nonsterile_aqueous_preserved"
    NONSTERILE_NONAQUEOUS_ORAL_LIQUID = "nonsterile_nonaqueous_oral_liquid"
    NONSTERILE_NONAQUEOUS = "nonsterile_nonaqueous"  # other forms: solids, ointments
    OTHER = "other"  # whatever the table does not know: a person gives the date and says why


@dataclass(frozen=True, slots=True)
class Limit:
    """The longest time from compounding to the beyond-use date, where it says so, and whether that was checked."""

    longest: timedelta
    source: str
    is_verified: bool = True


_797 = "USP <797> (2023)"
_795 = "USP <795> (2023)"


def _unverified(
    source: str, preparation: Preparation, **days_by_storage: int
) -> dict[tuple[Preparation, Storage], Limit]:
    """Figures on which only secondary sources agree, in days."""
    return {
        (preparation, Storage(storage)): Limit(timedelta(days=days), source, is_verified=False)
        for storage, days in days_by_storage.items()
    }


BUD_LIMITS: dict[tuple[Preparation, Storage], Limit] = {
    (Preparation.IMMEDIATE_USE, Storage.ROOM): Limit(timedelta(hours=4), _797),
    (Preparation.IMMEDIATE_USE, Storage.REFRIGERATOR): Limit(timedelta(hours=4), _797),
    (Preparation.IMMEDIATE_USE, Storage.FREEZER): Limit(timedelta(hours=4), _797),
    (Preparation.CATEGORY_1, Storage.ROOM): Limit(timedelta(hours=12), _797),
    (Preparation.CATEGORY_1, Storage.REFRIGERATOR): Limit(timedelta(hours=24), _797),
    (Preparation.CATEGORY_2_ASEPTIC_UNTESTED, Storage.ROOM): Limit(timedelta(days=4), _797),
    (Preparation.CATEGORY_2_ASEPTIC_UNTESTED, Storage.REFRIGERATOR): Limit(timedelta(days=10), _797),
    (Preparation.CATEGORY_2_ASEPTIC_UNTESTED, Storage.FREEZER): Limit(timedelta(days=45), _797),
    (Preparation.CATEGORY_2_ASEPTIC_TESTED, Storage.ROOM): Limit(timedelta(days=30), _797),
    (Preparation.CATEGORY_2_ASEPTIC_TESTED, Storage.REFRIGERATOR): Limit(timedelta(days=45), _797),
    (Preparation.CATEGORY_2_ASEPTIC_TESTED, Storage.FREEZER): Limit(timedelta(days=60), _797),
    **_unverified(_797, Preparation.CATEGORY_2_ASEPTIC_NONSTERILE_UNTESTED, room=1, refrigerator=4, freezer=45),
    **_unverified(_797, Preparation.CATEGORY_2_TERMINAL_UNTESTED, room=14, refrigerator=28, freezer=45),
    **_unverified(_797, Preparation.CATEGORY_2_TERMINAL_TESTED, room=45, refrigerator=60, freezer=90),
    **_unverified(_797, Preparation.CATEGORY_3_ASEPTIC, room=60, refrigerator=90, freezer=120),
    **_unverified(_797, Preparation.CATEGORY_3_TERMINAL, room=90, refrigerator=120, freezer=180),
    (Preparation.NONSTERILE_AQUEOUS_UNPRESERVED, Storage.REFRIGERATOR): Limit(timedelta(days=14), _795),
    (Preparation.NONSTERILE_AQUEOUS_PRESERVED, Storage.ROOM): Limit(timedelta(days=35), _795),
    (Preparation.NONSTERILE_AQUEOUS_PRESERVED, Storage.REFRIGERATOR): Limit(timedelta(days=35), _795),
    **_unverified(_795, Preparation.NONSTERILE_NONAQUEOUS_ORAL_LIQUID, room=90, refrigerator=90),
    **_unverified(_795, Preparation.NONSTERILE_NONAQUEOUS, room=180, refrigerator=180),
}

NO_SUCH_STORAGE: dict[tuple[Preparation, Storage], str] = {
    (Preparation.CATEGORY_1, Storage.FREEZER): _797,
    (Preparation.NONSTERILE_AQUEOUS_UNPRESERVED, Storage.ROOM): _795,
    (Preparation.NONSTERILE_AQUEOUS_UNPRESERVED, Storage.FREEZER): _795,
    (Preparation.NONSTERILE_AQUEOUS_PRESERVED, Storage.FREEZER): _795,
    (Preparation.NONSTERILE_NONAQUEOUS_ORAL_LIQUID, Storage.FREEZER): _795,
    (Preparation.NONSTERILE_NONAQUEOUS, Storage.FREEZER): _795,
}
"""Where the chapter's table has no such storage for the preparation, and which chapter that is."""


class NoBudRuleError(ValueError):
    """The table has no checked entry; a person must give the date and say why. ``limit``: what is not verified."""

    def __init__(self, preparation: Preparation, storage: Storage, limit: Limit | None = None) -> None:
        known = f"; {limit.longest.days} days by {limit.source} is not verified" if limit else ""
        super().__init__(
            f"no beyond-use date on record for {preparation} in a {storage}{known}: enter one with its source"
        )
        self.preparation = preparation
        self.storage = storage


def latest_bud(
    compounded_at: datetime, preparation: Preparation, storage: Storage, components_expire_at: Iterable[datetime]
) -> datetime:
    """The latest beyond-use date that the table allows, never beyond the earliest expiry of a component.

    Raises ``NoBudRuleError`` where the table has no checked entry, ``BudRefusedError`` where the chapter has no such
    storage.
    """
    _check_storage(preparation, storage)
    limit = BUD_LIMITS.get((preparation, storage))
    if limit is None or not limit.is_verified:
        raise NoBudRuleError(preparation, storage, limit)
    return min([compounded_at + limit.longest, *components_expire_at])


@dataclass(frozen=True, slots=True)
class GivenBud:
    """A beyond-use date that a person gives, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Bud:
    """A beyond-use date: the first instant at which the preparation may no longer be used, and who says so."""

    at: datetime
    source: str


class BudRefusedError(ValueError):
    """A given date that the table, a component or the clock forbids."""


def decide_bud(
    compounded_at: datetime,
    preparation: Preparation,
    storage: Storage,
    components_expire_at: Iterable[datetime],
    given: GivenBud | None = None,
    *,
    zone: tzinfo = UTC,
    supported: timedelta | None = None,
) -> Bud:
    """The beyond-use date of a preparation: the latest that is allowed, or an earlier one that a person gives.

    Where the table has no checked entry, a person must give it; the components bound it, and what the table says
    unverified. ``supported``: as long as approved stability data say, a person may give a later date than the table.
    What is refused is told by the wall clock of ``zone``. Raises ``NoBudRuleError`` and ``BudRefusedError``.
    """
    if supported is None:
        _check_storage(preparation, storage)
    components = tuple(components_expire_at)
    limit = BUD_LIMITS.get((preparation, storage))
    if given is None:
        latest = latest_bud(compounded_at, preparation, storage, components)
        assert limit is not None  # noqa: S101 - else there had been no latest
        is_component = latest < compounded_at + limit.longest
        bud = Bud(latest, "earliest expiry of a component" if is_component else limit.source)
    else:
        longest = max(filter(None, (limit.longest if limit else None, supported)), default=None)
        bounds = [*components, *([compounded_at + longest] if longest else [])]
        if bounds and given.at > min(bounds):
            raise BudRefusedError(f"{wall_text(given.at, zone)} is beyond {wall_text(min(bounds), zone)}, the latest")
        bud = Bud(given.at, given.reason)
    if bud.at <= compounded_at:
        raise BudRefusedError(f"{wall_text(bud.at, zone)} is over before compounding began")
    return bud


def _check_storage(preparation: Preparation, storage: Storage) -> None:
    chapter = NO_SUCH_STORAGE.get((preparation, storage))
    if chapter is not None:
        raise BudRefusedError(f"{chapter} has no beyond-use date for {preparation} in a {storage}: store it otherwise")
