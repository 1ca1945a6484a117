"""What a measurement gives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    ``value`` in ``unit`` is ours, ``against`` is the peer's or the raw limit's in the same unit (None where there is
    none), named by ``peer``. ``ratio`` is ours over theirs. ``target`` is what the design asks of ``value`` or, where
    ``target_is_ratio``, of ``ratio``; ``at_least`` says on which side of it is good. ``note`` says how it was measured.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    target_is_ratio: bool = False
    against: float | None = None
    peer: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return self.value / self.against if self.against else None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None without one."""
        judged = self.ratio if self.target_is_ratio else self.value
        if self.target is None or judged is None:
            return None
        return judged >= self.target if self.at_least else judged <= self.target

    def as_json(self) -> dict[str, object]:
        """The row of ``--json``."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "against": self.against,
            "ratio": self.ratio,
            "target": self.target,
            "holds": self.holds,
        }
