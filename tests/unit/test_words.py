"""The words of the house: messages in the trade's English (CONTRIBUTING.md), and signposts that lead somewhere."""

import ast
import re

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
    r"\b(is|are|was|were|stays?|be) held\b": "is on hold",
    r"\b(free again|quarantined)\b": "available again, on hold",
}
"""What texts for people must not say, and what to write instead."""
REPLACED = {
    r"\bOrderKind\.DEMAND\b|\bkind\b.{0,12}[\"']demand[\"']": "requisition",
    r"\b[Ff]ormulas?\b|\bFormula(In|Out)\b|formula_": "master formulation record",
    r"\b(FROM|JOIN) (heard|measured)\b": "good_reading, reading_range",
    r"\bpromised?\b": "reservation, reserve",
    r"\bin_one_go\b": "pipeline",
    r"\bhold_now\b": "active_hold",
    r"\bdisown(s|ed)?\b": "invalid",
    r"/gather\b": "pick",
    r"/rebook\b": "reprocess",
    r"\bown_(one|item\w*|place|lot)\b": "lock_...",
    r"[Kk]nock(s|ed|ing)?\b": "connect",
    r"Talk\b|\btalk=": "exchange",
    r"\b(class )(No|Board|Page|Floor|Known|Watch|Pulse|Room|Said)\b": "ScanRefused, StatusModel, DockContext, ...",
}
"""What this house once called things by words of its own, and the field's word that stands instead."""
REPLACED_AT_THE_DOCK = {r"\bfloor\b": "dock_context", r"\b_?board\b": "status_model"}
"""The same, where these words have no meaning of their own (a relay board, math.floor)."""
AT_THE_DOCK = "edge_agent/dock", "edge_agent/agent.py", "edge_agent/process.py", "edge_agent/runtime"
OTHERS_WORDS = {
    "edge_agent/drivers/ble/formats/sensirion.py": "the maker's formula",
    "edge_agent/drivers/modbus/dead_values.py": "the makers' formulas",
    "edge_agent/domain/monitoring/mkt.py": "Haynes' formula",
    "cloud_sync/domain/csv_text.py": "a spreadsheet's formula",
    **dict.fromkeys(
        (
            "cloud_sync/actions/papers/months.py",
            "cloud_sync/actions/planning/tower.py",
            "cloud_sync/api/planning.py",
            "cloud_sync/api/schemas/planning.py",
            "cloud_sync/console/pages/control_tower.py",
            "cloud_sync/papers/kinds/kpi_report.py",
            "cloud_sync/planning/kpi.py",
            "cloud_sync/storage/kpi.sql",
        ),
        "a key figure's formula",
    ),
}
"""Where a word that was replaced means something else."""
SIDES = "edge_agent", "cloud_sync"
SIGNPOST = re.compile(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)


def texts_of(source: str) -> list[str]:
    """Strings that a person may read: not docstrings, and of more than one word."""
    nodes = list(ast.walk(ast.parse(source)))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    found = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in alone]
    return [node.value for node in found if isinstance(node.value, str) and " " in node.value.strip()]


def faults_in(texts: list[str]) -> list[str]:
    any_of_them = re.compile("|".join(f"(?:{word})" for word in AVOIDED))
    suspected = [text for text in texts if any_of_them.search(text)]
    return [
        f"{text!r}: write {better}" for text in suspected for word, better in AVOIDED.items() if re.search(word, text)
    ]


def test_messages_are_in_the_trades_english() -> None:
    paths = [path for side in SIDES for path in sorted((ROOT / side).rglob("*.py"))]
    found = {str(path): faults_in(texts_of(path.read_text())) for path in paths}
    assert {path: faults for path, faults in found.items() if faults} == {}


ON_PAGES = AVOIDED | {r"\b[Hh]eld\b": "on hold", r"\b[Ff]ree\b(?! (text|disk))": "available"}
"""What pages must not say either: goods are on hold or available, and called by no other word for it."""
HIDDEN = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<[^>]*>", re.DOTALL)
SHOWN_IN_EXPRESSIONS = re.compile(r"\belse \"([^\"]+)\"|\{\{ \"([^\"]+)\" if")


def shown_on(template: str) -> list[str]:
    """Texts that a page of this template shows: those between tags, and those that an expression chooses."""
    chosen = [first or second for first, second in SHOWN_IN_EXPRESSIONS.findall(template)]
    return [text.strip() for text in HIDDEN.split(template) if text and text.strip()] + chosen


def page_faults(template: str) -> list[str]:
    shown = shown_on(template)
    return [f"{text!r}: write {better}" for text in shown for word, better in ON_PAGES.items() if re.search(word, text)]


def test_pages_are_in_the_trades_english_and_call_the_state_of_goods_by_one_word() -> None:
    found = {str(path): page_faults(path.read_text()) for path in sorted((ROOT / "cloud_sync").rglob("*.html"))}
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_a_second_word_for_a_state_would_be_seen() -> None:
    for template in (
        "<h2>Why it is held</h2>",
        "<option>repaired: free again</option>",
        '{{ "lifted" if x else "held" }}',
    ):
        assert page_faults(template) != []
    assert page_faults('<p class="held">On hold: {{ row.held }}</p>') == []


def test_an_avoided_word_would_be_seen() -> None:
    assert faults_in(texts_of('"""Nobody has it."""\nfail(f"nobody has said where {x} stands")')) != []
    assert faults_in(texts_of('"""A thing that is told by itself."""\nx = "anew"')) == []


def code_of(side: str) -> list[str]:
    """Everything of a side but migrations, which stay as they were, the schema that they make, and files of others."""
    found = [p for suffix in ("py", "sql", "js", "html") for p in (ROOT / side).rglob(f"*.{suffix}")]
    return sorted(p.relative_to(ROOT).as_posix() for p in found if not {"migrations", "vendor"} & set(p.parts))


def old_words_in(path: str, text: str) -> list[str]:
    """The words of a file that were replaced, and by what."""
    words = REPLACED | (REPLACED_AT_THE_DOCK if path.startswith(AT_THE_DOCK) else {})
    return [f"{found[0]!r}: write {better}" for word, better in words.items() for found in re.finditer(word, text)]


def test_a_word_that_was_replaced_does_not_return() -> None:
    paths = [each for side in SIDES for each in code_of(side) if each not in OTHERS_WORDS]
    found = {path: old_words_in(path, (ROOT / path).read_text()) for path in paths}
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("cloud_sync/storage/orders.sql", "WHERE o.kind = 'demand'"),
        ("cloud_sync/api/x.py", '@router.post("/formulas")'), ("cloud_sync/x.py", "draft_formula_again"),
        ("cloud_sync/storage/x.sql", "SELECT at FROM heard"), ("cloud_sync/storage/x.sql", "-- name: own_item_named"),
        ("edge_agent/agent.py", "floor = DockContext(config)"), ("edge_agent/dock/web/page.js", "let board = null"),
        ("edge_agent/drivers/x.py", "class CounterTalk:"), ("edge_agent/x.py", "class Said:"),
    ],
)  # fmt: skip
def test_a_replaced_word_would_be_seen(path: str, text: str) -> None:
    assert old_words_in(path, text) != []


def test_a_word_of_others_is_allowed_only_where_it_stands() -> None:
    for path in OTHERS_WORDS:
        assert old_words_in(path, (ROOT / path).read_text()) != [], f"{path} needs no exception"


@pytest.mark.parametrize("page", ["edge_agent/README.md", "cloud_sync/README.md"])
def test_what_a_newcomer_looks_for_is_found_with_one_grep(page: str) -> None:
    posts = SIGNPOST.findall((ROOT / page).read_text())
    assert len(posts) >= 5
    side = page.partition("/")[0]
    texts = {p: p.read_text() for suffix in ("py", "sql") for p in (ROOT / side).rglob(f"*.{suffix}")}
    for words, where in posts:
        assert words in (ROOT / where).read_text(), (words, where)
        code = [path for path, text in texts.items() if words in text]
        others = [path for path in code if path != ROOT / where and "migrations" not in path.parts]
        assert others == [], f"{words} is found in {others} as well"
