"""``bring``: old stock and open orders from spreadsheets as people have them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions.interop import spreadsheets
from cloud_sync.commands.loggers import AnswerOptions, answers_of
from cloud_sync.commands.records import check_keeper
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, told


def bring(
    kind: Annotated[str, typer.Argument(help=f"What the file holds: {', '.join(spreadsheets.IMPORTED)}.")],
    file: Annotated[Path, typer.Argument(help="A workbook (.xlsx) or CSV, with any separator.")],
    answer: AnswerOptions = [],  # noqa: B006
    dry_run: Annotated[bool, typer.Option(help="Say what would happen, and change nothing.")] = False,
    reason: Annotated[str, typer.Option(help="Why; the event log keeps it.")] = "brought from a spreadsheet",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take in a spreadsheet as it is: what can be understood in two ways is asked, never guessed."""
    check_keeper(kind)
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", "Name a workbook or a CSV file.")
    with told(), opened(load(config)) as database:
        done = spreadsheets.bring_spreadsheet(
            database, kind, content, "application/octet-stream", answers_of(answer), dry_run=dry_run, reason=reason,
            at=datetime.now(UTC), actor=me(),
        )  # fmt: skip
    if done.questions:
        for question in done.questions:
            choices = "".join(f"\n    {value}: {words}" for value, words in question.choices.items())
            say(f'--answer "{question.key}=..."  {question.text}{choices}')
        fail("Nothing was imported: the file can be understood in several ways.", "Answer these and bring it again.")
    if done.faults:
        fail(
            *(f"{file}:{each.line}: {each.column + ': ' if each.column else ''}{each.text}" for each in done.faults),
            f"Nothing was imported: {len(done.faults)} faults. Correct them and bring the file again.",
        )
    if done.waits:
        say(f"{file} has no faults. Nothing is booked yet: another person has to bring the same file")
        return
    would = "would be " if dry_run else ""
    say(f"{kind}: {done.added} {would}added, {done.changed} {would}changed, {done.unchanged} unchanged")
