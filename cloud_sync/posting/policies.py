"""Storage policies and their versions: a policy never changes, an edited one becomes another (``cold-v2``)."""

import re

from psycopg.types.json import Jsonb

from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy


def check_silence(policy: Policy) -> None:
    """Raise ``Conflict`` where a policy holds stock and nothing notices that there are no values any more."""
    if policy.unguarded_silence:
        raise Conflict(
            f"policy {policy.name} limits {', '.join(policy.unguarded_silence)} and would not notice a dead sensor",
            "Add a rule of kind no_data, or give silence_accepted with the reason why none is needed.",
        )


def latest_version(connection: Connection, name: str) -> Policy | None:
    """The policy of a file as the ledger has it: under its own name, or the latest of those that replaced it."""
    rows = queries("master_data").policies_named(connection, name=name, pattern=f"^{re.escape(name)}-v[0-9]+$")
    policies = [Policy.model_validate(row["body"]) for row in rows]
    return max(policies, key=lambda policy: _number(name, policy.name), default=None)


def next_name(name: str, latest: str) -> str:
    """What the next version is called.

    >>> next_name("cold", "cold"), next_name("cold", "cold-v2")
    ('cold-v2', 'cold-v3')
    """
    return f"{name}-v{_number(name, latest) + 1}"


def add_policy(connection: Connection, policy: Policy, actor: str) -> None:
    """Keep a policy under its name."""
    body = policy.model_dump(mode="json")
    queries("master_data").add_policy(connection, name=policy.name, body=Jsonb(body))
    add_event(connection, actor=actor, kind="policy_added", subject=f"policy:{policy.name}", data={"body": body})


def _number(name: str, versioned: str) -> int:
    return 1 if versioned == name else int(versioned.removeprefix(f"{name}-v"))
