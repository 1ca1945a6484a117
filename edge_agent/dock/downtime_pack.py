"""The downtime pack of a gateway: stock by place and expiry, what must not be issued, and sheets to write on.

One page of HTML that needs nothing from anywhere, to be printed by any browser. It is made once a day and kept in the
data directory, where somebody finds it when the gateway is out as well, and anew for whoever asks at the dock's page.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from html import escape
from itertools import groupby
from pathlib import Path

from edge_agent.buffer.desk_store import said_age
from edge_agent.dock.offline_stock import HOUSE_KINDS, LotNow, OfflineStock, blocks_at, reserved_at
from edge_agent.domain.stock.eligibility import Context, HoldFact, Stock, reasons_not_to
from edge_agent.domain.stock.paper_sheets import COLUMNS, LINE_CODE, LINES, Sheet, sheets_of
from edge_agent.domain.wire.records import Action
from edge_agent.host.fsync import sync_directory
from edge_agent.timekeeping.clock import Clock

FOLDER = "downtime"
KEPT_DAYS = 3
LocalHolds = Callable[[LotNow, tuple[str, ...]], tuple[HoldFact, ...]]

STYLE = """
body{font:13px/1.35 system-ui,sans-serif;margin:12mm;color:#111}
h1{font-size:22px;margin:0}h2{font-size:15px;margin:18px 0 4px}p{margin:6px 0}
.warn{border-left:4px solid #7a4a00;background:#fbf0d9;padding:6px 10px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:3px 6px;border-bottom:1px solid #bbb;vertical-align:top}
th{font-size:11px;color:#444}.n{text-align:right}.code{font-family:ui-monospace,monospace}.stop{font-weight:700}
.box{border:1px solid #555;min-width:22mm}.sheet{break-before:page}.head{display:flex;gap:8mm;align-items:center}
.head svg{width:20mm;height:20mm}.sheet table{table-layout:fixed}.sheet td{border:1px solid #555;height:11mm}
.sheet td svg{width:9mm;height:9mm;vertical-align:middle}
.sheet th{border:0}tr{break-inside:avoid}@page{size:landscape;margin:10mm}@media print{body{margin:0}}
"""
WIDTHS_PERCENT = (9, 7, 9, 16, 12, 8, 8, 10, 10, 6, 5)
"""Of the columns of a sheet."""
WRITE = (
    "Write one line for each lot: the time from a clock on the wall, with its day if it is not today's; both places; "
    "your initials. Do not issue what is marked DO NOT ISSUE. Afterwards each line is entered at the ledger's console, "
    "under Downtime: scan the code of the sheet, then that of the line."
)


@dataclass(frozen=True, slots=True)
class PackLine:
    """Stock of a lot in a place; ``why_not``: all reasons known here why it must not be issued."""

    place: str
    place_title: str
    item: str
    lot: str
    serial: str
    owner: str
    expires_on: date | None
    quantity: int
    unit: str
    why_not: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """What a pack is made of. ``known``: how old the gateway's knowledge is, in words."""

    gateway: str
    site: str
    made_at: datetime
    zone: tzinfo
    known: str
    lines: tuple[PackLine, ...]


class DowntimePacks:
    """Makes packs and keeps the last ones."""

    def __init__(
        self, gateway: str, data_dir: Path, stock: OfflineStock, clock: Clock, *, local_holds: LocalHolds
    ) -> None:
        self._gateway = gateway
        self._folder = data_dir / FOLDER
        self._stock = stock
        self._clock = clock
        self._local_holds = local_holds

    def collect(self) -> Pack:
        """What is known now. Quick; for the thread that owns the stock."""
        desk = self._stock.desk
        at = desk.not_before(self._clock) if desk is not None else self._clock.now()
        lines = tuple(sorted(self._lines(at), key=_by_place_and_expiry))
        site = desk.snapshot.site if desk is not None else ""
        return Pack(
            self._gateway, site, self._clock.now(), self._stock.zone_of(site), said_age(desk, self._clock), lines
        )

    def keep(self, pack: Pack) -> bytes:
        """The pack as HTML, kept on the disk; only the last days stay. Blocking. What cannot be kept is logged."""
        html = pack_html(pack).encode()
        try:
            _write(self._folder / f"pack-{pack.made_at:%Y-%m-%d}.html", html)
            for old in sorted(self._folder.glob("pack-*.html"))[:-KEPT_DAYS]:
                old.unlink()
        except OSError as error:
            _log.error("the downtime pack cannot be kept in %s: %s", self._folder, error.strerror)
        return html

    def _lines(self, at: datetime) -> Iterator[PackLine]:
        for now in self._stock.lots():
            item = self._stock.item_named(now.lot.item)
            for (place, serial), quantity in now.quantities.items():
                known = self._stock.place(place)
                if quantity <= 0 or (known is not None and known.kind not in HOUSE_KINDS):
                    continue
                path = self._stock.path_of(place)
                stock = Stock(
                    lot=now.lot.number, owner=now.lot.owner, quantity=quantity,
                    reserved=reserved_at(now, place, serial or None, None), expires_at=now.lot.expires_at,
                    expiry_required=item is None or item.expiry_required,
                    holds=(
                        *(HoldFact(each.kind, each.text) for each in blocks_at(now, place, serial or None)),
                        *self._local_holds(now, path),
                    ),
                    expires_on=now.lot.expires_on, zone=self._stock.zone_of(place),
                )  # fmt: skip
                reasons = reasons_not_to(Action.DISPENSE, stock, Context(at=at, owner=now.lot.owner))
                yield PackLine(
                    place, known.title if known else "", item.title or item.name if item else now.lot.item,
                    now.lot.number, serial, now.lot.owner, now.lot.expires_on, quantity,
                    item.base_unit if item else "", tuple(dict.fromkeys(reason.text for reason in reasons)),
                )  # fmt: skip


def pack_html(pack: Pack) -> str:
    """The whole page."""
    made = f"{pack.made_at.astimezone(pack.zone):%Y-%m-%d %H:%M} {pack.zone}"
    blocked = [line for line in pack.lines if line.why_not]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>Downtime pack {escape(pack.gateway)} {pack.made_at:%Y-%m-%d %H:%M}</title><style>{STYLE}</style>",
        f"<h1>Downtime pack {escape(pack.site or pack.gateway)}</h1>",
        f"<p>Made {escape(made)} by gateway {escape(pack.gateway)}, from {escape(pack.known)}.</p>",
        "<p class=warn><b>For use while the system is out.</b> What has moved since is not on it.</p>",
        f"<p>{WRITE}</p><h2>Not to be issued ({len(blocked)})</h2>",
        _table(("Expires", "Item", "Lot", "Serial", "Quantity", "Place", "Why not"), map(_blocked_row, blocked)),
    ]
    for (place, title), lines in groupby(pack.lines, key=lambda line: (line.place, line.place_title)):
        parts.append(f"<h2>Stock in {escape(f'{title} ({place})' if title and title != place else place)}</h2>")
        heads = ("Expires", "Item", "Lot", "Serial", "Owner", "Quantity", "", "Now (by hand)")
        parts.append(_table(heads, map(_stock_row, lines)))
    if not pack.lines:
        parts.append("<h2>Stock</h2><p>This gateway knows of no stock here.</p>")
    parts += [_sheet(sheet) for sheet in sheets_of(pack.gateway, pack.made_at.astimezone(UTC))]
    return "".join(parts)


def _blocked_row(line: PackLine) -> str:
    return (
        f"<td>{line.expires_on or ''}<td>{escape(line.item)}<td class=code>{escape(line.lot)}"
        f"<td class=code>{escape(line.serial)}<td class=n>{line.quantity} {escape(line.unit)}"
        f"<td>{escape(line.place_title or line.place)}<td>{'<br>'.join(map(escape, line.why_not))}"
    )


def _stock_row(line: PackLine) -> str:
    owner = "" if line.owner == "house" else escape(line.owner)
    stop = "<span class=stop>DO NOT ISSUE</span>" if line.why_not else ""
    return (
        f"<td>{line.expires_on or ''}<td>{escape(line.item)}<td class=code>{escape(line.lot)}"
        f"<td class=code>{escape(line.serial)}<td>{owner}<td class=n>{line.quantity} {escape(line.unit)}"
        f"<td>{stop}<td class=box>"
    )


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    body = "".join(f"<tr>{row}" for row in rows)
    if not body:
        return "<p>None.</p>"
    return f"<table><thead><tr>{''.join(f'<th>{head}' for head in heads)}</thead><tbody>{body}</tbody></table>"


def _sheet(sheet: Sheet) -> str:
    heads = "".join(f"<th>{name}" for name in COLUMNS)
    widths = "".join(f"<col width={percent}%>" for percent in WIDTHS_PERCENT)
    blank = "<td>" * (len(COLUMNS) - 1)
    rows = "".join(f"<tr><td>{_symbol(f'{LINE_CODE}{line}')} <b>{line}</b>{blank}" for line in range(1, LINES + 1))
    return (
        f"<section class=sheet><div class=head>{_symbol(sheet.code)}<div><b>Sheet {escape(str(sheet))}</b><br>"
        "Written by (name): ______________________ Entered by: ______________ Compared by: ______________</div></div>"
        f"<table><colgroup>{widths}</colgroup><thead><tr>{heads}</thead><tbody>{rows}</tbody></table></section>"
    )


def _symbol(text: str) -> str:
    """A DataMatrix as a drawing, with the white that it needs around it."""
    from ppf.datamatrix import DataMatrix  # late: once a day

    rows = DataMatrix(text).matrix
    path = "".join(
        f"M{x + 1} {y + 1}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark
    )
    size = len(rows) + 2
    return (
        f'<svg viewBox="0 0 {size} {size}" shape-rendering="crispEdges" role="img" aria-label="{escape(text)}">'
        f'<path d="{path}"/></svg>'
    )


def _by_place_and_expiry(line: PackLine) -> tuple[str, date, str, str, str]:
    return line.place, line.expires_on or date.max, line.item, line.lot, line.serial


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also if the power goes."""
    path.parent.mkdir(mode=0o750, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_directory(path.parent)


_log = logging.getLogger("edge_agent.downtime")
