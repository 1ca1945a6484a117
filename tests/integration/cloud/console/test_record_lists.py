"""Lists of records are searched, filtered and sorted as a whole, however long they are."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from psycopg.rows import RowMaker, dict_row

from cloud_sync.console.navigation import GROUPS
from cloud_sync.console.pages.administration import TITLES
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import Api, api_on

MANY = 2_100
FILL = """
    INSERT INTO stock_count (number, place_id, opened_by, opened_at)
    SELECT 'C-' || n, (SELECT id FROM place WHERE name = 'fridge-a'), 'amy', now() - n * interval '1 min'
    FROM generate_series(1, %(many)s) n;
    UPDATE stock_count SET decision = 'rejected', decided_by = 'zoe', decided_at = now(), reason = 'x'
    WHERE number = 'C-1';
    INSERT INTO recall (title, reason, is_mock, opened_by)
    SELECT 'Recall ' || n, 'letter', n > 1, 'amy' FROM generate_series(1, %(many)s) n;
    INSERT INTO change_control (title, why, what, risk_level, risk, opened_by, opened_at)
    SELECT 'Change ' || n, 'w', 'w', 'low', 'r', CASE WHEN n = 1 THEN 'zoe' ELSE 'amy' END, now()
    FROM generate_series(1, %(many)s) n;
    INSERT INTO legal_hold (item_id, reason, asked_by, asked_at, decision, decided_by, decided_at, decision_reason)
    SELECT (SELECT id FROM item LIMIT 1), 'law suit ' || n, 'amy', now(), 'rejected', 'ben', now(), 'r'
    FROM generate_series(1, %(many)s) n;
    INSERT INTO controlled_change (kind, subject, request, before, after, reason, effective_from, needs_second_person,
                                   proposed_by, proposed_at)
    SELECT CASE WHEN n = 1 THEN 'retention' ELSE 'training' END, 'subject:' || n, '{}', '{}', '{}', 'r', now(), true,
           'amy', now()
    FROM generate_series(1, %(many)s) n;
    INSERT INTO item (name, title) SELECT 'item-' || n, 'Item no ' || n FROM generate_series(1, %(many)s) n;
    INSERT INTO item_gtin (gtin, item_id, base_units)
    SELECT '0950110153' || lpad(n::text, 4, '0'), (SELECT id FROM item WHERE name = 'item-' || n), 1
    FROM generate_series(1, %(many)s) n;
    INSERT INTO place (name, kind, ancestors, parent_id, policy)
    SELECT 'bin-' || n, 'bin', p.ancestors, p.id, CASE WHEN n = 7 THEN 'cold' END
    FROM place p, generate_series(1, %(many)s) n WHERE p.name = 'fridge-a';
    INSERT INTO place (name, title, kind, ancestors)
    SELECT 'maker-' || n, 'Maker ' || n, 'supplier', '{}' FROM generate_series(1, %(many)s) n;
    INSERT INTO supplier (place_id, status, note)
    SELECT id, 'suspended', 'no answer' FROM place WHERE name = 'maker-1234';
    INSERT INTO place (name, kind, ancestors)
    SELECT 'ward-' || n, 'ward', '{}' FROM generate_series(1, %(many)s) n;
    UPDATE place SET ancestors = ancestors || id WHERE NOT ancestors @> ARRAY[id];
    INSERT INTO owner (name, title) SELECT 'owner-' || n, '' FROM generate_series(1, 250) n;
    INSERT INTO operator (name, badge, active)
    SELECT 'op-' || n, 'B-' || n, n <> 1999 FROM generate_series(1, %(many)s) n;
    INSERT INTO reorder_level (item_id, place_id, reorder_point, par_level)
    SELECT i.id, p.id, 1, 2 FROM item i, place p WHERE i.name LIKE 'item-%%' AND p.name = 'fridge-a';
    INSERT INTO item_cost (item_id, valid_from, cost, currency, told_by)
    SELECT id, '2026-01-01', 2.5, 'EUR', 'amy' FROM item WHERE name LIKE 'item-%%';
    INSERT INTO partner_licence (place_id, kind, number, state, valid_until, verified_by, verified_at, verified_with)
    SELECT p.id, 'wholesale_distributor', 'W-1', 'TX', l.until, 'amy', now(), 'board'
    FROM place p JOIN (VALUES ('maker-1777', '2999-01-01'::date), ('maker-1778', '2020-01-01')) l (name, until)
    USING (name);
    INSERT INTO trading_partner (place_id, business_name, country, set_by)
    SELECT id, 'Ourselves Ltd', 'US', 'amy' FROM place WHERE name = 'main';
    INSERT INTO trading_partner (place_id, business_name, country, verification_url, set_by)
    SELECT id, 'Verifies ' || substr(name, 7), 'US', 'https://' || name || '.example', 'amy'
    FROM place WHERE name LIKE 'maker-%%';
    INSERT INTO traced_product (item_id, product_name, strength, dosage_form, container_size, container_units, set_by)
    SELECT id, title, '1', 'tablet', '1', 1, 'amy' FROM item WHERE name LIKE 'item-%%';
"""


@pytest.fixture
def console(ledger_url: str) -> Iterator[Console]:
    with Database.at_url(ledger_url) as database, api_on(database) as api:  # new connections: their rows are counted
        api.house()
        with psycopg.connect(ledger_url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(FILL % {"many": MANY})
        yield signed_in(api)


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each row that the ledger gets from its database."""
    read: list[int] = []

    def counting(cursor: psycopg.Cursor[Any]) -> RowMaker[dict[str, Any]]:
        make = dict_row(cursor)

        def made(values: Sequence[Any]) -> dict[str, Any]:
            read.append(1)
            return make(values)

        return made

    monkeypatch.setattr("cloud_sync.storage.database.dict_row", counting)
    monkeypatch.setattr("cloud_sync.storage.queries.dict_row", counting)
    return read


def signed_in(api: Api) -> Console:
    console = Console(api)
    console.sign_in(api.administrator)
    return console


def first(page: str) -> str:
    """The text of the first row, of the last list."""
    row = re.findall(r"<tbody>\s*<tr>(.*?)</tr>", page, re.DOTALL)[-1]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


FOUND = {
    "/counts?sort=number": "C-1 ",
    "/counts?sort=-number": f"C-{MANY} ",
    "/counts?state=rejected": "C-1 ",
    "/counts?q=zoe": "C-1 ",
    "/recalls?sort=title": "1 Recall 1 ",
    "/recalls?is_mock=real": "1 Recall 1 ",
    "/change-control?all=true&sort=-opened_by": "CC-1 ",
    "/change-control?q=Change+1777": "CC-1777 ",
    "/changes?all=true&kind=a+retention+period": "1 a retention period",
    "/retention?all=true&sort=id": "1 ",
    "/retention?all=true&q=law+suit+1234": "1234 ",
    "/administration/places?kind=bin&sort=-name": f"bin-{MANY} ",
    "/administration/places?policy=cold&kind=bin": "bin-7 ",
    "/administration/places?q=bin-1777": "bin-1777 ",
    "/administration/items?sort=-title": f"item-{MANY} ",
    "/administration/items?q=09501101531777": "item-1777 ",
    "/administration/suppliers?status=suspended": "maker-1234 ",
    "/administration/suppliers?q=no+answer": "maker-1234 ",
    "/administration/recipients?kind=ward&sort=-name": f"ward-{MANY} ",
    "/administration/owners?sort=-name": "owner-250 ",
    "/administration/operators?active=no": "op-1999 ",
    "/administration/operators?q=b-1777": "op-1777 ",
    "/administration/reorder-levels?q=item-1777": "item-1777 fridge-a ",
    "/administration/costs?sort=-item": f"item-{MANY} ",
    "/trading-partners?sort=-name&kind=supplier&p_q=nothing": f"maker-{MANY} ",
    "/trading-partners?state=authorised&p_q=nothing": "maker-1777 ",
    "/trading-partners?q=ourselves+ltd&p_q=nothing": "main ",
    "/trading-partners?p_q=no+1777&p_sort=-item": "item-1777 ",
}
"""What the first row begins with."""


def test_a_list_of_thousands_is_searched_filtered_and_sorted_as_a_whole(console: Console) -> None:
    for address, found in FOUND.items():
        page = console.page(address)
        assert first(page).startswith(found), (address, first(page))
        assert "Only the first" not in page
        assert "built-in method" not in page, "a dict has a method of that name, and the template shows it"


def test_what_narrows_a_list_is_cleared_by_its_links(console: Console) -> None:
    for page in (console.page("/lots?q=no-such-lot"), console.page("/lots?q=L1&state=on+hold")):
        (clear,) = set(re.findall(r'<a href="([^"]*)">(?:Clear|Show all)</a>', page))
        assert clear.startswith("/lots") and "no-such-lot" not in clear and "held" not in clear


ROWS_MAX = 900
"""So many rows are read for one page at the most, over all its lists; and so many bytes are sent for it."""
BYTES_MAX = 150_000


def test_no_page_reads_a_list_of_thousands_as_a_whole(rows_read: list[int], console: Console) -> None:
    listed = [entry.path for group in GROUPS for entry in group.entries]
    forms = [
        "/new-order", "/new-recall", "/new-complaint", "/new-administration", "/new-formulation", "/changes",
        "/equipment",
        "/agreements", "/transaction-data", "/quality/materials", "/quality/plans", "/quality/stability",
        "/quality/qualifications",
    ]  # fmt: skip
    read: dict[str, tuple[int, int]] = {}
    for address in (*listed, *forms, "/rooms/fridge-a", *(f"/administration/{kind}" for kind in TITLES)):
        rows_read.clear()
        size = len(console.page(address))
        read[address] = (len(rows_read), size)
    assert any(rows for rows, _ in read.values())
    over = {address for address, (rows, size) in read.items() if rows > ROWS_MAX or size > BYTES_MAX}
    assert not over, {address: read[address] for address in over}


def test_of_many_places_and_items_the_name_is_typed_and_what_matches_is_proposed(console: Console) -> None:
    console.sign_in(console.api.operator)
    page = console.page("/counts")
    assert 'hx-get="/choices/places?named=place&amp;kinds=bin,room,site"' in page and "bin-1777" not in page
    proposed = console.page("/choices/places?named=place&kinds=bin,room&place=BIN-1777")
    assert proposed.strip() == '<option value="bin-1777"></option>'
    assert "Item no 1777" in console.page("/choices/items?named=item&item=no+1777")
    assert console.page("/choices/places?named=place&kinds=ward").count("<option") == 200
    assert "bin-" not in console.page("/choices/places?named=place&kinds=bin&below=fridge-b")
    owners = console.page("/new-order")
    assert 'hx-get="/choices/owners?named=owner"' in owners and 'value="house"' in owners and "owner-99" not in owners
    assert console.page("/choices/owners?named=owner&owner=OWNER-99").strip() == '<option value="owner-99"></option>'
    console.sign_in(console.api.quality)
    partners = console.page("/verification")
    assert 'hx-get="/choices/verifiers?named=partner"' in partners and "maker-999" not in partners
    proposed = console.page("/choices/verifiers?named=partner&partner=verifies+1777")
    assert proposed.strip() == '<option value="maker-1777">Verifies 1777</option>'
