"""Legal holds: what they are about may neither be erased nor thinned out, whatever retention says."""

from collections.abc import Iterable

from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries


def check_person_may_go(connection: Connection, person: str) -> None:
    """Raise ``Conflict`` while what a person acted on, signed or moved is under a legal hold."""
    _refuse(queries("legal_holds").holds_about_person(connection, person=person), person)


def check_prescription_may_go(connection: Connection, token: str, value: str) -> None:
    """Raise ``Conflict`` while goods for a prescription are under a legal hold."""
    _refuse(queries("legal_holds").holds_about_prescription(connection, token=token, value=value), "this prescription")


def check_words_may_go(holds: Iterable[Row]) -> None:
    """Raise ``Conflict`` if there are legal holds (``id``, ``reason``) over records with words that are to go."""
    _refuse(holds, "a record with these words")


def _refuse(rows: Iterable[Row], what: str) -> None:
    held = list(rows)
    if held:
        names = ", ".join(f"{row['id']} ({row['reason']})" for row in held[:3])
        raise Conflict(
            f"{what} belongs to records under legal hold {names}: nothing of it is erased",
            "Ask again when the legal hold is lifted: GET /v1/legal-holds.",
        )
