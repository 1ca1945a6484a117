"""``dscsa``: an answer to a regulator about any product, in one command."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.commands.papers import public_url
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, told

dscsa_app = typer.Typer(help="The Drug Supply Chain Security Act.", no_args_is_help=True)


@dscsa_app.callback()
def _dscsa() -> None:
    """The Drug Supply Chain Security Act."""


@dscsa_app.command()
def answer(
    gtin: Annotated[str, typer.Option(help="The product's GTIN, 14 digits.")],
    asked_by: Annotated[str, typer.Option(help="Who asks: agency and person.")],
    lot: Annotated[str, typer.Option(help="Only this lot.")] = "",
    serial: Annotated[str, typer.Option(help="Only this serial.")] = "",
    reference: Annotated[str, typer.Option(help="The number of their request.")] = "",
    asked_at: Annotated[
        datetime | None, typer.Option(help="When they asked, UTC; now if left out.", formats=["%Y-%m-%dT%H:%M"])
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="The zip to write, and a PDF paper beside it; they must not exist yet."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Everything that was told of a product, in and out, with the documents as they came: cloud-sync dscsa answer
    --gtin 00361414567894 --lot A1 --asked-by "FDA, J. Doe"."""
    from cloud_sync.actions.interop import tracing_requests  # late: no other command waits for it
    from cloud_sync.actions.papers.papers import PaperName, make_paper

    at = datetime.now(UTC)
    loaded = load(config)
    with told(), opened(loaded) as database:
        request = tracing_requests.record_request(
            database, asked_by=asked_by, reference=reference,
            asked_at=asked_at.replace(tzinfo=UTC) if asked_at else at, gtin=gtin, lot_number=lot, serial=serial,
            actor=me(),
        )  # fmt: skip
        paper = make_paper(
            database, PaperName.TRACING, str(request["id"]), at=at, actor=me(), public_url=public_url(loaded)
        )
        content, request = tracing_requests.answer_request(database, request["id"], at=at, actor=me())
    path = to or Path(f"dscsa-{request['id']}.zip")
    pdf = path.with_suffix(".pdf")
    for name, written in ((path, content), (pdf, paper.pdf)):
        try:
            with name.open("xb") as file:
                file.write(written)
        except OSError as error:
            fail(f"{name} cannot be written: {error.strerror}", "Give another --out; the request is recorded.")
    say(f"{path} and {pdf}: request {request['id']}, to be answered by {request['due_at']:%Y-%m-%d %H:%M} UTC; SHA-256 "
        f"{request['answer_sha256']}")  # fmt: skip
