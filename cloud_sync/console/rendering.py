"""Pages as HTML: templates, and how values are written in them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from cloud_sync.actions.access import who_may
from cloud_sync.console.advice import row_for_people
from cloud_sync.console.lengths import MISSING as MISSING
from cloud_sync.console.lengths import lasting as lasting
from cloud_sync.console.navigation import GROUPS
from cloud_sync.console.static_files import address_of, files, picture_of
from cloud_sync.console.words import in_words, rule_words, severe_words, state_words, told
from cloud_sync.domain.roles import Permission
from cloud_sync.domain.room_state import Limits
from cloud_sync.domain.uncertain_times import is_unbounded
from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.domain.monitoring.quantity_words import label_of, shown_as, unit_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of every page: nothing but our own files, and no script or style within a page."""
TONES: Mapping[str, str] = {
    **dict.fromkeys(("available", "received", "completed", "approved", "released", "dispensed", "sent"), "ok"),
    **dict.fromkeys(("acknowledged", "yes", "shipped", "returned", "trusted", "done", "destroyed"), "ok"),
    **dict.fromkeys(("connected", "active", "in force", "implemented", "confirmed", "passed"), "ok"),
    **dict.fromkeys(("rejected", "expired", "recalled", "revoked", "missing", "ongoing", "no", "over"), "bad"),
    **dict.fromkeys(("refused", "locked", "overdue", "on hold", "broken", "stolen", "lost"), "bad"),
    **dict.fromkeys(("waits for approval", "lift asked for", "never calibrated", "due", "waits", "waiting"), "warn"),
    **dict.fromkeys(("requested", "ordered", "open", "in process", "drafted", "planned"), "warn"),
    **dict.fromkeys(
        ("never heard", "silent", "no place", "no policy", "no rule", "has not signed in", "at risk"), "warn"
    ),
}
"""How words are coloured; the word itself always says it, too."""


def tone_of(word: str) -> str:
    """The colour of a word; what is partly something is unfinished, and so is what is to be done."""
    return "warn" if word.startswith(("partly ", "to ")) else TONES.get(word, "")


def render(request: Request, template: str, /, status: int = 200, **values: Any) -> HTMLResponse:
    """The page ``template`` with ``values``, who is looking, and whom they ask for what they may not do."""
    actor = getattr(request.state, "actor", None)
    text = _environment().get_template(template).render(
        actor=actor, path=request.url.path, query=dict(request.query_params), menu=GROUPS,
        who_may=lambda permission: who_may(request.app.state.database, Permission(permission)), **values
    )  # fmt: skip
    return HTMLResponse(text, status, {"content-security-policy": POLICY})


def load_templates() -> None:
    """All of them, at once: nobody waits for it at the first page, and whoever gave up root may not read so much."""
    files()
    for name in _environment().list_templates(extensions=["html"]):
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cloud_sync.console"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "when": when, "clock": clock, "limits": limits,
        "day": day, "ago": ago, "lasting": lasting, "value": value, "quantity": label_of,
        "spark": spark, "unit": unit_of, "rule_words": rule_words, "severe_words": severe_words, "told": told,
        "in_words": in_words, "state_words": state_words, "values": values,
        "tone": tone_of, "row_for_people": row_for_people, "moment": datetime.fromisoformat,
    }  # fmt: skip
    environment.globals |= {"new_id": uuid4, "static": address_of, "picture_of": picture_of}
    return environment


VALUES_SHOWN_MAX = 140
"""Longer values of an event open on demand."""


def values(data: Mapping[str, Any]) -> Markup:
    """What an event recorded; the beginning of it, if that is long, and all of it when it is opened."""
    text = told(data) or MISSING
    if len(text) <= VALUES_SHOWN_MAX:
        return Markup('<span class="values">{}</span>').format(text)
    start = text[:VALUES_SHOWN_MAX].rsplit(" ", 1)[0].rstrip(",")
    return Markup('<details class="values"><summary>{}…</summary>{}</details>').format(start, text)


def when(at: datetime | None, zone: str = "UTC") -> Markup:
    """An instant where the goods are, with UTC on hover."""
    if at is None:
        return Markup("–")
    if is_unbounded(at):
        return Markup("time unknown")
    local = at.astimezone(ZoneInfo(zone))
    text = f"{local:%d %b %Y %H:%M}{' UTC' if zone == 'UTC' else ''}"
    return _time(at, text)


def clock(at: datetime | None, zone: str, now: datetime) -> Markup:
    """An instant of today by its time alone."""
    if at is None or at.astimezone(ZoneInfo(zone)).date() != now.astimezone(ZoneInfo(zone)).date():
        return when(at, zone)
    return _time(at, f"{at.astimezone(ZoneInfo(zone)):%H:%M}")


def _time(at: datetime, text: str) -> Markup:
    utc = at.astimezone(UTC).isoformat(sep=" ", timespec="seconds")[:19]
    iso = utc.replace(" ", "T")
    return element(f'<time datetime="{iso}+00:00" title="{utc} UTC">', text, "</time>")


def element(begins: str, content: object, ends: str) -> Markup:
    """``content``, escaped unless it is HTML already, between two tags that the caller writes: ten times as quick as
    ``Markup.format``, for what stands on a page hundreds of times.

    >>> element("<b>", "1 < 2", "</b>")
    Markup('<b>1 &lt; 2</b>')
    """
    return Markup(f"{begins}{escape(content)}{ends}")  # noqa: S704 - the content is escaped, the tags are ours


def limits(of: Limits, metric: str) -> str:
    """What is allowed: ``2.0 to 8.0``, ``up to 8.0``, ``from 2.0``."""
    if of.low is None or of.high is None:
        return f"up to {value(of.high, metric)}" if of.low is None else f"from {value(of.low, metric)}"
    return f"{value(of.low, metric)} to {value(of.high, metric)}"


def day(at: date | str | None) -> str:
    """A day as it stands on a label; a text is one in ISO 8601."""
    if at is None:
        return MISSING
    return f"{date.fromisoformat(at) if isinstance(at, str) else at:%d %b %Y}"


def ago(at: datetime | None, now: datetime) -> str:
    """How long something is past."""
    return MISSING if at is None else f"{lasting(max(now - at, timedelta()))} ago"


def value(number: float | None, metric: str) -> str:
    """A measured value without its unit."""
    if number is None:
        return MISSING
    if quantity_of(metric) == "door_open":
        return "open" if number else "closed"
    return f"{number:.{shown_as(metric).digits}f}"


def spark(history: tuple[float | None, ...], low: float | None, high: float | None) -> Markup:
    """A small curve of what was measured, with the limits as lines; nothing where there was nothing."""
    known = [number for number in history if number is not None]
    if len(known) < 2:
        return Markup()
    bounds = [*known, *(limit for limit in (low, high) if limit is not None)]
    bottom, top = min(bounds), max(bounds)
    span = (top - bottom) or 1.0

    def y(number: float) -> float:
        return 30 - 28 * (number - bottom) / span

    step = 100 / (len(history) - 1)
    parts, current = [], ""
    for index, number in enumerate(history):
        if number is None:
            current = ""
            continue
        parts.append(f"{'L' if current else 'M'}{index * step:.1f} {y(number):.1f}")
        current = "drawn"
    limits = Markup("").join(
        Markup('<line class="limit" x1="0" x2="100" y1="{y}" y2="{y}"/>').format(y=f"{y(limit):.1f}")
        for limit in (low, high)
        if limit is not None
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">{}<path d="{}"/></svg>'
    ).format(limits, escape("".join(parts)))
