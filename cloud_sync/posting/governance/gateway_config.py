"""A gateway's configuration as a controlled change: whatever may change what is measured takes a second person."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.governance.controlled import Approved, Subject
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.fleet.managed_config import (
    NO_CONFIG,
    TAKES_POLICIES,
    Difference,
    changes_measuring,
    differences,
    digest_of_toml,
    faults_of,
    managed_of,
)


@dataclass(frozen=True, slots=True)
class GatewayConfigChange:
    """The next version of a gateway's configuration. ``replaces``: the digest of what runs there, where that is not the
    ledger's, and the person has decided that it goes."""

    gateway: str
    toml: str
    profiles: Mapping[str, str] = field(default_factory=dict)
    replaces: str | None = None
    at_once = False

    def subject(self, connection: Connection) -> Subject:
        """What differs from what the gateway runs, or from the latest version. Raises as :class:`ChangeKind` says."""
        if faults := faults_of(self.toml, self.profiles):
            raise Invalid(
                f"this configuration cannot be handed out: {'; '.join(faults)}", "Correct it and send it again."
            )
        gateway = gateway_named(connection, self.gateway)
        latest = queries("fleet_config").latest_config(connection, gateway_id=gateway["id"])
        digest = digest_of_toml(self.toml, self.profiles, policies_for(connection, gateway["id"]))
        running = _running(connection, gateway["id"])
        if latest is not None and latest["sha256"] == digest and self.replaces is None:
            raise Invalid(f"gateway {self.gateway} has this configuration already: version {latest['version']}")
        if self.replaces is None and running not in (None, digest, latest["sha256"] if latest else NO_CONFIG):
            raise Conflict(
                f"gateway {self.gateway} runs a configuration that was made there, and would keep it",
                "Look at it first (cloud-sync gateway config diff); then take it over, or replace it on purpose.",
            )
        found = self._differences(connection, gateway["id"], latest)
        version = int(latest["version"]) if latest else 0
        before = {"version": version, "sha256": latest["sha256"] if latest else NO_CONFIG}
        after = {"version": version + 1, "sha256": digest, "differences": [_shown(each) for each in found[:200]]}
        needs_two = _needs_two(found)
        if latest is not None and self.replaces is not None:
            # What runs there is neither what was approved nor what is to come: both steps count.
            needs_two = needs_two or _needs_two(self._differences(connection, gateway["id"], None))
        return Subject(f"gateway:{self.gateway}", before, after, is_stricter=not needs_two)

    def _differences(self, connection: Connection, gateway_id: int, latest: Row | None) -> list[Difference]:
        """Against the latest version; without one, against what the gateway says that it runs."""
        if latest is not None:
            before, profiles, policies = (
                managed_of(tomllib.loads(latest["toml"])),
                latest["profiles"],
                latest["policies"],
            )
        else:
            before, profiles = running_config(connection, gateway_id, latest)
            policies = {}
        found = differences(before, managed_of(tomllib.loads(self.toml)))
        found += differences({"profile": dict(profiles)}, {"profile": dict(self.profiles)})
        return found + differences({"policy": policies}, {"policy": policies_for(connection, gateway_id)})

    def apply(self, connection: Connection, approved: Approved, at: datetime) -> None:
        """Hand it out from now on."""
        gateway = queries("fleet_config").lock_gateway(connection, name=self.gateway)
        latest = queries("fleet_config").latest_config(connection, gateway_id=gateway["id"])
        add_version(connection, gateway, latest, self, policies_for(connection, gateway["id"]), approved, at)


def add_version(
    connection: Connection,
    gateway: Row,
    latest: Row | None,
    change: GatewayConfigChange,
    policies: Mapping[str, str],
    approved: Approved,
    at: datetime,
) -> None:
    """The next version of a gateway that is locked (``id``, ``name``)."""
    version = (latest["version"] if latest else 0) + 1
    digest = digest_of_toml(change.toml, change.profiles, policies)
    queries("fleet_config").add_config(
        connection, gateway_id=gateway["id"], version=version, toml=change.toml,
        profiles=Jsonb(dict(change.profiles)), policies=Jsonb(dict(policies)), sha256=digest, replaces=change.replaces,
        reason=approved.reason, set_by=approved.proposed_by, approved_by=approved.approved_by, at=at,
    )  # fmt: skip
    data = {"version": version, "sha256": digest, "replaces": change.replaces, "policies": sorted(policies)}
    add_event(
        connection, actor=approved.proposed_by, kind="gateway_config_set", subject=f"gateway:{gateway['name']}",
        reason=approved.reason, data=data,
    )  # fmt: skip


def follow_policies(connection: Connection, gateway_id: int, at: datetime) -> None:
    """Hand out the storage policies of a gateway's site as they are now, where its latest version has others.

    Two people have agreed on them where they were put in force; what else a configuration says stays as it is.
    """
    latest = queries("fleet_config").latest_config(connection, gateway_id=gateway_id)
    if latest is None or latest["policies"] == policies_for(connection, gateway_id):
        return
    gateway = queries("fleet_config").lock_gateway_of_id(connection, gateway_id=gateway_id)
    latest = queries("fleet_config").latest_config(connection, gateway_id=gateway_id)
    policies = policies_for(connection, gateway_id)
    if latest["policies"] == policies:
        return
    names = [
        each.path.removeprefix("policy.") for each in differences({"policy": latest["policies"]}, {"policy": policies})
    ]
    change = GatewayConfigChange(gateway["name"], latest["toml"], latest["profiles"], latest["replaces"])
    reason = f"storage policies of its site changed: {', '.join(names)}"[:1000]
    add_version(connection, gateway, latest, change, policies, Approved(LEDGER, LEDGER, reason, at), at)


def policies_for(connection: Connection, gateway_id: int) -> dict[str, str]:
    """The storage policies that go with a gateway's configuration, as text; none to one that cannot keep them."""
    heartbeat = queries("fleet_config").heartbeat_of(connection, gateway_id=gateway_id)
    if heartbeat is None or TAKES_POLICIES not in heartbeat["config"].get("takes", ()):
        return {}
    rows = queries("fleet_config").policies_of_gateway(connection, gateway_id=gateway_id)
    return {row["name"]: json.dumps(row["body"], sort_keys=True) for row in rows}


def gateway_named(connection: Connection, name: str) -> Row:
    """Raises ``NotFound``."""
    row: Row | None = queries("fleet_config").gateway_of_name(connection, name=name)
    if row is None:
        raise NotFound(f"there is no gateway {name}", "See: cloud-sync gateway list")
    return row


def running_config(
    connection: Connection, gateway_id: int, latest: Row | None
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """What a gateway says that it runs, as data, and its profiles; what the ledger handed out, if it says no more."""
    heartbeat = queries("fleet_config").heartbeat_of(connection, gateway_id=gateway_id)
    toml = heartbeat["config"].get("toml") if heartbeat else None
    profiles = latest["profiles"] if latest else {}
    if toml is None:
        return (managed_of(tomllib.loads(latest["toml"])) if latest else {}), profiles
    try:
        return managed_of(tomllib.loads(toml)), profiles
    except tomllib.TOMLDecodeError:
        return {}, profiles


def _running(connection: Connection, gateway_id: int) -> str | None:
    heartbeat = queries("fleet_config").heartbeat_of(connection, gateway_id=gateway_id)
    return None if heartbeat is None else heartbeat["config"].get("sha256")


def _needs_two(found: list[Difference]) -> bool:
    return changes_measuring(found) or any(each.path.startswith("profile") for each in found)


def _shown(each: Difference) -> dict[str, str | None]:
    return {"path": each.path[:300], "before": _cut(each.before), "after": _cut(each.after)}


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= 500 else f"{text[:500]}..."
