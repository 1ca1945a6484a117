"""Totes, boxes and pallets: each gets a serial shipping container code that none had before."""

from cloud_sync.errors import Conflict, NotFound
from cloud_sync.labels.content import sscc_of
from cloud_sync.labels.settings import LabelSettings
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def number_tote(database: Database, *, order: str | None, note: str, settings: LabelSettings, actor: str) -> Row:
    """A tote with a number of its own, for an order or for none. Raises ``NotFound``, ``Conflict``."""
    if not settings.company_prefix:
        raise Conflict(
            "the ledger does not know the house's GS1 company prefix, from which numbers of totes are made",
            "An administrator writes it into the ledger's configuration: gs1_company_prefix in [labels].",
        )
    with database.transaction() as connection:
        order_id = None
        if order is not None:
            found = list(queries("orders").orders_by_number(connection, numbers=[order]))
            if not found:
                raise NotFound(f"there is no order {order}", "See GET /v1/orders for those there are.")
            order_id = found[0]["id"]
        number = queries("labels").next_tote(connection)
        try:
            sscc = sscc_of(settings.extension_digit, settings.company_prefix, number)
        except ValueError as error:
            raise Conflict(str(error), "Change sscc_extension_digit in [labels] to one that was not used.") from error
        queries("labels").add_tote(connection, id=number, sscc=sscc, order_id=order_id, note=note, numbered_by=actor)
        add_event(
            connection, actor=actor, kind="tote_numbered", subject=f"tote:{sscc}", data={"order": order, "note": note}
        )
        return tote_row(connection, sscc)


def tote(database: Database, sscc: str) -> Row:
    """What a tote is of. Raises ``NotFound``."""
    with database.transaction() as connection:
        return tote_row(connection, sscc)


def list_totes(database: Database, *, order: str | None, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Totes, the latest first; those of one order."""
    with database.transaction() as connection:
        return list(queries("labels").totes(connection, number=order, rows_max=rows_max, rows_skipped=rows_skipped))


def tote_row(connection: Connection, sscc: str) -> Row:
    """The tote with this number. Raises ``NotFound``."""
    row: Row | None = queries("labels").tote(connection, sscc=sscc)
    if row is None:
        raise NotFound(f"there is no tote {sscc}", "See GET /v1/totes for those there are.")
    return row
