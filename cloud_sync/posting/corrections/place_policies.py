"""Another storage policy for a place where stock has stood: a second person agrees, for a hold could end by it."""

from dataclasses import dataclass
from datetime import datetime

from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.corrections.wanted import Subject
from cloud_sync.posting.monitoring.rule_tracks import judge_places
from cloud_sync.posting.places import place_named
from cloud_sync.storage.database import Connection
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class PlacePolicy:
    """From now on a place is judged by this policy; what was measured before stays judged by the one before."""

    place: str
    policy: str | None
    kind = "place_policy"

    def subject(self, connection: Connection) -> Subject:
        """The place, and what it is judged by."""
        place = place_named(connection, self.place)
        if self.policy is not None and queries("master_data").policy_by_name(connection, name=self.policy) is None:
            raise NotFound(f"there is no policy {self.policy}", "See GET /v1/policies for those there are.")
        before, after = {"policy": place["policy"]}, {"policy": self.policy}
        if before == after:
            raise Invalid(f"{self.place} is judged by this policy already")
        lots = lots_that_were_in(connection, place["id"])
        return Subject(f"place:{self.place}", before, after, None, lots, in_use=bool(lots))

    def apply(self, connection: Connection, subject: Subject, actor: str, at: datetime) -> None:
        """Judge by it from ``at`` on."""
        place = place_named(connection, self.place)
        lock_holds(connection)
        queries("tracks").policy_was(connection, place_id=place["id"], policy=subject.before["policy"], until=at)
        queries("master_data").set_policy(connection, place_id=place["id"], policy=self.policy)
        judge_places(connection, place["id"])


def lots_that_were_in(connection: Connection, place_id: int) -> list[int]:
    """The lots that ever stood in a place, or in what stands in it."""
    return [row["lot_id"] for row in queries("corrections").lots_that_were_in(connection, place_id=place_id)]
