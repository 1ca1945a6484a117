"""What a signature says and covers (21 CFR 11.50, 11.70), and when a release takes two of them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cloud_sync.domain.orders import URGENCIES, Urgency
from cloud_sync.domain.roles import Permission
from edge_agent.domain.monitoring.policies import Policy


class Meaning(StrEnum):
    """What somebody signs for (21 CFR 11.50(a)(3))."""

    REVIEW = "review"
    APPROVAL = "approval"
    RELEASE = "release"
    REJECTION = "rejection"
    RESPONSIBILITY = "responsibility"


class RecordKind(StrEnum):
    """What can be signed."""

    EXPOSURE = "exposure"
    HOLD = "hold"
    CASE = "case"
    ORDER = "order"
    COUNT = "count"
    BATCH = "batch"
    FORMULATION = "formulation"
    SOP = "sop"
    SAMPLE = "sample"


_WHO_DECIDES: Mapping[RecordKind, tuple[Permission, frozenset[Meaning]]] = {
    RecordKind.EXPOSURE: (Permission.DECIDE, frozenset({Meaning.RELEASE, Meaning.REJECTION})),
    RecordKind.HOLD: (Permission.DECIDE, frozenset({Meaning.RELEASE})),
    RecordKind.CASE: (Permission.RESOLVE, frozenset({Meaning.APPROVAL, Meaning.REJECTION})),
    RecordKind.ORDER: (Permission.APPROVE, frozenset({Meaning.APPROVAL, Meaning.REJECTION})),
    RecordKind.COUNT: (Permission.APPROVE_COUNT, frozenset({Meaning.APPROVAL, Meaning.REJECTION})),
    RecordKind.BATCH: (Permission.RELEASE, frozenset({Meaning.RELEASE, Meaning.REJECTION})),
    RecordKind.FORMULATION: (Permission.APPROVE_FORMULATION, frozenset({Meaning.APPROVAL})),
    RecordKind.SOP: (Permission.GOVERN, frozenset({Meaning.APPROVAL})),
    RecordKind.SAMPLE: (Permission.RELEASE, frozenset({Meaning.RELEASE, Meaning.REJECTION})),
}


def permission_to_sign(kind: RecordKind, meaning: Meaning) -> Permission | None:
    """What it takes to sign a record of this kind as that; None: nobody signs it so.

    >>> permission_to_sign(RecordKind.ORDER, Meaning.RELEASE) is None
    True
    """
    if meaning in (Meaning.REVIEW, Meaning.RESPONSIBILITY):
        return Permission.READ
    permission, meanings = _WHO_DECIDES[kind]
    return permission if meaning in meanings else None


def record_digest(kind: RecordKind, record_id: str, record: Mapping[str, Any]) -> str:
    """The hash of a record as it is shown; it covers which record it is."""
    return _digest({"kind": kind, "id": record_id, "record": record})


_DECISION: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.HOLD: ("lifted_by", "lifted_at", "lifted_reason"),
    RecordKind.CASE: ("resolved_at", "resolved_by", "resolved_role", "resolution", "decision"),
    RecordKind.COUNT: ("decision", "decided_by", "decided_at", "reason"),
    RecordKind.FORMULATION: ("approved_by", "approved_at"),
}
"""Where a record says how it was decided; empty until then."""
_DECIDING: Mapping[RecordKind, tuple[str, str, frozenset[str]]] = {
    RecordKind.ORDER: ("steps", "step", frozenset({"approved", "rejected"})),
    RecordKind.BATCH: ("facts", "kind", frozenset({"released", "rejected"})),
}
"""Which of the entries of a record decide it: where they stand, what names them, and how they are called."""


def before_decision(kind: RecordKind, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record without what the decision on it wrote into it: that is what whoever decided had before them.

    >>> before_decision(RecordKind.COUNT, {"number": "C-1", "decision": "approved", "decided_by": "bo"})["decision"]
    """
    if kind in _DECIDING:
        entries, name, deciding = _DECIDING[kind]
        return {**record, entries: [each for each in record[entries] if each[name] not in deciding]}
    return {**record, **dict.fromkeys(field for field in _DECISION.get(kind, ()) if field in record)}


def signature_digest(
    *,
    kind: str,
    record_id: str,
    record_sha256: str,
    meaning: str,
    person: str,
    printed_name: str,
    proof: str,
    reason: str,
    signed_at: datetime,
) -> str:
    """The hash of a signature: changed in anything, or moved to another record, it does not fit any longer."""
    return _digest(
        {
            "kind": kind,
            "id": record_id,
            "record_sha256": record_sha256,
            "meaning": meaning,
            "person": person,
            "printed_name": printed_name,
            "proof": proof,
            "reason": reason,
            "signed_at": f"{signed_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        }
    )


SCHEDULES = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}
"""Controlled schedules (21 CFR 1308), the strictest first."""


def why_two_release(
    rules: Mapping[str, Decimal | None],
    *,
    lasted: timedelta,
    controlled_schedule: str,
    was_rejected: bool,
    is_allowance_used: bool = False,
) -> list[str]:
    """Why a release takes the signatures of two people; empty: it does not.

    >>> why_two_release({"excursion_minutes": Decimal(60)}, lasted=timedelta(hours=2), controlled_schedule="",
    ...                 was_rejected=False)
    ['the excursion lasted 120 min, severe from 60 min']
    """
    found = []
    from_minutes = rules.get("excursion_minutes")
    if from_minutes is not None and lasted.total_seconds() >= from_minutes * 60:
        minutes = int(lasted.total_seconds() // 60)
        found.append(f"the excursion lasted {minutes} min, severe from {float(from_minutes):g} min")
    if _is_controlled(rules.get("controlled_schedule"), controlled_schedule):
        found.append(f"the goods are of schedule {controlled_schedule}")
    if rules.get("release_after_reject") and was_rejected:
        found.append("they were rejected before")
    if rules.get("allowance_used") and is_allowance_used:
        found.append("they have used up their stability allowance")
    return found


def severe_from_minutes(policies: Iterable[Policy], rule: str, house: Decimal | None) -> Decimal | None:
    """From how many minutes on an excursion of this rule takes two people: the shortest that a policy in force says.

    A policy that says nothing leaves it to the ``house``. None: never, however long it lasts.
    """
    said = [policy.severe_from_s(rule) for policy in policies if policy.has_rule(rule)]
    minutes = [house if seconds is None else Decimal(str(seconds)) / 60 for seconds in said or [None]]
    return min((each for each in minutes if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class Worth:
    """What goods cost, by currency, and the items of which nobody has told the cost."""

    by_currency: Mapping[str, Decimal]
    unknown: tuple[str, ...] = ()


NOTHING = Worth({})


def worth_of(goods: Iterable[tuple[str, int, tuple[Decimal, str] | None]]) -> Worth:
    """What these goods cost together: item, base units, and the cost of one with its currency (None: unknown).

    >>> worth_of([("insulin", -3, (Decimal("12.50"), "EUR")), ("saline", 9, None), ("gloves", 0, None)])
    Worth(by_currency={'EUR': Decimal('37.50')}, unknown=('saline',))
    """
    sums: dict[str, Decimal] = {}
    unknown: set[str] = set()
    for item, units, cost in goods:
        if units and cost is None:
            unknown.add(item)
        elif units and cost is not None:
            sums[cost[1]] = sums.get(cost[1], Decimal(0)) + abs(units) * cost[0]
    return Worth(sums, tuple(sorted(unknown)))


def why_two_approve(
    rules: Mapping[str, Decimal | None],
    kind: RecordKind,
    goods: Iterable[tuple[str, int]],
    *,
    urgency: Urgency = Urgency.ROUTINE,
    worth: Worth = NOTHING,
) -> list[str]:
    """Why the approval of an order or a count takes two people; ``goods``: schedule and base units of what it is about.

    >>> why_two_approve({"order_units": Decimal(100)}, RecordKind.ORDER, [("", 20), ("", 100)])
    ['it is about 100 units']
    >>> why_two_approve({"order_urgency": Decimal(2)}, RecordKind.ORDER, [], urgency=Urgency.EMERGENCY)
    ['it is an emergency']
    >>> why_two_approve({"order_value": Decimal(50)}, RecordKind.ORDER, [], worth=Worth({"EUR": Decimal("60.5")}))
    ['the goods cost 60.50 EUR']
    """
    of_schedule, of_units = rules.get(f"{kind}_schedule"), rules.get(f"{kind}_units")
    about = [(schedule, abs(units)) for schedule, units in goods if units]
    controlled = {schedule for schedule, _ in about if _is_controlled(of_schedule, schedule)}
    found = [f"it is about goods of schedule {', '.join(sorted(controlled))}"] if controlled else []
    most = max((units for _, units in about), default=0)
    if of_units is not None and most >= of_units:
        found.append(f"it is about {most} units")
    if (of_value := rules.get(f"{kind}_value")) is not None:
        most_of = {currency: value for currency, value in worth.by_currency.items() if value >= of_value}
        found += [f"the goods cost {value:,.2f} {currency}" for currency, value in sorted(most_of.items())]
        found += [f"what {', '.join(worth.unknown)} costs is not known"] if worth.unknown and not most_of else []
    of_urgency = rules.get("order_urgency")
    if of_urgency is not None and URGENCIES[urgency] >= max(int(of_urgency), 1):
        found.append(f"it is {'urgent' if urgency is Urgency.URGENT else 'an emergency'}")
    return found


def _is_controlled(from_schedule: Decimal | None, schedule: str) -> bool:
    return from_schedule is not None and schedule in SCHEDULES and SCHEDULES[schedule] <= from_schedule


def _digest(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
