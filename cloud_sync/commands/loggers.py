"""``logger``: files of temperature loggers, of shipments and of rooms without a gateway."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cloud_sync.actions.interop import loggers
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, show, told

ROWS_MAX = 200
MEDIA_TYPE = "application/octet-stream"

logger_app = typer.Typer(help="Files of temperature loggers: shipments and rooms.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The file as the logger exported it.")]
AnswerOptions = Annotated[list[str], typer.Option("--answer", help="KEY=VALUE, what the file does not say.")]


@logger_app.command("look")
def look(file: File, answer: AnswerOptions = []) -> None:  # noqa: B006
    """Show what a file says, or what has to be answered first. Nothing is kept."""
    with told():
        found = loggers.look_at(_read(file), answers_of(answer))
    if found.file is None:
        for question in found.questions:
            choices = "".join(f"\n    {value}: {words}" for value, words in question.choices.items())
            say(f"--answer {question.key}=...  {question.text}{choices}")
        return
    told_by = found.file
    mark = "" if told_by.is_verified else "  (this layout was never compared with a real device)"
    say(f"{told_by.device} {told_by.serial}, {told_by.format}{mark}")
    say(f"{found.first_at} to {found.last_at}, {found.lowest} to {found.highest} °C")
    say(f"the device says: {told_by.verdict or 'nothing'}")
    for note in told_by.notes:
        say(note)


@logger_app.command("shipment")
def shipment(
    file: File,
    order: Annotated[str, typer.Argument(help="The order with which it travelled.")],
    answer: AnswerOptions = [],  # noqa: B006
    policy: Annotated[str | None, typer.Option(help="For items that name no storage policy.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Judge a shipment's logger; what came with it is held if a policy was broken."""
    content = _read(file)
    with told(), opened(load(config)) as database:
        row = loggers.attach_to_order(
            database, content, MEDIA_TYPE, order, answers_of(answer), policy=policy, at=datetime.now(UTC), actor=me()
        )
    _say(row)


@logger_app.command("room")
def room(
    file: File,
    place: Annotated[str, typer.Argument(help="The room or refrigerator in which it was.")],
    answer: AnswerOptions = [],  # noqa: B006
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take in the readings of a room's logger; they are judged like those of a gateway."""
    content = _read(file)
    with told(), opened(load(config)) as database:
        row = loggers.bring_for_room(
            database, content, MEDIA_TYPE, place, answers_of(answer), at=datetime.now(UTC), actor=me()
        )
    _say(row)


@logger_app.command("keep")
def keep(
    file: File,
    answer: AnswerOptions = [],  # noqa: B006
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Keep a file whose order, or room, is not known yet; attach it later."""
    content = _read(file)
    with told(), opened(load(config)) as database:
        row = loggers.bring_to_wait(database, content, MEDIA_TYPE, answers_of(answer), at=datetime.now(UTC), actor=me())
    say(f"logger file {row['id']} waits; cloud-sync logger attach {row['id']} --order NUMBER, or --place NAME")


@logger_app.command("attach")
def attach(
    file_id: Annotated[int, typer.Argument(help="The number of the file that waits.")],
    order: Annotated[str | None, typer.Option(help="The order with which it travelled.")] = None,
    place: Annotated[str | None, typer.Option(help="The room in which it was.")] = None,
    policy: Annotated[str | None, typer.Option(help="For items that name no storage policy.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say to what a file belongs that waited."""
    if (order is None) is (place is None):
        fail("a file belongs to an order or to a room", "Give --order or --place.")
    with told(), opened(load(config)) as database:
        row = loggers.attach_waiting(
            database, file_id, order=order, place=place, policy=policy, at=datetime.now(UTC), actor=me()
        )
    _say(row)


@logger_app.command("list")
def list_files(config: Config = DEFAULT_CONFIG) -> None:
    """Show files, the newest first, with the device's verdict beside ours."""
    with told(), opened(load(config)) as database:
        show(loggers.list_files(database, rows_max=ROWS_MAX), "id", "serial", "order", "place", "first_at", "last_at",
             "lowest", "highest", "device_verdict", "verdict")  # fmt: skip


def answers_of(said: list[str]) -> dict[str, str]:
    """``KEY=VALUE`` options as answers."""
    for each in said:
        if "=" not in each:
            fail(f"{each!r} is no answer", "Write it as KEY=VALUE, such as --answer zone=+02:00.")
    return dict(each.split("=", 1) for each in said)


def _say(row: Any) -> None:
    device = row["device_verdict"] or "nothing"
    say(f"logger {row['serial']}: {row['verdict'].replace('_', ' ')}; the device says {device}")
    for broken in row["broken"]:
        say(f"{broken['policy']}: {broken['text']}, from {broken['began_at']}")
    say(row["explanation"])


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read ({error.strerror})", "Name the file as the logger exported it.")
