"""``erase`` and ``erase-words``: what the ledger knows of a person goes, and words about them; two people do it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sync.actions.people import erased_words
from cloud_sync.actions.people.erasure import erase
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, me, opened, say, show, told


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


def erase_words(
    words: Annotated[
        str,
        typer.Option(prompt="Words", help="As they were written; left out, they are asked for: no shell keeps them."),
    ],
    reason: Annotated[str, typer.Option(help="Why; it stays in the history, without the words.")] = "",
    look: Annotated[bool, typer.Option("--look", help="Only show where they stand.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Erase words about a person from reasons, notes and other free text. Another one has to ask for the same."""
    with told(), opened(load(config)) as database:
        if look or not reason:
            found = erased_words.preview(database, words)
            show(found["found"], "table", "column", "rows")
            say(f"{found['places']} places in {found['rows']} rows")
            say(f"{found['within_longer_words']} texts hold them within longer words, {found['documents']} "
                "documents of others hold them: these stay")  # fmt: skip
            if found["legal_holds"]:
                say(f"legal holds forbid it: {', '.join(map(str, found['legal_holds']))}")
            if not look:
                say("nothing was asked for: give --reason to ask for their erasure")
            return
        done = erased_words.ask_or_approve(database, words, reason=reason, at=datetime.now(UTC), actor=me())
    if done["state"] == "waits":
        say(f"erasure {done['id']} waits: {done['places']} places are erased when somebody else asks for the same")
    else:
        say(f"erasure {done['id']}: {done['rows']} rows are changed, as {done['asked_by']} had asked")
