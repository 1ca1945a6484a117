"""The numbered requirements, and what proves each: checks of the protocol, and tests of the product."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

FILE = "requirements.toml"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the product has to do. ``checks``: of the protocol (OQ-01); ``tests``: as pytest names them, of the
    product's own suite, which is run before each release."""

    id: str
    text: str
    risk: str
    source: str
    checks: tuple[str, ...]
    tests: tuple[str, ...]


@cache
def requirements() -> tuple[Requirement, ...]:
    """All of them, in their order."""
    text = (resources.files("cloud_sync.validation") / FILE).read_text(encoding="utf-8")
    return tuple(
        Requirement(
            row["id"],
            row["text"],
            row["risk"],
            row.get("source", ""),
            tuple(row.get("checks", ())),
            tuple(row["tests"]),
        )
        for row in tomllib.loads(text)["requirement"]
    )


def trace_matrix(outcomes: dict[str, str]) -> list[dict[str, str]]:
    """A row for each requirement: what proves it, and how its checks (id -> outcome) ended."""
    return [
        {
            "id": each.id, "text": each.text, "risk": each.risk,
            "checks": ", ".join(f"{check} {outcomes.get(check, 'not done')}" for check in each.checks),
            "tests": "\n".join(each.tests),
        }
        for each in requirements()
    ]  # fmt: skip
