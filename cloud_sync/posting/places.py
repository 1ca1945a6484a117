"""Places by name, and what may stand in what."""

from cloud_sync.errors import Invalid, NotFound
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

STANDS_IN: dict[str, tuple[str, ...]] = {
    "room": ("site", "room"),
    "bin": ("site", "room", "bin", "ward"),  # of a ward: its own cabinet
    "ward": ("site",),
    "production": ("site", "room"),
}
"""What places of a kind may stand in; the kinds that are not named stand alone. None has to stand in anything."""


def place_named(connection: Connection, name: str) -> Row:
    """The place with this name. Raises ``NotFound``."""
    row: Row | None = queries("master_data").place_by_name(connection, name=name)
    if row is None:
        raise NotFound(f"there is no place {name}", "See GET /v1/places for those there are, or create it.")
    return row


def check_place(kind: str, above: Row | None) -> None:
    """Raise ``Invalid`` if a place of this kind may not stand there."""
    allowed = STANDS_IN.get(kind, ())
    if above is not None and above["kind"] not in allowed:
        wanted = f"in a {' or '.join(allowed)}" if allowed else "alone, without a parent"
        raise Invalid(f"a {kind} stands {wanted}, not in {above['kind']} {above['name']}")
