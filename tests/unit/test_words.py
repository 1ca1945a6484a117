"""The words of the house: messages in the trade's English (CONTRIBUTING.md), and signposts that lead somewhere."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

AVOIDED = {
    r"\banew\b": "again",
    r"\bby (itself|themselves)\b": "automatically",
    r"\bnobody (has|knows|is)\b": "a statement with the noun: 'has no location assigned', 'unknown'",
    r"\b(is|are) told\b": "is reported",
    r"\bis about nothing\b": "must refer to ...",
    r"\bdisowns?\b": "reports invalid",
    r"\bpromised\b": "reserved",
    r"\bdemanded\b": "required",
    r"\bnot said\b": "not given",
    r"\bto mend\b": "failures",
    r"\bNOT KEPT\b": "NOT SAVED",
}
"""What texts for people must not say, and what to write instead."""
SIDES = "edge_agent", "cloud_sync"
SIGNPOST = re.compile(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


def texts_of(source: str) -> list[str]:
    """Strings that a person may read: not docstrings, and of more than one word."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in alone]
    return [node.value for node in found if isinstance(node.value, str) and " " in node.value.strip()]


def faults_in(texts: list[str]) -> list[str]:
    return [f"{text!r}: write {better}" for text in texts for word, better in AVOIDED.items() if re.search(word, text)]


@pytest.mark.parametrize(
    "path", sorted(p for s in ("edge_agent", "cloud_sync") for p in (ROOT / s).rglob("*.py")), ids=str
)
def test_messages_are_in_the_trades_english(path: Path) -> None:
    assert faults_in(texts_of(path.read_text())) == []


def test_an_avoided_word_would_be_seen() -> None:
    assert faults_in(texts_of('"""Nobody has it."""\nfail(f"nobody has said where {x} stands")')) != []
    assert faults_in(texts_of('"""A thing that is told by itself."""\nx = "anew"')) == []


@pytest.mark.parametrize("page", ["edge_agent/README.md", "cloud_sync/README.md"])
def test_what_a_newcomer_looks_for_is_found_with_one_grep(page: str) -> None:
    posts = SIGNPOST.findall((ROOT / page).read_text())
    assert len(posts) >= 5
    side = page.partition("/")[0]
    for words, where in posts:
        assert words in (ROOT / where).read_text(), (words, where)
        code = [p for suffix in ("py", "sql") for p in (ROOT / side).rglob(f"*.{suffix}") if words in p.read_text()]
        others = [p for p in code if p != ROOT / where and "migrations" not in p.parts]
        assert others == [], f"{words} is found in {others} as well"
