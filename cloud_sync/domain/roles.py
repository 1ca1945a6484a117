"""Who may do what at the ledger. One table, so that segregation of duties can be read at a glance."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is trusted with."""

    RECEIVER = "receiver"
    OPERATOR = "operator"
    PHARMACIST = "pharmacist"
    PRODUCTION = "production"
    QUALITY = "quality"
    FACILITIES = "facilities"
    AUDITOR = "auditor"
    OWNER = "owner"
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
    Role.RECEIVER: frozenset({Duty.READ, Duty.MOVE, Duty.HOLD}),
    Role.OPERATOR: frozenset({Duty.READ, Duty.MOVE, Duty.APPROVE, Duty.HOLD}),
    Role.PHARMACIST: frozenset({Duty.READ, Duty.MOVE, Duty.APPROVE, Duty.HOLD}),
    Role.PRODUCTION: frozenset({Duty.READ, Duty.MOVE, Duty.HOLD}),
    Role.QUALITY: frozenset({Duty.READ, Duty.APPROVE, Duty.HOLD, Duty.DECIDE, Duty.CORRECT}),
    Role.FACILITIES: frozenset({Duty.READ, Duty.HOLD}),
    Role.AUDITOR: frozenset({Duty.READ}),
    Role.OWNER: frozenset(),
    Role.ADMINISTRATOR: frozenset({Duty.READ, Duty.CORRECT, Duty.ADMINISTER}),
}
"""Who moves stock does not decide on it, who decides does not move it, and who gives out tokens does neither. Nobody
approves what they requested or counted themselves (cloud_sync.domain.orders)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks the ledger for something: the person, whom every event carries, and their roles.

    Duties are kept apart by person, whatever tokens, accounts and badges they have. ``token`` is the name of the token
    that was shown; empty for a person who signed in.
    """

    name: str
    roles: tuple[Role, ...]
    token: str = ""

    @property
    def role(self) -> str:
        """The roles in words, for texts."""
        return ", ".join(self.roles)

    def may(self, duty: Duty) -> bool:
        """Whether a role of theirs covers ``duty``."""
        return any(duty in MAY[role] for role in self.roles)
