"""What an event says of a change: which values were there before, and which are now."""

from collections.abc import Mapping
from typing import Any

OLD_AND_NEW: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "channel_assigned": (("place", "before", "place"),),
    "count_corrected": (("quantity", "was", "is"),),
    "gateway_key_replaced": (("public_key", "revoked_public_key", "public_key"),),
    "gateway_placed": (("place", "before", "place"),),
    "ledger_key_made": (("public_key", "previous", "public_key"),),
    "place_policy_changed": (("policy", "before", "policy"),),
    "second_signature_rule_set": (("from_value", "before", "from_value"),),
    "zone_set": (("zone", "before", "zone"),),
}
"""Kind of event -> field, and where its data keep the old and the new value. Other kinds follow a form below."""


def changes_of(kind: str, data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Field -> ``{"old": ..., "new": ...}`` of what an event changed; empty for what changed nothing that was there.

    >>> changes_of("item_changed", {"title": {"from": "A", "to": "B"}})
    {'title': {'old': 'A', 'new': 'B'}}
    >>> changes_of("gateway_placed", {"place": "dock", "before": None})
    {'place': {'old': None, 'new': 'dock'}}
    """
    if kind in OLD_AND_NEW:
        said = [(field, data.get(old), data.get(new)) for field, old, new in OLD_AND_NEW[kind] if new in data]
    elif kind.endswith("_changed"):
        pairs = {
            field: each for field, each in data.items() if isinstance(each, dict) and each.keys() == {"from", "to"}
        }
        said = [(field, each["from"], each["to"]) for field, each in pairs.items()]
    elif isinstance(before := data.get("before"), dict):
        after = data.get("after", data)
        after = after if isinstance(after, dict) else {}
        said = [(field, before.get(field), after.get(field)) for field in sorted({*before, *after} - {"before"})]
        said = [each for each in said if "after" in data or each[0] in before]
    else:
        return {}
    return {field: {"old": old, "new": new} for field, old, new in said if old != new}
