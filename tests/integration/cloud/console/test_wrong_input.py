"""Whatever is entered in a form, what is wrong with it is said in words, never in names that programs use."""

import html
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from cloud_sync.console.build import PAGES
from cloud_sync.domain.master_records import KINDS
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import Api, api_on

USUAL = {
    "reason": "as agreed", "why": "as agreed", "item": "insulin", "lot_number": "L1", "site": "main",
    "place": "fridge-a", "room": "fridge-a", "from_place": "fridge-a", "to_place": "fridge-b", "supplier": "acme",
    "title": "A title",
}  # fmt: skip
WRONG = ("wrong", "\N{SNOWMAN} ?", "2026-02-31", "9" * 40)
NAMES_OF_PROGRAMS = re.compile(
    r"[a-z0-9]_[a-z]|input should|value error|constrained|\buuid\b|boolean|datetime|extra inputs|/v1/|timezone info",
    re.IGNORECASE,
)  # fmt: skip
WRITTEN_BY_PROGRAMS = {
    "gs1_company": "a setting of the ledger's configuration, which an administrator writes",
    "ndc, hcpcs, description, dose_unit": "names of the columns that a file has to have",
    "lotwarden-dscsa-1": "a document of JSON, which a program of the supplier made",
}
"""What may be named as it is, for whoever reads it writes it so."""
APART = ("/login", "/logout", "/account", "/setup")
"""Forms that change who is signed in, or what there is."""


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        opened.house()
        opened.receive("L1", 5)
        yield opened


def forms() -> list[tuple[str, list[str]]]:
    """Where each form of the console is sent, and its fields."""
    routes = [route for page in PAGES for route in page.router.routes if "POST" in getattr(route, "methods", ())]
    at = {re.sub(r"{[^}]*}", "1", route.path): route for route in routes}  # type: ignore[attr-defined]
    return [
        (path, [field.alias for field in route.dependant.body_params])  # type: ignore[attr-defined]
        for path, route in at.items()
        if not path.startswith(APART)
    ]


def usual(name: str) -> str:
    if name == "client_id":
        return str(uuid4())
    by_end = {"_at": "2026-07-01T10:00", "_on": "2026-07-01"}
    return USUAL.get(name, next((text for end, text in by_end.items() if name.endswith(end)), "1"))


def told_on(page: str) -> list[str]:
    """What a page alerts to, and what it says to do."""
    found = re.findall(r'role="alert">(.*?)</section>', page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", " ", text)) for text in found]


def test_no_form_answers_wrong_input_with_names_of_programs(api: Api) -> None:
    roles = (Role.OPERATOR, Role.QUALITY, Role.ADMINISTRATOR, Role.PHARMACIST, Role.FACILITIES)
    people = [api.known_as(f"any-{role}", role) for role in roles]
    console, found, asked = Console(api), {}, 0
    for path, names in forms():
        for somebody in people:
            console.sign_in(somebody)
            if api.client.post(path, data={}).status_code != 403:
                break
        for wrong in WRONG:
            for name in names:
                said = {each: usual(each) for each in names} | {name: wrong}
                answer = api.client.post(path, data=said, follow_redirects=False)
                assert answer.status_code < 500, (path, said)
                for text in told_on(answer.text):
                    asked += 1
                    if NAMES_OF_PROGRAMS.search(text) and not any(each in text for each in WRITTEN_BY_PROGRAMS):
                        found[text] = (path, name, wrong)
    assert found == {}
    assert asked > 500


RECORDS = {
    "places": {"name": "p", "kind": "room", "parent": "main"}, "owners": {"name": "o"}, "items": {"name": "insulin"},
    "suppliers": {"name": "acme"}, "recipients": {"name": "w", "kind": "ward"},
    "operators": {"name": "a", "badge": "1"},
    "reorder-levels": {"item": "insulin", "place": "main", "reorder_point": "5", "par_level": "9"},
    "costs": {"item": "insulin", "valid_from": "2026-01-01", "cost": "1", "currency": "EUR"},
}  # fmt: skip


def test_records_are_refused_by_the_labels_of_their_fields_and_in_words(api: Api) -> None:
    console, found, asked = Console(api), {}, 0
    for kind, usually in RECORDS.items():
        console.sign_in(api.quality if kind == "suppliers" else api.administrator)
        for name in KINDS[kind].model_fields:
            for wrong in ("", "wrong", "\N{SNOWMAN} ?", "9" * 40, "x" * 3000):
                said = {"reason": "as agreed", **usually, name: wrong}
                answer = api.client.post(f"/administration/{kind}/new", data=said, follow_redirects=False)
                for text in told_on(answer.text):
                    asked += 1
                    if NAMES_OF_PROGRAMS.search(text.replace("count_difference", "")) or "String should" in text:
                        found[text] = (kind, name, wrong[:10])
    assert found == {}
    assert asked > 100


def test_names_that_programs_use_would_be_seen() -> None:
    for text in ("lot_number: Field required", "Is blind: input should be a valid boolean", "See GET /v1/places."):
        assert NAMES_OF_PROGRAMS.search(text)
    assert not NAMES_OF_PROGRAMS.search("Expiry: “31.02.” is not a date. Go back and correct it.")
