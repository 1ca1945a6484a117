"""What one check of the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, how it is, and the command that mends it."""

    name: str
    state: CheckState
    says: str
    fix: str = ""
