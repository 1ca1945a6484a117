"""Rules and recorded values in words."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cloud_sync.console.lengths import lasting
from cloud_sync.domain.list_request import ListRequest
from edge_agent.domain.monitoring.quantity_words import label_of, shown_as, unit_of

VALUE_CHARACTERS_MAX = 300

_CALL = re.compile(r" \((?:PUT|POST|GET) /v1/[^)]*\)")
"""What programs call; people have pages for it."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC")
_DAY = re.compile(r"\b(on|until|since|before|after|expires|from|to) (\d{4}-[01]\d-[0-3]\d)\b(?! \d)")
_KIND = re.compile(r"(?:^|(?<=; ))[a-z]+(?:_[a-z]+)+(?=: )")
_CHANNEL = re.compile(
    r"(?P<device>[^\s/]+(?:/[^\s/]+)*)[/ ](?P<metric>[a-z0-9_]+_(?:c|pct|pa|ppm|count))(?= (?:broke|measures)\b)"
)
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)+")
_ISO = re.compile(r"\d{4}-[01]\d-[0-3]\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")
_WORST = re.compile(r"\(worst (-?\d+(?:\.\d+)?)\)")
_CODE = re.compile(r"\b(?:[0-9a-f]{40,}|[0-9A-Za-z+/]{43,})=*")
"""A hash, key or signature: shown by its beginning."""


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


STATES: Mapping[str, str] = {"held": "on hold", "quarantined": "on hold", "free": "available"}
"""What goods are called by programs, and by people: these two words alone (glossary in ``cloud_sync/README.md``)."""


def state_words(state: str) -> str:
    """A state as people read it.

    >>> state_words("held"), state_words("in_process")
    ('on hold', 'in process')
    """
    return STATES.get(state, state.replace("_", " "))


def state_chosen(wanted: ListRequest, column: str = "state") -> ListRequest:
    """A list as it was asked for, with a state as programs call it.

    >>> dict(state_chosen(ListRequest(50, chosen={"state": "available"})).chosen)
    {'state': 'free'}
    """
    stored = {"on hold": "held", "available": "free"}
    chosen = wanted.chosen.get(column, "")
    return replace(wanted, chosen={**wanted.chosen, column: stored[chosen]}) if chosen in stored else wanted


HOLDS_NOTHING = "nothing goes on hold"


def severe_words(rule: Mapping[str, Any], policy: Mapping[str, Any]) -> str:
    """From when on a release from an excursion of this rule takes two people, as the policy says.

    >>> severe_words({"severe_after_s": 0}, {}), severe_words({}, {"severe_after_s": 5400}), severe_words({}, {})
    ('always', 'from 1 h 30 min on', "by the ledger's setting")
    >>> severe_words({"severity": "alert"}, {"severe_after_s": 5400})
    'nothing goes on hold'
    """
    if rule.get("severity") == "alert":
        return HOLDS_NOTHING
    seconds = rule.get("severe_after_s")
    seconds = policy.get("severe_after_s") if seconds is None else seconds
    if seconds is None:
        return "by the ledger's setting"
    return f"from {lasting(seconds)} on" if seconds else "always"


def in_words(text: str, zone: str = "UTC") -> str:
    """A recorded reason as people read it: quantities by their names, values with units, instants as on every page.

    >>> in_words("exposed since 2026-03-01 12:10:00 UTC: probe-a/temp_c broke too-warm at fridge-a (worst 11.90)")
    'exposed since 01 Mar 2026 12:10 UTC: temperature of probe-a broke too-warm at fridge-a (worst 11.9 °C)'
    >>> in_words("new-probe temp_c measures and has no place. Say where (PUT /v1/channels/3/place)")
    'new-probe measures temperature and has no place. Say where'
    >>> in_words("suspect_product: lot OLD-1 expired on 2026-01-31")
    'suspect product: lot OLD-1 expired on 31 Jan 2026'
    """
    text = _INSTANT.sub(lambda found: _instant(found[0], zone), _CALL.sub("", text))
    text = _DAY.sub(_day, text)
    text = _KIND.sub(lambda found: found[0].replace("_", " "), text)
    if channel := _CHANNEL.search(text):
        device, metric = channel["device"], channel["metric"]
        text = text.replace(f"{channel[0]} measures", f"{device} measures {label_of(metric)}")
        text = text.replace(f"{channel[0]} broke", f"{label_of(metric)} of {device} broke")
        digits = shown_as(metric).digits
        text = _WORST.sub(
            lambda found: f"(worst {float(found[1]):.{digits}f} {unit_of(metric)})".replace(" )", ")"), text
        )
    return text


def _day(found: re.Match[str]) -> str:
    try:
        return f"{found[1]} {date.fromisoformat(found[2]):%d %b %Y}"
    except ValueError:
        return found[0]


def _instant(text: str, zone: str) -> str:
    at = datetime.fromisoformat(text.removesuffix(" UTC")).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{at:%d %b %Y %H:%M}{' UTC' if zone == 'UTC' else ''}"


def told(data: Mapping[str, Any]) -> str:
    """The values of an event: ``title: Insulin, base unit: each``; of a change, before and after.

    >>> told({"title": {"from": "Old", "to": "New"}, "is_new": True, "note": None})
    'title: Old → New, is new: yes'
    >>> told({"kind": "channel_not_judged", "effective_from": "2026-03-01T13:00:00+00:00"})
    'kind: channel not judged, effective from: 01 Mar 2026 13:00 UTC'
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
        known = {key.replace("_", " "): each for key, each in value.items() if each != ""}
        return ", ".join(f"{key} {_value(each)}" for key, each in known.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    text = "none" if value is None else _CODE.sub(lambda found: f"{found[0][:12]}…", str(value))
    if _WORD.fullmatch(text):
        return text.replace("_", " ")
    return f"{datetime.fromisoformat(text).astimezone(UTC):%d %b %Y %H:%M} UTC" if _ISO.fullmatch(text) else text
