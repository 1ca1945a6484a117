"""What a check of a validation protocol found."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

EVIDENCE_CHARACTERS_MAX = 4000


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


class Deviation(Exception):
    """What was found is not what was expected; the message is what was found."""


class NotApplicable(Exception):
    """The installation has no such thing; the message says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """A check to be done: ``id`` (IQ-01, OQ-01), what is looked at, what is expected, and how it is done.

    ``look`` gives the evidence in words; it raises ``Deviation`` or ``NotApplicable``.
    """

    id: str
    title: str
    expected: str
    look: Callable[[], str]


@dataclass(frozen=True, slots=True)
class StepResult:
    """A check that was done. ``found`` is the evidence."""

    id: str
    title: str
    expected: str
    found: str
    outcome: Outcome
    done_at: datetime

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id, "title": self.title, "expected": self.expected, "found": self.found,
            "outcome": self.outcome.value, "done_at": self.done_at.astimezone(UTC).isoformat(),
        }  # fmt: skip


def execute(steps: Iterable[Step], clock: Callable[[], datetime]) -> Iterator[StepResult]:
    """Do checks one after the other. One that fails does not keep the others from being done."""
    for step in steps:
        outcome, found = _done(step)
        yield StepResult(step.id, step.title, step.expected, found[:EVIDENCE_CHARACTERS_MAX], outcome, clock())


def _done(step: Step) -> tuple[Outcome, str]:
    try:
        return Outcome.PASSED, step.look()
    except Deviation as found:
        return Outcome.FAILED, str(found)
    except NotApplicable as why:
        return Outcome.NOT_APPLICABLE, str(why)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was found
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome.FAILED, f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
