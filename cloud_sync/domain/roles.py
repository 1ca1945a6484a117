"""Who may do what at the ledger. One table, so that segregation of duties can be read at a glance."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a token's owner is trusted with."""

    READER = "reader"
    OPERATOR = "operator"
    QUALITY = "quality"
    ADMINISTRATOR = "administrator"


class Duty(StrEnum):
    """A kind of thing done at the ledger; the value says it in words."""

    READ = "read the ledger"
    MOVE = "move, reservation and pick stock"
    APPROVE = "approve what colleagues requested or counted"
    HOLD = "place holds"
    DECIDE = "lift holds, decide on exposures and resolve cases"
    CORRECT = "propose and confirm corrections of master data"
    ADMINISTER = "change places, items, owners, policies, channels and gateways"


MAY: dict[Role, frozenset[Duty]] = {
    Role.READER: frozenset({Duty.READ}),
    Role.OPERATOR: frozenset({Duty.READ, Duty.MOVE, Duty.APPROVE, Duty.HOLD}),
    Role.QUALITY: frozenset({Duty.READ, Duty.APPROVE, Duty.HOLD, Duty.DECIDE, Duty.CORRECT}),
    Role.ADMINISTRATOR: frozenset({Duty.READ, Duty.CORRECT, Duty.ADMINISTER}),
}
"""Who moves stock does not decide on it, who decides does not move it, and who gives out tokens does neither. Nobody
approves what they requested or counted themselves (cloud_sync.domain.orders)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks the ledger for something: the person, whom every event carries, and the role of their token.

    Duties are kept apart by person, whatever tokens and badges they have.
    """

    name: str
    role: Role
    token: str = ""

    def may(self, duty: Duty) -> bool:
        """Whether the role covers ``duty``."""
        return duty in MAY[self.role]
