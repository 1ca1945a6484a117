"""``label``: labels as PDF and ZPL, or straight to a label printer."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, fail, load, me, opened, say, told


def label(
    kind: Annotated[str, typer.Argument(help="item, lot, serial, place, badge, container or tote.")],
    thing: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="Name of item, place or operator; id of a lot or ITEM/LOT; LOT-ID/SERIAL; SSCC, or new."
        ),
    ],
    pdf: Annotated[Path | None, typer.Option(help="Write a PDF.")] = None,
    zpl: Annotated[Path | None, typer.Option(help="Write ZPL.")] = None,
    printer: Annotated[
        str | None, typer.Option(help="Print on HOST:PORT, or on a printer of [labels.printers] by its name.")
    ] = None,
    size: Annotated[str, typer.Option(help="A sheet such as a4-7160 or letter-5163, or 57x32 in mm.")] = "",
    copies: Annotated[int, typer.Option(min=1, max=500)] = 1,
    skip: Annotated[int, typer.Option(min=0, help="Labels of the sheet that were used before.")] = 0,
    dpi: Annotated[int, typer.Option(help="Dots an inch of the printer: 203, 300 or 600.")] = 203,
    gtin: Annotated[str, typer.Option(help="Which pack of the item; left out: the smallest.")] = "",
    patient: Annotated[str, typer.Option(help="Printed on a container made for them, and kept nowhere.")] = "",
    order: Annotated[str | None, typer.Option(help="With tote new: the order it is for.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a label of something in the ledger; a dock reads it as just that, or it is not made."""
    from cloud_sync.actions.labels import labels, totes  # drawing needs much that other commands do not

    if kind not in list(labels.LabelKind):
        fail(f"there are no labels of {kind}", f"Write one of {', '.join(labels.LabelKind)}.")
    if sum(each is not None for each in (pdf, zpl, printer)) != 1:
        fail("say where the label goes: --pdf FILE, --zpl FILE or --printer HOST:PORT, one of them")
    file = pdf or zpl
    if file is not None and file.exists() and not force:
        fail(f"{file} exists already", "Choose another name, or write --force.")
    loaded = load(config)
    settings = loaded.labels.as_settings()
    at = datetime.now(UTC)
    with told(), opened(loaded) as database:
        if (kind, thing) == (labels.LabelKind.TOTE, "new"):
            thing = totes.number_tote(database, order=order, note="", settings=settings, actor=me())["sscc"]
            say(f"tote {thing}")
        wanted = labels.Wanted(labels.LabelKind(kind), thing, size, copies, skip, dpi, gtin, patient)
        if printer is not None:
            labels.print_labels(database, wanted, printer, settings, at=at, actor=me(), takes_addresses=True)
            say(f"sent to {printer}: {copies} of {kind} {thing}")
            return
        form = labels.Format.PDF if pdf else labels.Format.ZPL
        data = labels.label_file(database, wanted, form, settings, at=at).data
    assert file is not None  # noqa: S101 - one of the three was given
    try:
        file.write_bytes(data)
    except OSError as error:
        fail(f"{file} cannot be written ({error.strerror})")
    say(f"written to {file}. Print it at 100 %, and scan one before you stick them on")
