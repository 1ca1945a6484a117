"""What every controlled change has: what it is about, and who stands behind it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """What a change is about, as it is now; ``before`` and ``after`` are plain JSON. ``is_stricter``: it only adds
    care, so that one person may say it."""

    name: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    is_stricter: bool = False


@dataclass(frozen=True, slots=True)
class Approved:
    """Who proposed and approved a change, why, and from when on it is in force."""

    proposed_by: str
    approved_by: str
    reason: str
    effective_from: datetime
