"""What somebody asks for events by: parameters of EPCIS 2.0, the order, how many, which page; and the answer."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from cloud_sync.actions.interop import epcis_events, epcis_queries
from cloud_sync.actions.interop.epcis_events import Order
from cloud_sync.api.epcis_documents import Wanted, events_answer, wanted_by
from cloud_sync.errors import Invalid, TooLarge

VERSIONS = {
    "GS1-EPCIS-Version": "2.0.0",
    "GS1-CBV-Version": "2.0.0",
    "GS1-Extensions": "lotwarden=urn:x-lotwarden:",
    "GS1-EPCIS-Capture-Limit": "100000",
    "GS1-EPCIS-Capture-File-Size-Limit": str(16 << 20),
}
"""What every answer says of this repository."""
PER_PAGE_MAX = 1000
_PAGING = frozenset({"perPage", "nextPageToken", "eventCountLimit", "maxEventCount", "orderBy", "orderDirection"})


Answer = Annotated[Wanted, Depends(wanted_by)]
PerPage = Annotated[int, Query(alias="perPage", ge=1, le=PER_PAGE_MAX, description="Events to give at most.")]
PageToken = Annotated[str | None, Query(alias="nextPageToken", max_length=200, description="From the Link header.")]


def asked_in(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in _PAGING:
            found.setdefault(name, []).append(value)
    return found


def answered(
    request: Request,
    database: Any,
    wanted: Wanted,
    asked: dict[str, list[str]],
    per_page: int,
    token: str | None,
    *,
    name: str,
) -> Response:
    said, query = request.query_params, epcis_queries.query_of(asked)
    counted = _count(said.get("eventCountLimit"))
    most = _count(said.get("maxEventCount"))
    if counted is not None and most is not None:
        raise Invalid("eventCountLimit and maxEventCount exclude each other", "Leave one of them out.")
    # Of an answer that would be too large nothing is given; later pages are of an answer that was looked at.
    if most is not None and token is None and epcis_events.count_up_to(database, query, most) > most:
        raise TooLarge(f"more than {most} events answer, which is what maxEventCount allows", "Ask for fewer.")
    limit = per_page if counted is None else min(per_page, counted)
    page = epcis_events.list_events(database, query, limit=limit, token=token, order=_order_of(said))
    left = None if counted is None else counted - len(page.found)
    headers = dict(VERSIONS)
    if page.token is not None and left != 0:
        changed = {"nextPageToken", "eventCountLimit"}
        rest = [pair for pair in said.multi_items() if pair[0] not in changed]
        rest += [("eventCountLimit", str(left))] if left is not None else []
        headers["Link"] = f'<{request.url.path}?{urlencode([*rest, ("nextPageToken", page.token)])}>; rel="next"'
    return events_answer(page.found, wanted, headers, name=name)


def _order_of(said: Mapping[str, str]) -> Order:
    """In which order: by the standard, what is ordered comes backwards unless ASC is asked for."""
    by, direction = said.get("orderBy"), said.get("orderDirection")
    if by not in (None, "eventTime", "recordTime"):
        raise Invalid(f"events are not ordered by {by}", "Write orderBy=eventTime or orderBy=recordTime.")
    if direction not in (None, "ASC", "DESC"):
        raise Invalid(f"orderDirection {direction} is none", "Write ASC or DESC.")
    return Order(by == "recordTime", (direction or ("ASC" if by is None else "DESC")) == "DESC")


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not int(text[:9]) > 0:
        raise Invalid(f"{text!r} is no number of events", "Write 1 or more.")
    return int(text[:9])
