"""What a form of the console does, a program can have done by the API."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

OF_PEOPLE_ALONE = {
    "alerts.acknowledge_by_link": "by a link in a mail, without an account",
    "alerts.alerts_by_link": "the same",
    "single_sign_on.link": "an account is linked by its owner, who signs in elsewhere",
    "single_sign_on.show_code": "the same",
    "single_sign_on.show_key": "the same",
    "first_start.first_administrator": "before there is anybody to give a token to",
}
OF_PAGES_ALONE = {
    "subscriptions.subscription_of_texts": "makes of a form's texts what the API is given as data",
    "fleet.gateway_now": "reads, to show the page again",
    "quarantine.event": "the same",
    "rooms.house_zone": "the same",
}
ACTIONS = "cloud_sync.actions"


def test_whatever_a_form_does_has_an_api_call() -> None:
    by_api = {action for file in _files("api") for action in _actions_in(ast.parse(file.read_text()), file)}
    by_form = {action for file in _files("console/pages") for action in _done_by_forms(file)}
    assert len(by_form) > 100
    assert by_form - by_api == OF_PEOPLE_ALONE.keys() | OF_PAGES_ALONE.keys()


def _files(room: str) -> list[Path]:
    return sorted((ROOT / "cloud_sync" / room).rglob("*.py"))


def _done_by_forms(file: Path) -> Iterator[str]:
    for each in ast.walk(ast.parse(file.read_text())):
        if isinstance(each, ast.FunctionDef) and any(_is_post(decorator) for decorator in each.decorator_list):
            yield from _actions_in(each, file)


def _is_post(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr == "post"
    )  # fmt: skip


def _actions_in(tree: ast.AST, file: Path) -> Iterator[str]:
    """Functions of actions that are named there, each as ``module.function``."""
    known = {
        name.asname or name.name: (each.module, name.name)
        for each in ast.walk(ast.parse(file.read_text()))
        if isinstance(each, ast.ImportFrom) and each.module and each.module.startswith(ACTIONS)
        for name in each.names
    }
    modules = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in known:
            modules.add(each.value.id)
            if each.attr[0].islower():
                yield f"{known[each.value.id][1]}.{each.attr}"
    for each in ast.walk(tree):
        if isinstance(each, ast.Name) and each.id in known and each.id not in modules and each.id[0].islower():
            module, function = known[each.id]
            yield f"{module.rsplit('.', 1)[-1]}.{function}"
