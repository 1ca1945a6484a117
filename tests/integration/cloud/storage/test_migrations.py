"""What an older ledger holds is kept by the migrations that come after it."""

import uuid
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from cloud_sync.storage.database import migrate
from tests.conftest import database_url

FOLDER = Path(str(resources.files("cloud_sync.storage") / "migrations"))
OLD_ROWS = """
    INSERT INTO place (name, kind, title, ancestors)
    VALUES ('main', 'site', 'Main', '{}'), ('ward-3', 'ward', 'Ward 3', '{}');
    INSERT INTO item (name, title) VALUES ('syringe', 'Syringe');
    INSERT INTO stock_order (number, kind, from_place, to_place, owner, requested_by)
    SELECT 'SO-1', 'demand', f.id, t.id, 'house', 'amy' FROM place f, place t
    WHERE (f.name, t.name) = ('main', 'ward-3');
    INSERT INTO formula (name, version, item_id, body, drafted_by) SELECT 'mix', 1, id, '{}', 'amy' FROM item;
"""


def ledger_at(connection: psycopg.Connection, revision: str) -> None:
    """The schema as it was at ``revision``, evidence guarded as it was then."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    for script in reversed(list(ScriptDirectory.from_config(config).iterate_revisions(revision, "base"))):
        connection.execute(Path(script.path).with_suffix(".sql").read_bytes())
    connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))
    for table, may_change in (("stock_order", "{}"), ("formula", "{approved_by,approved_at}")):
        connection.execute("SELECT protect_evidence(%s, %s::text[])", (table, may_change))


@pytest.fixture
def older(postgres_url: str) -> Iterator[str]:
    """URL of an empty database."""
    name = f"older_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield database_url(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_orders_and_master_formulation_records_are_kept_under_their_new_words(older: str) -> None:
    with psycopg.connect(older) as connection:
        ledger_at(connection, "0013")
        connection.execute(OLD_ROWS)
    migrate(older)
    with psycopg.connect(older) as connection:
        assert connection.execute("SELECT number, kind FROM stock_order").fetchall() == [("SO-1", "requisition")]
        records = connection.execute("SELECT name, version, drafted_by FROM master_formulation_record").fetchall()
        assert records == [("mix", 1, "amy")]
        for change in ("UPDATE stock_order SET kind = 'transfer'", "DELETE FROM master_formulation_record"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"), connection.transaction():
                connection.execute(change)
        approve = "UPDATE master_formulation_record SET approved_by = 'bob', approved_at = now()"
        connection.execute(approve)
        with pytest.raises(psycopg.errors.RaiseException, match="never changes: draft a new version"):
            connection.execute("UPDATE master_formulation_record SET approved_by = 'cid'")
