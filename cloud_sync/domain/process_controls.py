"""What a master formulation record asks for beside its steps: in-process controls, and labels that are counted.

Pure. Limits, acceptance numbers and tolerances are the drafter's, each with its source; nothing here has a default.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class RecordPart(BaseModel):
    """Part of a master formulation record: unknown fields are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Words = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
Line = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Figure = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


class ProcessControl(RecordPart):
    """An in-process control and its sampling plan: of ``samples`` values at most ``accept_max`` lie outside the limits.

    Limits and acceptance number are the drafter's, with their source; nothing here has a default.
    """

    name: Words
    unit: Line = ""
    low: _Figure | None = None
    high: _Figure | None = None
    samples: Annotated[int, Field(ge=1, le=1000)]
    accept_max: Annotated[int, Field(ge=0, le=1000)]
    source: Words

    @model_validator(mode="after")
    def _limits_are_some(self) -> "ProcessControl":
        if self.low is None and self.high is None:
            raise ValueError(f"{self.name} has no limit")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the lower limit of {self.name} is above its upper one")
        if self.accept_max >= self.samples:
            raise ValueError(f"{self.name} accepts as many values outside as are taken")
        return self

    def outside(self, values: Iterable[float]) -> int:
        """How many of these values lie outside the limits."""
        return sum(
            (self.low is not None and value < self.low) or (self.high is not None and value > self.high)
            for value in values
        )


class LabelReconciliation(RecordPart):
    """Labels are counted, and as many may be missing or over, in percent of those issued. ``source``: who says so."""

    tolerance_pct: Annotated[float, Field(ge=0, le=100)]
    source: Words
