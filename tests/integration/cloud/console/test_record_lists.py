"""Lists of records are searched, filtered and sorted as a whole, however long they are."""

import re
from collections.abc import Iterator

import psycopg
import pytest

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
"""


@pytest.fixture
def console(database: Database) -> Iterator[Console]:
    with api_on(database) as api:
        api.house()
        with psycopg.connect(database.url) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(FILL % {"many": MANY})
        yield signed_in(api)


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
    "/changes?all=true&kind=how+long+something+is+kept": "1 how long",
    "/retention?all=true&sort=id": "1 ",
    "/retention?all=true&q=law+suit+1234": "1234 ",
}
"""What the first row begins with."""


def test_a_list_of_thousands_is_searched_filtered_and_sorted_as_a_whole(console: Console) -> None:
    for address, found in FOUND.items():
        page = console.page(address)
        assert first(page).startswith(found), (address, first(page))
        assert "Only the first" not in page
