"""Which commands may take stock where. Scans are facts and are booked whatever they say; commands obey this table."""

from edge_agent.domain.wire.records import Action

INTERNAL = frozenset({"site", "room", "bin"})
"""Kinds of places whose stock is in the house."""

_WITHIN = frozenset({Action.RECEIVE, Action.PUT_AWAY, Action.MOVE, Action.PICK, Action.RETURN})

INTO: dict[str, frozenset[Action]] = {
    "site": _WITHIN,
    "room": _WITHIN,
    "bin": _WITHIN,
    "supplier": frozenset({Action.RETURN}),
    "customer": frozenset({Action.SHIP, Action.DISPENSE}),
    "ward": frozenset({Action.SHIP, Action.DISPENSE}),
    "production": frozenset({Action.CONSUME}),
    "transit": frozenset({Action.SHIP}),
    "scrap": frozenset({Action.DESTROY}),
    "count_difference": frozenset(),
    "used_up": frozenset({Action.CONSUME}),
    "unpacking": frozenset(),
}
"""By the kind of the place that stock goes to. Whatever leaves for a customer, ward or batch goes by an action that
holds block: there is no way around them by calling a shipment a move."""

INTO_THE_HOUSE_FROM: dict[str, frozenset[Action]] = {
    "site": _WITHIN,
    "room": _WITHIN,
    "bin": _WITHIN,
    "supplier": frozenset({Action.RECEIVE}),
    "customer": frozenset({Action.RETURN}),
    "ward": frozenset({Action.RETURN}),
    "production": _WITHIN,
    "transit": frozenset({Action.RECEIVE}),
    "scrap": frozenset(),
    "count_difference": frozenset(),
    "used_up": frozenset(),
    "unpacking": frozenset(),
}
"""By the kind of the place that stock comes from into the house: there is no way around what receipts and returns are
held for by calling them a move. What was scrapped, used up or missed by a count comes back by a count, which somebody
else approves."""

COUNT_IT = "count it (POST /v1/counts), and have it approved"


def fault_of(action: Action, from_place: tuple[str, str], to_place: tuple[str, str]) -> str | None:
    """What is wrong with taking stock from one place to another (name and kind of each) by this action, or None."""
    to_name, to_kind = to_place
    if action is Action.COUNT:
        return f"a count is no movement: {COUNT_IT}"
    if action not in INTO[to_kind]:
        return f"{action} does not take stock to {to_kind} {to_name}: {_instead(INTO[to_kind])}"
    from_name, from_kind = from_place
    if to_kind in INTERNAL and action not in INTO_THE_HOUSE_FROM[from_kind]:
        allowed = INTO_THE_HOUSE_FROM[from_kind]
        return f"{action} does not bring stock in from {from_kind} {from_name}: {_instead(allowed)}"
    return None


def _instead(allowed: frozenset[Action]) -> str:
    return f"use {', '.join(sorted(allowed))}" if allowed else COUNT_IT
