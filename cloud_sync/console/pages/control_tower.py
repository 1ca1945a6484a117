"""Control tower: what is worse than good anywhere, the worst first, and every key performance indicator by site and
month."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from markupsafe import Markup

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.papers.months import month_before
from cloud_sync.actions.planning import kpis, tower
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.put_off import is_put_off, rest_of
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.planning.kpi import KPIS, ExceptionScore, Kpi
from cloud_sync.storage.database import Row
from edge_agent.domain.stock.expiry import zone_named

router = APIRouter(route_class=PageRoute)
MonthAsked = Annotated[str, Query(pattern=r"^(|[0-9]{4}-(0[1-9]|1[0-2]))$")]


def _basis(row: Row) -> str | None:
    if row["value"] is None:
        return None
    return "that of its receipts" if row["is_actual"] else "that of the item"


VALUES = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"), Column("expires_on", "Expires", Show.DAY),
    Column("units", "Units", Show.NUMBER, html=lambda row: f"{row['units']} {row['base_unit']}"),
    Column("unit_cost", "Unit cost", Show.NUMBER,
    value=lambda row: None if row["unit_cost"] is None else round(row["unit_cost"], 2)),
    Column("value", "Value", Show.NUMBER, value=lambda row: None if row["value"] is None else round(row["value"], 2)),
    Column("basis", "Cost basis", value=_basis),
)  # fmt: skip
VALUE_SORTS = ("item", "lot_number", "expires_on", "units", "unit_cost", "value")


def shown(kpi: Kpi, value: float | None) -> str:
    """A figure with its unit."""
    if value is None:
        return "–"
    if kpi.unit == "share":
        return f"{value:.1%}"
    if kpi.unit in ("count", "units", "days"):
        return f"{value:,.0f}"
    return f"{value:,.1f} h" if kpi.unit == "hours" else f"{value:,.2f}"


def _meter(row: Row) -> Markup:
    return Markup(
        '<meter min="0" max="1" low="0.4" high="0.7" optimum="0" value="{0}" aria-label="Score">{0}</meter> {0:.2f}'
    ).format(row["score"])


EXCEPTIONS = (
    Column("score", "Score", Show.NUMBER, html=_meter), Column("site", "Site", filters=True),
    Column("title", "Figure", link=lambda row: row["page"]), Column("value", "Value", Show.NUMBER,
    html=lambda row: row["shown"]),
    Column("good", "Target", Show.NUMBER, html=lambda row: row["good_shown"], value=lambda row: row["good_shown"]),
)  # fmt: skip


@router.get("/control-tower")
def tower_page(
    request: Request, database: Ledger, _visitor: Visitor, now: Now, month: MonthAsked = "", waits: bool = False
) -> Any:
    """Exceptions, then all figures."""
    zone = house_zone(database)
    wanted = month or f"{now.astimezone(zone_named(zone)):%Y-%m}"
    if is_put_off(request, database, waits):
        return render(
            request, "control_tower.html", month=wanted, before=month_before(wanted), zone=zone, rest=rest_of(request)
        )
    by_site, found = tower.tower(database, wanted, at=now)
    sites = sorted(by_site)
    columns = (
        Column("title", "Figure", link=lambda row: row["page"]),
        *(Column(f"site_{at}", site, Show.NUMBER) for at, site in enumerate(sites)),
        Column("formula", "Formula"),
    )
    rows = [
        {"title": kpi.title, "page": kpi.page, "formula": kpi.formula,
         **{f"site_{at}": shown(kpi, kpi.of(by_site[site])) for at, site in enumerate(sites)}}
        for kpi in KPIS
    ]  # fmt: skip
    return list_page(
        request, "control_tower.html", rest="", month=wanted, before=month_before(wanted), zone=zone, sites=sites,
        now=now,
        exceptions=table(request, "exceptions", EXCEPTIONS, [_exception(each) for each in found], prefix="x_"),
        figures=table(request, "figures", columns, rows),
        values=table(
            request, "inventory-value", VALUES, source=lambda asked: kpis.lot_values(database, None, asked, at=now),
            sorts=VALUE_SORTS, prefix="v_",
        ),
    )  # fmt: skip


def _exception(each: ExceptionScore) -> Row:
    return {
        "score": each.score, "site": each.site, "title": each.kpi.title, "page": each.kpi.page, "value": each.value,
        "shown": shown(each.kpi, each.value), "good_shown": shown(each.kpi, each.kpi.good),
    }  # fmt: skip
