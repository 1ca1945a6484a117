"""What a channel measures, whatever it is called: rules apply to a quantity, not to a spelling.

The name of a metric is a quantity and its unit (``temp_c``); of several probes of one device each has its number in it
(``temp_2_c``, ``ch2_temp_c``, ``probe3_rh_pct``). A policy that limits ``temp_c`` limits them all.

>>> quantity_of("temp_2_c"), quantity_of("ch2_temp_c"), quantity_of("particles_0_5_um_count")
('temp_c', 'temp_c', 'particles_0_5_um_count')
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from edge_agent.domain.monitoring.policies import Policy

_INDEX = re.compile(r"(?:ch|channel|probe|input|sensor|ext|p)?[0-9]{1,2}|ext|external|probe|int")
"""A part of a name that tells which of several probes of a device it is."""
_PARTICLES = "particles"
"""The numbers in the name of a count of particles are their size."""
_SAME = {"temperature_c": "temp_c", "humidity_pct": "rh_pct"}
"""Spellings of others for our own."""
GUARDING = re.compile(r"(?!dew).*_c|(?:.*_)?rh_pct|(?:.*_)?dp_pa|particles_.*_count")
"""Quantities that storage policies are about: every temperature but the dew point, humidity, differential pressure and
counts. The rest tells of the device itself (battery, signal) or has no limits for product (air pressure, CO2)."""


class Judged(StrEnum):
    """What becomes of a channel's values."""

    JUDGED = "judged"
    NO_PLACE = "no_place"  # nobody has said where it measures
    NO_POLICY = "no_policy"  # no policy holds in its place
    NO_RULE = "no_rule"  # a policy holds there, and has no rule about this quantity
    NOT_NEEDED = "not_needed"  # battery, signal strength and the like: see GUARDING

    @property
    def is_silent_gap(self) -> bool:
        """Whether product could be harmed without an excursion or a word."""
        return self in (Judged.NO_PLACE, Judged.NO_POLICY, Judged.NO_RULE)


@lru_cache(maxsize=4096)
def quantity_of(metric: str) -> str:
    """The quantity that a metric measures, in its unit, as policies name it."""
    if metric.startswith(_PARTICLES):
        return metric
    parts = [part for part in metric.split("_") if not _INDEX.fullmatch(part)]
    joined = "_".join(re.sub(r"(?<=[a-z])[0-9]{1,2}$", "", part) for part in parts)
    return _SAME.get(joined, joined) or metric


def is_about(rule_metric: str, metric: str) -> bool:
    """Whether a rule that names ``rule_metric`` judges the channel ``metric``.

    A rule for one probe by its whole name judges that one only.
    """
    return metric == rule_metric or (quantity_of(rule_metric) == rule_metric and quantity_of(metric) == rule_metric)


def policy_for(metric: str, policies: Iterable[Policy]) -> Policy | None:
    """Of the policies of a place and of what it stands in, the nearest first, the one that judges ``metric``."""
    return next((policy for policy in policies if rules_about(policy, metric)), None)


def judged_by(metric: str, place: str | None, policies: Sequence[Policy]) -> Judged:
    """Whether values of ``metric`` in ``place`` are judged by any rule, and else why not.

    ``policies`` are those of the place and of what it stands in, the nearest first.
    """
    if policy_for(metric, policies) is not None:
        return Judged.JUDGED
    if not GUARDING.fullmatch(quantity_of(metric)):
        return Judged.NOT_NEEDED
    if place is None:
        return Judged.NO_PLACE
    return Judged.NO_RULE if policies else Judged.NO_POLICY


def rules_about(policy: Policy, metric: str) -> tuple[str, ...]:
    """The names of the rules of ``policy`` that judge ``metric``."""
    return tuple(rule.name for rule in policy.rules if is_about(rule.metric, metric))


def unjudged(metrics: Iterable[str], place: str | None, policies: Sequence[Policy]) -> dict[str, Judged]:
    """Of these metrics of one device in ``place``, those that no rule judges though one could be needed, and why."""
    found = {metric: judged_by(metric, place, policies) for metric in metrics}
    return {metric: judged for metric, judged in found.items() if judged.is_silent_gap}
