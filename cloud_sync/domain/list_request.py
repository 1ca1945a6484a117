"""Which part of a long list somebody wants to see. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ListRequest:
    """At most ``rows_max`` rows after ``rows_skipped`` ones, of those with these ``words`` and the ``chosen`` value of
    each column that was filtered by; by the column ``sort`` ('': as the list is), backwards if ``is_descending``."""

    rows_max: int
    rows_skipped: int = 0
    words: str = ""
    sort: str = ""
    is_descending: bool = False
    chosen: Mapping[str, str] = field(default_factory=dict)

    def choice(self, column: str) -> str:
        """The value that was chosen in a column, as it is stored ('': any).

        >>> ListRequest(50, chosen={"kind": "unknown item"}).choice("kind")
        'unknown_item'
        """
        return self.chosen.get(column, "").replace(" ", "_")

    @property
    def page(self) -> dict[str, int]:
        """What every query of a list is asked with."""
        return {"rows_max": self.rows_max, "rows_skipped": self.rows_skipped}
