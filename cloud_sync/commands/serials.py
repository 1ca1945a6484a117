"""``serial``: units found, numbers given with their labels, and lost serials, in one command each."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, told

serial_app = typer.Typer(help="Serialised units.", no_args_is_help=True)
FOUND_MAX = 1000


@serial_app.callback()
def _serial() -> None:
    """Serialised units."""


@serial_app.command()
def find(
    serial: Annotated[str, typer.Argument(help="A serial as stock shows it.")] = "",
    patient: Annotated[str, typer.Option(help="The reference of a patient.")] = "",
    holder: Annotated[str, typer.Option(help="A customer, ward or place.")] = "",
    item: Annotated[str, typer.Option(help="Only of this item.")] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Which patient or customer has which unit: cloud-sync serial find --patient MRN-77."""
    from cloud_sync.actions.serials import units  # late: no other command waits for it

    with told(), opened(load(config)) as database:
        rows = units.find_units(
            database, serial=serial, patient=patient, holder=holder or None, item=item or None, rows_max=FOUND_MAX
        )
    for row in rows:
        has = f"; patient {row['patient']}" if row["patient"] else ""
        swapped = f"; swapped for {row['swapped_for']}" if row["swapped_for"] else ""
        say(f"{row['item']} lot {row['lot_number']} serial {row['serial']}: {row['place'] or 'gone'}{has}{swapped}")
    if not rows:
        fail("no unit matches", "Check the spelling.")


@serial_app.command()
def assign(
    lot: Annotated[int, typer.Argument(help="The id of the lot.")],
    place: Annotated[str, typer.Argument(help="Where the units are.")],
    quantity: Annotated[int, typer.Argument(help="How many get serials.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    pdf: Annotated[Path | None, typer.Option(help="Write their labels as a PDF; it must not exist yet.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Give units serials by the pattern of their item: cloud-sync serial assign 12 dock 40 --reason "came without"."""
    from cloud_sync.actions.labels import labels, serial_labels  # drawing needs much that other commands do not
    from cloud_sync.actions.serials import numbering

    loaded, at = load(config), datetime.now(UTC)
    with told(), opened(loaded) as database:
        given = numbering.assign(
            database, lot_id=lot, place=place, quantity=quantity, reason=reason, client_id=uuid4(), at=at, actor=me()
        )
        say(f"{given['first_serial']} to {given['last_serial']}: {given['count']} units of {given['item']}")
        if pdf is None:
            return
        file = serial_labels.range_file(
            database, given["id"], labels.Format.PDF, loaded.labels.as_settings(), size="", dpi=203, at=at
        )
    try:
        with pdf.open("xb") as out:
            out.write(file.data)
    except OSError as error:
        fail(f"{pdf} cannot be written: {error.strerror}", f"Get the labels of range {given['id']} from the console.")


@serial_app.command()
def lost(
    item: Annotated[str, typer.Argument(help="The item.")],
    serial: Annotated[str, typer.Argument(help="Its serial.")],
    description: Annotated[str, typer.Option(help="What happened.")],
    why: Annotated[str, typer.Option(help="lost, stolen or counterfeit.")] = "lost",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Have every dock refuse a serial: cloud-sync serial lost pump S7 --why stolen --description "van broken into"."""
    from cloud_sync.actions.serials import theft  # late: no other command waits for it

    if why not in ("lost", "stolen", "counterfeit"):
        fail(f"{why} is no reason for the list", "Write lost, stolen or counterfeit.")
    with told(), opened(load(config)) as database:
        theft.report_lost(
            database, item=item, serial=serial, why=why, description=description, lost_at=None, at=datetime.now(UTC),
            actor=me(),
        )  # fmt: skip
    say(f"every dock refuses serial {serial} of {item} with its next desk")
