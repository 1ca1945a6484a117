"""Storage policies: named sets of rules, read from ``config/policies/*.toml``."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge_agent.domain.excursions import Rule, Side


class PolicyRule(BaseModel):
    """One rule as written in a policy file. No limit and no delay has a default: both protect product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    metric: str
    side: Side
    limit: float
    on_limit_is_outside: bool
    delay_s: Annotated[float, Field(ge=0)]
    hysteresis: Annotated[float, Field(ge=0)] = 0.0
    source: str

    def as_rule(self) -> Rule:
        """The rule as the domain uses it."""
        return Rule(**self.model_dump())


class Policy(BaseModel):
    """A storage policy: what a place of this class must keep to. ``title`` is for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    title: str
    rules: Annotated[tuple[PolicyRule, ...], Field(min_length=1)]
