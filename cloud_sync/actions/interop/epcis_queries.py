"""Queries with a name, and the GLNs by which partners know places."""

from collections.abc import Iterable, Mapping

import psycopg
from psycopg.types.json import Jsonb

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.interop.epcis.identifiers import check_digit
from cloud_sync.interop.epcis.query import Query, QueryFaultError, read_query
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def query_of(asked: Mapping[str, Iterable[str]]) -> Query:
    """The query that these parameters are. Raises ``Invalid``."""
    try:
        return read_query(asked)
    except QueryFaultError as error:
        raise Invalid(str(error), "See GET /epcis for the parameters there are.") from error


def name_query(database: Database, name: str, said: Mapping[str, str | float | list[str]], *, actor: str) -> Row:
    """Keep a query under a name. Raises ``Conflict`` if there is one of that name, ``Invalid`` if it is none."""
    parameters = {key: [str(one) for one in (each if isinstance(each, list) else [each])] for key, each in said.items()}
    query_of(parameters)
    with database.transaction() as connection:
        added = queries("epcis").keep_query(connection, name=name, parameters=Jsonb(parameters), made_by=actor)
        if added is None:
            raise Conflict(f"there is a query {name} already", "Choose another name, or DELETE that one first.")
        add_event(
            connection, actor=actor, kind="epcis_query_named", subject=f"epcis_query:{name}", data={"query": parameters}
        )
        row: Row = queries("epcis").named_query(connection, name=name)
    return row


def list_queries(database: Database) -> list[Row]:
    """All that have a name."""
    with database.transaction() as connection:
        return list(queries("epcis").named_queries(connection))


def query_named(database: Database, name: str) -> Row:
    """One of them. Raises ``NotFound``."""
    with database.transaction() as connection:
        row: Row | None = queries("epcis").named_query(connection, name=name)
    if row is None:
        raise NotFound(f"there is no query {name}", "See GET /epcis/queries for those there are.")
    return row


def forget_query(database: Database, name: str, *, actor: str) -> None:
    """Take a name away. Raises ``NotFound``."""
    with database.transaction() as connection:
        if queries("epcis").forget_query(connection, name=name) is None:
            raise NotFound(f"there is no query {name}", "See GET /epcis/queries for those there are.")
        add_event(connection, actor=actor, kind="epcis_query_forgotten", subject=f"epcis_query:{name}")


def set_gln(database: Database, place: str, gln: str, extension: str, *, actor: str) -> None:
    """Say by which GLN partners know a place. Raises ``Invalid`` (check digit), ``Conflict`` (another place has it)."""
    if check_digit(gln[:-1]) != gln[-1]:
        raise Invalid(f"the check digit of GLN {gln} is wrong: it would be {check_digit(gln[:-1])}", "Write it again.")
    with database.transaction() as connection:
        row = place_named(connection, place)
        try:
            queries("epcis").set_place_gln(connection, place_id=row["id"], gln=gln, extension=extension)
        except psycopg.errors.UniqueViolation as error:
            raise Conflict(
                f"another place has GLN {gln}", "Give each place below it an extension of its own."
            ) from error
        data = {"gln": gln, "extension": extension}
        add_event(connection, actor=actor, kind="place_gln_set", subject=f"place:{place}", data=data)
