"""The import rules of the house: everything points towards edge_agent.domain."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = ("edge_agent/domain", "cloud_sync/domain")
PURE_LIBRARIES = {"pydantic", "biip"}
UNPURE_STDLIB = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
    "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
# What the domain offers ends here; only the demonstration runs both sides.
CLOUD_MAY_IMPORT_EDGE = ("edge_agent.domain",)
RUNS_BOTH_SIDES = "cloud_sync/demo/"


def modules() -> list[str]:
    return sorted(
        path.relative_to(ROOT).as_posix()
        for side in ("edge_agent", "cloud_sync")
        for path in (ROOT / side).rglob("*.py")
    )


def imports_of(module: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


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
