"""Beyond-use dates of compounded preparations: USP <797> (2023) and <795> (2023) as a table.

Only entries whose figures were checked against a source are here; what is missing has no default, and a person gives
the date with a reason. A BUD is an instant, not a day: category 1 counts hours from the moment of compounding.
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
    CATEGORY_2_ASEPTIC_TESTED = "category_2_aseptic_tested"  # passed sterility test
    NONSTERILE_AQUEOUS_UNPRESERVED = "nonsterile_aqueous_unpreserved"
    NONSTERILE_AQUEOUS_PRESERVED = "nonsterile_aqueous_preserved"
    OTHER = "other"  # whatever the table does not know: a person gives the date and says why


@dataclass(frozen=True, slots=True)
class Limit:
    """The longest time from compounding to the beyond-use date, and where it says so."""

    longest: timedelta
    source: str


_797 = "USP <797> (2023)"
_795 = "USP <795> (2023)"

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
    (Preparation.NONSTERILE_AQUEOUS_UNPRESERVED, Storage.REFRIGERATOR): Limit(timedelta(days=14), _795),
    (Preparation.NONSTERILE_AQUEOUS_PRESERVED, Storage.ROOM): Limit(timedelta(days=35), _795),
    (Preparation.NONSTERILE_AQUEOUS_PRESERVED, Storage.REFRIGERATOR): Limit(timedelta(days=35), _795),
}


class NoBudRuleError(ValueError):
    """The table has no entry; a person must give the date and say why."""

    def __init__(self, preparation: Preparation, storage: Storage) -> None:
        super().__init__(f"no beyond-use date on record for {preparation} in a {storage}: enter one with its source")
        self.preparation = preparation
        self.storage = storage


def latest_bud(
    compounded_at: datetime, preparation: Preparation, storage: Storage, components_expire_at: Iterable[datetime]
) -> datetime:
    """The latest beyond-use date that the table allows, never beyond the earliest expiry of a component.

    Raises ``NoBudRuleError`` where the table has no entry.
    """
    limit = BUD_LIMITS.get((preparation, storage))
    if limit is None:
        raise NoBudRuleError(preparation, storage)
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
) -> Bud:
    """The beyond-use date of a preparation: the latest that is allowed, or an earlier one that a person gives.

    Where the table has no entry, a person must give it, and only the components bound it. What is refused is told by
    the wall clock of ``zone``. Raises ``NoBudRuleError``
    and ``BudRefusedError``.
    """
    components = tuple(components_expire_at)
    limit = BUD_LIMITS.get((preparation, storage))
    if given is None:
        latest = latest_bud(compounded_at, preparation, storage, components)
        assert limit is not None  # noqa: S101 - else there had been no latest
        is_component = latest < compounded_at + limit.longest
        bud = Bud(latest, "earliest expiry of a component" if is_component else limit.source)
    else:
        bounds = [*components, *([compounded_at + limit.longest] if limit else [])]
        if bounds and given.at > min(bounds):
            raise BudRefusedError(f"{wall_text(given.at, zone)} is beyond {wall_text(min(bounds), zone)}, the latest")
        bud = Bud(given.at, given.reason)
    if bud.at <= compounded_at:
        raise BudRefusedError(f"{wall_text(bud.at, zone)} is over before compounding began")
    return bud
