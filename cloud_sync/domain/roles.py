"""Who may do what at the ledger. Which role has which permission is data: the table ``role_permission``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from edge_agent.domain.wire.records import Action


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


class Permission(StrEnum):
    """What an endpoint needs; the value says it in words, for refusals and tables. Each endpoint names one."""

    SEE_STOCK = "see stock, orders and traces"
    READ = "read the ledger"
    AUDIT = "read the audit trail and export"
    MOVE = "move stock"
    RECEIVE = "receive goods"
    ISSUE = "issue stock"
    ORDER = "request and reserve stock"
    APPROVE = "approve what colleagues requested"
    COUNT = "count stock"
    APPROVE_COUNT = "approve what colleagues counted"
    HOLD = "place holds and report suspicions"
    DECIDE = "lift holds and decide on exposures"
    RESOLVE = "resolve cases"
    RECALL = "run recalls"
    QUALIFY = "qualify suppliers and file documents"
    CORRECT = "propose and confirm corrections"
    PREPARE = "prepare batches"
    RELEASE = "test, release and reject batches"
    DRAFT = "draft master formulation records"
    APPROVE_FORMULATION = "approve master formulation records"
    ADMINISTER = "keep places, items, owners and policies"
    PLACE_SENSORS = "place sensors"
    GATEWAYS = "manage gateways and badges"
    ACKNOWLEDGE = "acknowledge alerts"
    ALERTS = "set up alerts"
    ACCESS = "review access"
    GRANT = "give out access"


OF_ACTION: Mapping[Action, Permission] = {
    Action.RECEIVE: Permission.RECEIVE,
    Action.DISPENSE: Permission.ISSUE,
    Action.SHIP: Permission.ISSUE,
}
"""What a movement needs besides :attr:`Permission.MOVE`."""

Sites = frozenset[int] | None
"""Ids of the sites where it holds; None: everywhere."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks the ledger for something: the person, whom every event carries, their roles, what these permit.

    Duties are kept apart by person, whatever tokens, accounts and badges they have. ``token`` is the name of the token
    that was shown; empty for a person who signed in. ``owner``: whose stock they see, of a client's.
    """

    name: str
    roles: tuple[Role, ...]
    permissions: Mapping[Permission, Sites] = field(default_factory=lambda: MappingProxyType({}))
    token: str = ""
    owner: str | None = None

    @property
    def role(self) -> str:
        """The roles in words, for texts."""
        return ", ".join(self.roles)

    def may(self, permission: Permission) -> bool:
        """Whether a role of theirs has it, somewhere."""
        return permission in self.permissions
