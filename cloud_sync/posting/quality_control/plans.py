"""Quality plans and beyond-use dates by stability data: controlled changes, so another person approves each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from cloud_sync.domain.quality_plans import READ, EnvironmentPlan, MaterialPlan, QualityPlan, StabilityProtocol
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.governance.controlled import Approved, Subject
from cloud_sync.posting.quality_control.support import supported_now
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class QualityPlanVersion:
    """The next version of a quality plan; what was sampled before stays judged by the one before."""

    name: str
    plan: QualityPlan
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """The version that is in force now. Raises ``Invalid``, ``NotFound``, ``Conflict``."""
        _item_and_place(connection, self.plan)
        latest = latest_plan(connection, self.name)
        if latest is not None and _about(latest["body"]) != _about(self.plan.model_dump(mode="json")):
            raise Conflict(
                f"{self.name} is a plan for something else", "Give a plan for other goods or rooms a name of its own."
            )
        if isinstance(self.plan, MaterialPlan):
            _check_alone(connection, self.plan, self.name)
        before = None if latest is None else latest["body"] | {"version": latest["version"]}
        after = self.plan.model_dump(mode="json") | {"version": 1 + (latest["version"] if latest else 0)}
        if before is not None and before | {"version": None} == after | {"version": None}:
            raise Invalid(f"plan {self.name} says this already")
        return Subject(f"quality_plan:{self.name}", before, after)

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Judge by it from ``at`` on."""
        latest = latest_plan(connection, self.name)
        item_id, place_id = _item_and_place(connection, self.plan)
        queries("quality_control").add_plan(
            connection, kind=self.plan.kind.value, name=self.name, version=1 + (latest["version"] if latest else 0),
            item_id=item_id, place_id=place_id, body=Jsonb(self.plan.model_dump(mode="json")), effective_from=at,
            proposed_by=approved.proposed_by, approved_by=approved.approved_by,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BeyondUse:
    """A product may be used for so many days after it was made, because stability data say so."""

    plan: str
    days: int
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """What is approved now. Raises ``NotFound``, ``Invalid``, and ``Conflict`` where the data say less."""
        protocol, item_id = self._protocol(connection)
        known = queries("quality_control").beyond_use_support(
            connection, item_id=item_id, storage=protocol.storage.value
        )
        supported = supported_now(connection, self.plan, protocol)
        if self.days > supported:
            raise Conflict(
                f"the data of {self.plan} support {supported} days, not {self.days}",
                f"{protocol.lots_min} lots have to pass every pull point up to that day, none of them by exception.",
            )
        if known is not None and known["days"] == self.days:
            raise Invalid(f"{protocol.item} has {self.days} days by stability data already")
        before = None if known is None else {"days": known["days"], "plan": known["plan_name"]}
        after = {"days": self.days, "plan": self.plan, "supported": supported}
        return Subject(f"beyond_use:{protocol.item}:{protocol.storage}", before, after)

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Batches may have a beyond-use date up to there from now on."""
        protocol, item_id = self._protocol(connection)
        self.subject(connection)  # the data may have become worse since
        queries("quality_control").add_beyond_use_support(
            connection, plan_name=self.plan, item_id=item_id, storage=protocol.storage.value, days=self.days,
            reason=approved.reason, proposed_by=approved.proposed_by, approved_by=approved.approved_by, at=at,
        )  # fmt: skip

    def _protocol(self, connection: Connection) -> tuple[StabilityProtocol, int]:
        row = latest_plan(connection, self.plan)
        plan = None if row is None else READ.validate_python(row["body"])
        if row is None or not isinstance(plan, StabilityProtocol):
            raise NotFound(f"there is no stability protocol {self.plan}", "See GET /v1/quality-plans?kind=stability.")
        return plan, int(row["item_id"])


def latest_plan(connection: Connection, name: str, version: int | None = None) -> Row | None:
    """A plan in force, with ``body`` as JSON; the newest version without one."""
    row: Row | None = queries("quality_control").plan(connection, name=name, version=version)
    return row


def plan_change(asked: Mapping[str, Any]) -> QualityPlanVersion:
    """The change that plain JSON asks for. Raises ``ValueError``."""
    try:
        return QualityPlanVersion(str(asked["name"]), READ.validate_python(asked["plan"]))
    except ValidationError as error:
        fault = error.errors()[0]
        where = " ".join(str(part + 1) if isinstance(part, int) else str(part) for part in fault["loc"][1:])
        told = str(fault["msg"]).removeprefix("Value error, ").lower()
        raise ValueError(f"{where}: {told}" if where else told) from error


def _about(body: Mapping[str, Any]) -> tuple[Any, ...]:
    return body["kind"], body.get("item"), body.get("place")


def _item_and_place(connection: Connection, plan: QualityPlan) -> tuple[int | None, int | None]:
    """Ids of what the plan is about. Raises ``NotFound``, ``Invalid``."""
    if isinstance(plan, EnvironmentPlan):
        place = queries("master_data").place_by_name(connection, name=plan.place)
        if place is None:
            raise NotFound(f"there is no place {plan.place}", "See GET /v1/places for those there are.")
        if place["kind"] not in {"room", "bin"}:
            raise Invalid(f"{plan.place} is a {place['kind']}", "Plates stand in a room, or in a hood in it (a bin).")
        return None, int(place["id"])
    if isinstance(plan, StabilityProtocol | MaterialPlan):
        item = queries("master_data").item_by_name(connection, name=plan.item)
        if item is None:
            raise NotFound(f"there is no item {plan.item}", "See GET /v1/items for those there are.")
        return int(item["id"]), None
    return None, None


def _check_alone(connection: Connection, plan: MaterialPlan, name: str) -> None:
    row = queries("master_data").item_by_name(connection, name=plan.item)
    other = queries("quality_control").other_material_plan(connection, item_id=row["id"], name=name)
    if other is not None:
        raise Conflict(f"{plan.item} is tested by plan {other}", f"Propose the next version of {other}.")
