"""``erp``: purchase orders in, receipts out, and what stock is worth."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cloud_sync.actions.interop import purchasing
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, err, fail, load, me, opened, say, told
from cloud_sync.domain.purchase_orders import read_purchase_orders

ROWS_AT_ONCE = 1000

erp_app = typer.Typer(help="Purchase orders in, receipts out, stock value.", no_args_is_help=True)


@erp_app.command("orders")
def take_orders(
    file: Annotated[Path, typer.Argument(help="CSV: order, supplier, to_place, item or gtin, quantity, note.")],
    dry_run: Annotated[bool, typer.Option(help="Say what would happen, and change nothing.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take in purchase orders of another system: all, or none if any has a fault. They wait for approval."""
    try:
        content = file.read_bytes()
        orders, faults = read_purchase_orders(content.decode())
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read ({error})", "Name a CSV file in UTF-8.")
    with told(), opened(load(config)) as database:
        done = purchasing.take_orders(database, orders, faults, content, "text/csv", dry_run=dry_run, actor=me())
    if done.faults:
        fail(
            *(f"{file}:{each.line}: {each.column + ': ' if each.column else ''}{each.text}" for each in done.faults),
            f"Nothing was taken in: {len(done.faults)} faults. Correct them and send the file again.",
        )
    say(f"{len(done.added)} {'would be ' if dry_run else ''}new, {len(done.unchanged)} known already")


@erp_app.command("receipts")
def read_receipts(
    after: Annotated[int, typer.Option(min=0, help="Where the last one ended; 0: all.")] = 0,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write receipts as CSV to standard output, in the order in which they were committed."""
    with told(), opened(load(config)) as database:
        rows: list[Any] = []
        while True:
            found = purchasing.receipts(database, after, ROWS_AT_ONCE)
            rows += found["rows"]
            after = found["next"]
            if not found["more"]:
                break
    _write(purchasing.RECEIPT_COLUMNS, rows)
    err.print(f"next: --after {after}")


@erp_app.command("stock-value")
def stock_value(
    on: Annotated[
        str | None, typer.Option(help="By the costs of this day, such as 2026-12-31; today if left out.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write what each lot in the house is worth as CSV to standard output."""
    try:
        day = date.fromisoformat(on) if on else datetime.now(UTC).date()
    except ValueError:
        fail(f"{on!r} is no day", "Write it as 2026-12-31.")
    with told(), opened(load(config)) as database:
        rows = purchasing.stock_value(database, day)
    _write(purchasing.VALUE_COLUMNS, rows)
    unknown = sum(row["value"] is None for row in rows)
    totals = (
        ", ".join(f"{total:,.2f} {currency}" for currency, total in purchasing.totals_of(rows).items()) or "nothing"
    )
    err.print(f"{totals}; {unknown} rows without a cost")


def _write(columns: tuple[str, ...], rows: list[Any]) -> None:
    sys.stdout.writelines(line.replace("\r\n", "\n") for line in purchasing.lines_of_rows(columns, rows))
