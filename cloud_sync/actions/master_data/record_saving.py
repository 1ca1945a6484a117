"""How a record of each kind is stored, and which changes of it are refused."""

from collections.abc import Callable
from datetime import datetime

from cloud_sync.actions.master_data.master_data import (
    check_place,
    item_named,
    place_named,
    place_of_kind,
    proposed_policy,
)
from cloud_sync.domain.master_records import (
    ItemRecord,
    MasterRecord,
    OperatorRecord,
    OwnerRecord,
    PlaceRecord,
    RecipientRecord,
    ReorderRecord,
    SupplierRecord,
)
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.corrections.place_policies import lots_that_were_in
from cloud_sync.posting.item_codes import claim_codes
from cloud_sync.posting.monitoring.rule_tracks import judge_places
from cloud_sync.posting.zones import check_zone_of_new, set_zone
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import LEDGER
from cloud_sync.storage.queries import queries


def _save_place(connection: Connection, before: MasterRecord | None, record: MasterRecord, at: datetime) -> None:
    assert isinstance(record, PlaceRecord)  # noqa: S101
    if record.policy is not None and queries("master_data").policy_by_name(connection, name=record.policy) is None:
        raise NotFound(f"policy: there is no policy {record.policy}: import it with cloud-sync import-policies")
    if before is None:
        _add_place(connection, record.name, record.title, record.kind, record.parent, record.policy)
        place = place_named(connection, record.name)
        above = place_named(connection, record.parent) if record.parent else None
        check_zone_of_new(connection, record.kind, record.name, above, record.zone)
        if record.zone is not None:
            queries("zones").set_zone(connection, place_id=place["id"], zone=record.zone)
        return
    assert isinstance(before, PlaceRecord)  # noqa: S101
    _check_fixed(before, record, "kind", "parent")
    if record.zone != before.zone and record.zone is not None:
        if before.zone is not None:
            raise Conflict(f"zone: it is {before.zone}: if that is wrong, propose a correction of the place")
        place = place_named(connection, record.name)
        check_zone_of_new(connection, record.kind, record.name, None if place["parent"] is None else place, record.zone)
        set_zone(connection, place, record.zone, actor=LEDGER)
    if before.policy not in (None, record.policy) and lots_that_were_in(
        connection, place_named(connection, record.name)["id"]
    ):
        raise Conflict(
            f"policy: stock has stood in {record.name}, so a second person has to agree to another policy",
            "Propose it: POST /v1/corrections with kind place_policy; a colleague confirms it.",
        )
    place_id = queries("records").change_place(connection, name=record.name, title=record.title, policy=record.policy)
    if before.policy != record.policy:
        queries("tracks").policy_was(connection, place_id=place_id, policy=before.policy, until=at)
        judge_places(connection, place_id)


def _add_place(
    connection: Connection, name: str, title: str, kind: str, parent: str | None, policy: str | None = None
) -> int:
    try:
        above = place_named(connection, parent) if parent else None
    except NotFound as error:
        raise NotFound(f"parent: {error}", "Put it on a line before this one.") from None
    check_place(kind, above)
    policy = policy or proposed_policy(connection, kind, name, above)
    if not queries("master_data").add_place(
        connection, name=name, title=title, kind=kind, parent_id=above["id"] if above else None, policy=policy
    ):
        raise Conflict(f"name: {name} is a {place_named(connection, name)['kind']} already: choose another name")
    return int(place_named(connection, name)["id"])


def _save_owner(connection: Connection, before: MasterRecord | None, record: MasterRecord, at: datetime) -> None:
    assert isinstance(record, OwnerRecord)  # noqa: S101
    if before is None:
        queries("master_data").add_owner(connection, name=record.name, title=record.title)
    else:
        queries("records").change_owner(connection, name=record.name, title=record.title)


def _save_item(connection: Connection, before: MasterRecord | None, record: MasterRecord, at: datetime) -> None:
    assert isinstance(record, ItemRecord)  # noqa: S101
    if isinstance(before, ItemRecord):
        if queries("records").is_item_used(connection, name=record.name):
            _check_fixed(before, record, "base_unit", "serial_tracked")
        if before.compounding:
            _check_fixed(before, record, "compounding")
        for field in ("gtins", "codes"):
            for code, units in getattr(before, field).items():
                if getattr(record, field).get(code) != units:
                    raise Conflict(
                        f"{field}: {code} stands for {units} already", "If that is wrong, propose a correction of it."
                    )
    said = record.model_dump(exclude={"gtins", "codes", "substitutes"})
    if (
        record.storage_class is not None
        and queries("master_data").policy_by_name(connection, name=record.storage_class) is None
    ):
        raise NotFound(
            f"storage_class: there is no policy {record.storage_class}: import it with cloud-sync import-policies"
        )
    item_id = queries("records").keep_item(connection, **said)
    claim_codes(connection, record.name, record.gtins, record.codes, ndc=record.ndc)
    queries("records").forget_substitutes(connection, item_id=item_id)
    names = list(record.substitutes)
    if queries("records").add_substitutes(connection, item_id=item_id, names=names) != len(names):
        raise NotFound("substitutes: not all of them are items: import those first")


def _save_supplier(connection: Connection, before: MasterRecord | None, record: MasterRecord, at: datetime) -> None:
    assert isinstance(record, SupplierRecord)  # noqa: S101
    place_id = (
        _add_place(connection, record.name, record.title, "supplier", None)
        if before is None
        else queries("records").retitle_place(connection, name=record.name, title=record.title)
    )
    queries("records").keep_supplier(
        connection,
        place_id=place_id,
        status=record.status,
        qualified_until=record.qualified_until,
        note=record.note,
    )


def _save_recipient(connection: Connection, before: MasterRecord | None, record: MasterRecord, at: datetime) -> None:
    assert isinstance(record, RecipientRecord)  # noqa: S101
    if isinstance(before, RecipientRecord):
        _check_fixed(before, record, "kind", "parent")
        place_id = queries("records").retitle_place(connection, name=record.name, title=record.title)
    else:
        place_id = _add_place(connection, record.name, record.title, record.kind, record.parent)
    queries("records").keep_recipient(
        connection,
        place_id=place_id,
        shelf_life_days_min=record.shelf_life_days_min,
        care_priority=record.care_priority,
    )
    queries("records").forget_recipient_items(connection, place_id=place_id)
    for item, days in sorted(record.item_days_min.items()):
        if not queries("records").add_recipient_item(connection, place_id=place_id, item=item, days=days):
            raise NotFound(f"item_days_min: there is no item {item}: import items first")


def _save_operator(connection: Connection, before: MasterRecord | None, record: MasterRecord, at: datetime) -> None:
    assert isinstance(record, OperatorRecord)  # noqa: S101
    other = queries("records").operator_with_badge(connection, badge=record.badge)
    if other is not None and other["name"] != record.name:
        raise Conflict(f"badge: {record.badge} is that of {other['name']}: give each operator one of their own")
    queries("records").keep_operator(connection, name=record.name, badge=record.badge, active=record.active)


def _save_reorder(connection: Connection, before: MasterRecord | None, record: MasterRecord, at: datetime) -> None:
    assert isinstance(record, ReorderRecord)  # noqa: S101
    place = place_named(connection, record.place)
    if place["kind"] not in INTERNAL:
        raise Invalid(f"place: {record.place} is a {place['kind']}: name a site, room or bin")
    queries("records").keep_reorder_level(
        connection,
        item_id=item_named(connection, record.item)["id"],
        place_id=place["id"],
        supplier_id=place_of_kind(connection, record.supplier, "supplier") if record.supplier else None,
        **record.model_dump(exclude={"item", "place", "supplier"}),
    )


def _check_fixed(before: MasterRecord, after: MasterRecord, *fields: str) -> None:
    for name in fields:
        old = getattr(before, name)
        if old != getattr(after, name):
            raise Conflict(f"{name}: it is {old!r} and cannot change any more: add another one instead")


SAVE: dict[str, Callable[[Connection, MasterRecord | None, MasterRecord, datetime], None]] = {
    "places": _save_place,
    "owners": _save_owner,
    "items": _save_item,
    "suppliers": _save_supplier,
    "recipients": _save_recipient,
    "operators": _save_operator,
    "reorder-levels": _save_reorder,
}
