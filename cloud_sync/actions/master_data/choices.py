"""Places, items, owners and partners to choose from on forms: some to begin with, and those that words match."""

from collections.abc import Iterable

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

CHOICES_MAX = 200
"""So many are listed; of more, a form asks for the name and proposes what matches."""


def places_to_choose(
    database: Database, kinds: Iterable[str], *, below: str | None = None, words: str = ""
) -> list[Row]:
    """The first places of these kinds by name, at and below a place; one more than are listed if there are more."""
    with database.transaction() as connection:
        return list(
            queries("master_data").place_choices(
                connection, kinds=sorted(kinds), below=below, words=words, rows_max=CHOICES_MAX + 1
            )
        )


def items_to_choose(database: Database, *, words: str = "") -> list[Row]:
    """The first items by name; one more than are listed if there are more."""
    with database.transaction() as connection:
        return list(queries("master_data").item_choices(connection, words=words, rows_max=CHOICES_MAX + 1))


def owners_to_choose(database: Database, *, words: str = "") -> list[Row]:
    """The house, and the first owners by name; one more than are listed if there are more."""
    with database.transaction() as connection:
        return list(queries("master_data").owner_choices(connection, words=words, rows_max=CHOICES_MAX + 1))


def verifiers_to_choose(database: Database, *, words: str = "") -> list[Row]:
    """The first partners by name that answer verifications; one more than are listed if there are more."""
    with database.transaction() as connection:
        return list(queries("trading_partners").partner_choices(connection, words=words, rows_max=CHOICES_MAX + 1))


def item_of_gtin(database: Database, gtin: str) -> str | None:
    """The item that a label's GTIN stands for."""
    with database.transaction() as connection:
        known = queries("master_data").gtin(connection, gtin=gtin)
    return known["item"] if known else None
