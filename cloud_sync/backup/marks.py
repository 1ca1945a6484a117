"""How far the ledger has come, kept outside of its database and its backups: the marks file.

A restored ledger is older than what it has acknowledged. By the marks it knows what it has to ask its gateways for
again, and up to where its sealed log was signed.
"""

import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cloud_sync.errors import Invalid, NotFound
from cloud_sync.posting.cases import close_case
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import LEDGER
from cloud_sync.storage.queries import queries

FORMAT = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marks:
    """``lanes``: gateway, journal, lane and max_seq of each; ``checkpoint``: the latest signed note, or ""."""

    at: datetime
    checkpoint: str
    lanes: list[dict[str, Any]]


def write_marks(database: Database, path: Path, at: datetime) -> None:
    """Write the marks, whole or not at all. Raises ``OSError``."""
    with database.transaction() as connection:
        last = queries("seal").last_checkpoint(connection)
        lanes = [dict(row) for row in queries("backup").lane_marks(connection)]
    said = {"format": FORMAT, "at": at.astimezone(UTC).isoformat(), "checkpoint": last["note"] if last else "",
            "lanes": lanes}  # fmt: skip
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(said, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_marks(path: Path) -> Marks:
    """The marks in a file. Raises ``NotFound`` or ``Invalid``."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"the marks {path} cannot be read ({error})", "Give the file of backup.marks_file.") from error
    except ValueError as error:
        raise Invalid(f"{path} is no marks file", "Give the file of backup.marks_file.") from error
    try:
        if said["format"] != FORMAT:
            raise ValueError
        lanes = [
            {"gateway": str(each["gateway"]), "journal": str(each["journal"]), "lane": str(each["lane"]),
             "max_seq": int(each["max_seq"])}
            for each in said["lanes"]
        ]  # fmt: skip
        return Marks(datetime.fromisoformat(said["at"]), str(said["checkpoint"]), lanes)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"{path} is no marks file of this version", "Give the file of backup.marks_file.") from error


def settle_restored_lanes(database: Database) -> int:
    """Close the cases of lanes that gateways have sent again since a restore; gives how many are settled."""
    with database.transaction() as connection:
        rows = list(queries("backup").lanes_come_again(connection))
        for row in rows:
            key = {name: row[name] for name in ("gateway_id", "journal", "lane")}
            queries("backup").lane_is_settled(connection, **key)
            if row["case_id"] is not None:
                what = f"{row['lane']} up to {row['last_seq']}"
                text = f"gateway {row['gateway']} has sent {what} again, or said what of it is lost"
                close_case(connection, row["case_id"], actor=LEDGER, resolution=text)
    return len(rows)
