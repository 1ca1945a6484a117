"""Every page is one click or one key from every other, and nothing leads to a page that is not there."""

from starlette.routing import Route

from cloud_sync.console.build import PAGES
from cloud_sync.console.navigation import GROUPS

ENTRIES = [entry for group in GROUPS for entry in group.entries]


def test_each_page_has_a_key_of_its_own_that_moving_in_lists_does_not_use() -> None:
    keys = [entry.key for entry in ENTRIES]
    assert all(len(key) == 1 for key in keys) and len(set(keys)) == len(keys)
    assert not {"j", "k", "/"} & set(keys)


def test_nothing_leads_to_a_page_that_is_not_there() -> None:
    served = {route.path for page in PAGES for route in page.router.routes if isinstance(route, Route)}
    assert {entry.path for entry in ENTRIES} <= served


def test_a_page_of_one_thing_belongs_to_its_list() -> None:
    at = {path: [entry.name for entry in ENTRIES if entry.is_at(path)] for path in ("/", "/lots/7", "/rooms/fridge-a")}
    assert at == {"/": ["Now"], "/lots/7": ["Lots"], "/rooms/fridge-a": ["Now"]}
    assert not any(entry.is_at("/lotsofthings") for entry in ENTRIES)
