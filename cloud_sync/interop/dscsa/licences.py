"""Authorised trading partners: what makes one (21 USC 360eee (2)), pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class LicenceKind(StrEnum):
    """What a partner is registered or licensed as."""

    MANUFACTURER = "manufacturer"
    REPACKAGER = "repackager"
    WHOLESALER = "wholesale_distributor"
    LOGISTICS = "third_party_logistics"
    DISPENSER = "dispenser"


WORDS: Mapping[LicenceKind, str] = {
    LicenceKind.MANUFACTURER: "FDA registration as a manufacturer",
    LicenceKind.REPACKAGER: "FDA registration as a repackager",
    LicenceKind.WHOLESALER: "licence as a wholesale distributor",
    LicenceKind.LOGISTICS: "licence as a third-party logistics provider",
    LicenceKind.DISPENSER: "licence as a dispenser",
}
OF_STATE = frozenset({LicenceKind.WHOLESALER, LicenceKind.LOGISTICS, LicenceKind.DISPENSER})
"""Licences that a state gives; the others are registrations with the FDA."""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as it was looked up. ``valid_until``: its last day."""

    kind: LicenceKind
    number: str
    state: str
    valid_until: date
    verified_at: datetime
    verified_by: str
    is_withdrawn: bool = False


def why_not_authorised(licences: Iterable[Licence], on: date) -> str:
    """Why a partner with these licences is not an authorised trading partner on a day; '' if it is.

    >>> why_not_authorised([], date(2026, 6, 1))
    'no licence or registration of it was verified'
    """
    known = list(licences)
    if any(not each.is_withdrawn and each.valid_until >= on for each in known):
        return ""
    if not known:
        return "no licence or registration of it was verified"
    latest = max(known, key=lambda each: (not each.is_withdrawn, each.valid_until))
    how = "was withdrawn" if latest.is_withdrawn else f"ended on {latest.valid_until}"
    state = f" ({latest.state})" if latest.state else ""
    return f"its {WORDS[latest.kind]} {latest.number}{state} {how}"
