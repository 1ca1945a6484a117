"""Places, items, owners and policies. Saying the same twice is harmless; saying it differently is a conflict."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from cloud_sync.domain.place_templates import policy_by_name
from cloud_sync.errors import ConfigError, Conflict, Invalid, NotFound
from cloud_sync.posting.item_codes import claim_codes
from cloud_sync.posting.movements import rebook_cases
from cloud_sync.posting.places import check_place as check_place
from cloud_sync.posting.places import place_named as place_named
from cloud_sync.posting.policies import check_silence
from cloud_sync.posting.zones import check_zone_of_new
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy


def add_place(
    database: Database,
    *,
    name: str,
    title: str,
    kind: str,
    parent: str | None,
    policy: str | None,
    zone: str | None = None,
    actor: str,
) -> tuple[Row, bool]:
    """A place below ``parent``; gives it and whether it is new. What was scanned into it before is booked now.

    A new site needs its time ``zone`` (IANA); what stands in it has the same.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        above = place_named(connection, parent) if parent else None
        check_place(kind, above)
        policy = policy or proposed_policy(connection, kind, name, above)
        if policy is not None and queries("master_data").policy_by_name(connection, name=policy) is None:
            raise NotFound(f"there is no policy {policy}", "See GET /v1/policies for those there are.")
        is_new = bool(
            queries("master_data").add_place(
                connection, name=name, title=title, kind=kind, parent_id=above["id"] if above else None, policy=policy
            )
        )
        row = place_named(connection, name)
        said = {"title": title, "kind": kind, "parent": parent, "policy": policy}
        if is_new:
            check_zone_of_new(connection, kind, name, above, zone)
        if zone is not None:
            said["zone"] = zone
        _keep(connection, is_new, "place", name, row, said, actor)
        if is_new and zone is not None:
            queries("zones").set_zone(connection, place_id=row["id"], zone=zone)
            row = place_named(connection, name)
        if is_new:
            rebook_cases(connection, actor=actor)
        return row, is_new


def proposed_policy(connection: Connection, kind: str, name: str, above: Row | None) -> str | None:
    """What guards a place from its creation, if nobody names a policy and none holds above: by its kind and name."""
    is_guarded = above is not None and queries("compounding").policies_above(connection, ancestors=above["ancestors"])
    proposed = policy_by_name(kind, name, is_guarded=bool(is_guarded))
    if proposed is None or queries("master_data").policy_by_name(connection, name=proposed) is None:
        return None
    return proposed


def list_places(
    database: Database, *, below: str | None = None, kind: str | None = None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Places with their ``path`` of names from the outermost to themselves."""
    with database.transaction() as connection:
        if below is not None:
            place_named(connection, below)
        return list(
            queries("master_data").places(
                connection, below=below, kind=kind, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def guarded_places(database: Database, *, rows_max: int) -> list[Row]:
    """The places that have a storage policy of their own."""
    with database.transaction() as connection:
        return list(queries("master_data").guarded_places(connection, rows_max=rows_max))


def add_owner(database: Database, *, name: str, title: str, actor: str) -> tuple[Row, bool]:
    """An owner of stock; gives it and whether it is new. Raises ``Conflict``."""
    with database.transaction() as connection:
        is_new = bool(queries("master_data").add_owner(connection, name=name, title=title))
        row: Row = queries("master_data").owner_by_name(connection, name=name)
        _keep(connection, is_new, "owner", name, row, {"title": title}, actor)
        return row, is_new


def list_owners(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """All owners."""
    with database.transaction() as connection:
        return list(queries("master_data").owners(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def add_item(
    database: Database,
    *,
    name: str,
    title: str,
    base_unit: str,
    expiry_required: bool,
    serial_tracked: bool,
    gtins: Mapping[str, int],
    codes: Mapping[str, int],
    actor: str,
) -> tuple[Row, bool]:
    """An item, its GTINs and its other codes (-> base units each); gives it and whether anything is new.

    Codes may be added later by saying the item again with more of them; what was scanned of them
    before is booked now. Raises ``Conflict`` if the item or a code was said differently.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        said = {
            "title": title,
            "base_unit": base_unit,
            "expiry_required": expiry_required,
            "serial_tracked": serial_tracked,
        }
        is_new = bool(queries("master_data").add_item(connection, name=name, **said))
        _keep(connection, is_new, "item", name, item_named(connection, name), said, actor)
        added = claim_codes(connection, name, gtins, codes)
        if added:
            add_event(connection, actor=actor, kind="codes_added", subject=f"item:{name}", data=added)
        if added or is_new:
            rebook_cases(connection, actor=actor)
        return item_named(connection, name), is_new or bool(added)


def list_items(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """All items with their GTINs."""
    with database.transaction() as connection:
        return list(queries("master_data").items(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def place_of_kind(connection: Connection, name: str, kind: str) -> int:
    """The id of a place that has to be of this kind. Raises ``NotFound``, ``Invalid``."""
    place = place_named(connection, name)
    if place["kind"] != kind:
        raise Invalid(f"{kind}: {name} is a {place['kind']}: name a {kind}")
    return int(place["id"])


def item_named(connection: Connection, name: str) -> Row:
    """The item with this name. Raises ``NotFound``."""
    row: Row | None = queries("master_data").item_by_name(connection, name=name)
    if row is None:
        raise NotFound(f"there is no item {name}", "See GET /v1/items for those there are, or create it.")
    return row


def add_policy(database: Database, policy: Policy, *, actor: str) -> tuple[Row, bool]:
    """A storage policy; gives it and whether it is new. Raises ``Conflict`` if it was said differently, or if it holds
    stock and would not notice a dead sensor."""
    body = policy.model_dump(mode="json")
    with database.transaction() as connection:
        check_silence(policy)
        is_new = bool(queries("master_data").add_policy(connection, name=policy.name, body=Jsonb(body)))
        row: Row = queries("master_data").policy_by_name(connection, name=policy.name)
        if is_new:
            add_event(
                connection, actor=actor, kind="policy_added", subject=f"policy:{policy.name}", data={"body": body}
            )
        elif Policy.model_validate(row["body"]) != policy:
            raise Conflict(f"policy {policy.name} exists and differs", "Give the changed one a new name.")
        return row, is_new


def list_policies(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """All storage policies."""
    with database.transaction() as connection:
        return list(queries("master_data").policies(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def read_policies(folder: Path | None = None) -> tuple[Policy, ...]:
    """The policies in ``folder``, or those that come with the program. Raises ``ConfigError`` with every fault."""
    policies: list[Policy] = []
    faults: list[str] = []
    for file in _policy_files(folder):
        try:
            policies.append(Policy.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{file.name}: is not TOML in UTF-8: {error}")
        except ValidationError as error:
            faults += [f"{file.name}: {_where(e['loc'])}: {e['msg']}" for e in error.errors()]
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(policies)


def list_channels(
    database: Database, *, gateway: str | None, place: str | None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Channels that were ever heard of, with their place and latest good reading."""
    with database.transaction() as connection:
        return list(
            queries("master_data").channels(
                connection, gateway=gateway, place=place, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def _keep(
    connection: Connection, is_new: bool, what: str, name: str, row: Row, said: dict[str, Any], actor: str
) -> None:
    if is_new:
        add_event(connection, actor=actor, kind=f"{what}_added", subject=f"{what}:{name}", data=said)
        return
    different = [f"{key} is {row[key]!r}" for key, value in said.items() if row[key] != value]
    if different:
        raise Conflict(f"{what} {name} exists and differs: {', '.join(different)}")


def _where(location: tuple[int | str, ...]) -> str:
    """Which line of a policy file: pydantic puts the kind of the rule between its number and its fields."""
    plain = location[:2] + location[3:] if location[0] == "rules" else location
    return ".".join(map(str, plain))


def _policy_files(folder: Path | None) -> Iterator[Traversable]:
    if folder is not None and not folder.is_dir():
        raise ConfigError((f"there is no folder {folder}; write the folder that holds the policies as *.toml",))
    # In a checkout the data files are beside the packages, in an installed wheel inside them.
    inside = resources.files("edge_agent") / "data" / "policies"
    beside = Path(__file__).parents[3] / "config" / "policies"
    found: Traversable = folder or (inside if inside.is_dir() else beside)
    yield from sorted((f for f in found.iterdir() if f.name.endswith(".toml")), key=lambda file: file.name)
