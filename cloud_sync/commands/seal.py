"""``verify``: whether the ledger is what was sealed; ``checkpoint``: what to keep elsewhere."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.actions.monitoring.archive_status import ArchiveReport, check_whole_archive
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, opened, say, told
from cloud_sync.errors import NotFound
from cloud_sync.seal.evidence_file import write_evidence
from cloud_sync.seal.publishing import latest_note
from cloud_sync.seal.verification import verify

SHOWN_MAX = 50


def verify_ledger(
    kept: Annotated[
        list[Path],
        typer.Option(
            "--kept",
            help="A checkpoint that was kept outside of this ledger: printed by cloud-sync checkpoint, or a gateway's "
            "seal.checkpoint. Only such a one shows that all of the database was set back to an older state.",
        ),
    ] = [],  # noqa: B006 - typer only reads it
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Check every row of evidence against the seal, and name those that do not fit. Ends with 1 if there are any."""
    with told(), opened(load(config)) as database:
        try:
            notes = [path.read_text(encoding="utf-8") for path in kept]
        except (OSError, UnicodeDecodeError) as error:
            raise NotFound(
                f"a checkpoint cannot be read: {error}", "Give the path of the file it was saved to."
            ) from error
        report = verify(database, notes)
        archived = check_whole_archive(database)
    say(
        f"checked: {report.size} sealed rows, {report.checkpoints} checkpoints, {report.cosignatures} signatures of "
        f"gateways{f', {report.unsealed} rows waiting for the next checkpoint' if report.unsealed else ''}"
    )
    for line in report.restores:
        say(line)
    _say_archive(archived)
    if not report.findings and not archived.faults:
        say("OK: the ledger is what was sealed")
        return
    if not report.findings:
        fail(
            f"{len(archived.faults)} files of the archive are not as they were: what was measured then is not known.",
            "Holds stay as they are. Restore these files from a copy of the archive, then run cloud-sync verify again.",
        )
    for finding in report.findings[:SHOWN_MAX]:
        say(f"{finding.where}: {finding.what}")
    more = len(report.findings) - SHOWN_MAX
    fail(
        f"{len(report.findings)} findings{f', {more} of them not shown' if more > 0 else ''}: "
        "this ledger is not what was sealed.",
        "Stop the ledger, keep the machine and its backups as they are, and tell quality and your inspector's contact.",
    )


def _say_archive(archived: ArchiveReport) -> None:
    if archived.store is None:
        return
    say(f"checked: {archived.files} files of the archive {archived.store}, {archived.readings} readings")
    for finding in archived.findings[:SHOWN_MAX]:
        say(f"archive {finding.name}: {finding.what}")


def export_evidence(case: str, to: Path, config: Path) -> None:
    """Write the evidence of a case to a file that is not there yet."""
    with told(), opened(load(config)) as database:
        written = io.BytesIO()
        done = write_evidence(database, case, written, now=datetime.now(UTC))
        try:
            with to.open("xb") as file:
                file.write(written.getvalue())
        except OSError as error:
            fail(f"{to} cannot be written: {error.strerror}", "Give another name with --to.")
        say(f"{to}: {done['rows']} rows, {done['readings']} readings and {done['batches']} signed batches of {case}")
        say(f"check it anywhere: python3 verify.py {to} --key {ledger_keys(database).public_key}")


def print_checkpoint(config: Config = DEFAULT_CONFIG) -> None:
    """Print the latest signed checkpoint. Keep it where the ledger's administrators cannot reach it."""
    with told(), opened(load(config)) as database:
        sys.stdout.write(latest_note(database))
