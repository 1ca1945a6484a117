"""The named queries of ``queries.sql``."""

import re
from importlib.resources import files


def _read(text: str) -> dict[str, str]:
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


SCHEMA: str = files("edge_agent.buffer").joinpath("schema.sql").read_text()
"""What a fresh journal is made with."""
SCHEMA_VERSION = 2
MIGRATIONS: dict[int, str] = {2: files("edge_agent.buffer").joinpath("migrate_2.sql").read_text()}
"""Schema version -> the statements that lead to it from the one before."""
SQL: dict[str, str] = _read(files("edge_agent.buffer").joinpath("queries.sql").read_text())
"""Name to statement."""
