"""``validate``: installation and operation of this ledger checked, and the signed protocol as a PDF."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.commands.papers import public_url
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, told


def validate(
    to: Annotated[Path | None, typer.Option("--out", help="The PDF to write; it must not exist yet.")] = None,
    on_server: Annotated[
        bool,
        typer.Option(
            "--on-server/--own-server",
            help="Make the throwaway databases on the configured server (its user may make databases), or start a "
            "server for them.",
        ),
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Check installation (IQ) and operation (OQ), and print the signed protocol. Ends with 1 if there are deviations.

    The ledger's own data are only read; OQ works on databases that are thrown away.
    """
    from cloud_sync.actions.papers.papers import PaperName, make_paper  # late: no other command waits for them
    from cloud_sync.validation.installation import Installation
    from cloud_sync.validation.protocol import validate as run_all

    loaded = load(config)
    section = loaded.database
    if on_server and section.url is None:
        fail("this ledger has a server of its own, which makes no other databases.", "Leave --on-server out.")
    with told(), opened(loaded, may_create=True) as database:
        now = datetime.now(UTC)
        run = run_all(
            database, Installation(config, loaded, database, now), clock=lambda: datetime.now(UTC), actor=me(),
            server_url=(section.migration_url or section.url) if on_server else None,
        )  # fmt: skip
        paper = make_paper(
            database,
            PaperName.VALIDATION,
            str(run.number),
            at=datetime.now(UTC),
            actor=me(),
            public_url=public_url(loaded),
        )
    for each in run.results:
        say(f"{each.id}  {each.outcome.value:<14}  {each.title}")
        if each.outcome.value == "failed":
            say(f"       found: {each.found}")
    path = to or Path(paper.file_name)
    try:
        with path.open("xb") as file:
            file.write(paper.pdf)
    except OSError as error:
        fail(
            f"{path} cannot be written: {error.strerror}",
            f"Print it again: cloud-sync report validation-protocol {run.number}",
        )
    say(f"{path}: {run.passed} passed, {run.failed} failed, {run.not_applicable} not applicable")
    if run.failed:
        raise typer.Exit(1)
