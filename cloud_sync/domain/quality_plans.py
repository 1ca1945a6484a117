"""Quality plans: what is tested, on which day or at which point, within which limits, and who says so.

Pure. No limit has a default: each stands in a plan, with its source, and a plan is a controlled change that another
person approves. Sources of the shapes: 21 CFR 211.84 and .87 (components), .166 (stability), .42 and .113 (monitoring
of aseptic areas, validation of aseptic processes); the figures are the user's.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from cloud_sync.domain.bud import Preparation, Storage


class PlanKind(StrEnum):
    """What a plan is for."""

    STABILITY = "stability"
    ENVIRONMENT = "environment"
    QUALIFICATION = "qualification"
    MATERIAL = "material"


class Verdict(StrEnum):
    """What a result says by the limits of its plan."""

    PASS = "pass"  # noqa: S105 - no password
    ALERT = "alert"
    FAIL = "fail"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Words = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]
_Unit = Annotated[str, Field(max_length=30, pattern=r"^[^\x00-\x1f]*$")]
_Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
_Figure = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


class AcceptanceLimit(_Part):
    """A test, and between which figures its result is good; both ends are. ``alert``: above it somebody looks.

    Without ``low`` and ``high`` whoever reads the result says whether it conforms.
    """

    name: _Words
    unit: _Unit = ""
    low: _Figure | None = None
    high: _Figure | None = None
    alert: _Figure | None = None
    source: _Words

    @model_validator(mode="after")
    def _in_order(self) -> "AcceptanceLimit":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the lower limit of {self.name} is above its upper one")
        if self.alert is not None and (self.high is None or self.alert > self.high):
            raise ValueError(f"the alert level of {self.name} is not below its upper limit")
        return self

    @property
    def is_measured(self) -> bool:
        """Whether its result is a figure."""
        return self.low is not None or self.high is not None

    def verdict(self, value: float | None, conforms: bool | None) -> Verdict:
        """What a result says. Raises ``ValueError`` if it is not what the test gives.

        >>> AcceptanceLimit(name="count", high=10, alert=5, source="SOP 7").verdict(6, None)
        <Verdict.ALERT: 'alert'>
        """
        if self.is_measured:
            if value is None:
                raise ValueError(f"{self.name} is measured: give its value")
            if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
                return Verdict.FAIL
            return Verdict.ALERT if self.alert is not None and value > self.alert else Verdict.PASS
        if conforms is None:
            raise ValueError(f"{self.name} is not measured: say whether it conforms")
        return Verdict.PASS if conforms else Verdict.FAIL

    def told(self) -> str:
        """Its limits in words.

        >>> AcceptanceLimit(name="assay", unit="%", low=90, high=110, source="SOP 9").told()
        '90 to 110 %'
        """
        if self.low is not None and self.high is not None:
            text = f"{self.low:g} to {self.high:g}"
        elif self.high is not None:
            text = f"at most {self.high:g}"
        elif self.low is not None:
            text = f"at least {self.low:g}"
        else:
            return "conforms"
        return f"{text} {self.unit}".strip()


class Pull(_Part):
    """On this day of a study so many base units are taken out and tested."""

    day: Annotated[int, Field(ge=0, le=3660)]
    units: Annotated[int, Field(ge=1, le=10**6)]


_Tests = Annotated[tuple[AcceptanceLimit, ...], Field(min_length=1, max_length=50)]


class _Plan(_Part):
    source: _Words

    @abstractmethod
    def tests_at(self, point: str) -> tuple[AcceptanceLimit, ...]:
        """The tests of a sample from this point of the plan."""

    @model_validator(mode="after")
    def _names_each_test_once(self) -> "_Plan":
        names = [each.name for each in getattr(self, "tests", ())]
        if len(set(names)) != len(names):
            raise ValueError("each test is named once")
        return self


class StabilityProtocol(_Plan):
    """How a product is shown to keep: which units are stored how, pulled when, and what they must still be.

    ``lots_min``: so many lots have to say so before a beyond-use date rests on it.
    """

    kind: Literal[PlanKind.STABILITY]
    item: _Name
    storage: Storage
    pulls: Annotated[tuple[Pull, ...], Field(min_length=1, max_length=50)]
    window_days: Annotated[int, Field(ge=0, le=60)]
    lots_min: Annotated[int, Field(ge=1, le=20)]
    tests: _Tests

    @model_validator(mode="after")
    def _days_rise(self) -> "StabilityProtocol":
        days = [pull.day for pull in self.pulls]
        if days != sorted(set(days)):
            raise ValueError("the pull points stand in the order of their days, each once")
        return self

    def tests_at(self, point: str) -> tuple[AcceptanceLimit, ...]:
        """All tests, at each pull."""
        return self.tests


class Method(StrEnum):
    """How a viable count is taken."""

    ACTIVE_AIR = "active_air"
    SETTLE_PLATE = "settle_plate"
    CONTACT_PLATE = "contact_plate"
    GLOVED_FINGERTIP = "gloved_fingertip"
    GARMENT = "garment"


class SamplePoint(_Part):
    """Where a plate stands or presses, and above which counts somebody looks (``alert``) and acts (``action``)."""

    name: _Name
    method: Method
    unit: _Unit = "CFU"
    alert: Annotated[float, Field(ge=0, le=1e6)] | None = None
    action: Annotated[float, Field(ge=0, le=1e6)]
    source: _Words

    @property
    def limit(self) -> AcceptanceLimit:
        """As a test."""
        return AcceptanceLimit(
            name=VIABLE_COUNT, unit=self.unit, high=self.action, alert=self.alert, source=self.source
        )


VIABLE_COUNT = "viable count"


class EnvironmentPlan(_Plan):
    """Viable counts of a room: one plate at each point, in each session. ``every_days``: as often at the least."""

    kind: Literal[PlanKind.ENVIRONMENT]
    place: _Name
    points: Annotated[tuple[SamplePoint, ...], Field(min_length=1, max_length=200)]
    every_days: Annotated[int, Field(ge=1, le=366)] | None = None

    @model_validator(mode="after")
    def _points_are_good(self) -> "EnvironmentPlan":
        names = [point.name for point in self.points]
        if len(set(names)) != len(names):
            raise ValueError("each point is named once")
        for point in self.points:
            if point.alert is not None and point.alert > point.action:
                raise ValueError(f"the alert level of {point.name} is above its action level")
        return self

    def tests_at(self, point: str) -> tuple[AcceptanceLimit, ...]:
        """The count at this point."""
        return tuple(each.limit for each in self.points if each.name == point)


class QualificationPlan(_Plan):
    """Who compounds these preparations has filled ``units_min`` units of medium that stayed sterile, and passed the
    other tests, not longer than ``valid_days`` ago."""

    kind: Literal[PlanKind.QUALIFICATION]
    preparations: Annotated[tuple[Preparation, ...], Field(min_length=1, max_length=20)]
    units_min: Annotated[int, Field(ge=1, le=10**6)]
    valid_days: Annotated[int, Field(ge=1, le=3660)]
    tests: _Tests

    def tests_at(self, point: str) -> tuple[AcceptanceLimit, ...]:
        """All tests."""
        return self.tests


class MaterialPlan(_Plan):
    """What each lot of a raw material has to pass before it is used, and again after ``retest_days``.

    ``after_exposure``: it is tested again after an excursion it was exposed to (21 CFR 211.87).
    """

    kind: Literal[PlanKind.MATERIAL]
    item: _Name
    units: Annotated[int, Field(ge=1, le=10**9)]
    retest_days: Annotated[int, Field(ge=1, le=3660)] | None
    after_exposure: bool
    tests: _Tests

    def tests_at(self, point: str) -> tuple[AcceptanceLimit, ...]:
        """All tests."""
        return self.tests


QualityPlan = Annotated[
    StabilityProtocol | EnvironmentPlan | QualificationPlan | MaterialPlan, Field(discriminator="kind")
]
READ: TypeAdapter[StabilityProtocol | EnvironmentPlan | QualificationPlan | MaterialPlan] = TypeAdapter(QualityPlan)
"""Reads a plan from plain JSON."""


@dataclass(frozen=True, slots=True)
class SampleResult:
    """A result. ``is_void``: an investigation found an error of the laboratory; it counts no longer."""

    test: str
    verdict: Verdict
    told: str
    is_void: bool = False


def faults_of(tests: Iterable[AcceptanceLimit], results: Sequence[SampleResult]) -> tuple[str, ...]:
    """What keeps a sample from being accepted: tests without a result, and results out of specification.

    A failed result stands beside later good ones until an investigation voids it: nobody tests until it passes.

    >>> assay = AcceptanceLimit(name="assay", low=90, source="SOP 9")
    >>> faults_of([assay], [SampleResult("assay", Verdict.FAIL, "88"), SampleResult("assay", Verdict.PASS, "95")])
    ('assay is out of specification: 88, at least 90',)
    """
    found = []
    for test in tests:
        counting = [each for each in results if each.test == test.name and not each.is_void]
        failed = [each for each in counting if each.verdict is Verdict.FAIL]
        if failed:
            found.append(f"{test.name} is out of specification: {failed[-1].told}, {test.told()}")
        elif not counting:
            found.append(f"no result of {test.name}")
    return tuple(found)


class PullState(StrEnum):
    """Where a pull point is."""

    PLANNED = "planned"
    DUE = "due"
    MISSED = "missed"
    PULLED = "pulled"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


def pull_state(
    protocol: StabilityProtocol, pull: Pull, began_at: datetime, *, decision: str | None, is_pulled: bool, at: datetime
) -> PullState:
    """Where a pull point of a study that began then is."""
    if decision is not None:
        return PullState(decision)
    if is_pulled:
        return PullState.PULLED
    due_at, window = began_at + timedelta(days=pull.day), timedelta(days=protocol.window_days)
    if at > due_at + window:
        return PullState.MISSED
    return PullState.DUE if at >= due_at - window else PullState.PLANNED


def supported_days(protocol: StabilityProtocol, accepted_by_lot: Mapping[int, frozenset[int]]) -> int:
    """How many days the data of a protocol support: all pull points up to there passed, in as many lots as it asks for.

    ``accepted_by_lot``: the days of each lot whose samples were accepted, none of them by exception.

    >>> from cloud_sync.domain.bud import Storage
    >>> protocol = StabilityProtocol(kind="stability", item="syringe", storage="room", window_days=1, lots_min=2,
    ...     pulls=[{"day": 0, "units": 1}, {"day": 30, "units": 1}, {"day": 60, "units": 1}],
    ...     tests=[{"name": "assay", "source": "SOP 9"}], source="SOP 9")
    >>> supported_days(protocol, {1: frozenset({0, 30, 60}), 2: frozenset({0, 30})})
    30
    >>> supported_days(protocol, {1: frozenset({0, 30, 60}), 2: frozenset({0, 60})})
    0
    """
    reached = []
    for accepted in accepted_by_lot.values():
        days = 0
        for pull in protocol.pulls:
            if pull.day not in accepted:
                break
            days = pull.day
        reached.append(days)
    reached.sort(reverse=True)
    return reached[protocol.lots_min - 1] if len(reached) >= protocol.lots_min else 0


def unqualified(
    plan_name: str, plan: QualificationPlan, *, filled_at: datetime | None, decision: str | None, at: datetime
) -> str | None:
    """Why somebody whose last media fill was that one may not compound; None if they may.

    ``decision`` None with a fill: it failed, and quality has not decided on it.
    """
    if filled_at is None:
        return f"has no media fill for {plan_name}"
    if decision != "accepted":
        return f"did not pass the media fill for {plan_name} of {filled_at:%Y-%m-%d}"
    ends_at = filled_at + timedelta(days=plan.valid_days)
    if at >= ends_at:
        return f"was qualified for {plan_name} until {ends_at:%Y-%m-%d}"
    return None


def untested(
    plan: MaterialPlan, *, sampled_at: datetime | None, decision: str | None, exposed_until: datetime | None,
    is_exposed: bool, at: datetime,
) -> str | None:  # fmt: skip
    """Why a lot of a raw material may not be used; None if it may. ``sampled_at``: of the last sample decided on."""
    if sampled_at is None or decision is None:
        return "is not yet sampled, tested and accepted"
    if decision != "accepted":
        return f"was rejected by the tests of the sample of {sampled_at:%Y-%m-%d}"
    if plan.retest_days is not None and at >= (due := sampled_at + timedelta(days=plan.retest_days)):
        return f"was to be tested again by {due:%Y-%m-%d}"
    if plan.after_exposure and (is_exposed or (exposed_until is not None and exposed_until > sampled_at)):
        return "was exposed to an excursion since it was tested"
    return None
