"""Which commands may take stock where. Scans are facts and are booked whatever they say; commands obey this table."""

from edge_agent.domain.records import Action

INTERNAL = frozenset({"site", "room", "bin"})
"""Kinds of places whose stock is in the house."""

_WITHIN = frozenset({Action.RECEIVE, Action.PUT_AWAY, Action.MOVE, Action.PICK, Action.RETURN, Action.COUNT})

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
    "count_difference": frozenset({Action.COUNT}),
    "used_up": frozenset({Action.CONSUME}),
}
"""By the kind of the place that stock goes to. Whatever leaves for a customer, ward or batch goes by an action that
holds block: there is no way around them by calling a shipment a move."""


def fault_of(action: Action, to_place: str, to_kind: str) -> str | None:
    """What is wrong with taking stock to this place by this action, None if nothing is."""
    if action in INTO[to_kind]:
        return None
    allowed = ", ".join(sorted(INTO[to_kind]))
    return f"{action} does not take stock to {to_kind} {to_place}: use {allowed}"
