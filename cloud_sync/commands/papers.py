"""``report``, ``verify-paper`` and ``site-format``: papers as files, whether they hold, and how they are written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, show, told
from cloud_sync.config import LedgerConfig

if TYPE_CHECKING:
    from cloud_sync.actions.papers.papers import PaperName, Verdict

CHANGES_SHOWN = 20

site_format_app = typer.Typer(help="How papers of a site write dates, decimals and temperatures.", no_args_is_help=True)


def report(
    kind: Annotated[str, typer.Argument(help="Which paper; cloud-sync report list shows all.")],
    paper_id: Annotated[str, typer.Argument(metavar="ID", help="What it is about.")] = "",
    to: Annotated[Path | None, typer.Option("--out", help="The file to write; it must not exist yet.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Print a record as PDF/A: cloud-sync report excursion-report 7 --out case-7.pdf."""
    from cloud_sync.actions.papers.papers import KINDS, make_paper  # late: no other command waits for them

    if kind == "list":
        for name, known in KINDS.items():
            say(f"{name.value:24} {known.title}; ID: {known.id_help}")
        return
    name = _kind_named(kind)
    if not paper_id:
        fail(f"{kind} of what?", f"Give {KINDS[name].id_help}.")
    loaded = load(config)
    with told(), opened(loaded) as database:
        paper = make_paper(
            database, name, paper_id, at=datetime.now(UTC), actor=me(), public_url=public_url(loaded)
        )  # fmt: skip
    path = to or Path(paper.file_name)
    try:
        with path.open("xb") as file:
            file.write(paper.pdf)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}", "Give another name with --out.")
    say(f"{path}: {paper.title}; SHA-256 of its data {paper.envelope.sha256}")


def verify_paper(
    file: Annotated[Path, typer.Argument(help="A PDF that this ledger made.")], config: Config = DEFAULT_CONFIG
) -> None:
    """Say whether a paper is as it was made, and whether the ledger still knows the same. Ends with 1 if not."""
    from cloud_sync.actions.papers.papers import verify_paper as verdict_on  # late: no other command waits for them

    try:
        pdf = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", "Give the path of the PDF.")
    with told(), opened(load(config)) as database:
        verdict = verdict_on(database, pdf)
    _tell(verdict)


def _tell(verdict: "Verdict") -> None:
    made = verdict.envelope
    say(f"{made.kind} {made.id}, made {made.made_at:%Y-%m-%d %H:%M:%S} UTC by {made.made_by}; SHA-256 {made.sha256}")
    if not verdict.is_intact:
        fail(
            "this paper was CHANGED: its data do not have the hash that it carries.",
            "Do not rely on it; print the record again.",
        )
    if verdict.is_as_drawn is False:
        fail(
            "this paper was CHANGED: its pages are not what its data make, or the file was saved by another program.",
            "Do not rely on it; print the record again.",
        )
    if verdict.is_as_drawn is None:
        say(f"it was drawn by {made.made_with}: whether its pages were changed since cannot be told by this version")
    if verdict.gone:
        fail(f"the ledger has no such record now: {verdict.gone}", "Was it made by another ledger?")
    for where, printed, known in verdict.changes[:CHANGES_SHOWN]:
        say(f"{where}: printed {printed}, now {known}")
    more = len(verdict.changes) - CHANGES_SHOWN + verdict.more_changes
    if verdict.changes:
        fail(
            f"the ledger knows otherwise now, in {len(verdict.changes) + verdict.more_changes} places"
            f"{f', {more} of them not shown' if more > 0 else ''}.",
            "Print the record again. What changed it stands in the audit trail.",
        )
    say("OK: the ledger knows what this paper says")


def _kind_named(kind: str) -> "PaperName":
    from cloud_sync.actions.papers.papers import PaperName

    try:
        return PaperName(kind)
    except ValueError:
        fail(f"there is no paper {kind}", f"There are: {', '.join(PaperName)}.")


def public_url(loaded: LedgerConfig) -> str:
    """Where people reach the console; without one in the configuration, where the ledger itself listens."""
    if loaded.alerts.public_url:
        return loaded.alerts.public_url
    scheme = "https" if loaded.server.tls_cert_file or loaded.server.behind_proxy else "http"
    return f"{scheme}://{loaded.server.host}:{loaded.server.port}"


@site_format_app.command("list")
def list_formats(config: Config = DEFAULT_CONFIG) -> None:
    """Show how each site writes."""
    from cloud_sync.actions.papers.sites import list_site_formats

    with told(), opened(load(config)) as database:
        show(list_site_formats(database), "site", "zone", "language", "temperature", "page")


@site_format_app.command("set")
def set_format(
    site: Annotated[str, typer.Argument(help="The site.")],
    language: Annotated[str, typer.Option(help="Whose dates and decimals: en-US, en-GB, de, fr, es, it, nl, pt, pl.")],
    temperature: Annotated[str, typer.Option(help="C or F.")] = "C",
    page: Annotated[str, typer.Option(help="a4 or us-letter.")] = "a4",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say how the papers of a site are written from now on."""
    from cloud_sync.actions.papers.sites import set_site_format
    from cloud_sync.domain.site_formats import Language, PageSize, TemperatureUnit

    try:
        chosen = Language(language), TemperatureUnit(temperature), PageSize(page)
    except ValueError as error:
        fail(f"this cannot be set: {error}", "See: cloud-sync site-format set --help")
    with told(), opened(load(config)) as database:
        set_site_format(database, site, language=chosen[0], temperature=chosen[1], page=chosen[2], actor=me())
        say(f"papers of {site}: {language}, °{temperature}, {page}")
