"""What was read at the bench, and how a person is shown it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReadRegisters:
    """What was read, by function code and the addresses of the profile. ``faults`` says what was not answered.

    ``proofs`` is what each proof register holds, by address; ``cells`` is what a particle counter holds.
    """

    registers: Mapping[tuple[int, int], int] = field(default_factory=dict)
    proofs: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    cells: Mapping[tuple[int, int], int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssessedValue:
    """A metric or proof register as a person compares it: ``fits`` is None when only a person can tell."""

    name: str
    address: int
    raw: tuple[int, ...]
    shown: str
    says: str
    fits: bool | None
