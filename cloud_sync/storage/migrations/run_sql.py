"""Migrations are plain SQL files; each revision runs the one beside it."""

from pathlib import Path

from alembic import op


def run_sql_beside(revision_file: str) -> None:
    """Run the ``.sql`` file with the name of ``revision_file`` as it is, many statements and all."""
    sql = Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().connection.cursor().execute(sql)
