"""The life of a serialised unit as its facts tell it: warranty, service, loans, repairs, who has it. Pure.

States are derived and never stored. Months and days are counted in UTC.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class FactKind(StrEnum):
    """What may happen to a unit beside its movements."""

    FIRST_USE = "first_use"
    SERVICE = "service"
    PATIENT = "patient"
    PATIENT_ENDED = "patient_ended"
    LENT = "lent"
    LOAN_RETURNED = "loan_returned"
    REPAIR_OPENED = "repair_opened"
    REPAIR_CLOSED = "repair_closed"
    SWAPPED = "swapped"
    CORRECTED = "corrected"


class Start(StrEnum):
    """What a warranty or a plan counts from."""

    RECEIPT = "receipt"
    FIRST_USE = "first_use"
    SALE = "sale"


@dataclass(frozen=True, slots=True)
class UnitFact:
    """Something that happened. ``about``: the fact that it ends, or the correction that was done."""

    id: int
    kind: FactKind
    at: datetime
    patient: str | None = None
    about: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WarrantyTerm:
    """``months`` from ``starts``; ``supplier`` '' for any."""

    months: int
    starts: Start
    supplier: str = ""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """What is done every so many days, from ``starts`` on."""

    name: str
    kind: str
    every_days: int
    starts: Start


@dataclass(frozen=True, slots=True)
class Starts:
    """When each of them was, None if it was not yet. ``supplier``: who delivered the unit."""

    receipt: datetime | None = None
    first_use: datetime | None = None
    sale: datetime | None = None
    supplier: str = ""

    def of(self, start: Start) -> datetime | None:
        """That one."""
        return {Start.RECEIPT: self.receipt, Start.FIRST_USE: self.first_use, Start.SALE: self.sale}[start]


@dataclass(frozen=True, slots=True)
class ServiceDue:
    """When a service of a plan is due; None: its plan has not started. ``last_at``: when it was done and passed."""

    plan: ServicePlan
    due_at: datetime | None
    last_at: datetime | None
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How a unit stands. ``loan`` and ``repair``: the facts that began what is open; ``patient``: the token of who has
    it."""

    loan: UnitFact | None = None
    repair: UnitFact | None = None
    patient: str | None = None
    patient_since: datetime | None = None
    first_use: datetime | None = None


def standing_of(facts: Iterable[UnitFact]) -> Standing:
    """What follows from the facts of a unit, in whatever order they are given."""
    ordered = sorted(facts, key=lambda fact: (fact.at, fact.id))
    ended = {fact.about for fact in ordered if fact.kind in (FactKind.LOAN_RETURNED, FactKind.REPAIR_CLOSED)}
    loan = repair = None
    patient: UnitFact | None = None
    first_use = None
    for fact in ordered:
        if fact.kind is FactKind.LENT and fact.id not in ended:
            loan = fact
        elif fact.kind is FactKind.REPAIR_OPENED and fact.id not in ended:
            repair = fact
        elif fact.kind is FactKind.PATIENT:
            patient = fact
        elif fact.kind is FactKind.PATIENT_ENDED:
            patient = None
        if fact.kind in (FactKind.FIRST_USE, FactKind.PATIENT) and first_use is None:
            first_use = fact.at
    return Standing(loan, repair, patient.patient if patient else None, patient.at if patient else None, first_use)


def warranty_until(terms: Sequence[WarrantyTerm], starts: Starts) -> tuple[WarrantyTerm | None, datetime | None]:
    """The term that counts (that of the supplier before the one for any) and its last instant; None if it has not
    begun, or there is none.

    >>> warranty_until([WarrantyTerm(1, Start.RECEIPT)], Starts(datetime(2026, 1, 31)))[1]
    datetime.datetime(2026, 2, 28, 0, 0)
    """
    term = next((each for each in terms if each.supplier and each.supplier == starts.supplier), None)
    term = term or next((each for each in terms if not each.supplier), None)
    begun = starts.of(term.starts) if term else None
    return term, plus_months(begun, term.months) if term and begun else None


def plus_months(at: datetime, months: int) -> datetime:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def services_due(plans: Iterable[ServicePlan], facts: Iterable[UnitFact], starts: Starts) -> tuple[ServiceDue, ...]:
    """When each service of a plan is due: so many days after it was last done and passed, or after its start. One that
    failed is due at once, until it passes."""
    done = sorted((fact for fact in facts if fact.kind is FactKind.SERVICE), key=lambda fact: (fact.at, fact.id))
    found = []
    for plan in plans:
        services = [fact for fact in done if fact.data.get("plan") == plan.name]
        passed = [fact.at for fact in services if fact.data.get("passed")]
        has_failed = bool(services) and not services[-1].data.get("passed")
        began = passed[-1] if passed else starts.of(plan.starts)
        due = services[-1].at if has_failed else began + timedelta(days=plan.every_days) if began else None
        found.append(ServiceDue(plan, due, passed[-1] if passed else None, has_failed))
    return tuple(found)
