"""``batch``: what gateways sent and the ledger could not book."""

from typing import Annotated

import typer

from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, me, opened, say, told
from cloud_sync.ingest.dead_letter_retry import reprocess

batch_app = typer.Typer(help="Batches that the ledger could not book.", no_args_is_help=True)


@batch_app.command("reprocess")
def reprocess_batch(
    case: Annotated[int, typer.Argument(min=1, help="The id of the case batch_set_aside.")],
    reason: Annotated[str, typer.Option(help="What was wrong and is right now; the event log keeps it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Book a batch that was set aside, once the cause is gone, and close its case: all of it, or nothing."""
    with told(), opened(load(config)) as database:
        row = reprocess(database, case, reason=reason, actor=me())
        say(f"the {row['data']['records']} records of case {case} are booked, and the case is closed")
