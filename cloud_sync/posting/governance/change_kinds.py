"""What may change under control: what it is about, what it is now, and what puts it in force."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.corrections.place_policies import PlacePolicy
from cloud_sync.posting.governance.controlled import Approved, Subject
from cloud_sync.posting.governance.gateway_config import GatewayConfigChange
from cloud_sync.posting.monitoring.rule_tracks import judge_places
from cloud_sync.posting.policies import add_policy, check_silence, latest_version, next_name
from cloud_sync.posting.quality_control.plans import BeyondUse, plan_change
from cloud_sync.storage.database import Connection
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy


class ChangeKind(Protocol):
    """One kind of controlled change."""

    at_once: bool
    """Whether its approval is written down at once, because it says itself from when on it is in force."""

    def subject(self, connection: Connection) -> Subject:
        """What it is about. Raises ``NotFound``, ``Invalid``, ``Conflict``."""

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Put it in force. Raises ``NotFound``, ``Invalid``, ``Conflict``."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many years something is kept at the least."""

    name: str
    years: int
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """A longer period needs no second person."""
        row = queries("controlled_changes").retention_rule(connection, name=self.name)
        if row is None:
            raise NotFound(f"there is no retention rule {self.name}", "See GET /v1/retention for those there are.")
        if row["years"] == self.years:
            raise Invalid(f"{self.name} are kept for {self.years} years already")
        subject = f"retention_rule:{self.name}"
        return Subject(subject, {"years": row["years"]}, {"years": self.years}, self.years > row["years"])

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Keep it so long from now on."""
        queries("controlled_changes").set_retention(
            connection, name=self.name, years=self.years, actor=approved.approved_by, reason=approved.reason
        )


@dataclass(frozen=True, slots=True)
class SecondSignature:
    """From which value on a decision takes the signatures of two people; None: never."""

    name: str
    from_value: int | None
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """A rule where there was none needs no second person."""
        row = queries("controlled_changes").second_signature_rule(connection, name=self.name)
        if row is None:
            raise NotFound(f"there is no rule {self.name}", "See GET /v1/second-signature-rules for those there are.")
        before = None if row["from_value"] is None else int(row["from_value"])
        if before == self.from_value:
            raise Invalid(f"{self.name} has this value already")
        subject = f"second_signature_rule:{self.name}"
        return Subject(subject, {"from_value": before}, {"from_value": self.from_value}, before is None)

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Ask for two from that value on."""
        queries("signatures").set_second_signature_rule(
            connection, name=self.name, from_value=self.from_value, changed_by=approved.approved_by,
            changed_reason=approved.reason,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoragePolicy:
    """Another version of a storage policy, in force in every place that has the one before; or a new one."""

    policy: Policy
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """The version that is in force now."""
        check_silence(self.policy)
        latest = latest_version(connection, self.policy.name)
        if latest is not None and latest.model_copy(update={"name": self.policy.name}) == self.policy:
            raise Invalid(f"policy {self.policy.name} says this already")
        before = latest.model_dump(mode="json") if latest is not None else None
        return Subject(f"policy:{self.policy.name}", before, self.policy.model_dump(mode="json"))

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Judge by it from ``at`` on; what was measured before stays judged by the one before."""
        latest = latest_version(connection, self.policy.name)
        if latest is None:
            add_policy(connection, self.policy, approved.approved_by)
            return
        newer = self.policy.model_copy(update={"name": next_name(self.policy.name, latest.name)})
        lock_holds(connection)
        add_policy(connection, newer, approved.approved_by)
        for row in list(queries("master_data").places_with_policy(connection, policy=latest.name)):
            queries("tracks").policy_was(connection, place_id=row["id"], policy=latest.name, until=at)
            queries("master_data").set_policy(connection, place_id=row["id"], policy=newer.name)
            judge_places(connection, row["id"])


@dataclass(frozen=True, slots=True)
class PolicyOfPlace:
    """A place gets another storage policy."""

    place: str
    policy: str | None
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """The policy that it has now."""
        found = PlacePolicy(self.place, self.policy).subject(connection)
        return Subject(found.name, found.before, found.after)

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Judge by it from ``at`` on."""
        wanted = PlacePolicy(self.place, self.policy)
        wanted.apply(connection, wanted.subject(connection), approved.approved_by, at)


@dataclass(frozen=True, slots=True)
class SopVersion:
    """The next version of a standard operating procedure: what it says, and where it is."""

    code: str
    title: str
    reference: str
    sha256: str
    body: str
    at_once = True

    def subject(self, connection: Connection) -> Subject:
        """The version before."""
        version = queries("training").latest_sop(connection, code=self.code)
        before = queries("training").sop(connection, code=self.code, version=version) if version else None
        told = ("version", "title", "reference", "sha256", "body")
        after = {"version": (version or 0) + 1, "title": self.title, "reference": self.reference,
                 "sha256": self.sha256, "body": self.body}  # fmt: skip
        return Subject(f"sop:{self.code}", {name: before[name] for name in told} if before else None, after)

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """People can read and sign it from now on, and it is in force on its day."""
        version = (queries("training").latest_sop(connection, code=self.code) or 0) + 1
        queries("training").add_sop(
            connection, code=self.code, version=version, title=self.title, reference=self.reference,
            sha256=self.sha256, body=self.body, effective_from=approved.effective_from,
            proposed_by=approved.proposed_by, approved_by=approved.approved_by,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrainingRequirement:
    """Whoever has a role has read and signed a procedure, within days of grace; None: no longer."""

    role: Role
    code: str
    grace_days: int | None
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """Whether the role asks for it now."""
        if queries("training").latest_sop(connection, code=self.code) is None:
            raise NotFound(f"there is no procedure {self.code}", "Have its first version approved before.")
        row = queries("training").requirement(connection, role=self.role, code=self.code)
        before = {"grace_days": row["grace_days"]} if row else None
        if (before or {"grace_days": None}) == {"grace_days": self.grace_days}:
            raise Invalid(f"that is so already: {self.role}, {self.code}")
        return Subject(f"training_requirement:{self.role}:{self.code}", before, {"grace_days": self.grace_days})

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Ask for it from now on."""
        if self.grace_days is None:
            queries("training").end_requirement(connection, role=self.role, code=self.code)
            return
        queries("training").keep_requirement(
            connection, role=self.role, code=self.code, grace_days=self.grace_days, required_since=at,
            set_by=approved.approved_by,
        )  # fmt: skip


def change_of(kind: str, request: Mapping[str, Any]) -> ChangeKind:
    """The change that a request (plain JSON) asks for. Raises ``Conflict`` for one that cannot be read any more."""
    try:
        return KINDS[kind](request)
    except ValueError as error:
        raise Conflict(f"this change cannot be read any more: {error}", "Reject it and propose it again.") from error


KINDS: Mapping[str, Callable[[Mapping[str, Any]], ChangeKind]] = {
    "retention": lambda asked: Retention(asked["name"], asked["years"]),
    "second_signature": lambda asked: SecondSignature(asked["name"], asked["from_value"]),
    "storage_policy": lambda asked: StoragePolicy(Policy.model_validate(asked["policy"])),
    "place_policy": lambda asked: PolicyOfPlace(asked["place"], asked["policy"]),
    "sop": lambda asked: SopVersion(asked["code"], asked["title"], asked["reference"], asked["sha256"], asked["body"]),
    "gateway_config": lambda asked: GatewayConfigChange(
        asked["gateway"], asked["toml"], asked["profiles"], asked["replaces"]
    ),
    "quality_plan": plan_change,
    "beyond_use": lambda asked: BeyondUse(asked["plan"], asked["days"]),
    "training": lambda asked: TrainingRequirement(Role(asked["role"]), asked["code"], asked["grace_days"]),
}
