"""Alembic's entry: one connection, one transaction, one migrating process at a time."""

from functools import partial

import psycopg
from alembic import context
from sqlalchemy import create_engine, pool, text

from cloud_sync.storage.roles import protect

# Any fixed number: the advisory lock that keeps two starting processes from migrating at once.
MIGRATION_LOCK = 0x4C4F5457

# By the driver itself: SQLAlchemy does not understand addresses of several hosts.
engine = create_engine(
    "postgresql+psycopg://", creator=partial(psycopg.connect, context.config.attributes["url"]), poolclass=pool.NullPool
)
with engine.begin() as connection:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    # What a migration changes in evidence is sealed as such (versions/0023_seal.sql).
    connection.execute(text("SELECT set_config('lotwarden.change', 'M', true)"))
    context.configure(connection=connection, target_metadata=None, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - it is connected
        protect(driver)
