"""The import rules of the house: everything points towards edge_agent.domain."""

import ast
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PURE = ("edge_agent/domain", "cloud_sync/domain", "cloud_sync/planning")
PURE_LIBRARIES = {"pydantic", "biip"}
UNPURE_STDLIB = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
    "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
# What the gateway's program needs not: people's commands are loaded by the front door and at the bench alone.
FOR_PEOPLE = ("edge_agent/commands/", "edge_agent/commissioning/", "edge_agent/cli.py")
# What the rooms of HTTP may know of the ledger: what they call, what they answer with, and how to hand over a database.
API_MAY_IMPORT = (
    "cloud_sync.actions", "cloud_sync.api", "cloud_sync.domain", "cloud_sync.errors", "cloud_sync.ingest",
    "cloud_sync.interop", "cloud_sync.labels.settings", "cloud_sync.planning", "cloud_sync.seal",
    "cloud_sync.storage.awaited", "cloud_sync.storage.database",
)  # fmt: skip
# What the domain offers ends here; only the demonstration runs both sides.
CLOUD_MAY_IMPORT_EDGE = ("edge_agent.domain",)
RUNS_BOTH_SIDES = "cloud_sync/demo/"
FRONT_DOOR = "edge_agent/__main__.py"


SIDES = ("edge_agent", "cloud_sync")


@cache
def modules() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for side in SIDES for path in (ROOT / side).rglob("*.py"))


@cache
def imports_of(module: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def imported(where: Callable[[str], bool], wrong: Callable[[str], bool]) -> list[tuple[str, str]]:
    """What modules import against a rule: the module, and the name."""
    return [(module, name) for module in modules() if where(module) for name in imports_of(module) if wrong(name)]


def name_of(module: str) -> str:
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def circles(imports: dict[str, frozenset[str]]) -> list[list[str]]:
    """Modules that import each other in a loop. A name inside of a module counts as the module."""
    needs = {
        module: {known for name in names for known in (name, name.rpartition(".")[0]) if known in imports} - {module}
        for module, names in imports.items()
    }
    while free := {module for module, others in needs.items() if not others & needs.keys()}:
        needs = {module: others for module, others in needs.items() if module not in free}
    used = set().union(*needs.values()) if needs else set()
    return [sorted(needs.keys() & used)] if needs else []


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def is_below_any(name: str, packages: Iterable[str]) -> bool:
    return any(is_below(name, package) for package in packages)


def in_room(*rooms: str) -> Callable[[str], bool]:
    """Whether a module is in one of these folders."""
    return lambda module: module.startswith(rooms)


def test_the_edge_never_imports_the_cloud() -> None:
    assert imported(in_room("edge_agent/"), lambda name: is_below(name, "cloud_sync")) == []


def test_the_cloud_imports_only_the_domain_of_the_edge() -> None:
    assert imported(
        lambda module: module.startswith("cloud_sync/") and not module.startswith(RUNS_BOTH_SIDES),
        lambda name: is_below(name, "edge_agent") and not is_below_any(name, CLOUD_MAY_IMPORT_EDGE),
    ) == []  # fmt: skip


def test_what_follows_from_a_fact_never_asks_for_an_action() -> None:
    assert imported(in_room("cloud_sync/posting/"), lambda name: is_below(name, "cloud_sync.actions")) == []


def test_the_api_calls_actions_and_ingest_only() -> None:
    wrong = lambda name: is_below(name, "cloud_sync") and not is_below_any(name, API_MAY_IMPORT)  # noqa: E731
    assert imported(in_room("cloud_sync/api/"), wrong) == []


def test_the_agent_never_needs_the_commands_for_people() -> None:
    assert imported(
        lambda module: module.startswith("edge_agent/") and not module.startswith(FOR_PEOPLE) and module != FRONT_DOOR,
        lambda name: is_below_any(name, ("edge_agent.commands", "edge_agent.commissioning")),
    ) == []  # fmt: skip


def test_pages_call_actions_and_what_the_api_shares_only() -> None:
    allowed = (*API_MAY_IMPORT, "cloud_sync.console")
    assert imported(
        in_room("cloud_sync/console/"), lambda name: is_below(name, "cloud_sync") and not is_below_any(name, allowed)
    ) == []  # fmt: skip


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles({name_of(m): imports_of(m) for m in modules()}) == []


def test_a_circle_would_be_seen() -> None:
    assert circles({m: frozenset(n) for m, n in (("a", ["b.thing"]), ("b", ["c"]), ("c", ["a"]), ("d", ["a"]))}) == [
        ["a", "b", "c"]
    ]


def is_pure(name: str) -> bool:
    """Whether a domain may import it."""
    top = name.split(".")[0]
    if top in SIDES:
        return is_below_any(
            name,
            ("edge_agent.domain",)
            if top == "edge_agent"
            else ("cloud_sync.domain", "cloud_sync.planning", "edge_agent.domain"),
        )
    if name.startswith("urllib.parse."):
        return True  # it only writes and reads texts
    return top not in UNPURE_STDLIB and (top in sys.stdlib_module_names or top in PURE_LIBRARIES)


def test_the_domain_is_pure() -> None:
    assert imported(in_room(*PURE), lambda name: not is_pure(name)) == []


@pytest.mark.parametrize("name", ["time.time", "os.path", "httpx", "edge_agent.drivers.bus", "cloud_sync.app"])
def test_what_is_not_pure_would_be_seen(name: str) -> None:
    assert not is_pure(name)


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    module = tmp_path / "bad.py"
    module.write_text("import cloud_sync.app\nfrom time import time\n")
    assert {"cloud_sync.app", "time.time"} == imports_of(str(module))


READS_A_TEXT = r"\.(text|reason)\b\s*(=|<>|!=|~|\b(?:I?LIKE|SIMILAR|IN)\b)"


@pytest.mark.parametrize("path", sorted((ROOT / "cloud_sync/storage").glob("*.sql")), ids=lambda path: path.name)
def test_no_text_in_a_query_goes_on_in_another_line(path: Path) -> None:
    """How far lines are indented is left out."""
    assert not texts_over_lines(path.read_text())


def texts_over_lines(sql: str) -> list[str]:
    texts: list[str] = re.findall(r"'(?:[^']|'')*'", re.sub("--.*", "", sql))
    return [text for text in texts if "\n" in text]


def test_a_text_over_two_lines_would_be_seen() -> None:
    assert texts_over_lines("SELECT 'a' -- it's\n, 'b\n  c'") == ["'b\n  c'"]


@pytest.mark.parametrize("path", sorted((ROOT / "cloud_sync/storage").glob("*.sql")), ids=lambda path: path.name)
def test_no_rule_reads_a_text_that_is_meant_for_people(path: Path) -> None:
    assert not re.findall(READS_A_TEXT, path.read_text(), re.IGNORECASE)


def test_a_rule_that_reads_a_text_would_be_seen() -> None:
    assert re.search(READS_A_TEXT, "AND h.text = 'made for prescription ' || :made_for::text || ' alone'")


SQL_TEXT = re.compile(
    r"\s*(SELECT|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|WITH\s+\w+[^.]*\sAS\s*\(|COPY|LOCK\s+TABLE|CREATE|ALTER"
    r"|DROP|TRUNCATE|VACUUM|ANALYZE)\b"
)
"""What reads or changes tables or locks; what only steers a session (SET, SAVEPOINT, PRAGMA) may stand in code."""


SQL_WORD = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WITH|COPY|LOCK|CREATE|ALTER|DROP|TRUNCATE|VACUUM|ANALYZE)\b")
"""Without one of these words a file need not be parsed."""


def sql_texts_in(source: str) -> list[str]:
    if not SQL_WORD.search(source):
        return []
    found = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    return [text for text in found if isinstance(text, str) and SQL_TEXT.match(text)]


def test_sql_stands_in_sql_files() -> None:
    first = "cloud_sync/storage/migrations/env.py"  # runs before there is anything else
    found = {path: sql_texts_in((ROOT / path).read_text()) for path in modules() if path != first}
    assert {path: texts for path, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    "code",
    [
        'c.execute("SELECT 1")', "c.execute(f'DROP TABLE {name}')", 'c.copy("COPY lot (id) FROM STDIN")',
        'c.execute("""\n    WITH gone AS (DELETE FROM lot) SELECT 1""")',
        'c.execute("INSERT OR IGNORE INTO a VALUES (1)")',
    ],
)  # fmt: skip
def test_sql_in_code_would_be_seen(code: str) -> None:
    assert sql_texts_in(code)


MQTT = "tests/integration/edge/uplink/test_mqtt.py"
PRIVATE_ALLOWED = {
    ("tests/integration/edge/buffer/test_journal_kill.py", "journal._connection"): "no test can cut the power",
    (MQTT, "intruder._broker"): "a stranger has another client id than a gateway ever has",
    (MQTT, "uplink._asked"): "a receipt that came too late shows nowhere until it is used",
    (MQTT, "uplink._link"): "and the link tells when it came",
    ("tests/bench/contenders.py", "storage._SQLiteEventStorage__write_database"): "another product, with no other way",
    ("tests/support/quick_client.py", "asyncio._set_running_loop"): "Python's own, for who makes loops",
    ("tests/support/warm_commands.py", "atexit._run_exitfuncs"): "Python's own, for what it runs at its end",
}
"""Where a test looks inside of an object, and why what the object does cannot be watched instead."""


def private_uses_in(source: str) -> list[str]:
    """What a test takes out of an object or module that is none of its face; its own (self, cls, super) apart."""
    if "._" not in source and " _" not in source:
        return []
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in SIDES:
            found += [f"{node.module}.{alias.name}" for alias in node.names if alias.name.startswith("_")]
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            owner = ast.unparse(node.value)
            if owner not in ("self", "cls", "os") and not owner.startswith(("super(", "type(self)")):
                found.append(ast.unparse(node))
    return found


def all_private_uses() -> set[tuple[str, str]]:
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path.name != "test_house.py"]
    return {(path.relative_to(ROOT).as_posix(), use) for path in files for use in private_uses_in(path.read_text())}


def test_tests_watch_what_things_do_and_not_what_they_are_inside() -> None:
    assert all_private_uses() == PRIVATE_ALLOWED.keys()


@pytest.mark.parametrize(
    ("code", "uses"),
    [
        ("assert journal._connection.closed", ["journal._connection"]),
        ("from edge_agent.agent import _Agent", ["edge_agent.agent._Agent"]),
        ("made()._state = 3", ["made()._state"]),
        ("self._line = line; os._exit(0); super()._run(); x.__class__", []),
    ],
)
def test_a_look_inside_would_be_seen(code: str, uses: list[str]) -> None:
    assert private_uses_in(code) == uses


def test_a_private_name_stays_in_its_module() -> None:
    assert imported(lambda _: True, is_private) == []


def is_private(name: str) -> bool:
    return name.split(".")[0] in SIDES and name.rpartition(".")[2].startswith("_") and not name.endswith("__main__")


def test_a_private_name_would_be_seen() -> None:
    assert is_private("edge_agent.agent._Agent") and not is_private("edge_agent.agent.run")


def test_a_module_says_what_it_offers_only_where_it_passes_on_what_others_made() -> None:
    """Everything without an underscore is its face; ``__all__`` names what a module passes on (mypy asks for it)."""
    for module in modules():
        if "__all__" not in (source := (ROOT / module).read_text()):
            continue
        tree = ast.parse(source)
        faces = [
            node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        for face in faces:
            imported = {name.rpartition(".")[2] for name in imports_of(module)}
            assert {element.value for element in getattr(face.value, "elts", ())} <= imported, module


def modules_of_tests() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py"))


def test_no_example_of_the_shell_stands_in_the_tests_where_nobody_tries_it() -> None:
    shell = re.compile(r"^\s*>>> ", re.MULTILINE)
    assert [module for module in modules_of_tests() if shell.search((ROOT / module).read_text())] == []


def test_every_module_beside_the_tests_loads() -> None:
    """Tests load when they are looked for; programs of the bench and of the clusters are loaded by nobody else."""
    beside = [module for module in modules_of_tests() if not Path(module).name.startswith(("test_", "conftest"))]
    assert len(beside) > 100
    for module in beside:
        import_module(name_of(module))
