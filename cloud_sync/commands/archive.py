"""``archive``: old readings to files outside of the database, and what is there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions.monitoring.archive_status import archive_status
from cloud_sync.actions.monitoring.archiving import archive_readings
from cloud_sync.archive.opening import store_at
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, show, told

MONTHS = 12


def archive_months(
    to: Annotated[
        str | None,
        typer.Argument(metavar="[DIR|s3://BUCKET/DIR]", help="Where the archive is; without it, what there is."),
    ] = None,
    months: Annotated[
        int, typer.Option(min=1, help="How many whole months stay in the database; older ones are archived.")
    ] = MONTHS,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Move readings of old months to Parquet files with a signed manifest.

    Each file is read back and compared before its readings leave the database. Charts, passports and judging go on
    reading them from there: keep the folder mounted, or the bucket within reach ([backup.s3]), and copied. Run
    it from a timer.
    """
    with told(), opened(load(config)) as database:
        if to is None:
            _show(archive_status(database))
            return
        any_done = False
        for done in archive_readings(database, store_at(_whole(to)), months=months, at=datetime.now(UTC), actor=me()):
            any_done = True
            per_reading = done.size_bytes / done.readings if done.readings else 0.0
            say(f"{done.month}: {done.readings} readings in {done.files} files, {done.size_bytes} bytes "
                f"({per_reading:.1f} a reading); {done.stayed} stay in the database")  # fmt: skip
        if not any_done:
            say(f"nothing to archive: no readings older than {months} months that are complete")


def _whole(to: str) -> str:
    """A folder's path as any other program of the ledger finds it."""
    return to if "://" in to else str(Path(to).absolute())


def _show(status: dict[str, object]) -> None:
    if status["store"] is None:
        say("no readings are archived yet: cloud-sync archive DIR, or s3://BUCKET/DIR")
        return
    say(f"archive: {status['store']}")
    rows = [
        {**row, "month": f"{row['month']:%Y-%m}"}
        for row in status["months"]  # type: ignore[attr-defined]
    ]
    show(rows, "month", "gateways", "files", "readings", "bytes", "home")
    unreadable = status["unreadable"]
    for each in unreadable:  # type: ignore[attr-defined]
        say(f"{each['name']}: {each['why']}")
    if unreadable:
        fail(
            "some of the archive is not there.",
            "Mend what is named above, or restore these files from a copy; then run cloud-sync verify.",
        )
