"""``erase``: what the ledger knows of a person goes; two people do it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sync.actions.people.erasure import erase
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, me, opened, say, told


def erase_person(
    person: Annotated[str, typer.Argument(help="The name of their account; or a prescription, as orders name it.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the history.")],
    although_signed: Annotated[
        bool, typer.Option(help="Also if their name belongs to signed records that must still be kept.")
    ] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Erase the full name and the addresses of a person, and close their account. Another one has to say the same."""
    with told(), opened(load(config)) as database:
        done = erase(database, person, reason=reason, although_signed=although_signed, at=datetime.now(UTC), actor=me())
    if done["state"] == "waits":
        say(f"{done['values']} values of {person} wait: they are erased when somebody else says the same")
    else:
        say(f"{done['values']} values of {person} are erased, as {done['asked_by']} had asked")
