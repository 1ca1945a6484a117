"""The configuration of gateways: proposed, approved where it changes what is measured, handed out, and looked at."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.actions.gateways.desk import Asked, genuine_gateway
from cloud_sync.actions.gateways.ledger_keys import LedgerKeys, keys_in
from cloud_sync.actions.gateways.release_orders import order_for
from cloud_sync.actions.governance import controlled_changes
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.governance.gateway_config import follow_policies, gateway_named, running_config
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.fleet.handed_out import CONFIG_FORMAT, HandedOutConfig, body_of
from edge_agent.domain.fleet.heartbeats import Heartbeat
from edge_agent.domain.fleet.managed_config import Difference, differences, managed_of, parts_of
from edge_agent.domain.wire.protocol import PROTOCOLS_READ

HISTORY_MAX = 100


def hear(database: Database, asked: Asked, said: Heartbeat, *, now: datetime) -> dict[str, Any]:
    """Take a heartbeat; gives what the gateway is to have, signed, where that is not what it has.

    Raises ``NotKnown`` for one that is not genuine.
    """
    with database.transaction() as connection:
        gateway = genuine_gateway(connection, asked, now)
        before = queries("fleet_config").heartbeat_of(connection, gateway_id=gateway["id"])
        queries("fleet_config").put_heartbeat(
            connection, gateway_id=gateway["id"], at=now, protocols=list(said.protocols),
            config=Jsonb(said.config.model_dump()), release=Jsonb(said.release.model_dump()),
            health=Jsonb(said.health.model_dump()),
        )  # fmt: skip
        _tell_changes(connection, said, before["config"] if before else {})
        if said.config.state != "probation" and not said.config.last:
            follow_policies(connection, gateway["id"], now)
        keys = keys_in(connection)
        return {
            "protocols": list(PROTOCOLS_READ),
            "config": _config_for(connection, gateway["id"], said, keys),
            "release": order_for(connection, gateway["id"], said, keys),
            "handovers": [dict(each) for each in keys.handovers],
        }


def set_config(
    database: Database,
    gateway: str,
    toml: str,
    *,
    profiles: Mapping[str, str] | None = None,
    replaces_local: bool = False,
    reason: str,
    at: datetime,
    actor: str,
) -> Row:
    """Propose the next version; it is handed out at once if nothing that is measured changes, else once a second person
    has approved the change. Gives the change.

    ``profiles`` None: those of the latest version. ``replaces_local``: what was edited at the gateway goes. Raises
    ``NotFound``, ``Invalid`` with every fault, and ``Conflict``.
    """
    with database.transaction() as connection:
        found = gateway_named(connection, gateway)
        latest = queries("fleet_config").latest_config(connection, gateway_id=found["id"])
        heartbeat = queries("fleet_config").heartbeat_of(connection, gateway_id=found["id"])
        kept = latest["profiles"] if latest else {}
        replaces = None
        if replaces_local:
            if heartbeat is None:
                raise Conflict(
                    f"gateway {gateway} has sent no heartbeat yet", "Wait for it, then look at what it runs."
                )
            replaces = heartbeat["config"]["sha256"]
    request = {
        "gateway": gateway, "toml": toml, "profiles": dict(kept if profiles is None else profiles),
        "replaces": replaces,
    }  # fmt: skip
    return controlled_changes.propose(database, "gateway_config", request, reason=reason, at=at, actor=actor)


def take_over(database: Database, gateway: str, *, reason: str, at: datetime, actor: str) -> Row:
    """Make what was edited at the gateway the ledger's own next version. Raises as :func:`set_config` does."""
    with database.transaction() as connection:
        found = gateway_named(connection, gateway)
        heartbeat = queries("fleet_config").heartbeat_of(connection, gateway_id=found["id"])
        toml = heartbeat["config"].get("toml") if heartbeat else None
        if toml is None:
            raise Conflict(f"gateway {gateway} reports no configuration of its own", "There is nothing to take over.")
    return set_config(database, gateway, toml, replaces_local=True, reason=reason, at=at, actor=actor)


def roll_back(database: Database, gateway: str, version: int, *, reason: str, at: datetime, actor: str) -> Row:
    """Hand out what an earlier version said, as the next one. Raises ``NotFound`` and as :func:`set_config` does."""
    with database.transaction() as connection:
        found = gateway_named(connection, gateway)
        old = queries("fleet_config").config_of_version(connection, gateway_id=found["id"], version=version)
        if old is None:
            raise NotFound(f"gateway {gateway} never had a version {version}", "See: cloud-sync gateway config history")
        running = queries("fleet_config").heartbeat_of(connection, gateway_id=found["id"])
    is_drifted = running is not None and running["config"].get("state") == "drifted"
    return set_config(
        database, gateway, old["toml"], profiles=old["profiles"], replaces_local=is_drifted, reason=reason, at=at,
        actor=actor,
    )  # fmt: skip


def config_now(database: Database, gateway: str) -> dict[str, Any]:
    """``latest`` version of the ledger, ``heartbeat``, the change that is ``waiting``, ``differences`` of what runs
    from the latest, and ``standing`` in a word. Raises ``NotFound``."""
    with database.transaction() as connection:
        found = gateway_named(connection, gateway)
        latest = queries("fleet_config").latest_config(connection, gateway_id=found["id"])
        heartbeat = queries("fleet_config").heartbeat_of(connection, gateway_id=found["id"])
        waiting = queries("fleet_config").open_change_of(connection, subject=f"gateway:{gateway}")
        runs = running_config(connection, found["id"], latest)[0]
    handed = managed_of(tomllib.loads(latest["toml"])) if latest else {}
    differ = differences(handed, runs) if latest and heartbeat and heartbeat["config"].get("toml") else []
    differ += _files_that_differ(latest, heartbeat) if latest and heartbeat else []
    return {
        "gateway": gateway, "latest": latest, "heartbeat": heartbeat, "waiting": waiting,
        "differences": [asdict(each) for each in differ], "standing": standing_of(latest, heartbeat),
        "zone": found["zone"],
    }  # fmt: skip


def standing_of(latest: Row | None, heartbeat: Row | None) -> str:
    """How a gateway stands to its configuration, in a word or three."""
    if heartbeat is None:
        return "not reported" if latest is None else "not fetched yet"
    said = heartbeat["config"]
    if said.get("state") in ("drifted", "probation", "unreadable"):
        return str(said["state"])
    if latest is None:
        return "made there"
    if said.get("last") and said.get("tried") == latest["version"]:
        return str(said["last"]).replace("_", " ")
    if said.get("sha256") == latest["sha256"]:
        return "as handed out"
    keeps_its_own = said.get("state") == "unmanaged" and said.get("sha256") != latest["replaces"]
    return "keeps its own" if keeps_its_own else "on its way"


def config_history(database: Database, gateway: str) -> list[Row]:
    """All versions, the newest first, each with its ``differences`` from the one before. Raises ``NotFound``."""
    with database.transaction() as connection:
        found = gateway_named(connection, gateway)
        rows = list(queries("fleet_config").configs(connection, gateway_id=found["id"], rows_max=HISTORY_MAX))
    older = [*rows[1:], {"toml": "", "profiles": {}, "policies": {}}]
    return [{**row, "differences": _between(before, row)} for row, before in zip(rows, older, strict=False)]


def config_diff(database: Database, gateway: str, older: int | None, newer: int | None) -> list[dict[str, Any]]:
    """What differs between two versions; without them, between the latest and what the gateway runs."""
    if older is None and newer is None:
        found: list[dict[str, Any]] = config_now(database, gateway)["differences"]
        return found
    with database.transaction() as connection:
        gateway_id = gateway_named(connection, gateway)["id"]
        both = []
        for version in (older, newer):
            row = (
                queries("fleet_config").latest_config(connection, gateway_id=gateway_id)
                if version is None
                else queries("fleet_config").config_of_version(connection, gateway_id=gateway_id, version=version)
            )
            if row is None:
                raise NotFound(
                    f"gateway {gateway} has no version {version or 1}", "See: cloud-sync gateway config history"
                )
            both.append(row)
    return _between(*both)


def draft_differences(before: str, after: str) -> list[dict[str, Any]]:
    """What differs between two texts that are configurations."""
    nothing: dict[str, Any] = {"profiles": {}, "policies": {}}
    return _between({"toml": before, **nothing}, {"toml": after, **nothing})


def _between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = differences(managed_of(tomllib.loads(before["toml"])), managed_of(tomllib.loads(after["toml"])))
    found += differences({"profile": before["profiles"]}, {"profile": after["profiles"]})
    found += differences({"policy": before["policies"]}, {"policy": after["policies"]})
    return [asdict(each) for each in found]


def _files_that_differ(latest: Row, heartbeat: Row) -> list[Difference]:
    """Profiles and policies at a gateway that are not what was handed out: their content stays there."""
    runs = heartbeat["config"].get("parts")
    if runs is None or heartbeat["config"].get("version") != latest["version"]:
        return []
    handed = parts_of(latest["profiles"], latest["policies"])
    return [
        Difference(path, "as handed out" if path in handed else None, "edited" if path in runs else None)
        for path in sorted(handed.keys() | runs.keys())
        if handed.get(path) != runs.get(path)
    ]


def _config_for(connection: Connection, gateway_id: int, said: Heartbeat, keys: LedgerKeys) -> dict[str, str] | None:
    latest = queries("fleet_config").latest_config(connection, gateway_id=gateway_id)
    if latest is None or said.config.version == latest["version"] or said.config.state == "unreadable":
        return None
    if said.config.tried is not None and said.config.tried >= latest["version"]:
        return None  # it was tried, and did not come to run
    handed = HandedOutConfig(
        gateway=said.gateway, version=latest["version"], toml=latest["toml"], profiles=latest["profiles"],
        policies=latest["policies"], sha256=latest["sha256"], replaces=latest["replaces"],
    )  # fmt: skip
    return keys.sign_body(CONFIG_FORMAT, body_of(handed))


def _tell_changes(connection: Connection, said: Heartbeat, before: Mapping[str, Any]) -> None:
    """Drift, a refusal and a roll-back are events when they begin; so is another version."""
    now = said.config
    for word, is_now, was in (
        ("drifted", now.state == "drifted", before.get("state") == "drifted" and before.get("sha256") == now.sha256),
        ("ended", bool(now.last), (before.get("tried"), before.get("last")) == (now.tried, now.last)),
        ("running", now.state == "running", (before.get("version"), before.get("state")) == (now.version, "running")),
    ):
        if is_now and not was:
            kind = f"gateway_config_{now.last if word == 'ended' else word}"
            data = {"version": now.tried if word == "ended" else now.version, "sha256": now.sha256}
            add_event(
                connection, actor=LEDGER, kind=kind, subject=f"gateway:{said.gateway}", reason=now.reason, data=data
            )
