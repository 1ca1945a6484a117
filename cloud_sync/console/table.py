"""Every list of the console: searched, sorted, filtered, paged and given as CSV in one way, without scripts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from markupsafe import Markup, escape

from cloud_sync.console.rendering import MISSING, day, element, render, tone_of, when
from cloud_sync.console.words import in_words
from cloud_sync.domain.csv_text import csv_text
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Row

PAGE_ROWS = 50
PART_ROWS = 25
"""Of a list that is one of several long ones on a page."""
WORD_MAX = 24
"""A word so long is not broken at its hyphens."""
PHRASE_MAX = 12
"""Words so short together stay on one line: "to approve", "50.00 USD"."""
ROWS_MAX = 2000
"""As many rows are sorted and filtered of a list whose source does not do it; of a longer one the first so
many, which the page says."""
CSV_ROWS_MAX = 20_000
"""As many rows are given as CSV; its last line says if there are more."""

Source = Callable[[ListRequest], Sequence[Row]]
"""Reads part of a long list."""


class Show(StrEnum):
    """How the values of a column are written."""

    TEXT = "text"
    WORDS = "words"
    NUMBER = "number"
    DAY = "day"
    WHEN = "when"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``value`` reads it from a row (by ``key`` without); ``link`` leads to its evidence; ``html`` writes the
    cell in a way of its own. ``filters``: its values can be chosen from; of a long list they are named here."""

    key: str
    title: str
    show: Show = Show.TEXT
    link: Callable[[Row], str | None] | None = None
    filters: bool | tuple[str, ...] = False
    value: Callable[[Row], Any] | None = None
    html: Callable[[Row], Markup | str] | None = None
    optional: bool = False
    """Left out of a page on which it would be empty."""
    below: bool = False
    """Sentences, which get a line of their own under the row."""

    def of(self, row: Row) -> Any:
        """The value in a row."""
        return self.value(row) if self.value else row[self.key]

    def text(self, row: Row) -> str:
        """The value as plain text: for CSV, for searching, and for choosing."""
        found = self.of(row)
        if found is None:
            return ""
        if isinstance(found, datetime):
            return f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        if isinstance(found, date):
            return found.isoformat()
        if isinstance(found, list | tuple):
            return ", ".join(str(each) for each in found)
        text = str(found)
        return text.replace("_", " ") if self.show in (Show.WORDS, Show.TAG) else text

    def cell(self, row: Row, zone: str) -> Markup:
        """The value as HTML."""
        shown = escape(self.html(row)) if self.html else self._plain(row, row.get("zone") or zone)
        target = self.link(row) if self.link else None
        if not target or not shown:
            return shown
        is_long = len(shown) > WORD_MAX and len(shown.striptags()) > WORD_MAX
        kind = ' class="long"' if is_long else ""
        return element(f'<a{kind} href="{escape(target)}">', shown, "</a>")

    def _plain(self, row: Row, zone: str) -> Markup:
        found = self.of(row)
        if isinstance(found, datetime):
            return when(found, zone)
        if isinstance(found, date) or self.show is Show.DAY:
            return element('<span class="nb">', day(found), "</span>")
        text = in_words(self.text(row), zone) if self.show is Show.TEXT else self.text(row)
        if not text:
            return escape(MISSING)
        if self.show is Show.TAG:
            return tag(text)
        is_word = self.link is None and (len(text) <= PHRASE_MAX or (len(text) <= WORD_MAX and " " not in text))
        return element('<span class="nb">', text, "</span>") if is_word else escape(text)


def tag(text: str, tone: str | None = None) -> Markup:
    """A word as a coloured sign."""
    return element(f'<span class="tag {escape(tone_of(text) if tone is None else tone)}">', text, "</span>")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: where a click on it leads ('': it is not sorted by), and how it is sorted by now."""

    title: str
    is_number: bool
    href: str
    sorted: str
    below: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter: the values there are, and the one that was chosen ('' for all)."""

    name: str
    title: str
    values: tuple[str, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class Table:
    """A list as one page shows it. ``total`` is how many rows match, None if nobody counted."""

    name: str
    columns: tuple[Column, ...]
    heads: tuple[Head, ...]
    rows: tuple[tuple[Row, tuple[Markup, ...]], ...]
    matching: tuple[Row, ...]
    choices: tuple[Choice, ...]
    path: str
    prefix: str
    words: str
    sort: str
    kept: tuple[tuple[str, str], ...]
    page: int
    total: int | None
    has_more: bool
    is_cut: bool
    is_narrowed: bool
    is_searched: bool = True
    links: Mapping[str, str] = field(default_factory=dict)

    zone: str = "UTC"

    @property
    def everything(self) -> tuple[tuple[Row, tuple[Markup, ...]], ...]:
        """All that matches, as rows show it: for what is not asked for page by page."""
        return tuple((row, tuple(column.cell(row, self.zone) for column in self.columns)) for row in self.matching)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all, however it is searched."""
        return not self.rows and not self.is_narrowed and self.page == 1

    @property
    def has_tools(self) -> bool:
        """Whether it is worth searching and filtering."""
        return not self.prefix or self.is_narrowed or self.total is None or self.total > 8

    @property
    def sorts(self) -> tuple[tuple[str, str], ...]:
        """All ways to sort it, for screens on which heads are not shown."""
        return tuple(
            (sign + column.key, column.title + told)
            for column, head in zip(self.columns, self.heads, strict=True)
            if head.href
            for sign, told in (("", ""), ("-", ", reversed"))
        )

    def beside(self, cells: Sequence[Markup]) -> Markup:
        """The cells of a row that stand beside each other, as HTML."""
        return Markup("").join(
            element('<td class="n">' if head.is_number else "<td>", cell, "</td>")
            for head, cell in zip(self.heads, cells, strict=True)
            if not head.below
        )

    def below(self, cells: Sequence[Markup]) -> list[Markup]:
        """Those that get a line of their own, where there is something in them."""
        return [cell for head, cell in zip(self.heads, cells, strict=True) if head.below and cell]

    @property
    def width(self) -> int:
        """How many columns stand beside each other."""
        return sum(not head.below for head in self.heads)

    def as_csv(self) -> Response:
        """Everything that matches, for a spreadsheet."""
        rows = [[column.title for column in self.columns]]
        rows += [[column.text(row) for column in self.columns] for row in self.matching]
        if self.is_cut:
            rows.append([f"only the first {len(self.matching)} rows: narrow the search"])
        return PlainTextResponse(
            csv_text(rows),
            media_type="text/csv",
            headers={"content-disposition": f'attachment; filename="{self.name}.csv"'},
        )


def table(
    request: Request,
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Row] | None = None,
    *,
    source: Source | None = None,
    searches: bool = True,
    sorts: Sequence[str] | None = None,
    choices: Mapping[str, Sequence[str]] | None = None,
    zone: str = "UTC",
    prefix: str = "",
    page_rows: int = PAGE_ROWS,
) -> Table:
    """What the address asks for of a list: all its ``rows``, or a long one that ``source`` reads and ``searches``.

    With ``sorts`` the source also sorts, by these columns, and filters, however long the list is; ``choices`` has what
    its columns are filtered by where the columns do not say it. A page with several lists gives each but the first a
    ``prefix`` for its words in the address, and ``page_rows`` where they are long.
    """
    asked = _Asked.of(request, name, columns, prefix, sorts)
    is_searched = source is not None and searches
    if source and (sorts is not None or (not asked.wants_all and (is_searched or not asked.words))):
        found = _page_of_source(asked, source, page_rows)
    else:
        found = _page_of_all(asked, rows, source, page_rows, words="" if is_searched else asked.words)
    columns = [each for each in columns if not each.optional or any(each.text(row) for row in found.shown)]
    return Table(
        name=name,
        columns=tuple(columns),
        heads=tuple(asked.head(column) for column in columns),
        rows=tuple((row, tuple(column.cell(row, zone) for column in columns)) for row in found.shown),
        matching=tuple(found.matching),
        choices=tuple(
            Choice(
                f"{prefix}{column.key}",
                column.title,
                _values(found.every, column, asked, (choices or {}).get(column.key)),
                asked.chosen[column.key],
            )
            for column in columns
            if column.filters
        ),
        path=request.url.path,
        prefix=prefix,
        words=asked.words,
        sort=asked.sort,
        kept=asked.kept,
        page=asked.page,
        total=found.total,
        has_more=found.has_more,
        is_cut=found.is_cut,
        is_narrowed=asked.is_narrowed,
        is_searched=searches or sorts is None,
        zone=zone,
        links={
            "csv": asked.with_(csv=name),
            "clear": asked.with_(**dict.fromkeys((f"{prefix}{key}" for key in ("q", "page", *asked.chosen)), "")),
            "earlier": asked.with_(**{f"{prefix}page": str(asked.page - 1)}),
            "later": asked.with_(**{f"{prefix}page": str(asked.page + 1)}),
        },
    )


def list_page(request: Request, template: str, /, **values: Any) -> Response:
    """The page ``template``, or as CSV that of its tables which the address asks for."""
    wanted = request.query_params.get("csv")
    for each in values.values():
        if isinstance(each, Table) and each.name == wanted:
            return each.as_csv()
    return render(request, template, **values)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an address asks for of a list."""

    request: Request
    name: str
    columns: Sequence[Column]
    prefix: str
    words: str
    sort: str
    page: int
    chosen: Mapping[str, str]
    sorts: Sequence[str] | None = None

    @classmethod
    def of(
        cls, request: Request, name: str, columns: Sequence[Column], prefix: str, sorts: Sequence[str] | None
    ) -> "_Asked":
        query = request.query_params
        return cls(
            request,
            name,
            columns,
            prefix,
            words=query.get(f"{prefix}q", "").strip()[:200],
            sort=query.get(f"{prefix}sort", ""),
            page=_page(query.get(f"{prefix}page", "1")),
            chosen={each.key: query.get(f"{prefix}{each.key}", "") for each in columns if each.filters},
            sorts=sorts,
        )

    @property
    def is_csv(self) -> bool:
        return self.request.query_params.get("csv") == self.name

    @property
    def sorted_by(self) -> Column | None:
        wanted = self.sort.removeprefix("-")
        return next((column for column in self.columns if column.key == wanted and self.may_sort(column)), None)

    def may_sort(self, column: Column) -> bool:
        return self.sorts is None or column.key in self.sorts

    def request_of(self, rows_max: int, rows_skipped: int) -> ListRequest:
        """The same for whoever reads the list."""
        column = self.sorted_by
        return ListRequest(
            rows_max, rows_skipped, self.words, column.key if column else "", self.sort.startswith("-"),
            {key: value for key, value in self.chosen.items() if value},
        )  # fmt: skip

    @property
    def wants_all(self) -> bool:
        return self.is_csv or self.sorted_by is not None or any(self.chosen.values())

    @property
    def is_narrowed(self) -> bool:
        return bool(self.words or any(self.chosen.values()))

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        own = {f"{self.prefix}{key}" for key in ("q", "sort", "page", *self.chosen)} | {"csv"}
        return tuple((key, value) for key, value in self.request.query_params.items() if key not in own)

    def with_(self, **changes: str) -> str:
        """The address, changed in these words."""
        query = {key: value for key, value in self.request.query_params.items() if key != "csv"} | changes
        text = urlencode({key: value for key, value in query.items() if value}, quote_via=quote)
        return f"{self.request.url.path}?{text}" if text else self.request.url.path

    def head(self, column: Column) -> Head:
        if not self.may_sort(column):
            return Head(column.title, column.show is Show.NUMBER, "", "", column.below)
        way = {column.key: "ascending", f"-{column.key}": "descending"}.get(self.sort, "")
        target = f"-{column.key}" if way == "ascending" else column.key
        href = self.with_(**{f"{self.prefix}sort": target, f"{self.prefix}page": ""})
        return Head(column.title, column.show is Show.NUMBER, href, way, column.below)


@dataclass(frozen=True, slots=True)
class _Found:
    """``every`` row that was read, those ``matching``, and those ``shown`` on the page."""

    every: Sequence[Row]
    matching: Sequence[Row]
    shown: Sequence[Row]
    total: int | None
    has_more: bool
    is_cut: bool = False


def _page_of_source(asked: _Asked, source: Source, page_rows: int) -> _Found:
    """One page, as the source sorts it (as CSV all pages): nothing else of a long list is read."""
    first, rows_max = (0, CSV_ROWS_MAX) if asked.is_csv else ((asked.page - 1) * page_rows, page_rows)
    rows = list(source(asked.request_of(rows_max + 1, first)))
    shown, has_more = rows[:rows_max], len(rows) > rows_max
    total = None if has_more or asked.page > 1 else len(rows)
    return _Found(shown, shown, shown, total, has_more, is_cut=has_more and asked.is_csv)


def _page_of_all(
    asked: _Asked, rows: Sequence[Row] | None, source: Source | None, page_rows: int, *, words: str
) -> _Found:
    """A page of all that was read, searched, filtered and sorted."""
    every, is_cut = list(rows or ()), False
    if source:
        rows_max = CSV_ROWS_MAX if asked.is_csv else ROWS_MAX
        every = list(source(ListRequest(rows_max + 1, 0, asked.words)))
        is_cut = len(every) > rows_max
        every = every[:rows_max]
    matching = _matching(every, asked.columns, words, asked.chosen)
    if column := asked.sorted_by:
        matching = _sorted(matching, column, descending=asked.sort.startswith("-"))
    first, after = (asked.page - 1) * page_rows, asked.page * page_rows
    return _Found(every, matching, matching[first:after], len(matching), after < len(matching), is_cut)


def _page(text: str) -> int:
    return min(max(int(text), 1), 10_000) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _matching(rows: Sequence[Row], columns: Sequence[Column], words: str, chosen: Mapping[str, str]) -> list[Row]:
    filters = [(column, chosen[column.key]) for column in columns if chosen.get(column.key)]
    wanted = words.casefold().split()

    def fits(row: Row) -> bool:
        if any(column.text(row) != choice for column, choice in filters):
            return False
        text = " ".join(column.text(row) for column in columns).casefold() if wanted else ""
        return all(word in text for word in wanted)

    return [row for row in rows if fits(row)]


def _sorted(rows: Sequence[Row], column: Column, *, descending: bool) -> list[Row]:
    known = [row for row in rows if column.text(row) != ""]
    return sorted(known, key=lambda row: _order(column.of(row), column.text(row)), reverse=descending) + [
        row for row in rows if column.text(row) == ""
    ]


def _order(value: Any, text: str) -> tuple[Any, ...]:
    """Numbers by size, also within texts: PO-9 is before PO-10."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ((0, value, ""),)
    parts = re.split(r"(\d{1,18})", text.casefold())
    return tuple((0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts if part)


def _values(
    rows: Sequence[Row], column: Column, asked: _Asked, choices: Sequence[str] | None = None
) -> tuple[str, ...]:
    if choices is not None:
        return tuple(choices)
    if isinstance(column.filters, tuple):
        return column.filters
    return tuple(sorted(({column.text(row) for row in rows} | {asked.chosen[column.key]}) - {""}))
