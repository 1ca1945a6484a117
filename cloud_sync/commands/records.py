"""Master data in and out as CSV, and the operators of docks."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from cloud_sync.actions.gateways import desk
from cloud_sync.actions.master_data import records
from cloud_sync.commands.seal import export_evidence
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, check_name, err, fail, load, me, opened, say, told
from cloud_sync.domain.master_records import KINDS
from cloud_sync.domain.roles import Permission, keeps
from edge_agent.domain.stock.badges import PIN

operator_app = typer.Typer(help="People who work at docks, and their badges.", no_args_is_help=True)


def import_records(
    kind: Annotated[str, typer.Argument(help=f"What the file holds: {', '.join(KINDS)}.")],
    file: Annotated[Path, typer.Argument(help="A CSV file in UTF-8; - reads standard input.")],
    dry_run: Annotated[bool, typer.Option(help="Say what would happen, and change nothing.")] = False,
    reason: Annotated[str, typer.Option(help="Why; the event log keeps it.")] = "imported from a file",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take in master data: all rows of a file, or none if any has a fault."""
    with told():
        records.model_of(kind)
    check_keeper(kind)
    text = _read(file)
    with told(), opened(load(config)) as database, Progress(console=err, transient=True) as bar:
        task = bar.add_task(f"Reading {kind}", total=None)
        done = records.import_csv(
            database,
            kind,
            text,
            dry_run=dry_run,
            reason=reason,
            at=datetime.now(UTC),
            actor=me(),
            progress=lambda rows, total: bar.update(task, completed=rows, total=total),
        )
    if done.faults:
        fail(
            *(
                f"{file}:{fault.line}: {fault.column + ': ' if fault.column else ''}{fault.text}"
                for fault in done.faults
            ),
            f"Nothing was imported: {len(done.faults)} faults. Correct them and import the file again.",
        )
    if done.waits:
        say(f"{file} has no faults. Nothing is booked yet: another person has to import the same file")
        return
    would = "would be " if dry_run else ""
    say(f"{kind}: {done.added} {would}added, {done.changed} {would}changed, {done.unchanged} unchanged")


def check_keeper(kind: str) -> None:
    """Fail for what nobody at this terminal may import: it has no role of quality."""
    if keeps(kind) is Permission.QUALIFY:
        fail(
            f"{kind} are imported by quality, who decides whether they are qualified",
            "Sign in with that role and import the file: Administration, Imports; or with a token of that role: "
            f"POST /v1/imports/{kind}",
        )


def export_records(
    kind: Annotated[str, typer.Argument(help=f"Master data to write: {', '.join(KINDS)}.")] = "",
    evidence: Annotated[
        str, typer.Option(help="Write the evidence of a case instead: excursion:ID, lot:ID or case:ID.")
    ] = "",
    to: Annotated[Path | None, typer.Option(help="The zip file to write; by default named after the case.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write master data as CSV to standard output, or with --evidence a zip that anybody can check offline."""
    if evidence:
        export_evidence(evidence, to or Path(f"evidence-{evidence.replace(':', '-')}.zip"), config)
        return
    with told():
        records.model_of(kind)
    with told(), opened(load(config)) as database:
        sys.stdout.writelines(line.replace("\r\n", "\n") for line in records.export_csv(database, kind, actor=me()))


@operator_app.command("put")
def put_operator(
    name: str,
    badge: Annotated[str | None, typer.Option(help="What follows LW.BADGE. on the card; the name without.")] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="The badge is no longer valid.")] = False,
    site: Annotated[
        list[str] | None, typer.Option(help="The docks of this site know the badge; repeat it. Of all sites without.")
    ] = None,
    pin: Annotated[
        bool | None, typer.Option("--pin/--no-pin", help="Ask for a PIN that goes with the badge, or take it away.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Give an operator a badge, change it, or withdraw it. Docks know it with their next desk."""
    check_name(name)
    digits = _new_pin(name) if pin else "" if pin is False else None
    with told(), opened(load(config)) as database:
        desk.put_operator(
            database, name, badge or name, active=not withdrawn, actor=me(), sites=site or None, pin=digits
        )
        say(f"the badge {badge or name} of {name} is {'withdrawn' if withdrawn else 'good'}")


def _new_pin(name: str) -> str:
    digits: str = typer.prompt(f"PIN of {name}", hide_input=True, confirmation_prompt=True)
    if not PIN.fullmatch(digits):
        fail("a PIN is 4 to 8 digits", "Give it again.")
    return digits


def _read(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return raw.decode()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", "Name a CSV file, or - for standard input.")
    except UnicodeDecodeError:
        fail(f"{file} is not in UTF-8", "Save it as CSV in UTF-8.")
