"""The import rules of the house: everything points towards edge_agent.domain."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PURE = ("edge_agent/domain", "cloud_sync/domain")
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
    "cloud_sync.storage.database",
)  # fmt: skip
# What the domain offers ends here; only the demonstration runs both sides.
CLOUD_MAY_IMPORT_EDGE = ("edge_agent.domain",)
RUNS_BOTH_SIDES = "cloud_sync/demo/"


SIDES = ("edge_agent", "cloud_sync")


def modules() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for side in SIDES for path in (ROOT / side).rglob("*.py"))


def imports_of(module: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def name_of(module: str) -> str:
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
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


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("edge_agent/")])
def test_the_edge_never_imports_the_cloud(module: str) -> None:
    assert not [name for name in imports_of(module) if is_below(name, "cloud_sync")]


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.startswith("cloud_sync/") and not m.startswith(RUNS_BOTH_SIDES)]
)
def test_the_cloud_imports_only_the_domain_of_the_edge(module: str) -> None:
    edge = [name for name in imports_of(module) if is_below(name, "edge_agent")]
    assert not [name for name in edge if not any(is_below(name, allowed) for allowed in CLOUD_MAY_IMPORT_EDGE)]


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("cloud_sync/posting/")])
def test_what_follows_from_a_fact_never_asks_for_an_action(module: str) -> None:
    assert not [name for name in imports_of(module) if is_below(name, "cloud_sync.actions")]


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("cloud_sync/api/")])
def test_the_api_calls_actions_and_ingest_only(module: str) -> None:
    cloud = [name for name in imports_of(module) if is_below(name, "cloud_sync")]
    assert not [name for name in cloud if not any(is_below(name, allowed) for allowed in API_MAY_IMPORT)]


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith("cloud_sync/console/")])
def test_pages_call_actions_and_what_the_api_shares_only(module: str) -> None:
    cloud = [name for name in imports_of(module) if is_below(name, "cloud_sync")]
    allowed = (*API_MAY_IMPORT, "cloud_sync.console")
    assert not [name for name in cloud if not any(is_below(name, each) for each in allowed)]


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.startswith("edge_agent/") and not m.startswith(FOR_PEOPLE)]
)
def test_the_agent_never_needs_the_commands_for_people(module: str) -> None:
    if module == "edge_agent/__main__.py":
        return  # the front door
    names = imports_of(module)
    assert not [name for name in names if is_below(name, "edge_agent.commands")]
    assert not [name for name in names if is_below(name, "edge_agent.commissioning")]


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles({name_of(m): imports_of(m) for m in modules()}) == []


def test_a_circle_would_be_seen() -> None:
    assert circles({"a": {"b.thing"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


@pytest.mark.parametrize("module", [m for m in modules() if m.startswith(PURE)])
def test_the_domain_is_pure(module: str) -> None:
    import sys

    for name in imports_of(module):
        top = name.split(".")[0]
        assert top not in UNPURE_STDLIB, f"{module} imports {name}"
        if top == "edge_agent":
            assert is_below(name, "edge_agent.domain"), f"{module} imports {name}"
        elif top == "cloud_sync":
            assert is_below(name, "cloud_sync.domain"), f"{module} imports {name}"
        else:
            assert top in sys.stdlib_module_names or top in PURE_LIBRARIES, f"{module} imports {name}"


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    module = tmp_path / "bad.py"
    module.write_text("import cloud_sync.app\nfrom time import time\n")
    assert {"cloud_sync.app", "time.time"} == imports_of(str(module))


READS_A_TEXT = r"\.(text|reason)\b\s*(=|<>|!=|~|\b(?:I?LIKE|SIMILAR|IN)\b)"


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


def sql_texts_in(source: str) -> list[str]:
    found = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    return [text for text in found if isinstance(text, str) and SQL_TEXT.match(text)]


@pytest.mark.parametrize("path", modules())
def test_sql_stands_in_sql_files(path: str) -> None:
    if path != "cloud_sync/storage/migrations/env.py":  # runs before there is anything else
        assert sql_texts_in((ROOT / path).read_text()) == []


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
    ("tests/support/warm_commands.py", "atexit._run_exitfuncs"): "Python's own, for what it runs at its end",
}
"""Where a test looks inside of an object, and why what the object does cannot be watched instead."""


def private_uses_in(source: str) -> list[str]:
    """What a test takes out of an object or module that is none of its face; its own (self, cls, super) apart."""
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


@pytest.mark.parametrize("module", modules())
def test_a_private_name_stays_in_its_module(module: str) -> None:
    own = [name for name in imports_of(module) if name.split(".")[0] in SIDES]
    assert not [name for name in own if name.rpartition(".")[2].startswith("_") and not name.endswith("__main__")]


def test_a_module_says_what_it_offers_only_where_it_passes_on_what_others_made() -> None:
    """Everything without an underscore is its face; ``__all__`` names what a module passes on (mypy asks for it)."""
    for module in modules():
        tree = ast.parse((ROOT / module).read_text())
        faces = [
            node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        for face in faces:
            imported = {name.rpartition(".")[2] for name in imports_of(module)}
            assert {element.value for element in getattr(face.value, "elts", ())} <= imported, module
