"""What a correction is: it says what it is about and what was there before, and does it in the caller's transaction."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cloud_sync.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Subject:
    """What a correction is about, as it is now. ``before`` and ``after`` are plain JSON; ``lot_ids`` are concerned.

    ``in_use``: something has happened with it, so that a second person must agree.
    """

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    lot_id: int | None = None
    lot_ids: list[int] = field(default_factory=list)
    in_use: bool = False


class Correction(Protocol):
    """One kind of correction."""

    @property
    def kind(self) -> str:
        """``lot_expiry``, ``lot_number``, ``code``, ``place`` or ``place_policy``."""

    def subject(self, connection: Connection) -> Subject:
        """What it is about, locked. Raises ``NotFound``, ``Invalid``, ``Conflict``."""

    def apply(self, connection: Connection, subject: Subject, actor: str, at: datetime) -> None:
        """Do it, and judge again what it changes."""
