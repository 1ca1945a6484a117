"""One table for every list: searched, sorted, filtered, paged, and the same as CSV."""

from datetime import UTC, date, datetime
from typing import Any

from fastapi import Request

from cloud_sync.console.table import CSV_ROWS_MAX, PAGE_ROWS, ROWS_MAX, Column, Show, Source, Table, table
from cloud_sync.domain.list_request import ListRequest

COLUMNS = (
    Column("number", "Order", link=lambda row: f"/orders/{row['number']}"),
    Column("kind", "Kind", Show.WORDS, filters=True),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("due_on", "Due", Show.DAY),
    Column("at", "At", Show.WHEN),
    Column("state", "State", Show.TAG),
)
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROWS = [
    {"number": "PO-10", "kind": "big_one", "quantity": 5, "due_on": date(2026, 7, 1), "at": AT, "state": "held"},
    {"number": "PO-9", "kind": "small", "quantity": 40, "due_on": None, "at": AT, "state": "free"},
    {"number": "=1+1", "kind": "small", "quantity": None, "due_on": None, "at": AT, "state": "<b>x</b>"},
]


def request(query: str = "") -> Request:
    return Request({"type": "http", "method": "GET", "path": "/orders", "query_string": query.encode(), "headers": [],
                    "server": ("ledger", 80), "scheme": "http"})  # fmt: skip


def numbers(of: Table) -> list[str]:
    return [row["number"] for row, _ in of.rows]


def asked(query: str = "", **more: Any) -> Table:
    return table(request(query), "orders", COLUMNS, ROWS, **more)


def test_it_is_sorted_by_what_values_mean_and_what_is_missing_comes_last() -> None:
    assert numbers(asked("sort=number"))[1:] == ["PO-9", "PO-10"]
    assert numbers(asked("sort=quantity")) == ["PO-10", "PO-9", "=1+1"]
    assert numbers(asked("sort=-quantity")) == ["PO-9", "PO-10", "=1+1"]
    assert numbers(asked("sort=nothing")) == ["PO-10", "PO-9", "=1+1"]
    (head,) = [each for each in asked("sort=quantity&q=o").heads if each.title == "Quantity"]
    assert (head.sorted, head.href) == ("ascending", "/orders?sort=-quantity&q=o")


def test_it_is_searched_by_all_words_and_filtered_by_what_there_is() -> None:
    assert numbers(asked("q=po%20HELD")) == ["PO-10"]
    assert numbers(asked("kind=small")) == ["PO-9", "=1+1"]
    assert asked("kind=small").choices[0].values == ("big one", "small")
    nothing = asked("q=none")
    assert not nothing.rows and nothing.is_narrowed and not nothing.is_empty
    assert table(request(), "orders", COLUMNS, []).is_empty


def test_cells_are_text_and_lead_to_their_evidence() -> None:
    first, _, third = (cells for _, cells in asked().rows)
    assert first[0] == '<a href="/orders/PO-10">PO-10</a>'
    assert (
        first[1] == '<span class="nb">big one</span>'
        and ">01 Jul 2026<" in first[3]
        and 'title="2026-06-01 12:00:00 UTC"' in first[4]
    )
    assert third[2] == "–" and "&lt;b&gt;x&lt;/b&gt;" in third[5]


def test_csv_has_every_row_that_matches_and_no_formulas() -> None:
    body = bytes(asked("csv=orders&sort=-number").as_csv().body).decode().split("\r\n")
    assert body[0] == "Order,Kind,Quantity,Due,At,State"
    assert body[1] == "PO-10,big one,5,2026-07-01,2026-06-01T12:00:00Z,held"
    assert body[2] == "PO-9,small,40,,2026-06-01T12:00:00Z,free"
    assert body[3].startswith("'=1+1,small,,")


def endless() -> tuple[list[ListRequest], Source]:
    """A list without end, and what was asked of it."""
    read: list[ListRequest] = []

    def source(wanted: ListRequest) -> list[dict[str, Any]]:
        read.append(wanted)
        first = wanted.rows_skipped
        return [ROWS[1] | {"number": f"PO-{number}"} for number in range(first, first + wanted.rows_max)]

    return read, source


def test_a_list_that_sorts_and_filters_itself_is_never_cut() -> None:
    read, source = endless()
    more: dict[str, Any] = {"source": source, "sorts": ("number",), "choices": {"kind": ("big one", "small")}}
    shown = table(request("sort=-number&kind=big+one&page=3"), "orders", COLUMNS, **more)
    asked_for = ListRequest(PAGE_ROWS + 1, 2 * PAGE_ROWS, "", "number", is_descending=True, chosen={"kind": "big one"})
    assert read == [asked_for] and not shown.is_cut and asked_for.choice("kind") == "big_one"
    assert shown.choices[0].values == ("big one", "small")
    assert [head.title for head in shown.heads if head.href] == ["Order"]
    assert table(request("sort=quantity"), "orders", COLUMNS, **more).heads[2].sorted == ""
    assert read[-1].sort == "", "it cannot be sorted by that"
    file = table(request("csv=orders&page=2"), "orders", COLUMNS, **more)
    assert read[-1].rows_max == CSV_ROWS_MAX + 1 and file.is_cut and len(file.matching) == CSV_ROWS_MAX


def test_a_long_list_is_read_page_by_page_until_it_is_sorted_and_says_where_it_was_cut() -> None:
    read, source = endless()
    second = table(request("q=x&page=2"), "orders", COLUMNS, source=source)
    assert read == [ListRequest(PAGE_ROWS + 1, PAGE_ROWS, "x")]
    assert (len(second.rows), second.total, second.has_more, second.is_cut) == (PAGE_ROWS, None, True, False)
    assert second.links["later"] == "/orders?q=x&page=3"
    backwards = table(request("sort=-number"), "orders", COLUMNS, source=source)
    assert read[-1] == ListRequest(ROWS_MAX + 1)
    assert backwards.is_cut and backwards.total == ROWS_MAX and numbers(backwards)[0] == f"PO-{ROWS_MAX - 1}"


def test_a_list_among_others_has_pages_of_its_own_length() -> None:
    read, source = endless()
    second = table(request("page=2"), "orders", COLUMNS, source=source, sorts=("number",), page_rows=4)
    assert read == [ListRequest(5, 4)] and len(second.rows) == 4 and second.has_more
    every = list(source(ListRequest(7)))
    last = table(request("page=2"), "orders", COLUMNS, every, page_rows=4)
    assert numbers(last) == ["PO-4", "PO-5", "PO-6"] and not last.has_more


def test_two_lists_of_a_page_do_not_disturb_each_other() -> None:
    other = asked("q=po&lot-sort=number", prefix="lot-")
    assert len(other.rows) == 3 and other.words == "" and dict(other.kept) == {"q": "po"}
