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
    PARTNER = "partner"


class Permission(StrEnum):
    """What an endpoint needs; the value says it in words, for refusals and tables. Each endpoint names one."""

    SEE_STOCK = "see stock, orders and traces"
    READ = "read the ledger"
    AUDIT = "read the audit trail and export"
    MOVE = "move stock"
    RECEIVE = "receive goods"
    CAPTURE = "capture events of partners"
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
    GOVERN = "propose and approve controlled changes"
    PREPARE = "prepare batches"
    RELEASE = "test, release and reject batches"
    DRAFT = "draft master formulation records"
    APPROVE_FORMULATION = "approve master formulation records"
    ADMINISTER = "keep places, items, owners and policies"
    PLACE_SENSORS = "place sensors"
    GATEWAYS = "manage gateways and badges"
    VERIFY = "verify product identifiers"
    ACKNOWLEDGE = "acknowledge alerts"
    ALERTS = "set up alerts"
    ACCESS = "review access"
    GRANT = "give out access"


TO_LOOK = frozenset({Permission.SEE_STOCK, Permission.READ})
"""What is left of a role until its procedures are read: to look, and to read them."""

OF_ACTION: Mapping[Action, Permission] = {
    Action.RECEIVE: Permission.RECEIVE,
    Action.DISPENSE: Permission.ISSUE,
    Action.SHIP: Permission.ISSUE,
}
"""What a movement needs besides :attr:`Permission.MOVE`."""

SUPPLIERS = "suppliers"
"""The kind of master records that says from whom goods may come."""


def keeps(kind: str) -> Permission:
    """What it needs to add or change records of a kind, one in a form or many from a file: whether a supplier is
    qualified is quality's to decide, never an administrator's alone.

    >>> str(keeps("suppliers")), str(keeps("items"))
    ('qualify suppliers and file documents', 'keep places, items, owners and policies')
    """
    return Permission.QUALIFY if kind == SUPPLIERS else Permission.ADMINISTER


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
    connection: str = ""
    """The name of the connection that asks, another system; empty for people and their tokens."""
    scopes: frozenset[str] = frozenset()
    """What a connection may ask for (:class:`cloud_sync.domain.connections.Scope`)."""
    untrained: Mapping[Role, str] = field(default_factory=lambda: MappingProxyType({}))
    """Roles that are not theirs until they have read a procedure, and which; what these permit is not in
    ``permissions``, but to look."""

    @property
    def role(self) -> str:
        """The roles in words, for texts."""
        return ", ".join(self.roles)

    def may(self, permission: Permission) -> bool:
        """Whether a role of theirs has it, somewhere."""
        return permission in self.permissions

    def why_not(self, permission: Permission) -> str:
        """Why they may not, in words."""
        if self.untrained:
            missing = "; ".join(f"{role}: {procedure}" for role, procedure in sorted(self.untrained.items()))
            return f"{self.name} may not {permission} before the training for their role is complete ({missing})"
        return f"{self.name} has the role {self.role}, which may not {permission}"

    @property
    def who_to_ask(self) -> str | None:
        """What to do about a refusal."""
        return "Read the procedure and sign it: Training." if self.untrained else None
