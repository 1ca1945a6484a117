"""Corrections of places: where one stands, and which time zone counts there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud_sync.errors import Conflict, Invalid
from cloud_sync.posting.corrections.wanted import Subject
from cloud_sync.posting.lots import judge_issues_again
from cloud_sync.posting.monitoring.exposures import expose_lots
from cloud_sync.posting.monitoring.rule_tracks import judge_places
from cloud_sync.posting.places import check_place, place_named
from cloud_sync.posting.zones import check_zone, set_zone
from cloud_sync.storage.database import Connection
from cloud_sync.storage.locks import lock_holds, lock_lots
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class Placed:
    """A place has always stood in ``parent``, or has always had the time zone ``zone``; None leaves it as it is."""

    place: str
    parent: str | None = None
    zone: str | None = None
    kind = "place"

    def subject(self, connection: Connection) -> Subject:
        """The place, and where it stood or what counted there."""
        place = place_named(connection, self.place)
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if (self.parent is None) == (self.zone is None):
            raise Invalid("name either the parent or the zone that is right")
        if self.zone is not None:
            if place["parent"] is not None:
                raise Invalid(f"{self.place} stands in {place['path'][0]} and has its time zone: correct it there")
            check_zone(connection, self.zone)
            before, after = {"zone": place["zone"]}, {"zone": self.zone}
        else:
            before, after = {"parent": place["parent"]}, {"parent": self.parent}
            above = place_named(connection, str(self.parent))
            check_place(place["kind"], above)
            if place["id"] in above["ancestors"]:
                raise Conflict(f"{self.parent} stands in {self.place} itself")
        if before == after:
            raise Invalid(f"{self.place} is known like this already")
        lots = [row["lot_id"] for row in queries("corrections").lots_that_were_in(connection, place_id=place["id"])]
        return Subject(f"place:{self.place}", before, after, None, lots, in_use=bool(lots))

    def apply(self, connection: Connection, subject: Subject, actor: str, at: datetime) -> None:
        """Measurements are judged by the policies above it, stock by the excursions there, issues by the days there."""
        place = place_named(connection, self.place)
        if self.zone is not None:
            lock_holds(connection)
            set_zone(connection, place, self.zone, actor=actor)
            return
        above = place_named(connection, str(self.parent))
        queries("corrections").move_place(connection, place_id=place["id"], parent_id=above["id"])
        judge_places(connection, place["id"])
        lock_holds(connection)
        lock_lots(connection, subject.lot_ids)
        expose_lots(connection, subject.lot_ids)
        judge_issues_again(connection, place_id=place["id"])
