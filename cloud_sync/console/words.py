"""Rules and recorded values in words."""

from collections.abc import Mapping
from typing import Any

from cloud_sync.console.lengths import lasting
from edge_agent.domain.monitoring.quantity_words import unit_of

VALUE_CHARACTERS_MAX = 300


def rule_words(rule: Mapping[str, Any]) -> str:
    """What a rule of a policy says.

    >>> rule_words({"metric": "temp_c", "side": "above", "limit": 8.0, "on_limit_is_outside": False, "delay_s": 600})
    'above 8 °C, for longer than 10 min'
    """
    kind, unit = rule.get("kind", "limit"), unit_of(rule["metric"])
    limit = f"{rule['limit']:g} {unit}".rstrip() if "limit" in rule else ""
    edge = "" if not rule.get("on_limit_is_outside") else "at or "
    if kind == "no_data":
        return f"no value for {lasting(rule['after_s'])}"
    if kind == "rate":
        return f"changes by {rule['change']:g} {unit} or more within {lasting(rule['window_s'])}"
    if kind == "mkt":
        return f"mean kinetic temperature {edge}above {limit} over {lasting(rule['window_s'])}"
    if kind == "particles":
        return f"{edge}above {rule['limit']:g} particles per m³ over {lasting(rule['window_s'])}"
    side = f"{edge}{rule['side']} {limit}"
    if kind == "cumulative":
        return f"{side} for {lasting(rule['budget_s'])} in all within {lasting(rule['window_s'])}"
    return f"{side}, for longer than {lasting(rule['delay_s'])}" if rule["delay_s"] else f"{side}, at once"


def severe_words(rule: Mapping[str, Any], policy: Mapping[str, Any]) -> str:
    """From when on a release from an excursion of this rule takes two people, as the policy says.

    >>> severe_words({"severe_after_s": 0}, {}), severe_words({}, {"severe_after_s": 5400}), severe_words({}, {})
    ('always', 'from 1 h 30 min on', 'as the ledger says')
    >>> severe_words({"severity": "alert"}, {"severe_after_s": 5400})
    'nothing is held'
    """
    if rule.get("severity") == "alert":
        return "nothing is held"
    seconds = rule.get("severe_after_s")
    seconds = policy.get("severe_after_s") if seconds is None else seconds
    if seconds is None:
        return "as the ledger says"
    return f"from {lasting(seconds)} on" if seconds else "always"


def told(data: Mapping[str, Any]) -> str:
    """The values of an event: ``title: Insulin, base unit: each``; of a change, before and after.

    >>> told({"title": {"from": "Old", "to": "New"}, "is_new": True, "note": None})
    'title: Old → New, is new: yes'
    """
    known = {key.replace("_", " "): value for key, value in data.items() if value not in (None, "")}
    text = ", ".join(f"{key}: {_value(value)}" for key, value in known.items())
    return text if len(text) <= VALUE_CHARACTERS_MAX else f"{text[: VALUE_CHARACTERS_MAX - 1]}…"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and value.keys() == {"from", "to"}:
        return f"{_value(value['from'])} → {_value(value['to'])}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    return "none" if value is None else str(value)
