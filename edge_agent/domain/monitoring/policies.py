"""Storage policies: named sets of rules, read from ``config/policies/*.toml``.

No limit, delay, window or budget has a default: all of them protect product. What is left out is a fault of the file.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from edge_agent.domain.monitoring.excursions import Rule, Severity, Side, SilenceRule
from edge_agent.domain.monitoring.mkt import ACTIVATION_ENERGY_J_MOL
from edge_agent.domain.monitoring.quantities import is_about
from edge_agent.domain.monitoring.signals import Signal, SignalKind

DAY_S = 86_400
WINDOW_S_MAX = 366 * DAY_S

NUMBER_MAX = 1e12
"""Of anything that a rule says: what is added to it and multiplied with it stays finite."""
RULES_MAX = 200

Limit = Annotated[float, Field(ge=-NUMBER_MAX, le=NUMBER_MAX)]
Positive = Annotated[float, Field(gt=0, le=NUMBER_MAX)]
NotNegative = Annotated[float, Field(ge=0, le=NUMBER_MAX)]
WindowS = Annotated[float, Field(gt=0, le=WINDOW_S_MAX)]
DelayS = Annotated[float, Field(ge=0, le=WINDOW_S_MAX)]
SevereAfterS = Annotated[DelayS | None, Field(exclude_if=lambda said: said is None)]
"""Left out where a policy does not say it: gateways of before know no such field."""
PolicyName = Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", max_length=100)]
PolicyText = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=2000)]


class _Named(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: PolicyName
    metric: Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=200)]
    severity: Severity = Severity.ACTION
    """Held unless the policy says that an alert is enough."""
    source: PolicyText
    sensors: Literal["any", "all"] | Annotated[int, Field(ge=1, le=100)] = "any"
    """How many of the place's devices must break it: the worst one alone counts unless the policy says more."""
    start_delay_s: DelayS = 0.0
    """What a device measures so soon after it began to measure in the place is not judged (a logger cools down)."""
    severe_after_s: SevereAfterS = None
    """An excursion that lasted so long is severe: two people sign a release. None: as the policy says."""


class PolicyRule(_Named):
    """A limit with a delay, as written in a policy file. Freezing and differential pressure are such limits."""

    kind: Literal["limit"] = "limit"
    side: Side
    limit: Limit
    on_limit_is_outside: bool
    delay_s: DelayS
    hysteresis: NotNegative = 0.0
    missing_counts: bool = False
    """While nothing is measured the delay runs on: what was outside is taken to be outside still."""

    def as_rule(self) -> Rule:
        """The rule as the domain uses it."""
        return Rule(
            self.name, self.metric, self.side, self.limit, self.on_limit_is_outside, self.delay_s, self.hysteresis,
            self.source, self.severity, missing_counts=self.missing_counts, start_delay_s=self.start_delay_s,
            sensors=self.sensors,
        )  # fmt: skip


class CumulativeRule(_Named):
    """Time beyond ``limit``, added up over the last ``window_s``, reaches ``budget_s``.

    A value stands until the next one, for ``spell_max_s`` at most. Once reached, it is over when the sum is less than
    the budget by ``hysteresis_s``.
    """

    kind: Literal["cumulative"]
    side: Side
    limit: Limit
    on_limit_is_outside: bool
    budget_s: WindowS
    window_s: WindowS
    spell_max_s: WindowS
    hysteresis_s: DelayS = 0.0

    def as_rule(self) -> Rule:
        """The rule as the domain uses it: the budget is a limit on seconds outside."""
        signal = Signal(
            SignalKind.SECONDS_OUTSIDE,
            self.window_s,
            spell_max_s=self.spell_max_s,
            edge=self.limit,
            is_above=self.side is Side.ABOVE,
            on_edge_is_outside=self.on_limit_is_outside,
        )
        return _limited(self, signal, self.budget_s, on_limit_is_outside=True, hysteresis=self.hysteresis_s)


class RateRule(_Named):
    """The value changes by ``change`` or more, up or down, within ``window_s``."""

    kind: Literal["rate"]
    change: Positive
    window_s: WindowS

    def as_rule(self) -> Rule:
        """The rule as the domain uses it."""
        return _limited(self, Signal(SignalKind.CHANGE, self.window_s), self.change, on_limit_is_outside=True)


class MktRule(_Named):
    """Mean kinetic temperature over the last ``window_s`` exceeds ``limit``, once ``cover_min`` of it was measured.

    It is over when the mean is back by ``hysteresis``.
    """

    kind: Literal["mkt"]
    limit: Limit
    on_limit_is_outside: bool
    window_s: WindowS
    spell_max_s: WindowS
    cover_min: Annotated[float, Field(gt=0, le=1)]
    activation_energy_j_mol: Positive = ACTIVATION_ENERGY_J_MOL
    hysteresis: NotNegative = 0.0

    def as_rule(self) -> Rule:
        """The rule as the domain uses it."""
        signal = Signal(
            SignalKind.KINETIC,
            self.window_s,
            spell_max_s=self.spell_max_s,
            edge=self.limit,
            on_edge_is_outside=self.on_limit_is_outside,
            cover_min=self.cover_min,
            activation_energy_j_mol=self.activation_energy_j_mol,
        )
        return _limited(
            self, signal, self.limit, on_limit_is_outside=self.on_limit_is_outside, hysteresis=self.hysteresis
        )


class ParticleRule(_Named):
    """Particles per m³ over the newest 1 m³, which must have been drawn within ``window_s``.

    ``metric`` counts particles of a sample of ``litres_per_sample``.
    """

    kind: Literal["particles"]
    limit: NotNegative
    on_limit_is_outside: bool
    litres_per_sample: Positive
    window_s: WindowS

    def as_rule(self) -> Rule:
        """The rule as the domain uses it."""
        signal = Signal(SignalKind.PER_M3, self.window_s, litres=self.litres_per_sample)
        return _limited(self, signal, self.limit, on_limit_is_outside=self.on_limit_is_outside)


class NoDataRule(_Named):
    """No good value for ``after_s``, though the gateway was there to measure or is known not to have."""

    kind: Literal["no_data"]
    after_s: WindowS

    def as_rule(self) -> SilenceRule:
        """The rule as the domain uses it."""
        return SilenceRule(
            self.name, self.metric, self.after_s, self.severity, self.source, self.sensors, self.start_delay_s
        )


def _kind_of(rule: Any) -> str:
    said = rule.get("kind", "limit") if isinstance(rule, dict) else getattr(rule, "kind", "limit")
    return str(said)


AnyRule = Annotated[
    Annotated[PolicyRule, Tag("limit")]
    | Annotated[CumulativeRule, Tag("cumulative")]
    | Annotated[RateRule, Tag("rate")]
    | Annotated[MktRule, Tag("mkt")]
    | Annotated[ParticleRule, Tag("particles")]
    | Annotated[NoDataRule, Tag("no_data")],
    Discriminator(_kind_of),
]
"""A rule of any kind; one that names no kind is a limit."""


class Policy(BaseModel):
    """A storage policy: what a place of this class must keep to. ``title`` is for people."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: PolicyName
    title: PolicyText
    rules: Annotated[tuple[AnyRule, ...], Field(min_length=1, max_length=RULES_MAX)]
    silence_accepted: PolicyText = ""
    """Why nobody has to hear of a device that says nothing any more, where the policy holds stock and has no such rule.
    """
    not_judged: Annotated[dict[str, Annotated[PolicyText, Field(min_length=3)]], Field(max_length=RULES_MAX)] = {}
    """Quantities that have no limits in such a place on purpose, and why. Others that no rule judges are a case."""
    severe_after_s: SevereAfterS = None
    """Of all rules that say nothing of it themselves. None: the ledger's rule ``excursion_minutes`` decides."""

    @model_validator(mode="after")
    def _calls_severe_only_what_holds(self) -> "Policy":
        for rule in self.rules:
            if rule.severe_after_s is not None and rule.severity is not Severity.ACTION:
                raise ValueError(f"severe_after_s: rule {rule.name} holds nothing that two could release: leave it out")
        if self.severe_after_s is not None and all(rule.severity is not Severity.ACTION for rule in self.rules):
            raise ValueError("severe_after_s: no rule holds anything that two could release: leave it out")
        return self

    @model_validator(mode="after")
    def _says_one_thing_of_each_quantity(self) -> "Policy":
        for metric in self.not_judged:
            judging = [rule.name for rule in self.rules if is_about(rule.metric, metric)]
            if judging:
                raise ValueError(f"not_judged: {metric} is judged by the rule {judging[0]}: leave out one of them")
        return self

    def severe_from_s(self, rule: str) -> float | None:
        """How long an excursion of this rule lasts until it is severe; None: the policy does not say."""
        own = next((each.severe_after_s for each in self.rules if each.name == rule), None)
        return self.severe_after_s if own is None else own

    def has_rule(self, rule: str) -> bool:
        """Whether a rule of this name is in it."""
        return any(each.name == rule for each in self.rules)

    @property
    def limits(self) -> tuple[Rule, ...]:
        """The limits that one value alone can break."""
        return tuple(self._as_limit(rule) for rule in self.rules if isinstance(rule, PolicyRule))

    def rules_for(self, metric: str) -> tuple[Rule | SilenceRule, ...]:
        """The rules that a channel of ``metric`` is judged by."""
        return tuple(
            self._as_limit(rule) if isinstance(rule, PolicyRule) else rule.as_rule()
            for rule in self.rules
            if is_about(rule.metric, metric)
        )

    @property
    def unguarded_silence(self) -> tuple[str, ...]:
        """Metrics whose values may hold stock while no rule of the policy notices that there are none any more."""
        heard = {rule.metric for rule in self.rules if isinstance(rule, NoDataRule)}
        guarded = {rule.metric for rule in self.rules if rule.severity is Severity.ACTION}
        return () if self.silence_accepted else tuple(sorted(guarded - heard))

    def _as_limit(self, rule: PolicyRule) -> Rule:
        """A limit knows after what time without a value the policy speaks of silence: that is a gap."""
        gaps = [
            each.after_s for each in self.rules if isinstance(each, NoDataRule) and is_about(each.metric, rule.metric)
        ]
        return replace(rule.as_rule(), gap_s=min(gaps, default=None))

    @property
    def holding_limits(self) -> tuple[Rule, ...]:
        """The limits that one value alone can break and that hold stock: what a gateway can judge by itself."""
        return tuple(rule for rule in self.limits if rule.severity is Severity.ACTION)


def for_gateways(body: dict[str, Any]) -> dict[str, Any]:
    """A policy (plain JSON) as gateways get it: without what only the ledger decides on.

    >>> for_gateways({"name": "cold", "severe_after_s": 60, "rules": [{"name": "low", "severe_after_s": 0}]})
    {'name': 'cold', 'rules': [{'name': 'low'}]}
    """
    rules = [{key: value for key, value in rule.items() if key != "severe_after_s"} for rule in body["rules"]]
    return {key: value for key, value in body.items() if key != "severe_after_s"} | {"rules": rules}


def _limited(rule: _Named, signal: Signal, limit: float, *, on_limit_is_outside: bool, hysteresis: float = 0.0) -> Rule:
    return Rule(
        rule.name, rule.metric, Side.ABOVE, limit, on_limit_is_outside, delay_s=0, hysteresis=hysteresis,
        source=rule.source, severity=rule.severity, signal=signal, start_delay_s=rule.start_delay_s,
        sensors=rule.sensors,
    )  # fmt: skip
