"""Trading partners inside the caller's transaction: who they are, and whether they are authorised."""

from collections.abc import Iterable
from datetime import date

from cloud_sync.interop.dscsa.licences import Licence, LicenceKind, why_not_authorised
from cloud_sync.interop.dscsa.transaction import Party
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries


def traced_items(connection: Connection, item_ids: Iterable[int]) -> dict[int, Row]:
    """Those of these items that are products under the act, by id."""
    wanted = sorted(set(item_ids))
    if not wanted:
        return {}
    return {row["item_id"]: row for row in queries("transactions").traced_items(connection, item_ids=wanted)}


def why_not(connection: Connection, place_ids: Iterable[int], on: date) -> dict[int, str]:
    """Why each of these partners is not authorised on a day; '' for those that are."""
    wanted = sorted(set(place_ids))
    known: dict[int, list[Licence]] = {place_id: [] for place_id in wanted}
    for row in queries("trading_partners").licences(connection, place_ids=wanted):
        known[row["place_id"]].append(licence_of(row))
    return {place_id: why_not_authorised(licences, on) for place_id, licences in known.items()}


def licence_of(row: Row) -> Licence:
    """A licence as the domain sees it."""
    return Licence(
        kind=LicenceKind(row["kind"]),
        number=row["number"],
        state=row["state"],
        valid_until=row["valid_until"],
        verified_at=row["verified_at"],
        verified_by=row["verified_by"],
        is_withdrawn=row["withdrawn_at"] is not None,
    )


def party_of(row: Row) -> Party:
    """The business behind a place; its title or name if nobody has said who that is."""
    return Party(
        name=row["business_name"] or row["title"] or row["name"],
        street=row["street"] or "",
        city=row["city"] or "",
        state=row["state"] or "",
        postal_code=row["postal_code"] or "",
        country=row["country"] or "US",
        gln=row["gln"] or "",
    )


def party_at(connection: Connection, place_id: int) -> Party:
    """The business behind a place: of a room or bin, that of its site."""
    site: int | None = queries("trading_partners").site_of_place(connection, place_id=place_id)
    row = queries("trading_partners").partner_by_place(connection, place_id=site or place_id)
    assert row is not None  # noqa: S101 - the place is there
    return party_of(row)


def our_parties(connection: Connection) -> list[Party]:
    """Our own businesses; empty if nobody has said who we are."""
    return [party_of({**row, "title": ""}) for row in queries("trading_partners").site_partners(connection)]
