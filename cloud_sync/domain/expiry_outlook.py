"""What will expire before it is used, if it goes on being used as it was. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Stock:
    """Free stock of a lot in a place, in base units."""

    item: str
    lot_id: int
    place: str
    expires_on: date
    quantity: int


@dataclass(frozen=True, slots=True)
class Need:
    """How many base units of an item a place is short of."""

    item: str
    place: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """So much of a lot that would expire unused where it is, to a place that is short of it."""

    item: str
    lot_id: int
    from_place: str
    to_place: str
    quantity: int


def left_over(stock: Iterable[Stock], used_per_day: Mapping[str, float], today: date) -> dict[tuple[int, str], int]:
    """Base units of each lot and place that will be left when it expires, first expired used first. Items whose use is
    not known, or that were not used, are left out: nothing can be foreseen of them.

    >>> day = date(2027, 1, 1)
    >>> left_over([Stock("insulin", 7, "fridge-a", date(2027, 1, 11), 50)], {"insulin": 2.0}, day)
    {(7, 'fridge-a'): 28}
    """
    ahead: dict[str, float] = {}
    found: dict[tuple[int, str], int] = {}
    for each in sorted(stock, key=lambda each: (each.expires_on, each.lot_id, each.place)):
        rate = used_per_day.get(each.item, 0.0)
        days = (each.expires_on - today).days + 1
        if rate <= 0 or days <= 0:
            continue
        usable = max(0.0, rate * days - ahead.get(each.item, 0.0))
        used = min(float(each.quantity), usable)
        ahead[each.item] = ahead.get(each.item, 0.0) + used
        if (left := each.quantity - int(used)) > 0:
            found[each.lot_id, each.place] = left
    return found


def transfers(stock: Iterable[Stock], left: Mapping[tuple[int, str], int], needs: Iterable[Need]) -> list[Transfer]:
    """What of that could go where it is short, those that expire first first."""
    rest = dict(left)
    ordered = sorted(stock, key=lambda each: (each.expires_on, each.lot_id, each.place))
    proposed = []
    for need in needs:
        short = need.quantity
        for each in ordered:
            may = min(rest.get((each.lot_id, each.place), 0), short)
            if each.item == need.item and each.place != need.place and may > 0:
                proposed.append(Transfer(each.item, each.lot_id, each.place, need.place, may))
                rest[each.lot_id, each.place] -= may
                short -= may
    return proposed
