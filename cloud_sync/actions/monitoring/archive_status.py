"""What of the readings is in the archive, whether its files are there, and what was wrong that no longer is."""

from dataclasses import dataclass
from typing import Any

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.archive.checking import ArchiveFinding, check_archive
from cloud_sync.archive.opening import store_at
from cloud_sync.archive.stores import StoreFault
from cloud_sync.errors import Invalid
from cloud_sync.posting.cases import LEDGER, close_case
from cloud_sync.posting.monitoring.archived_readings import UNREADABLE, opened_store
from cloud_sync.posting.monitoring.rule_tracks import judge_again
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What a check found. ``files`` were looked at byte for byte."""

    store: str | None
    files: int
    readings: int
    findings: tuple[ArchiveFinding, ...]

    @property
    def faults(self) -> list[ArchiveFinding]:
        """What of the ledger's own files does not fit."""
        return [each for each in self.findings if not each.is_foreign]


def archive_status(database: Database) -> dict[str, Any]:
    """Where the archive is, its months, and the names of files that are not there or have another size now."""
    with database.transaction() as connection:
        url = queries("archive").store(connection)
        months = [dict(row) for row in queries("archive").months(connection)]
        files = list(queries("archive").files(connection))
    missing = _missing(url, files) if url is not None and files else []
    return {"store": url, "months": months, "files": len(files), "unreadable": missing}


def _missing(url: str, files: list[Row]) -> list[dict[str, str]]:
    """Files that are not as they were; or the archive itself, if it cannot be asked."""
    try:
        sizes = store_at(url).sizes()
    except StoreFault as error:
        return [{"name": url, "why": f"{error}. {error.what_to_do}".strip()}]
    except Invalid as error:
        return [{"name": url, "why": f"{error}. {error.what_to_do}"}]
    found = []
    for row in files:
        size = sizes.get(row["name"])
        if size != row["bytes"]:
            why = "the file is missing" if size is None else f"the file has {size} bytes and not {row['bytes']}"
            found.append({"name": row["name"], "why": why})
    return found


def check_whole_archive(database: Database) -> ArchiveReport:
    """Hold every byte of the archive against the ledger, and judge what could not be judged and now can."""
    with database.transaction() as connection:
        manifests, files = list(queries("archive").manifests(connection)), list(queries("archive").files(connection))
        keys = keys_in(connection)
        known = frozenset({keys.public_key, *(each[name] for each in keys.handovers for name in ("key", "by"))})
        if queries("archive").store(connection) is None:
            return ArchiveReport(None, 0, 0, ())
        store = opened_store(connection)
    findings = tuple(check_archive(store, manifests, files, known))
    wrong = {each.name for each in findings}
    _judge_what_is_back(database, [row for row in files if row["name"] not in wrong])
    return ArchiveReport(store.url, len(files), sum(row["row_count"] for row in files), findings)


def _judge_what_is_back(database: Database, sound: list[Row]) -> None:
    """Judge the channels again that a file kept from it which is there again, and close its case."""
    ids = {row["name"]: row["id"] for row in sound}
    with database.transaction() as connection:
        cases = [
            row for row in queries("cases").open_cases_of_kinds(connection, kinds=[UNREADABLE]) if row["key"] in ids
        ]
    for case in cases:
        with database.transaction() as connection:
            parts = queries("archive").parts_of_file(connection, file_id=ids[case["key"]])
            judge_again(connection, {row["channel_id"] for row in parts if not row["is_home"]})
            close_case(
                connection, case["id"], actor=LEDGER, resolution="the file is there again, and its time was judged"
            )
