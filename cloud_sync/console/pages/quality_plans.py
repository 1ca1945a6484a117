"""Quality plans: tests and points with limits and sources, and how the next version is proposed."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.governance import controlled_changes
from cloud_sync.actions.master_data.choices import items_to_choose, places_to_choose
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality_control import plans
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.governance import QualityPlanIn
from cloud_sync.console.forms import Field, Reason, Text, Words, checked, name_of, pasted_rows, reason_of, whole
from cloud_sync.console.page_route import Governor, PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.bud import Preparation, Storage
from cloud_sync.domain.quality_plans import Method, PlanKind

ROWS_MAX = 1000
HOUSE = ("room", "bin")

router = APIRouter(route_class=PageRoute)
PLANS = (
    Column("name", "Plan", link=lambda row: f"/quality/plans/{row['name']}/{row['version']}"),
    Column("version", "Version", Show.NUMBER),
    Column("kind", "Kind", filters=True),
    Column("about", "About", value=lambda row: row["body"].get("item") or row["body"].get("place") or "operators"),
    Column("source", "Source", value=lambda row: row["body"]["source"]),
    Column("effective_from", "In force from", Show.WHEN),
    Column("approved_by", "Approved by"),
)


@router.get("/quality/plans")
def plans_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Plans in force, and how to propose the next version of one."""
    return list_page(
        request, "quality_plans.html", items=items_to_choose(database), places=places_to_choose(database, HOUSE),
        storages=list(Storage), preparations=list(Preparation), methods=list(Method),
        plans=table(request, "plans", PLANS, plans.list_plans(database, kind=None, rows_max=ROWS_MAX),
                    zone=house_zone(database)),
    )  # fmt: skip


@router.get("/quality/plans/{name}/{version}")
def plan_page(
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)],
    version: Annotated[int, Path(ge=1, le=100_000)], request: Request, database: Ledger, _: Visitor,
) -> Any:  # fmt: skip
    """A version of a plan: its tests with limits and sources."""
    return render(request, "quality_plan.html", plan=plans.plan_of(database, name, version), zone=house_zone(database))


@router.post("/quality/plans")
def propose_page(
    database: Ledger, actor: Governor, now: Now, kind: Field = "", name: Field = "", source: Field = "",
    item: Field = "", place: Field = "", storage: Field = "", preparations: Words = None, pulls: Text = "",
    tests: Text = "", points: Text = "", window_days: Field = "", lots_min: Field = "", units: Field = "",
    valid_days: Field = "", retest_days: Field = "", every_days: Field = "", after_exposure: Field = "",
    reason: Reason = "",
) -> Any:  # fmt: skip
    """Propose a plan; another person approves it under Controlled changes."""
    plan: dict[str, Any] = {"kind": kind, "source": source.strip()}
    if kind == PlanKind.ENVIRONMENT:
        columns = ("name", "method", "alert", "action", "source")
        rows = [{**row, "alert": row["alert"] or None} for row in pasted_rows(points, columns)]
        plan |= {"place": place, "points": rows, "every_days": _maybe(every_days, "the interval in days")}
    else:
        columns = ("name", "unit", "low", "high", "source")
        plan["tests"] = [
            {**row, "low": row["low"] or None, "high": row["high"] or None} for row in pasted_rows(tests, columns)
        ]
    if kind == PlanKind.STABILITY:
        days = pasted_rows(pulls, ("day", "units"))
        plan |= {
            "item": item,
            "storage": storage,
            "pulls": days,
            "window_days": _maybe(window_days, "the window in days"),
            "lots_min": _maybe(lots_min, "the number of lots"),
        }
    elif kind == PlanKind.QUALIFICATION:
        plan |= {
            "preparations": preparations or [],
            "units_min": _maybe(units, "the number of units"),
            "valid_days": _maybe(valid_days, "the days of validity"),
        }
    elif kind == PlanKind.MATERIAL:
        plan |= {
            "item": item,
            "units": _maybe(units, "the number of units"),
            "retest_days": _maybe(retest_days, "the days until the retest"),
            "after_exposure": after_exposure == "yes",
        }
    asked = checked(
        QualityPlanIn, kind="quality_plan", name=name_of(name), plan=plan, reason=reason_of(reason, "a plan")
    )
    controlled_changes.propose(
        database, asked.kind, {"name": asked.name, "plan": asked.plan.model_dump(mode="json")}, reason=asked.reason,
        at=now, actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/changes", 303)


def _maybe(text: str, what: str) -> int | None:
    return whole(text, what) if text.strip() else None
