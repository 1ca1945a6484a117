"""What becomes of a channel's values: judged by a rule, or by none, and why."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.monitoring.quantities import GUARDING, is_about, quantity_of


class Judged(StrEnum):
    """What becomes of a channel's values."""

    JUDGED = "judged"
    NO_PLACE = "no_place"  # nobody has said where it measures
    NO_POLICY = "no_policy"  # no policy holds in its place
    NO_RULE = "no_rule"  # a policy holds there, and has no rule about this quantity
    NOT_NEEDED = "not_needed"  # battery, signal strength and the like (see GUARDING), or on purpose

    @property
    def is_silent_gap(self) -> bool:
        """Whether product could be harmed without an excursion or a word."""
        return self in (Judged.NO_PLACE, Judged.NO_POLICY, Judged.NO_RULE)


def policy_for(metric: str, policies: Iterable[Policy]) -> Policy | None:
    """Of the policies of a place and of what it stands in, the nearest first, the one that judges ``metric``."""
    return next((policy for policy in policies if rules_about(policy, metric)), None)


def judged_by(metric: str, place: str | None, policies: Sequence[Policy]) -> Judged:
    """Whether values of ``metric`` in ``place`` are judged by any rule, and else why not.

    ``policies`` are those of the place and of what it stands in, the nearest first.
    """
    if policy_for(metric, policies) is not None:
        return Judged.JUDGED
    if not GUARDING.fullmatch(quantity_of(metric)) or left_out(metric, policies):
        return Judged.NOT_NEEDED
    if place is None:
        return Judged.NO_PLACE
    return Judged.NO_RULE if policies else Judged.NO_POLICY


def left_out(metric: str, policies: Sequence[Policy]) -> str | None:
    """Why one of these policies, the nearest first, leaves ``metric`` unjudged on purpose; None if none does."""
    said = (each for policy in policies for each in policy.not_judged.items())
    return next((reason for named, reason in said if is_about(named, metric)), None)


def rules_about(policy: Policy, metric: str) -> tuple[str, ...]:
    """The names of the rules of ``policy`` that judge ``metric``."""
    return tuple(rule.name for rule in policy.rules if is_about(rule.metric, metric))


def unjudged(metrics: Iterable[str], place: str | None, policies: Sequence[Policy]) -> dict[str, Judged]:
    """Of these metrics of one device in ``place``, those that no rule judges though one could be needed, and why."""
    found = {metric: judged_by(metric, place, policies) for metric in metrics}
    return {metric: judged for metric, judged in found.items() if judged.is_silent_gap}


def place_in_name(device: str, places: Collection[str]) -> str | None:
    """The place that a device's name proposes: its longest beginning, up to a ``/``, that is the name of a place.

    A proposal only; a person confirms where a device measures. None if the name says nothing.

    >>> place_in_name("fridge-a/probe-1", {"fridge-a", "fridge-b"}), place_in_name("tag-7", {"fridge-a"})
    ('fridge-a', None)
    """
    parts = device.split("/")
    beginnings = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in beginnings if name in places), None)
